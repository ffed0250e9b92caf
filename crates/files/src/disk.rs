use std::path::Path;
use std::process::Command;

/// Free bytes on the disk that holds `path` or its nearest existing parent, by `df`; `None` where there is no
/// `df`.
pub fn free_bytes(path: &Path) -> Option<u64> {
    let existing = path.ancestors().find(|p| p.exists())?;
    let out = Command::new("df").arg("-Pk").arg(existing).output().ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    let kib: u64 = text
        .lines()
        .nth(1)?
        .split_whitespace()
        .nth(3)?
        .parse()
        .ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_of_a_folder_that_does_not_exist_yet() {
        assert!(free_bytes(Path::new("/tmp/not/yet/there")).is_some_and(|n| n > 0));
    }
}
