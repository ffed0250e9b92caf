//! Fills the folders of the cache.

use std::path::{Path, PathBuf};
use std::time::Duration;

use files::{Lock, Waiting, free_bytes};

use crate::cuda;
use crate::error::FetchError;
use crate::folder::{check, cpu_folder, cuda_folder};
use crate::pip::Pip;
use crate::unpack;
use crate::wheel;

/// What the CPU folder and its downloads need while both are there: 530 MB of wheel, 1.1 GB unpacked.
const CPU_BYTES: u64 = 1_700_000_000;
/// The same for CUDA: about 2.5 GB of wheels beside torch's, 5 GB unpacked.
const CUDA_BYTES: u64 = 9_000_000_000;
/// Between two looks at a cache that another process fills.
const PAUSE: Duration = Duration::from_millis(200);

/// The folder with the libtorch of the processor, below the cache folder `cache`; filled where it is not in
/// order, which downloads 530 MB.
///
/// # Errors
/// [`FetchError`].
pub fn fetch_cpu(cache: &Path) -> Result<PathBuf, FetchError> {
    let folder = cpu_folder(cache);
    fill(cache, &folder, CPU_BYTES, |pip| {
        let wheels = wheel::CPU
            .iter()
            .map(|wheel| wheel.get(cache, pip))
            .collect::<Result<Vec<_>, _>>()?;
        unpack::cpu(&folder, &wheels)?;
        remove(&wheels)
    })?;
    Ok(folder)
}

/// As [`fetch_cpu`], with CUDA; 3 GB. Unverified: it has not run on a GPU yet.
///
/// # Errors
/// [`FetchError`].
pub fn fetch_cuda(cache: &Path) -> Result<PathBuf, FetchError> {
    let folder = cuda_folder(cache);
    fill(cache, &folder, CUDA_BYTES, |pip| {
        let wheel = wheel::TORCH.get(cache, pip)?;
        let libraries = cuda::download(cache, pip, &wheel)?;
        unpack::cuda(&folder, &wheel, &libraries)?;
        remove(&[wheel])?;
        remove(&libraries)
    })?;
    Ok(folder)
}

/// Runs `work` under the cache's lock where `folder` is not in order, unless another process filled it
/// meanwhile.
fn fill(
    cache: &Path,
    folder: &Path,
    bytes: u64,
    work: impl FnOnce(&Pip) -> Result<(), FetchError>,
) -> Result<(), FetchError> {
    if check(folder).is_ok() {
        return Ok(());
    }
    supported_platform()?;
    std::fs::create_dir_all(cache.join("libtorch"))
        .map_err(FetchError::files(|| format!("cannot make {cache:?}")))?;
    let path = cache.join(".lock");
    let _lock = lock(&path).map_err(FetchError::files(|| format!("cannot lock {path:?}")))?;
    // Whoever came first has filled it.
    if check(folder).is_ok() {
        return Ok(());
    }
    unpack::sweep_up(cache)?;
    if let Some(free) = free_bytes(cache).filter(|&free| free < bytes) {
        return Err(FetchError::Space {
            folder: cache.to_owned(),
            free,
            needed: bytes,
        });
    }
    work(&Pip::find()?)?;
    check(folder)
        .map(drop)
        .map_err(|reason| FetchError::Damaged {
            folder: folder.to_owned(),
            reason,
        })
}

/// Waits for the lock, which says so once.
fn lock(path: &Path) -> std::io::Result<Lock> {
    let mut waiting = Waiting::new(path);
    let mut said = false;
    loop {
        let holder = match waiting.look()? {
            Ok(lock) => return Ok(lock),
            Err(holder) => holder,
        };
        if !said {
            eprintln!("waiting for another set-up: {holder}");
            said = true;
        }
        std::thread::sleep(PAUSE);
    }
}

/// libtorch's wheels for other platforms are laid out differently and were never tried.
fn supported_platform() -> Result<(), FetchError> {
    // The variable lets a test stand on another platform.
    let here = std::env::var("RESIDUUM_PLATFORM")
        .unwrap_or_else(|_| format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS));
    match here == "x86_64-linux" {
        true => Ok(()),
        false => Err(FetchError::Platform(here)),
    }
}

fn remove(wheels: &[PathBuf]) -> Result<(), FetchError> {
    for wheel in wheels {
        std::fs::remove_file(wheel)
            .map_err(FetchError::files(|| format!("cannot remove {wheel:?}")))?;
    }
    Ok(())
}
