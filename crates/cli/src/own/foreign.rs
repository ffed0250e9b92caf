//! Files that are no table, though they could be read as text.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::failure::{Failure, exit};

/// So many bytes are looked at.
const HEAD: u64 = 4096;

/// What is refused before it is read: JSON, a model, and Excel's line that names the delimiter.
pub(super) fn check(path: &Path, ending: &str) -> Result<(), Failure> {
    let read = match ending {
        "jsonl" | "ndjson" => "pandas.read_json(FILE, lines=True)",
        "json" => "pandas.read_json(FILE)",
        _ => return check_head(path, &head(path)),
    };
    if !path.is_file() {
        return Ok(());
    }
    let hint =
        format!("make a table of it, with pandas for one: {read}.to_csv('rows.csv', index=False)");
    Err(refused(path, "JSON is written, but not read").hint(hint))
}

fn check_head(path: &Path, head: &[u8]) -> Result<(), Failure> {
    let size = path.metadata().map_or(0, |meta| meta.len());
    let is_length = |&bytes: &[u8; 8]| (2..size).contains(&u64::from_le_bytes(bytes));
    if head.get(8) == Some(&b'{') && head.first_chunk().is_some_and(is_length) {
        let what = "a model or another file of safetensors, not data";
        let hint = "give rows or images as DATA; `residuum show FILE` shows a model";
        return Err(refused(path, what).hint(hint));
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let line = first_line(text);
    let start = line.get(..4).map(<[u8]>::to_ascii_lowercase);
    if start.as_deref() != Some(b"sep=") || line.len() > 5 {
        return Ok(());
    }
    let line = String::from_utf8_lossy(line);
    let message = format!(
        "the first line is `{line}`, by which Excel knows the delimiter, and names no columns"
    );
    let hint = format!(
        "leave it out: tail -n +2 {} > rows.csv, and give rows.csv",
        files::shell(path)
    );
    Err(refused(path, &message).hint(hint))
}

/// That a file that was read as text is one: its first line holds no zero byte, but in UTF-16.
pub(super) fn check_text(path: &Path) -> Result<(), Failure> {
    let head = head(path);
    let is_coded = [&b"\x1f\x8b"[..], b"\xff\xfe", b"\xfe\xff"];
    let is_coded = is_coded.iter().any(|mark| head.starts_with(mark));
    match !is_coded && first_line(&head).contains(&0) {
        true => {
            let failure = refused(path, "not a text, which a table in CSV is");
            Err(failure.hint("give CSV, TSV or Parquet"))
        }
        false => Ok(()),
    }
}

fn first_line(text: &[u8]) -> &[u8] {
    let mut lines = text.split(|byte| matches!(byte, b'\r' | b'\n'));
    lines.next().unwrap_or_default()
}

fn refused(path: &Path, what: &str) -> Failure {
    Failure::new(exit::BAD_DATA, format!("{}: {what}", path.display()))
}

/// The first bytes of a file; none of what is not there or is no file.
fn head(path: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    if path.is_file()
        && let Ok(file) = File::open(path)
        && file.take(HEAD).read_to_end(&mut head).is_err()
    {
        head.clear();
    }
    head
}
