//! The cluster's own authority, certificates and access files. They are worth nothing outside and are gone with it. Knows
//! `openssl`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use super::place::{API_ADDRESS, NODES, Place, address};
use crate::sh::{sh, words};

/// Longer than any run, and short enough that a forgotten one opens nothing.
const DAYS: u32 = 30;
const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

pub(super) fn make(place: &Place) -> Result<()> {
    let dir = &place.pki();
    fs::create_dir_all(dir)?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    words(&format!("openssl req -x509 {KEY} -keyout ca.key -out ca.crt -subj /CN=just-hungry-e2e -days {DAYS}"))
        .dir(dir)
        .run()?;
    words("openssl genrsa -out sa.key 2048").dir(dir).run()?;
    words("openssl rsa -in sa.key -pubout -out sa.pub").dir(dir).run()?;
    let service =
        "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local";
    let names = format!("{service},IP:{API_ADDRESS},IP:10.96.0.1,IP:127.0.0.1");
    certificate(dir, "apiserver", "/CN=kube-apiserver", &names)?;
    let people = [
        ("admin", "/O=system:masters/CN=admin"),
        ("controller-manager", "/CN=system:kube-controller-manager"),
        ("scheduler", "/CN=system:kube-scheduler"),
        ("proxy", "/CN=system:kube-proxy"),
    ];
    for (name, subject) in people {
        certificate(dir, name, subject, &format!("DNS:{name}"))?;
        access(dir, name)?;
    }
    for (index, name) in NODES.iter().enumerate() {
        let names = format!("DNS:{name},IP:{}", address(index + 1));
        certificate(dir, name, &format!("/O=system:nodes/CN=system:node:{name}"), &names)?;
        access(dir, name)?;
    }
    let admin = place.kubeconfig();
    fs::copy(dir.join("admin.conf"), &admin)?;
    fs::set_permissions(&admin, fs::Permissions::from_mode(0o600)).context("close the administrator's access file")
}

/// A key and a certificate signed by the cluster's authority.
fn certificate(dir: &Path, name: &str, subject: &str, names: &str) -> Result<()> {
    words(&format!("openssl req {KEY} -keyout {name}.key -out {name}.csr -subj {subject}")).dir(dir).run()?;
    fs::write(dir.join(format!("{name}.ext")), format!("subjectAltName={names}\n"))?;
    let sign = format!(
        "openssl x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days {DAYS} -out {name}.crt"
    );
    words(&format!("{sign} -extfile {name}.ext")).dir(dir).run()
}

/// An access file with its keys inside.
fn access(dir: &Path, name: &str) -> Result<()> {
    let encoded = |file: &str| sh("base64").arg("-w0").arg(file).dir(dir).read();
    let (authority, certificate) = (encoded("ca.crt")?, encoded(&format!("{name}.crt"))?);
    let key = encoded(&format!("{name}.key"))?;
    let text = format!(
        "apiVersion: v1\nkind: Config\n\
         clusters: [{{name: e2e, cluster: {{server: \"https://{API_ADDRESS}:6443\", certificate-authority-data: {authority}}}}}]\n\
         users: [{{name: {name}, user: {{client-certificate-data: {certificate}, client-key-data: {key}}}}}]\n\
         contexts: [{{name: e2e, context: {{cluster: e2e, user: {name}}}}}]\n\
         current-context: e2e\n"
    );
    fs::write(dir.join(format!("{name}.conf")), text).with_context(|| format!("write {name}.conf"))
}
