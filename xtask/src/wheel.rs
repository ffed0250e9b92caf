//! `cargo xtask wheel`: the Python package, and the tests of it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Context;

use crate::failure::{Failure, code};
use crate::workspace::{Workspace, cache_dir, write_atomic};
use sweep::human;

/// Build the Python package `residuum` as a wheel.
///
/// maturin comes from the package index into the cache folder; nothing is installed into your Python.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask wheel && pip install target/wheels/residuum-*.whl
  cargo xtask wheel --out dist")]
pub(crate) struct Arguments {
    /// Where the wheel goes; target/wheels otherwise.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the command; the value is the exit code.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<u8> {
    let start = Instant::now();
    let out = arguments.out.as_deref();
    let wheel = build(workspace, out.unwrap_or(&workspace.root.join(WHEELS)))?;
    let bytes = std::fs::metadata(&wheel)?.len();
    println!(
        "{} ({:.1} MB, {}); pip install {}",
        wheel.display(),
        bytes as f64 / 1e6,
        human(start.elapsed()),
        wheel.display()
    );
    Ok(0)
}

/// What the wheel is built with.
const MATURIN: &str = "maturin==1.16.0\n";
/// Where it goes, in the workspace.
const WHEELS: &str = "target/wheels";
/// The package that `cargo xtask test -p` names.
pub(crate) const PACKAGE: &str = "residuum-python";
/// Its folder in the repository.
const CRATE: &str = "crates/python";

/// Builds the wheel into `out` and returns its path.
fn build(workspace: &Workspace, out: &Path) -> anyhow::Result<PathBuf> {
    let python = environment("python-maturin", MATURIN)?;
    // Wheels of other versions would be installed beside it.
    let old = wheels(out).unwrap_or_default();
    for wheel in &old {
        std::fs::remove_file(wheel)?;
    }
    let mut maturin = Command::new(&python);
    workspace.clean(&mut maturin);
    maturin
        .args(["-m", "maturin", "build", "--release", "--locked", "--quiet"])
        .arg("--interpreter")
        .arg(&python)
        .arg("--out")
        .arg(std::path::absolute(out)?)
        .current_dir(workspace.root.join(CRATE))
        // The run path of .cargo/config.toml is for programs that link libtorch.
        .env("CARGO_ENCODED_RUSTFLAGS", "")
        .env_remove("CARGO_TARGET_DIR");
    let status = maturin.status().context("cannot start maturin")?;
    anyhow::ensure!(status.success(), "the wheel does not build (see above)");
    let found = wheels(out)?;
    match &found[..] {
        [wheel] => Ok(wheel.clone()),
        _ => anyhow::bail!("{} wheels in {}, expected one", found.len(), out.display()),
    }
}

fn wheels(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<std::io::Result<Vec<PathBuf>>>()?;
    let is_wheel = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("residuum-") && name.ends_with(".whl")
    };
    paths.retain(is_wheel);
    Ok(paths)
}

/// The tests of the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tests {
    /// Those of every day.
    Everyday,
    /// Those that take minutes, or need PyOD, polars, pyarrow or hypothesis.
    Long,
}

impl Tests {
    /// Their folder in the crate, which holds the packages that they need.
    fn folder(self) -> &'static str {
        match self {
            Self::Everyday => "tests",
            Self::Long => "soak",
        }
    }
}

/// Builds the wheel and runs its tests in an environment of the cache folder. Without Python or the network they are
/// skipped, which `skips` gets a line about.
pub(crate) fn test(workspace: &Workspace, tests: Tests, skips: &Path) -> anyhow::Result<bool> {
    let folder = workspace.root.join(CRATE).join(tests.folder());
    let packages = std::fs::read_to_string(folder.join("requirements.txt"))?;
    let name = format!("python-{}", tests.folder());
    let made = environment("python-maturin", MATURIN).and_then(|_| environment(&name, &packages));
    let python = match made {
        Ok(python) => python,
        Err(error) => {
            eprintln!("skipped: {error:#}");
            let line = format!("python {}: {error}\n", tests.folder());
            std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(skips)
                .and_then(|mut file| std::io::Write::write_all(&mut file, line.as_bytes()))?;
            return Ok(true);
        }
    };
    let wheel = install(workspace, &python)?;
    let status = Command::new(&python)
        .args(["-m", "pytest", "-c", "pyproject.toml"])
        .arg(tests.folder())
        .current_dir(workspace.root.join(CRATE))
        .env("RESIDUUM_SKIPPED", skips)
        .env("RESIDUUM_WHEEL", &wheel)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("PYTHONPATH")
        .status()
        .context("cannot start pytest")?;
    Ok(status.success())
}

/// Builds the wheel, installs it for `python` and returns its path.
pub(crate) fn install(workspace: &Workspace, python: &Path) -> anyhow::Result<PathBuf> {
    let wheel = build(workspace, &workspace.root.join(WHEELS))?;
    let mut pip = pip(python);
    pip.args(["--no-deps", "--no-index", "--force-reinstall"])
        .arg(&wheel);
    let status = pip.status().context("cannot start pip")?;
    anyhow::ensure!(status.success(), "the wheel does not install (see above)");
    Ok(wheel)
}

/// The Python of a virtual environment `name` in the cache folder that has `packages`, a line each.
fn environment(name: &str, packages: &str) -> anyhow::Result<PathBuf> {
    let folder = cache_dir()?.join(name);
    let python = folder.join("bin/python");
    let list = folder.join("packages.txt");
    if std::fs::read_to_string(&list).is_ok_and(|had| had == packages) {
        return Ok(python);
    }
    let missing = |what: String| {
        Failure::new(code::MISSING, what)
            .hint("apt-get install python3-venv; pip needs its package index")
    };
    // One that was interrupted may be half there.
    let made = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return Err(missing("cannot make a virtual environment for Python".to_owned()).into());
    }
    let lines = packages.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let installed = pip(&python).args(lines).status();
    if !installed.is_ok_and(|status| status.success()) {
        return Err(missing(format!("cannot install {}", packages.replace('\n', " "))).into());
    }
    write_atomic(&list, packages.as_bytes())?;
    Ok(python)
}

fn pip(python: &Path) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", "--no-input"]);
    for place in ["PIP_USER", "PIP_TARGET", "PIP_PREFIX"] {
        if env::var_os(place).is_some() {
            pip.env_remove(place);
        }
    }
    pip
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The versions of each package in a lock file.
    fn locked(path: &Path) -> BTreeMap<String, BTreeSet<String>> {
        let text = std::fs::read_to_string(path).unwrap();
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut name = String::new();
        for line in text.lines() {
            let value = |key: &str| {
                let value = line.strip_prefix(key)?.strip_prefix(" = \"")?;
                value.strip_suffix('"').map(str::to_owned)
            };
            if let Some(package) = value("name") {
                name = package;
            } else if let Some(version) = value("version") {
                found.entry(name.clone()).or_default().insert(version);
            }
        }
        found.remove(PACKAGE);
        found
    }

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn both_lock_files_have_the_same_versions_of_what_both_have() {
        let ours = locked(&root().join("Cargo.lock"));
        let pythons = locked(&root().join(CRATE).join("Cargo.lock"));
        assert!(pythons.contains_key("matrixmultiply") && pythons.contains_key("numpy"));
        let differ = pythons.iter().filter(|(name, versions)| {
            ours.get(*name)
                .is_some_and(|known| !versions.is_subset(known))
        });
        let differ: Vec<_> = differ
            .map(|(name, versions)| (name, versions, &ours[name]))
            .collect();
        assert!(
            differ.is_empty(),
            "other versions would give other bits; `cargo update -p NAME --precise VERSION` in {CRATE}: {differ:?}"
        );
    }

    /// The lines of a section of a manifest.
    fn section(path: &Path, name: &str) -> BTreeSet<String> {
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().skip_while(|line| *line != name).skip(1);
        let lines = lines.take_while(|line| !line.starts_with('['));
        let lines = lines.map(str::trim);
        lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn both_manifests_have_one_profile_and_the_same_lints() {
        let (ours, pythons) = (
            root().join("Cargo.toml"),
            root().join(CRATE).join("Cargo.toml"),
        );
        let profile = section(&ours, "[profile.release]");
        assert!(profile.contains("opt-level = 3"));
        assert_eq!(section(&pythons, "[profile.release]"), profile);
        for lints in ["rust", "clippy"] {
            assert_eq!(
                section(&pythons, &format!("[lints.{lints}]")),
                section(&ours, &format!("[workspace.lints.{lints}]"))
            );
        }
    }

    #[test]
    fn wheels_are_told_from_other_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "residuum-0.1.0-cp310-abi3-x.whl",
            "numpy-2-x.whl",
            "residuum-0.1.0.tar.gz",
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = wheels(folder.path()).unwrap();
        assert_eq!(
            found,
            [folder.path().join("residuum-0.1.0-cp310-abi3-x.whl")]
        );
    }
}
