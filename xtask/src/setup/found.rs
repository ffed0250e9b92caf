//! A libtorch that is there already: PyTorch's, `LIBTORCH`'s, the link's, the cache's.

use std::path::{Path, PathBuf};
use std::process::Command;

use libtorch_fetch::{VERSION, check};

use crate::failure::{Failure, code};
use crate::workspace::{Workspace, first_line};

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
                    "LIBTORCH={} is not libtorch {VERSION}: {why}",
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
