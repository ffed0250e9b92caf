//! The half of the program that links libtorch: what it brings where it is this program, and how it is started
//! where it is another one.

use std::path::{Path, PathBuf};
use std::process::Command;

use detector::Progress;
use experiment::NoVectors;
use libtorch_fetch::cpu_folder;
use ndarray::{Array2, ArrayView4};
use residuum::{Device, DeviceChoice, Method, RegistryError};

use crate::failure::{Failure, exit};
use crate::loader::Libraries;

/// What a program with networks brings.
#[derive(Debug)]
pub struct Networks {
    /// Every method, with its detector.
    pub methods: fn() -> &'static [Method],
    /// The device that a choice comes to.
    pub device: fn(DeviceChoice) -> Result<Device, RegistryError>,
    /// Gives the whole process so many threads.
    pub set_threads: fn(usize),
    /// The vector of each image, `[n, 1 or 3, h, w]` to `[n, d]`, its shorter side first brought to so many
    /// pixels.
    pub embed: Embed,
}

/// Images to vectors.
pub type Embed = fn(
    &Embedder,
    ArrayView4<'_, u8>,
    Option<usize>,
    Device,
    &dyn Progress,
) -> Result<Array2<f32>, NoVectors>;

/// The network that makes vectors of images.
#[derive(Debug, Clone, PartialEq)]
pub enum Embedder {
    /// EfficientNet-Lite0.
    Lite0,
    /// A file of TorchScript.
    TorchScript {
        /// The file.
        module: PathBuf,
        /// What is taken off pixels from 0 to 1, by channel; ImageNet's figures where not given.
        mean: Option<[f32; 3]>,
        /// What they are divided by then.
        std: Option<[f32; 3]>,
    },
}

impl experiment::Networks for Networks {
    fn methods(&self) -> &'static [Method] {
        (self.methods)()
    }

    fn lite0(
        &self,
        images: ArrayView4<'_, u8>,
        device: Device,
        progress: &dyn Progress,
    ) -> Result<Array2<f32>, NoVectors> {
        (self.embed)(&Embedder::Lite0, images, None, device, progress)
    }
}

/// The file name of the program with networks.
const PROGRAM: &str = "residuum-networks";
/// Names its file where that is not beside this program.
const PLACE: &str = "RESIDUUM_NETWORKS";
/// Holds the id of the process that handed over: one that starts itself would never end.
const HANDED_OVER: &str = "RESIDUUM_HANDED_OVER";

/// The way out where that program is not there.
const HINT: &str = "put residuum-networks beside residuum, or its path into RESIDUUM_NETWORKS; `cargo build --release --workspace --bins` makes both";
/// The same with each step.
pub(crate) const BUILD: &str = "`cargo build --release --workspace --bins` in a checkout of residuum makes target/release/residuum-networks: put it beside residuum, or its path into RESIDUUM_NETWORKS";
/// Where it does not find libtorch.
const NO_LIBTORCH: &str = "`residuum setup` fetches libtorch";
/// Where the loader does not find other libraries.
const NO_LIBRARY: &str = "install what holds them, or put their folder into LD_LIBRARY_PATH";

/// Libraries that come with libtorch.
const OF_LIBTORCH: [&str; 5] = ["libtorch", "libc10.", "libgomp", "libcudart.", "libcupti."];

/// Whether the program with networks can be started.
pub(crate) fn can_start() -> bool {
    program().is_ok()
}

/// What helps against a method that needs that program.
pub(crate) fn hint() -> String {
    let why = program().err().and_then(|failure| failure.hint);
    why.unwrap_or_else(|| HINT.to_owned())
}

/// Becomes the program with networks, with the arguments and the environment of this one. Comes back only
/// where that cannot be, with the reason.
pub(crate) fn hand_over() -> Failure {
    let path = match program() {
        Ok(path) => path,
        Err(failure) => return failure,
    };
    let this = std::process::id().to_string();
    if std::env::var(HANDED_OVER).is_ok_and(|id| id == this) {
        return missing(format!("{} has none", path.display()), HINT);
    }
    let error = become_program(&path, &this);
    missing(format!("cannot start {}: {error}", path.display()), HINT)
}

/// The program with networks, where it is there and the loader finds its libraries.
fn program() -> Result<PathBuf, Failure> {
    let path = file().map_err(|why| missing(why, HINT))?;
    match libraries(&path).missing {
        lacking if lacking.is_empty() => Ok(path),
        lacking => Err(does_not_find(&path, &lacking)),
    }
}

fn missing(what: String, hint: &str) -> Failure {
    Failure::new(exit::MISSING, format!("this needs networks: {what}")).hint(hint)
}

/// The failure of a program that the loader would not start.
pub(crate) fn does_not_find(program: &Path, libraries: &[String]) -> Failure {
    let hint = match lacks_libtorch(libraries) {
        true => NO_LIBTORCH,
        false => NO_LIBRARY,
    };
    let names = libraries.join(", ");
    missing(format!("{} does not find {names}", program.display()), hint)
}

/// Whether libtorch is among the libraries that are not found.
pub(crate) fn lacks_libtorch(libraries: &[String]) -> bool {
    let is_part = |name: &String| OF_LIBTORCH.iter().any(|start| name.starts_with(start));
    libraries.iter().any(is_part)
}

/// The file of the program with networks, or why there is none.
pub(crate) fn file() -> Result<PathBuf, String> {
    let path = place()?;
    match path.is_file() {
        true => Ok(path),
        false => Err(format!("there is no {}", path.display())),
    }
}

/// What the loader finds for it.
pub(crate) fn libraries(program: &Path) -> Libraries {
    Libraries::of(program, library_path().as_deref())
}

fn place() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os(PLACE).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let this = std::env::current_exe().and_then(|path| path.canonicalize());
    let this = this.map_err(|error| format!("cannot see where this program is: {error}"))?;
    Ok(this.with_file_name(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX)))
}

#[cfg(unix)]
fn become_program(path: &Path, this: &str) -> std::io::Error {
    use std::os::unix::process::CommandExt;
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_else(|| "residuum".into());
    crate::lifeline::leave_stdout_as_it_was();
    let mut command = Command::new(path);
    command.arg0(name).args(arguments).env(HANDED_OVER, this);
    if let Some(path) = library_path() {
        command.env("LD_LIBRARY_PATH", path);
    }
    command.exec()
}

/// `LD_LIBRARY_PATH` with the libtorch of the cache folder in front, where a set-up has put one there. The
/// program with networks looks there after the place that it was linked for, which a copy of it may lack.
fn library_path() -> Option<std::ffi::OsString> {
    let folder = cpu_folder(&files::cache_folder()?).join("lib");
    if !folder.is_dir() {
        return None;
    }
    let mut path = folder.into_os_string();
    if let Some(rest) = std::env::var_os("LD_LIBRARY_PATH").filter(|rest| !rest.is_empty()) {
        path.push(":");
        path.push(rest);
    }
    Some(path)
}

#[cfg(not(unix))]
fn become_program(path: &Path, this: &str) -> std::io::Error {
    let mut command = Command::new(path);
    command
        .args(std::env::args_os().skip(1))
        .env(HANDED_OVER, this);
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(exit::INTERNAL.into())),
        Err(error) => error,
    }
}
