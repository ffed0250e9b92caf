use std::path::{Path, PathBuf};

use residuum::{Device, DeviceChoice, RegistryError};

/// The device to use. Loads the CUDA half of libtorch first unless the choice is the processor.
///
/// # Errors
/// [`RegistryError::Device`] where a CUDA device was asked for and is not there.
pub fn resolve(choice: DeviceChoice) -> Result<Device, RegistryError> {
    if choice == DeviceChoice::Only(Device::Cpu) {
        return Ok(Device::Cpu);
    }
    let n_devices = cuda_devices();
    match choice {
        DeviceChoice::Auto if n_devices == 0 => Ok(Device::Cpu),
        DeviceChoice::Auto => Ok(Device::Cuda(0)),
        DeviceChoice::Only(Device::Cuda(index)) if index >= n_devices => {
            Err(RegistryError::Device {
                device: Device::Cuda(index).to_string(),
                reason: if n_devices == 0 {
                    "no CUDA device, or no libtorch_cuda.so on the library path (`cargo xtask setup --cuda` gets it)"
                } else {
                    "fewer CUDA devices than that"
                },
            })
        }
        DeviceChoice::Only(device) => Ok(device),
    }
}

/// The first folder among `search` that holds `libtorch_cuda.so`; the search path is the folder that
/// libtorch itself was loaded from followed by `LD_LIBRARY_PATH`, which may name another libtorch.
pub fn find_cuda_library(search: &[PathBuf]) -> Option<PathBuf> {
    search
        .iter()
        .map(|folder| folder.join("libtorch_cuda.so"))
        .find(|path| path.is_file())
}

/// The folders to look in, from the text of `LD_LIBRARY_PATH` and of `/proc/self/maps`.
pub fn library_folders(ld_library_path: &str, maps: &str) -> Vec<PathBuf> {
    let given = ld_library_path
        .split(':')
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from);
    let loaded = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| Path::new(&line[at..])))
        .find(|path| path.file_name().is_some_and(|n| n == "libtorch_cpu.so"))
        .and_then(Path::parent)
        .map(Path::to_path_buf);
    loaded.into_iter().chain(given).collect()
}

fn cuda_devices() -> usize {
    let folders = library_folders(
        &std::env::var("LD_LIBRARY_PATH").unwrap_or_default(),
        &std::fs::read_to_string("/proc/self/maps").unwrap_or_default(),
    );
    if let Some(path) = find_cuda_library(&folders) {
        open_for_good(&path);
    }
    usize::try_from(tch::Cuda::device_count()).unwrap_or(0)
}

/// Opens a library with its symbols visible to all and never closes it. The program links only the
/// CPU half of libtorch; the CUDA half registers its kernels while it is being opened, which has to
/// happen before the first tensor is made.
#[allow(unsafe_code)]
fn open_for_good(path: &Path) {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
    // SAFETY: opening runs the initialisers of libtorch_cuda.so, which are made to be run by dlopen;
    // the handle is leaked, so nothing is ever unloaded.
    if let Ok(library) = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) } {
        std::mem::forget(library);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cuda_library_is_found_beside_our_libtorch_first() {
        let given = tempfile::tempdir().unwrap();
        let own = tempfile::tempdir().unwrap();
        std::fs::write(own.path().join("libtorch_cuda.so"), "").unwrap();
        let maps = format!(
            "7f00-7f01 r--p 00000000 08:01 42   /usr/lib/libc.so.6\n\
             7f02-7f03 r-xp 00000000 08:01 43   {}/libtorch_cpu.so\n",
            own.path().display()
        );
        let folders = library_folders(&format!("{}::/nowhere", given.path().display()), &maps);
        assert_eq!(
            folders,
            [own.path(), given.path(), Path::new("/nowhere")].map(Path::to_path_buf)
        );
        assert_eq!(
            find_cuda_library(&folders),
            Some(own.path().join("libtorch_cuda.so"))
        );
        std::fs::write(given.path().join("libtorch_cuda.so"), "").unwrap();
        assert_eq!(
            find_cuda_library(&folders[1..]),
            Some(given.path().join("libtorch_cuda.so"))
        );
        assert_eq!(find_cuda_library(&folders[2..]), None);
    }
}
