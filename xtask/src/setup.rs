//! `cargo xtask setup`: a libtorch the workspace builds against, without a manual step.

mod cuda;
mod found;
mod pip;
mod progress;
mod unpack;
mod wheel;

pub(crate) use found::{Libtorch, linked};
pub(crate) use pip::Pip;
pub(crate) use wheel::SMALLEST;

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;

use found::VERSION;

use crate::failure::{Failure, code};
use crate::workspace::{Workspace, cache_dir, free_bytes};

/// What the CPU folder and its downloads need while both are there: 530 MB of wheel, 1.1 GB unpacked.
const CPU_BYTES: u64 = 1_700_000_000;
/// The same for CUDA: about 2.5 GB of wheels beside torch's, 5 GB unpacked.
const CUDA_BYTES: u64 = 9_000_000_000;

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
    let folder = cpu_folder()?;
    if found::check(&folder).is_err() {
        supported_platform()?;
        fill(&folder, CPU_BYTES, |cache, pip| {
            let wheels = wheel::CPU
                .iter()
                .map(|wheel| wheel.get(cache, pip))
                .collect::<anyhow::Result<Vec<_>>>()?;
            unpack::cpu(&folder, &wheels)?;
            remove(&wheels)
        })?;
    }
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
    Ok(found::in_cache(&cpu_folder()?).ok())
}

fn cpu_folder() -> Result<PathBuf, Failure> {
    Ok(cache_dir()?.join(format!("libtorch/{VERSION}-cpu")))
}

fn ensure_cuda(workspace: &Workspace) -> anyhow::Result<Libtorch> {
    let folder = cache_dir()?.join(format!("libtorch/{VERSION}-cuda"));
    let torch = folder.join("torch"); // laid out like site-packages: see `cuda`
    if found::check(&torch).is_err() {
        supported_platform()?;
        fill(&torch, CUDA_BYTES, |cache, pip| {
            let wheel = wheel::TORCH.get(cache, pip)?;
            let libraries = cuda::download(cache, pip, &wheel)?;
            unpack::cuda(&folder, &wheel, &libraries)?;
            remove(&[wheel])?;
            remove(&libraries)
        })?;
    }
    link(workspace, &torch)?;
    found::in_cache(&torch).map_err(Into::into)
}

/// Runs `work` under the cache's lock, unless another process filled `folder` meanwhile.
fn fill(
    folder: &Path,
    bytes: u64,
    work: impl FnOnce(&Path, &Pip) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let cache = cache_dir()?;
    std::fs::create_dir_all(cache.join("libtorch"))
        .with_context(|| format!("cannot make {cache:?}"))?;
    let path = cache.join(".lock");
    let lock = File::create(&path).with_context(|| format!("cannot write {path:?}"))?;
    if lock.try_lock().is_err() {
        eprintln!("waiting for another set-up, which holds {}", path.display());
        lock.lock()
            .with_context(|| format!("cannot lock {path:?}"))?;
        if found::check(folder).is_ok() {
            return Ok(());
        }
    }
    unpack::sweep_up(&cache)?;
    if let Some(free) = free_bytes(&cache).filter(|&free| free < bytes) {
        let (free, needed) = (free as f64 / 1e9, bytes as f64 / 1e9);
        let message = format!(
            "{cache:?} has {free:.1} GB free, libtorch needs {needed:.1} GB while it is unpacked"
        );
        let hint = "free some space, or export RESIDUUM_CACHE=/a/larger/disk";
        return Err(Failure::new(code::MISSING, message).hint(hint).into());
    }
    work(&cache, &Pip::find()?)
}

/// libtorch's wheels for other platforms are laid out differently and were never tried.
fn supported_platform() -> Result<(), Failure> {
    // The variable lets a test stand on another platform.
    let here = std::env::var("RESIDUUM_PLATFORM")
        .unwrap_or_else(|_| format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS));
    if here == "x86_64-linux" {
        return Ok(());
    }
    let message = format!("no libtorch to download for {here}, only for x86_64-linux");
    let hint = "set LIBTORCH to a libtorch 2.11.0, or pip install torch==2.11.0 and export LIBTORCH_USE_PYTORCH=1";
    Err(Failure::new(code::MISSING, message).hint(hint))
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

fn remove(wheels: &[PathBuf]) -> anyhow::Result<()> {
    for wheel in wheels {
        std::fs::remove_file(wheel).with_context(|| format!("cannot remove {wheel:?}"))?;
    }
    Ok(())
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
