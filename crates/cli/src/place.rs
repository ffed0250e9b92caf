//! Files the program writes: whole or not at all, and never over one another or over what was read.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Result as IoResult, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::failure::{Failure, exit};

/// Temporary files made by this process; those that got their name are no longer there.
static MADE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
/// The start of a temporary file's name; then the machine's name and the process's number.
const PREFIX: &str = ".residuum-";
/// The age at which a temporary file of another machine was surely left by a killed process.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// Writes to a temporary file beside `path`, syncs it and renames it.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fill_atomically(path, |file| file.write_all(bytes))
}

/// As [`write_atomically`], of what `fill` writes.
pub(crate) fn fill_atomically(
    path: &Path,
    fill: impl FnOnce(&mut File) -> IoResult<()>,
) -> Result<(), Failure> {
    let write = || -> IoResult<()> {
        if is_special(path) {
            return fill(&mut File::options().write(true).open(path)?);
        }
        // A link stays, and what it points to is replaced.
        let target = match path.is_symlink() {
            true => path.canonicalize()?,
            false => path.to_owned(),
        };
        let mut file = temporary(&target)?;
        fill(file.as_file_mut())?;
        file.as_file().sync_all()?;
        file.persist(target)?;
        Ok(())
    };
    write().map_err(|error| cannot_write(path, &error))
}

/// Whether `path` is a device or a pipe: it is written to, never replaced.
pub(crate) fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}

/// An empty file in the folder of `path`, gone when it is dropped.
pub(crate) fn temporary(path: &Path) -> IoResult<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    let prefix = format!("{PREFIX}{}-{}-", machine(), std::process::id());
    builder.prefix(&prefix);
    // Temporary files are private by default; a result is as open as any other new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder_of(path))?;
    made().insert(file.path().to_owned());
    Ok(file)
}

/// Removes the temporary files that have not got their name.
pub(crate) fn remove_unfinished() {
    for path in std::mem::take(&mut *made()) {
        let _ = std::fs::remove_file(path);
    }
}

/// Removes from `folder` the temporary files of processes of this program that were killed.
pub(crate) fn remove_abandoned(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| is_abandoned(name, &entry)) {
            // That it cannot be removed is no reason not to work.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn is_abandoned(name: &str, entry: &std::fs::DirEntry) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else {
        return false;
    };
    // MACHINE-PROCESS-RANDOM, where the machine's name may have a dash too.
    let mut parts = rest.rsplitn(3, '-').skip(1);
    let (Some(process), Some(on)) = (parts.next(), parts.next()) else {
        return false;
    };
    let Ok(process) = process.parse::<u32>() else {
        return false;
    };
    if on == machine() && cfg!(target_os = "linux") {
        return !Path::new(&format!("/proc/{process}")).exists();
    }
    let age = entry.metadata().and_then(|meta| meta.modified());
    age.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > OLD))
}

/// The machine's name, in letters that a file's name may have.
fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim().chars().take(64);
    name.map(|c| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    })
    .collect()
}

fn made() -> std::sync::MutexGuard<'static, BTreeSet<PathBuf>> {
    MADE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Where `path` lies.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

pub(crate) fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        exit::MISSING,
        format!("cannot write {}: {error}", path.display()),
    )
    .hint("give another place or make room; nothing that was finished is lost")
}

/// Refuses outputs that are one file, however it is spelled or linked, and an output that would replace an
/// input or a file inside of one that is a folder.
///
/// # Errors
/// Usage.
pub(crate) fn apart(outputs: &[(&str, &Path)], inputs: &[(&str, &Path)]) -> Result<(), Failure> {
    for (i, (option, path)) in outputs.iter().enumerate() {
        if let Some((other, _)) = outputs[..i].iter().find(|(_, other)| is_same(path, other)) {
            let message = format!("{other} and {option} are the same file: {}", path.display());
            return Err(Failure::new(exit::USAGE, message).hint("give each a file of its own"));
        }
        let over = |(_, input): &&(&str, &Path)| is_same(path, input) || is_inside(path, input);
        if let Some((what, _)) = inputs.iter().find(over) {
            let message = format!("{option} would overwrite {what}: {}", path.display());
            return Err(Failure::new(exit::USAGE, message).hint("give another place"));
        }
    }
    Ok(())
}

/// Whether both name one file. Devices and pipes may take more than one output.
fn is_same(a: &Path, b: &Path) -> bool {
    if is_special(a) {
        return false;
    }
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (std::fs::metadata(a), std::fs::metadata(b)) {
        use std::os::unix::fs::MetadataExt;
        return (a.dev(), a.ino()) == (b.dev(), b.ino());
    }
    resolved(a) == resolved(b)
}

/// Whether `file` is there and lies below the folder `input`.
fn is_inside(file: &Path, input: &Path) -> bool {
    input.is_dir() && file.is_file() && resolved(file).starts_with(resolved(input))
}

/// The place without links and dots, also of a file that is not there yet.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let folder = folder_of(path);
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.join(path.file_name().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_of_one_file_are_refused_however_they_are_spelled() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("sub")).unwrap();
        let same = |a: &Path, b: &Path| apart(&[("--out", a), ("--scores", b)], &[]);
        let failure = same(&at("a"), &at("sub/../a")).unwrap_err();
        assert_eq!(failure.code, exit::USAGE);
        assert!(
            failure
                .message
                .starts_with("--out and --scores are the same file: ")
        );
        assert!(same(&at("a"), &at("b")).is_ok());
        std::fs::write(at("a"), "").unwrap();
        std::fs::hard_link(at("a"), at("hard")).unwrap();
        std::os::unix::fs::symlink(at("a"), at("soft")).unwrap();
        assert!(same(&at("a"), &at("hard")).is_err());
        assert!(same(&at("soft"), &at("a")).is_err());
        assert!(same(Path::new("/dev/null"), Path::new("/dev/null")).is_ok());
    }

    #[test]
    fn an_output_does_not_replace_an_input() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("set")).unwrap();
        std::fs::write(at("set/a.png"), "").unwrap();
        let over = |out: &Path, input: &Path| apart(&[("-o", out)], &[("the data set", input)]);
        assert!(over(&at("set/a.png"), &at("set/a.png")).is_err());
        assert!(over(&at("set/a.png"), &at("set")).is_err());
        assert!(over(&at("set/new.npz"), &at("set")).is_ok());
        assert!(over(&at("b.npz"), &at("set")).is_ok());
    }

    #[test]
    fn files_of_killed_processes_are_removed_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        let gone = format!("{PREFIX}{}-{}-abc", machine(), u32::MAX - 1);
        let far = format!("{PREFIX}elsewhere-1-abc");
        let foreign = format!("{PREFIX}notes.txt");
        for name in [&gone, &far, &foreign, "cell.json"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let own = temporary(&dir.path().join("x")).unwrap();
        remove_abandoned(dir.path());
        let left = |name: &str| dir.path().join(name).exists();
        assert!(!left(&gone));
        assert!(left(&far) && left(&foreign) && left("cell.json") && own.path().exists());
    }
}
