//! Files are written whole or not at all.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::host::system_name;

/// The start of a temporary file's name. Behind it: the machine's name, the process's number, letters.
pub const TEMPORARY: &str = ".residuum-";
/// The temporary files of this process.
static MADE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
/// The age at which a temporary file of another machine was surely left by a killed process.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// Writes `bytes` to `path`: there is the whole file or what was there before, whatever happens meanwhile.
///
/// A temporary file beside `path` is written, synced and renamed, and its folder synced. It is as open to
/// others as the umask says. A link stays, and what it points to is replaced; a device or a pipe is written
/// to. The folder has to exist.
///
/// # Errors
/// What the system refuses.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fill(path, |file| file.write_all(bytes))
}

/// As [`write`](fn@write), but what is there stays: whether the file is this call's. Of several processes
/// that write at once one is first.
///
/// # Errors
/// What the system refuses.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let mut temporary = Temporary::beside(path)?;
    temporary.file().write_all(bytes)?;
    temporary.put_new(path)
}

/// As [`write`](fn@write), of what `fill` writes.
///
/// # Errors
/// As [`write`](fn@write), and what `fill` returns.
pub fn fill(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut pending = Pending::create(path)?;
    fill(pending.file())?;
    pending.commit()
}

/// A file that is written bit by bit and stands under its name once it is whole. Dropped before that, it
/// leaves nothing.
#[derive(Debug)]
pub struct Pending(Kept);

#[derive(Debug)]
enum Kept {
    /// A device or a pipe.
    Special(File),
    Beside(Temporary, PathBuf),
}

impl Pending {
    /// An empty one that is to become `path`, as [`write`](fn@write) has it.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        if is_special(path) {
            return Ok(Self(Kept::Special(File::options().write(true).open(path)?)));
        }
        let target = match path.is_symlink() {
            true => path.canonicalize()?,
            false => path.to_owned(),
        };
        Ok(Self(Kept::Beside(Temporary::beside(&target)?, target)))
    }

    /// To write to.
    pub fn file(&mut self) -> &mut File {
        match &mut self.0 {
            Kept::Special(file) => file,
            Kept::Beside(temporary, _) => temporary.file(),
        }
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// What the system refuses; then there is what was there before.
    pub fn commit(self) -> io::Result<()> {
        match self.0 {
            Kept::Special(_) => Ok(()),
            Kept::Beside(temporary, target) => temporary.put(&target),
        }
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

/// A temporary file, removed when it is dropped.
#[derive(Debug)]
pub struct Temporary(NamedTempFile);

impl Temporary {
    /// An empty one in the folder of `path`.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn beside(path: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        let prefix = format!("{TEMPORARY}{}-{}-", machine(), std::process::id());
        builder.prefix(&prefix);
        // Temporary files are private by default; this one becomes a file like any other.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder_of(path))?;
        made().insert(file.path().to_owned());
        Ok(Self(file))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// To write to.
    pub fn file(&mut self) -> &mut File {
        self.0.as_file_mut()
    }

    /// Syncs it and renames it to `path`, which it replaces and whose folder is its own.
    ///
    /// # Errors
    /// What the system refuses; then `path` is as before.
    pub fn put(self, path: &Path) -> io::Result<()> {
        let before = self.path().to_owned();
        self.0.as_file().sync_all()?;
        let put = self.0.persist(path);
        made().remove(&before);
        put?;
        sync_folder(folder_of(path))
    }

    /// As [`put`](Self::put), unless `path` is there already: whether it was put.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn put_new(self, path: &Path) -> io::Result<bool> {
        let before = self.path().to_owned();
        self.0.as_file().sync_all()?;
        let put = self.0.persist_noclobber(path);
        made().remove(&before);
        match put {
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            other => drop(other?),
        }
        sync_folder(folder_of(path))?;
        Ok(true)
    }
}

/// So that the new name outlives a power cut. Where a folder cannot be opened or synced, there is no such
/// promise to be had.
fn sync_folder(folder: &Path) -> io::Result<()> {
    let Ok(folder) = File::open(folder) else {
        return Ok(());
    };
    match folder.sync_all() {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

/// Whether `path` is a device or a pipe: it is written to, never replaced.
pub fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}

/// Where `path` lies.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Removes the temporary files of this process that have not got their name; for a process about to end.
pub fn remove_unfinished() {
    for path in std::mem::take(&mut *made()) {
        let _ = fs::remove_file(path);
    }
}

/// Removes from `folder` the temporary files of processes that were killed.
pub fn remove_abandoned(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| is_abandoned(name, &entry)) {
            // That it cannot be removed is no reason not to work.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_abandoned(name: &str, entry: &fs::DirEntry) -> bool {
    let Some(rest) = name.strip_prefix(TEMPORARY) else {
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
    let name = system_name();
    let name = name.chars().take(64);
    name.map(|c| match c.is_ascii_alphanumeric() || c == '-' {
        true => c,
        false => '_',
    })
    .collect()
}

fn made() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    MADE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_lies_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        for bytes in [b"first", b"other"] {
            write(&path, bytes).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let error = fill(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("no room"))
        });
        assert_eq!(error.unwrap_err().to_string(), "no room");
        assert_eq!(fs::read(&path).unwrap(), b"other");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(write(&dir.path().join("none/a"), b"").is_err());
    }

    #[test]
    fn of_writers_at_once_the_first_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cell.json");
        let first = std::thread::scope(|scope| {
            let write = |n: u8| write_new(&path, &[n; 100]).unwrap();
            let writers: Vec<_> = (0..8).map(|n| scope.spawn(move || write(n))).collect();
            let wrote = writers.into_iter().map(|writer| writer.join().unwrap());
            wrote.collect::<Vec<bool>>()
        });
        assert_eq!(first.iter().filter(|&&wrote| wrote).count(), 1);
        let first = first.iter().position(|&wrote| wrote).unwrap() as u8;
        assert_eq!(fs::read(&path).unwrap(), [first; 100]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_pending_file_has_its_name_once_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.csv");
        let mut dropped = Pending::create(&path).unwrap();
        dropped.write_all(b"half").unwrap();
        drop(dropped);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let mut whole = Pending::create(&path).unwrap();
        whole.write_all(b"one").unwrap();
        assert!(!path.exists());
        whole.write_all(b", two").unwrap();
        whole.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one, two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn it_is_as_open_as_any_new_file_and_a_link_stays() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode();
        File::create(at("plain")).unwrap();
        write(&at("ours"), b"1").unwrap();
        assert_eq!(mode("ours"), mode("plain"));
        std::os::unix::fs::symlink(at("plain"), at("link")).unwrap();
        write(&at("link"), b"2").unwrap();
        assert!(at("link").is_symlink());
        assert_eq!(fs::read(at("plain")).unwrap(), b"2");
        write(Path::new("/dev/null"), b"3").unwrap();
        assert!(is_special(Path::new("/dev/null")));
    }

    #[test]
    fn files_of_killed_processes_are_removed_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        let gone = format!("{TEMPORARY}{}-{}-abc", machine(), u32::MAX - 1);
        let far = format!("{TEMPORARY}elsewhere-1-abc");
        let foreign = format!("{TEMPORARY}notes.txt");
        for name in [&gone, &far, &foreign, "cell.json"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let own = Temporary::beside(&dir.path().join("x")).unwrap();
        remove_abandoned(dir.path());
        let left = |name: &str| dir.path().join(name).exists();
        assert!(!left(&gone));
        assert!(left(&far) && left(&foreign) && left("cell.json") && own.path().exists());
    }
}
