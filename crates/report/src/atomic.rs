use std::io::Write;
use std::path::Path;

use crate::ReportError;

/// Writes `bytes` to `path`: there is the whole file or what was there before, whatever happens
/// meanwhile. The temporary file lies in the same folder, since a rename does not cross file systems.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let attempt = || -> std::io::Result<()> {
        // A device or a pipe is written to; it is not ours to replace.
        if std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
            return std::fs::write(path, bytes);
        }
        std::fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        // Temporary files are private by default; a report is as open as any other new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    attempt().map_err(|source| ReportError::Write {
        path: path.to_owned(),
        source,
    })
}
