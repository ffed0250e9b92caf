//! Files the program writes: whole or not at all, and never over one another or over what was read.

use std::fs::File;
use std::io::Result as IoResult;
use std::path::{Path, PathBuf};

use columns::{Column, Columns};
use files::{folder_of, is_special};
use tables::{Format, Style, TablesError, Target};

use crate::failure::{Failure, exit};

/// As [`files::write`].
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    files::write(path, bytes).map_err(|error| cannot_write(path, &error))
}

/// As [`files::fill`].
pub(crate) fn fill_atomically(
    path: &Path,
    fill: impl FnOnce(&mut File) -> IoResult<()>,
) -> Result<(), Failure> {
    files::fill(path, fill).map_err(|error| cannot_write(path, &error))
}

/// The columns as a Parquet file, whole or not at all.
pub(crate) fn write_parquet(path: &Path, columns: Vec<Column>) -> Result<(), Failure> {
    let columns =
        Columns::new(columns).map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))?;
    let target = Target::Path(path.to_owned());
    let written = tables::write(target, Format::Parquet, Style::default(), &columns);
    written.map_err(|error| match error {
        TablesError::Write { source, .. } => cannot_write(path, &source),
        other => other.into(),
    })
}

pub(crate) fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        exit::MISSING,
        format!("cannot write {}: {error}", path.display()),
    )
    .hint("give another place or make room; nothing that was finished is lost")
}

/// Makes the folder of `path` and tries it: what takes hours must not be lost at their end. What killed processes
/// left there is removed.
pub(crate) fn check_place(path: &Path) -> Result<(), Failure> {
    let try_it = || -> std::io::Result<()> {
        if path.is_dir() {
            return Err(std::io::ErrorKind::IsADirectory.into());
        }
        let folder = files::folder_of(path);
        std::fs::create_dir_all(folder)?;
        files::remove_abandoned(folder);
        files::Temporary::beside(path).map(drop)
    };
    try_it().map_err(|error| cannot_write(path, &error))
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
}
