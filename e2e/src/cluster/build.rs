//! Builds Kubernetes and CoreDNS from their Go modules, once: the programs are kept under the hash of what they are made
//! from. Knows Go's tools and where the user's cache is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use super::packages;
use super::place::Place;
use crate::image::{self, Image};
use crate::sh::{Sh, sh};

const VERSION: &str = "v1.34.2";

/// One program: its sources, and flags for its linker.
struct Source {
    name: &'static str,
    go_mod: &'static str,
    go_sum: &'static str,
    main: &'static str,
}

const SOURCES: [Source; 2] = [
    Source {
        name: "kubernetes",
        go_mod: include_str!("../../cluster/kubernetes/go.mod"),
        go_sum: include_str!("../../cluster/kubernetes/go.sum"),
        main: include_str!("../../cluster/kubernetes/main.go"),
    },
    Source {
        name: "coredns",
        go_mod: include_str!("../../cluster/dns/go.mod"),
        go_sum: include_str!("../../cluster/dns/go.sum"),
        main: include_str!("../../cluster/dns/main.go"),
    },
];

/// Everything built.
#[derive(Debug)]
pub(super) struct Programs {
    dir: PathBuf,
}

impl Programs {
    /// Makes programs and basic images known to a cluster.
    pub(super) fn link_into(&self, place: &Place) -> Result<()> {
        let bin = place.state.join("bin");
        fs::create_dir_all(&bin)?;
        for name in ["kubernetes", "coredns", "pause.tar", "coredns.tar"] {
            std::os::unix::fs::symlink(self.dir.join(name), bin.join(name)).with_context(|| format!("link {name}"))?;
        }
        // Under the name that people and documents use.
        let kubectl = format!("#!/bin/sh\nexec {} kubectl \"$@\"\n", bin.join("kubernetes").display());
        fs::write(bin.join("kubectl"), kubectl)?;
        fs::set_permissions(bin.join("kubectl"), fs::Permissions::from_mode(0o755))?;
        Ok(())
    }
}

/// The programs, built if they are not there yet.
pub(crate) fn programs() -> Result<Programs> {
    let dir = cache()?.join(fingerprint());
    fs::create_dir_all(&dir).with_context(|| format!("make {}", dir.display()))?;
    for source in &SOURCES {
        if !dir.join(source.name).exists() {
            build(source, &dir)?;
        }
    }
    // `-P`: the program that holds a pod's namespaces waits and does nothing else.
    image(&dir, "pause", PathBuf::from("/usr/bin/catatonit"), &["-P"])?;
    image(&dir, "coredns", dir.join("coredns"), &[])?;
    Ok(Programs { dir })
}

/// Makes an image of one program, unless it is there.
fn image(dir: &Path, name: &str, program: PathBuf, args: &[&str]) -> Result<()> {
    let archive = dir.join(format!("{name}.tar"));
    if archive.exists() {
        return Ok(());
    }
    let path = format!("/{name}");
    let entry_point = [path.as_str()].iter().chain(args).map(|word| (*word).to_owned()).collect();
    let files = vec![(program, path)];
    image::write(&Image { tag: format!("localhost/{name}:1"), entry_point, user: String::new(), files }, &archive)
}

fn cache() -> Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    Ok(base.context("no home directory is known: set HOME or XDG_CACHE_HOME")?.join("just-hungry-e2e"))
}

fn fingerprint() -> String {
    let mut hash = Sha256::new();
    for source in &SOURCES {
        hash.update(source.go_mod);
        hash.update(source.go_sum);
        hash.update(source.main);
    }
    hash.update(VERSION);
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn build(source: &Source, dir: &Path) -> Result<()> {
    eprintln!("e2e: building {} from its Go modules (both together about six minutes on two cores, once)", source.name);
    let sources = dir.join(format!("{}.src", source.name));
    fs::create_dir_all(&sources)?;
    for (name, text) in [("go.mod", source.go_mod), ("go.sum", source.go_sum), ("main.go", source.main)] {
        fs::write(sources.join(name), text)?;
    }
    let version = "k8s.io/component-base/version";
    let minor = VERSION.split('.').nth(1).unwrap_or_default();
    let flags = match source.name {
        "kubernetes" => {
            format!("-s -w -X {version}.gitVersion={VERSION} -X {version}.gitMajor=1 -X {version}.gitMinor={minor}")
        }
        _ => "-s -w".to_owned(),
    };
    let new = dir.join(format!("{}.new", source.name));
    let go = go(source)?;
    go.args(["build", "-trimpath", "-ldflags", &flags, "-o"]).arg(&new).arg(".").dir(&sources).run()?;
    fs::rename(&new, dir.join(source.name))?;
    Ok(())
}

/// Go as new as the source asks for: the one that is here where it can fetch what it lacks, Debian's otherwise, with the
/// toolchain taken as the module that it is.
fn go(source: &Source) -> Result<Sh> {
    if !sh("go").arg("version").succeeds() {
        packages::ensure_installed(&["golang-go"])?;
    }
    let wanted = source.go_mod.lines().find_map(|line| line.strip_prefix("go ")).context("go.mod names no version")?;
    let is_enough = |version: &str| numbers(version) >= numbers(wanted);
    // Since 1.21 Go itself fetches a toolchain that is newer than itself.
    let found = sh("go").args(["env", "GOVERSION"]).read()?;
    let found = found.trim().trim_start_matches("go").to_owned();
    let program = match is_enough(&found) || is_switching(&found) {
        true => PathBuf::from("go"),
        false => toolchain(wanted)?,
    };
    Ok(sh(program).env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=mod").env("GOTOOLCHAIN", "auto"))
}

fn is_switching(version: &str) -> bool {
    numbers(version) >= numbers("1.21")
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

/// An old Go knows nothing of toolchains, but modules it can download: a toolchain is one.
fn toolchain(version: &str) -> Result<PathBuf> {
    let architecture = sh("go").args(["env", "GOARCH"]).read()?;
    let module = format!("golang.org/toolchain@v0.0.1-go{version}.linux-{}", architecture.trim());
    let empty = std::env::temp_dir();
    let told = sh("go").args(["mod", "download", "-json", &module]).dir(&empty).env("GO111MODULE", "on").read()?;
    let told: serde_json::Value = serde_json::from_str(&told).context("read what go says of its toolchain")?;
    let dir = PathBuf::from(told["Dir"].as_str().context("go does not say where the toolchain is")?);
    let program = dir.join("bin/go");
    ensure!(program.exists(), "the Go toolchain in {} has no bin/go", dir.display());
    // Modules are unpacked without the right to execute them.
    sh("chmod").args(["-R", "u+x"]).arg(dir.join("bin")).arg(dir.join("pkg/tool")).run()?;
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("1.26.8") >= numbers("1.25.0"));
        assert!(numbers("1.19.8") < numbers("1.21"));
        assert!(!is_switching("1.19.8") && is_switching("1.21.0"));
    }

    #[test]
    fn the_programs_are_known_by_what_they_are_made_from() {
        assert_eq!(fingerprint(), fingerprint());
        assert_eq!(fingerprint().len(), 16);
    }
}
