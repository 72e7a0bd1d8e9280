//! Container images without a container engine: a one-layer archive that `ctr`, `docker load` and `kind load image-archive`
//! take. The same input makes the same bytes. Knows the archive's format; what a program needs is next door.

mod libraries;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::sh::sh;

/// Where programs in the image look for authorities to trust.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What an image is to hold.
#[derive(Debug)]
pub(crate) struct Image {
    /// `name:tag`
    pub(crate) tag: String,
    pub(crate) entry_point: Vec<String>,
    /// The user it runs as; root if empty.
    pub(crate) user: String,
    /// Files of this machine, and where they go.
    pub(crate) files: Vec<(PathBuf, String)>,
}

/// Under this name the programs' image is known until it is published.
pub(crate) const TAG: &str = "localhost/just-hungry:dev";
/// The same image under another name, to roll out.
pub(crate) const NEXT_TAG: &str = "localhost/just-hungry:next";
/// Nobody in particular: the same user as in the Dockerfile.
const USER: &str = "65532:65532";

/// Builds `jh` for release.
pub(crate) fn build_programs() -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    eprintln!("e2e: building jh");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("this crate lies in the root")?;
    sh(cargo).args(["build", "--release", "--locked", "--package", "jh"]).dir(root).run()
}

/// The image of all programs: `jh` as it was built last, without what only debuggers read: every node keeps it twice.
pub(crate) fn of_programs() -> Result<Image> {
    let (whole, program) = (program()?, stripped()?);
    if !sh("strip").args(["--strip-debug", "-o"]).arg(&program).arg(&whole).succeeds() {
        fs::copy(&whole, &program).context("copy jh")?;
    }
    let path = "/usr/local/bin/jh".to_owned();
    Ok(Image {
        tag: TAG.to_owned(),
        entry_point: vec![path.clone()],
        user: USER.to_owned(),
        files: vec![(program, path)],
    })
}

fn stripped() -> Result<PathBuf> {
    Ok(program()?.with_file_name("jh.image"))
}

/// `jh`, as it was built last.
pub(crate) fn program() -> Result<PathBuf> {
    // cargo puts both programs into one directory.
    let own = std::env::current_exe().context("find this program")?;
    let program = own.parent().and_then(Path::parent).context("find the build directory")?.join("release/jh");
    anyhow::ensure!(program.exists(), "{} is not there: cargo build --release", program.display());
    Ok(program)
}

/// Writes the image as an archive.
pub(crate) fn write(image: &Image, archive: &Path) -> Result<()> {
    let layer = layer(image)?;
    let diff = hex(&layer);
    let config = json!({
        "architecture": architecture(), "os": "linux",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "User": image.user, "Entrypoint": image.entry_point},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{diff}")]},
    });
    let config = config.to_string().into_bytes();
    let (name, layer_name) = (format!("{}.json", hex(&config)), format!("{diff}/layer.tar"));
    let manifest = json!([{"Config": name, "RepoTags": [image.tag], "Layers": [layer_name]}]).to_string().into_bytes();
    let new = archive.with_extension("tar.new");
    let mut tar = tar::Builder::new(BufWriter::new(File::create(&new)?));
    for (path, data) in [(name.as_str(), &config), (layer_name.as_str(), &layer), ("manifest.json", &manifest)] {
        file(&mut tar, path, data, 0o644)?;
    }
    tar.into_inner()?.into_inner().map_err(|error| error.into_error())?.sync_all()?;
    fs::rename(&new, archive).with_context(|| format!("write {}", archive.display()))
}

/// The image's files as one archive: programs, the libraries they load, and whom to trust.
fn layer(image: &Image) -> Result<Vec<u8>> {
    let mut content: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (source, target) in &image.files {
        content.insert(target.clone(), source.clone());
        for library in libraries::of(source)? {
            content.insert(library.display().to_string(), library);
        }
    }
    if Path::new(AUTHORITIES).exists() {
        content.insert(AUTHORITIES.to_owned(), PathBuf::from(AUTHORITIES));
    }
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_mode(0o1777);
    header.set_size(0);
    tar.append_data(&mut header, "tmp/", std::io::empty())?;
    for (target, source) in content {
        let data = fs::read(&source).with_context(|| format!("read {}", source.display()))?;
        file(&mut tar, target.trim_start_matches('/'), &data, 0o755)?;
    }
    Ok(tar.into_inner()?)
}

/// Appends a file that has no owner and no time.
fn file(tar: &mut tar::Builder<impl Write>, path: &str, data: &[u8], mode: u32) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(data.len() as u64);
    tar.append_data(&mut header, path, data).with_context(|| format!("put {path} into the image"))
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// This machine's architecture, in the words of container images.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_make_the_same_image_and_its_program_finds_its_libraries() {
        let dir = tempfile::tempdir().unwrap();
        let image = Image {
            tag: "localhost/x:1".to_owned(),
            entry_point: vec!["/bin/cat".to_owned()],
            user: "65532:65532".to_owned(),
            files: vec![(PathBuf::from("/bin/cat"), "/bin/cat".to_owned())],
        };
        let [one, other] = ["a.tar", "b.tar"].map(|name| dir.path().join(name));
        write(&image, &one).unwrap();
        write(&image, &other).unwrap();
        let bytes = fs::read(&one).unwrap();
        assert_eq!(bytes, fs::read(&other).unwrap());
        let mut archive = tar::Archive::new(bytes.as_slice());
        let layer =
            archive.entries().unwrap().map(Result::unwrap).find(|entry| entry.path().unwrap().ends_with("layer.tar"));
        let mut inner = tar::Archive::new(layer.unwrap());
        let paths: Vec<PathBuf> =
            inner.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
        assert!(paths.iter().any(|path| path.ends_with("bin/cat")), "{paths:?}");
        assert!(paths.iter().any(|path| path.to_string_lossy().contains("libc.so")), "{paths:?}");
        assert!(paths.iter().any(|path| path.to_string_lossy().contains("libnss_dns")), "{paths:?}");
    }
}
