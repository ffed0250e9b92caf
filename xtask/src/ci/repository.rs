//! Rules over the files of the repository.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

/// Larger files belong into a download; the embedded data set is the exception.
const LARGEST: u64 = 5_000_000;
const EXCEPTION: &str = "data/fashion-mnist/";

/// Checks file sizes, and that every crate has a README.
pub(super) fn check(root: &Path) -> anyhow::Result<()> {
    let mut broken = Vec::new();
    for path in tracked(root)? {
        let size = std::fs::symlink_metadata(root.join(&path)).map_or(0, |m| m.len());
        if size > LARGEST && !path.starts_with(EXCEPTION) {
            broken.push(format!("{path} has {size} bytes, more than {LARGEST}"));
        }
        if let Some(dir) = path.strip_suffix("/Cargo.toml")
            && !root.join(dir).join("README.md").is_file()
        {
            broken.push(format!("{dir} has no README.md"));
        }
    }
    anyhow::ensure!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}

/// The files git knows. A source archive has no git: then nothing is checked.
fn tracked(root: &Path) -> anyhow::Result<Vec<String>> {
    if !root.join(".git").exists() {
        eprintln!("skipped: no git repository");
        return Ok(Vec::new());
    }
    let out = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .context("cannot start git")?;
    anyhow::ensure!(
        out.status.success(),
        "git ls-files ended with {}",
        out.status
    );
    let text = String::from_utf8(out.stdout)?;
    Ok(text
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(String::from)
        .collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::workspace::Workspace;

    /// The workspace this test was compiled in.
    pub(in crate::ci) fn this() -> Workspace {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        Workspace { root: root.into() }
    }

    #[test]
    fn this_repository_keeps_the_rules() {
        check(&this().root).unwrap();
    }

    #[test]
    fn large_files_and_missing_readmes_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            assert!(
                Command::new("git")
                    .args(arguments)
                    .current_dir(dir.path())
                    .status()
                    .unwrap()
                    .success()
            );
        };
        git(&["init", "-q"]);
        std::fs::create_dir_all(dir.path().join("crates/a")).unwrap();
        std::fs::create_dir_all(dir.path().join(EXCEPTION)).unwrap();
        std::fs::write(dir.path().join("crates/a/Cargo.toml"), "").unwrap();
        for name in ["large.bin", "data/fashion-mnist/images.gz"] {
            std::fs::File::create(dir.path().join(name))
                .unwrap()
                .set_len(LARGEST + 1)
                .unwrap();
        }
        git(&["add", "."]);
        let error = check(dir.path()).unwrap_err().to_string();
        assert_eq!(
            error.lines().collect::<Vec<_>>(),
            [
                "crates/a has no README.md",
                "large.bin has 5000001 bytes, more than 5000000"
            ]
        );
    }
}
