use datasets::Entry;

/// How to get the files of a set: a command, or which files to put into a data folder.
pub(crate) fn get(entry: &Entry) -> String {
    if entry.urls().is_empty() {
        return format!("put {} into a data folder", entry.files().join(", "));
    }
    format!("residuum datasets fetch {}", entry.name())
}
