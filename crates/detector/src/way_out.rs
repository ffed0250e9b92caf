use std::path::PathBuf;

/// What helps where something is missing on this machine; whoever shows it finds the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayOut {
    /// A folder to keep downloaded files in.
    CacheFolder,
    /// pip, which downloads the file, or the file itself.
    Pip(Download),
    /// The network or pip's index, where it does not answer, or the file itself.
    Network(Download),
    /// The settings of pip, which refuses, or the file itself.
    PipSettings(Download),
    /// The download again: the transfer was broken, or the mirror has changed.
    Again,
}

/// A file that is downloaded, and could be put there by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// The file's name.
    pub file: &'static str,
    /// Its folder.
    pub folder: PathBuf,
}
