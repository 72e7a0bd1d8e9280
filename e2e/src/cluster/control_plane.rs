//! etcd, the API server, the controller manager and the scheduler: how each is started, and started again. Knows their
//! flags.

use std::time::Duration;

use anyhow::Result;

use super::network::in_namespace;
use super::place::{API_ADDRESS, Place, SERVICES, WORLD, namespace};
use super::{process, weight};
use crate::sh::until;

const READY_WITHIN: Duration = Duration::from_secs(60);
/// Where pods find the API server: the first address of all Services.
const SERVICE: &str = "https://10.96.0.1:443";
const ETCD: &str = "http://127.0.0.1:2379";

pub(super) fn start(place: &Place) -> Result<()> {
    start_etcd(place)?;
    start_api_server(place)?;
    start_followers(place)
}

fn start_one(place: &Place, name: &str, program: &str, flags: &str) -> Result<()> {
    let args: Vec<String> = [program].into_iter().chain(flags.split_whitespace()).map(str::to_owned).collect();
    let pid = process::start(place, name, WORLD, &place.program("kubernetes"), &args)?;
    weight::join(weight::CONTROL, pid)
}

pub(super) fn start_etcd(place: &Place) -> Result<()> {
    let data = place.etcd();
    let flags = format!(
        "--data-dir {} --listen-client-urls {ETCD} --advertise-client-urls {ETCD} --listen-peer-urls http://127.0.0.1:2380",
        data.display()
    );
    start_one(place, "etcd", "etcd", &flags)
}

/// Starts the API server and waits until it is ready.
pub(super) fn start_api_server(place: &Place) -> Result<()> {
    let pki = place.pki();
    let p = pki.display();
    let flags = format!(
        "--etcd-servers {ETCD} --bind-address 0.0.0.0 --advertise-address {API_ADDRESS} --secure-port 6443 \
         --service-cluster-ip-range {SERVICES} --tls-cert-file {p}/apiserver.crt --tls-private-key-file {p}/apiserver.key \
         --client-ca-file {p}/ca.crt --service-account-key-file {p}/sa.pub --service-account-signing-key-file {p}/sa.key \
         --service-account-issuer https://kubernetes.default.svc.cluster.local \
         --requestheader-client-ca-file {p}/ca.crt --requestheader-allowed-names front-proxy \
         --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged=true \
         --kubelet-preferred-address-types InternalIP --kubelet-certificate-authority {p}/ca.crt \
         --kubelet-client-certificate {p}/admin.crt --kubelet-client-key {p}/admin.key"
    );
    start_one(place, "apiserver", "kube-apiserver", &flags)?;
    until("the API server", READY_WITHIN, || {
        let kubeconfig = place.kubeconfig();
        let ask = in_namespace(WORLD, place.program("kubernetes")).args(["kubectl", "get", "--raw", "/readyz"]);
        ask.env("KUBECONFIG", kubeconfig).succeeds()
    })
}

/// Waits until the API server answers on a node at the address of its Service.
pub(super) fn until_reached_from(place: &Place, node: &str) -> Result<()> {
    until(&format!("the API server, as reached from {node}"), READY_WITHIN, || {
        let ask = in_namespace(&namespace(node), place.program("kubernetes"));
        let ask = ask.args(["kubectl", "--server", SERVICE, "--request-timeout=1s", "get", "--raw", "/readyz"]);
        ask.env("KUBECONFIG", place.kubeconfig()).succeeds()
    })
}

/// Those who follow the API server, and elsewhere elect a leader among several.
pub(super) const FOLLOWERS: [&str; 2] = ["controller-manager", "scheduler"];

/// Starts the controller manager and the scheduler. There is one of each: an election could only be lost, by a slow machine, and whoever
/// loses one ends.
pub(super) fn start_followers(place: &Place) -> Result<()> {
    let pki = place.pki();
    let access = |name: &str| {
        let file = pki.join(format!("{name}.conf"));
        let file = file.display();
        format!(
            "--kubeconfig {file} --authentication-kubeconfig {file} --authorization-kubeconfig {file} --bind-address 127.0.0.1 --leader-elect=false"
        )
    };
    let manager = format!(
        "{} --service-account-private-key-file {p}/sa.key --root-ca-file {p}/ca.crt --use-service-account-credentials",
        access("controller-manager"),
        p = pki.display()
    );
    start_one(place, "controller-manager", "kube-controller-manager", &manager)?;
    start_one(place, "scheduler", "kube-scheduler", &access("scheduler"))
}
