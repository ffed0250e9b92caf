//! A libtorch that is there already: PyTorch's, `LIBTORCH`'s, the link's, the cache's.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, code};
use crate::workspace::{Workspace, first_line};

/// The libtorch that tch 0.24 is made for.
pub(crate) const VERSION: &str = "2.11.0";

/// A usable libtorch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Libtorch {
    pub(crate) version: String,
    pub(crate) path: PathBuf,
    /// Where it comes from, in words.
    pub(crate) origin: &'static str,
}

/// What the user chose: by `LIBTORCH_USE_PYTORCH`, by `LIBTORCH`, or by a link that is in order.
///
/// # Errors
/// Where a choice was made that cannot be used.
pub(super) fn chosen(workspace: &Workspace) -> Result<Option<Libtorch>, Failure> {
    if std::env::var_os("LIBTORCH_USE_PYTORCH").is_some_and(|v| v != "0" && !v.is_empty()) {
        return pytorch().map(Some);
    }
    if let Some(path) = workspace.user_libtorch() {
        let version = check(&path).map_err(|why| {
            Failure::new(
                code::MISSING,
                format!(
                    "LIBTORCH={} is no libtorch {VERSION}: {why}",
                    path.display()
                ),
            )
            .hint("unset LIBTORCH to have one downloaded")
        })?;
        let origin = "named by LIBTORCH";
        return Ok(Some(Libtorch {
            version,
            path,
            origin,
        }));
    }
    Ok(linked(workspace))
}

/// What `.libtorch` points to, where that is in order.
pub(crate) fn linked(workspace: &Workspace) -> Option<Libtorch> {
    let path = workspace.libtorch_link().canonicalize().ok()?;
    let version = check(&path).ok()?;
    let origin = "linked as .libtorch";
    Some(Libtorch {
        version,
        path,
        origin,
    })
}

/// A folder that set-up has filled.
pub(super) fn in_cache(path: &Path) -> Result<Libtorch, Failure> {
    let version = check(path).map_err(|why| {
        let message = format!("the libtorch just made in {path:?} is not in order: {why}");
        Failure::new(code::INTERNAL, message)
    })?;
    let origin = "from the cache";
    Ok(Libtorch {
        version,
        path: path.into(),
        origin,
    })
}

/// The version of the libtorch in a folder, or what is wrong with it. PyTorch's own folder has a
/// `version.py` in place of `build-version`.
pub(super) fn check(folder: &Path) -> Result<String, String> {
    let read = |name| std::fs::read_to_string(folder.join(name)).ok();
    let quoted = |text: String| {
        let line = text
            .lines()
            .find_map(|l| l.strip_prefix("__version__ ="))?
            .trim();
        Some(line.trim_matches(['\'', '"']).to_owned())
    };
    let version = read("build-version")
        .map(|text| text.trim().to_owned())
        .or_else(|| read("version.py").and_then(quoted))
        .ok_or("it has no file build-version")?;
    if version.split('+').next() != Some(VERSION) {
        return Err(format!("its version is {version}"));
    }
    for part in ["lib/libtorch_cpu.so", "lib/libc10.so", "include/torch"] {
        if !folder.join(part).exists() {
            return Err(format!("it has no {part}"));
        }
    }
    Ok(version)
}

fn pytorch() -> Result<Libtorch, Failure> {
    let script = "import os, torch; print(torch.__version__, os.path.dirname(torch.__file__))";
    let hint = format!("pip install torch=={VERSION}, or unset LIBTORCH_USE_PYTORCH");
    let missing = |what: String| Failure::new(code::MISSING, what).hint(hint.clone());
    let line = first_line(Command::new("python3").args(["-c", script])).ok_or_else(|| {
        missing("LIBTORCH_USE_PYTORCH is set, but python3 cannot import torch".into())
    })?;
    let (version, path) = line.split_once(' ').unwrap_or((&line, ""));
    if !version.starts_with("2.11.") {
        return Err(missing(format!(
            "LIBTORCH_USE_PYTORCH is set, but python3 has torch {version}, not {VERSION}"
        )));
    }
    Ok(Libtorch {
        version: version.into(),
        path: path.into(),
        origin: "the installed PyTorch",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folder(version_file: &str, version: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(version_file), version).unwrap();
        fs::create_dir_all(dir.path().join("include/torch")).unwrap();
        fs::create_dir(dir.path().join("lib")).unwrap();
        for library in ["libtorch_cpu.so", "libc10.so"] {
            fs::write(dir.path().join("lib").join(library), "").unwrap();
        }
        dir
    }

    #[test]
    fn accepts_builds_of_2_11_0_only() {
        for (version, good) in [
            ("2.11.0+cpu\n", true),
            ("2.11.0", true),
            ("2.10.0", false),
            ("2.11.01", false),
        ] {
            assert_eq!(
                check(folder("build-version", version).path()).is_ok(),
                good,
                "{version}"
            );
        }
        let pytorch = "from typing import Optional\n__version__ = '2.11.0+cu130'\ndebug = False\n";
        assert_eq!(
            check(folder("version.py", pytorch).path()).unwrap(),
            "2.11.0+cu130"
        );
    }

    #[test]
    fn names_what_is_missing() {
        let dir = folder("build-version", "2.11.0");
        fs::remove_file(dir.path().join("lib/libtorch_cpu.so")).unwrap();
        assert_eq!(
            check(dir.path()).unwrap_err(),
            "it has no lib/libtorch_cpu.so"
        );
        assert_eq!(
            check(Path::new("/nowhere")).unwrap_err(),
            "it has no file build-version"
        );
    }
}
