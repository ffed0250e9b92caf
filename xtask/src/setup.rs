//! `cargo xtask setup`: a libtorch the workspace builds against, without a manual step.

mod found;
mod way_out;

pub(crate) use found::{Libtorch, linked};
pub(crate) use way_out::failure;

use std::path::Path;

use anyhow::Context;
use libtorch_fetch::{cpu_folder, fetch_cpu, fetch_cuda};

use crate::failure::{Failure, code};
use crate::workspace::{Workspace, cache_dir};

/// Get libtorch 2.11.0 and link it to `.libtorch`.
///
/// In this order: an installed PyTorch (with LIBTORCH_USE_PYTORCH=1), the folder named by
/// LIBTORCH, the folder `.libtorch` already points to, the cache folder. The cache is filled once,
/// from PyPI wheels through pip: nothing is installed, hashes are checked. Afterwards plain
/// `cargo test -p diffusion-core` works.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask setup                                       download once (530 MB), or do nothing
  LIBTORCH=/opt/libtorch cargo xtask setup                use a libtorch 2.11.0 you have
  LIBTORCH_USE_PYTORCH=1 cargo xtask setup                use the installed PyTorch 2.11
  RESIDUUM_CACHE=/big/disk cargo xtask setup              another cache folder [~/.cache/residuum]")]
pub(crate) struct Arguments {
    /// Also download the CUDA libraries (3 GB). Unverified: it has not run on a GPU yet.
    #[arg(long)]
    cuda: bool,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let libtorch = if arguments.cuda {
        ensure_cuda(workspace)?
    } else {
        ensure(workspace)?
    };
    println!(
        "libtorch {} in {} ({})",
        libtorch.version,
        libtorch.path.display(),
        libtorch.origin
    );
    Ok(())
}

/// Whether the caller brings a program of its own, so that nothing will be built.
pub(crate) fn not_needed() -> bool {
    std::env::var_os("RESIDUUM_PROGRAM").is_some_and(|v| !v.is_empty())
}

/// Makes sure that `.libtorch` points to a libtorch 2.11.0. Instant when it does.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<Libtorch> {
    if let Some(libtorch) = found::chosen(workspace)? {
        link(workspace, &libtorch.path)?;
        return Ok(libtorch);
    }
    let folder = fetch_cpu(&cache_dir()?).map_err(failure)?;
    link(workspace, &folder)?;
    found::in_cache(&folder).map_err(Into::into)
}

/// What is there without downloading; `None` where set-up would download.
///
/// # Errors
/// Where LIBTORCH or LIBTORCH_USE_PYTORCH names something unusable.
pub(crate) fn present(workspace: &Workspace) -> Result<Option<Libtorch>, Failure> {
    if let Some(libtorch) = found::chosen(workspace)? {
        return Ok(Some(libtorch));
    }
    Ok(found::in_cache(&cpu_folder(&cache_dir()?)).ok())
}

fn ensure_cuda(workspace: &Workspace) -> anyhow::Result<Libtorch> {
    let folder = fetch_cuda(&cache_dir()?).map_err(failure)?;
    link(workspace, &folder)?;
    found::in_cache(&folder).map_err(Into::into)
}

/// Points `.libtorch` to `folder`: a new link, renamed over the old one.
fn link(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let link = workspace.libtorch_link();
    if std::fs::read_link(&link).is_ok_and(|target| target == folder) {
        return Ok(());
    }
    // Already the link's own target, reached through it.
    if folder == link {
        return Ok(());
    }
    if link.is_dir() && !link.is_symlink() {
        let message = format!("{link:?} is a folder, not the link that set-up keeps there");
        return Err(Failure::new(code::MISSING, message)
            .hint("move it away, and name it by LIBTORCH to use it")
            .into());
    }
    let fresh = workspace
        .root
        .join(format!(".libtorch.{}", std::process::id()));
    let _ = std::fs::remove_file(&fresh);
    std::os::unix::fs::symlink(folder, &fresh)
        .with_context(|| format!("cannot make the link {fresh:?}"))?;
    std::fs::rename(&fresh, &link).with_context(|| format!("cannot replace {link:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_replaced_and_a_folder_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace {
            root: dir.path().into(),
        };
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        for target in [&a, &a, &b] {
            link(&workspace, target).unwrap();
            assert_eq!(
                std::fs::read_link(workspace.libtorch_link()).unwrap(),
                *target
            );
        }
        std::fs::remove_file(workspace.libtorch_link()).unwrap();
        std::fs::create_dir(workspace.libtorch_link()).unwrap();
        assert!(link(&workspace, &a).is_err());
    }
}
