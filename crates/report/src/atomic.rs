use std::io::Write;
use std::path::Path;

use crate::ReportError;

/// Writes `bytes` to `path`: there is the whole file or what was there before, whatever happens
/// meanwhile. The temporary file lies in the same folder, since a rename does not cross file systems.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let attempt = || -> std::io::Result<()> {
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
