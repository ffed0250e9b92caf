use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::RegistryError;

/// Where networks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
    /// A CUDA device by index.
    Cuda(usize),
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

/// A device as asked for, before anyone looked whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceChoice {
    /// CUDA where it is there, else the processor.
    Auto,
    /// This one or an error.
    Only(Device),
}

impl FromStr for DeviceChoice {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let index = match text {
            "auto" => return Ok(Self::Auto),
            "cpu" => return Ok(Self::Only(Device::Cpu)),
            "cuda" => Some(0),
            other => other.strip_prefix("cuda:").and_then(|i| i.parse().ok()),
        };
        index
            .map(|index| Self::Only(Device::Cuda(index)))
            .ok_or_else(|| RegistryError::Device {
                device: text.to_owned(),
                reason: "not one of auto, cpu, cuda, cuda:0, cuda:1, …",
            })
    }
}

impl DeviceChoice {
    /// The device to use. Loads the CUDA half of libtorch first unless the choice is the processor.
    ///
    /// # Errors
    /// [`RegistryError::Device`] where a CUDA device was asked for and is not there.
    pub fn resolve(self) -> Result<Device, RegistryError> {
        if self == Self::Only(Device::Cpu) {
            return Ok(Device::Cpu);
        }
        let n_devices = cuda_devices();
        match self {
            Self::Auto if n_devices == 0 => Ok(Device::Cpu),
            Self::Auto => Ok(Device::Cuda(0)),
            Self::Only(Device::Cuda(index)) if index >= n_devices => Err(RegistryError::Device {
                device: Device::Cuda(index).to_string(),
                reason: if n_devices == 0 {
                    "no CUDA device, or no libtorch_cuda.so on the library path (`cargo xtask setup --cuda` gets it)"
                } else {
                    "fewer CUDA devices than that"
                },
            }),
            Self::Only(device) => Ok(device),
        }
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

#[cfg(feature = "torch")]
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

#[cfg(not(feature = "torch"))]
fn cuda_devices() -> usize {
    0
}

/// Opens a library with its symbols visible to all and never closes it. The program links only the
/// CPU half of libtorch; the CUDA half registers its kernels while it is being opened, which has to
/// happen before the first tensor is made.
#[cfg(feature = "torch")]
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
    fn devices_are_read_as_written() {
        assert_eq!("auto".parse::<DeviceChoice>().unwrap(), DeviceChoice::Auto);
        assert_eq!(
            "cuda".parse::<DeviceChoice>().unwrap(),
            DeviceChoice::Only(Device::Cuda(0))
        );
        assert_eq!(
            "cuda:3".parse::<DeviceChoice>().unwrap(),
            DeviceChoice::Only(Device::Cuda(3))
        );
        for wrong in ["gpu", "cuda:", "cuda:x", ""] {
            assert!(wrong.parse::<DeviceChoice>().is_err(), "{wrong}");
        }
    }

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
