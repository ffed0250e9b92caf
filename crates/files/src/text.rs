//! The one reader of text files, whichever system wrote them.

use std::io::Read;
use std::path::Path;

use crate::input::{NotReadable, open};

/// Longer texts are not lists and no settings.
const MAX_BYTES: u64 = 1 << 28;

/// Why a text cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// There is no file, or it cannot be read.
    #[error(transparent)]
    NotReadable(#[from] NotReadable),
    /// Bytes in another encoding, or too many.
    #[error("{place}: found {found}, expected {}", Self::EXPECTED)]
    NotText {
        /// Where in the file.
        place: String,
        /// What stands there.
        found: String,
        /// The encoding's name for `iconv`, where it can be guessed.
        encoding: Option<&'static str>,
    },
}

impl TextError {
    /// What is read.
    pub const EXPECTED: &str = "text in UTF-8, or in UTF-16 with a byte order mark";

    /// How to convert the file at `path`; `None` where it cannot be read at all.
    pub fn hint(&self, path: &Path) -> Option<String> {
        let Self::NotText { encoding, .. } = self else {
            return None;
        };
        Some(match encoding {
            Some(from) => format!(
                "iconv -f {from} -t UTF-8 {} > FILE writes it as UTF-8, if it is {from}",
                shell(path)
            ),
            None => "write it as plain text in UTF-8".to_owned(),
        })
    }
}

/// Reads a text file: UTF-8 with or without a byte order mark, or UTF-16 with one. Line ends become `\n`.
///
/// # Errors
/// [`TextError::NotText`] naming the line for bytes in another encoding, [`TextError::NotReadable`].
pub fn read_text(path: impl AsRef<Path>) -> Result<String, TextError> {
    let mut bytes = Vec::new();
    let mut file = open(path.as_ref())?.take(MAX_BYTES + 1);
    file.read_to_end(&mut bytes).map_err(NotReadable::from)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(TextError::NotText {
            place: "the text".to_owned(),
            found: format!("more than {MAX_BYTES} bytes"),
            encoding: None,
        });
    }
    let text = decode(&bytes).map_err(|(line, found, encoding)| TextError::NotText {
        place: format!("line {line}"),
        found: found.to_owned(),
        encoding,
    })?;
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// The line, what stands there, and the name of the encoding for `iconv` where it can be guessed.
type Wrong = (usize, &'static str, Option<&'static str>);

fn decode(bytes: &[u8]) -> Result<String, Wrong> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err((1, "UTF-32", Some("UTF-32"))),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, Wrong> {
    if let Some(zero) = bytes.iter().position(|&byte| byte == 0) {
        let utf16 = bytes.len() > 1 && bytes[..bytes.len().min(2)].contains(&0);
        return Err(if utf16 {
            let from = if bytes[0] == 0 {
                "UTF-16BE"
            } else {
                "UTF-16LE"
            };
            (1, "UTF-16 without a byte order mark", Some(from))
        } else {
            (line_of(&bytes[..zero]), "a zero byte: it is not text", None)
        });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err((
            line_of(&bytes[..error.valid_up_to()]),
            "a byte that is not UTF-8: perhaps Windows-1252 or Latin-1",
            Some("WINDOWS-1252"),
        )),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Wrong> {
    let units = bytes.chunks(2).map(|pair| match *pair {
        [a, b] => unit([a, b]),
        _ => 0xd800, // half a unit: no character
    });
    let mut text = String::new();
    for c in char::decode_utf16(units) {
        match c {
            Ok('\0') => return Err((line_of(text.as_bytes()), "a zero: it is not text", None)),
            Ok(c) => text.push(c),
            Err(_) => return Err((line_of(text.as_bytes()), "damaged UTF-16", None)),
        }
    }
    Ok(text)
}

fn line_of(before: &[u8]) -> usize {
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

/// A path, or another word, between quotes where a POSIX shell needs them.
pub fn shell(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_gives_the_word_back() {
        for word in [
            "a",
            "",
            "a b",
            "it's",
            "$HOME `x` \"y\" \\ *",
            "a\nb",
            "Ä=%",
        ] {
            let script = format!("printf '<%s>' {}", shell(Path::new(word)));
            let out = std::process::Command::new("sh")
                .args(["-c", &script])
                .output();
            let out = String::from_utf8(out.unwrap().stdout).unwrap();
            assert_eq!(out, format!("<{word}>"));
        }
    }

    fn read(bytes: &[u8]) -> Result<String, TextError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l.txt");
        std::fs::write(&path, bytes).unwrap();
        read_text(&path)
    }

    #[test]
    fn marks_line_ends_and_utf_16_are_read_alike() {
        let expected = "a.png\nb ü.png\n";
        let windows = "a.png\r\nb ü.png\r\n";
        let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.into_iter()
                .chain(windows.encode_utf16().flat_map(bytes))
                .collect()
        };
        for bytes in [
            expected.as_bytes().to_vec(),
            windows.as_bytes().to_vec(),
            format!("\u{feff}{windows}").into_bytes(),
            "a.png\rb ü.png\r".as_bytes().to_vec(),
            utf16([0xff, 0xfe], u16::to_le_bytes),
            utf16([0xfe, 0xff], u16::to_be_bytes),
        ] {
            assert_eq!(read(&bytes).unwrap(), expected);
        }
        assert_eq!(read(b"").unwrap(), "");
    }

    #[test]
    fn other_encodings_are_named_with_the_line() {
        for (bytes, words) in [
            (&b"a\nb \xfc.png\n"[..], ["line 2", "Windows-1252"]),
            (b"a\0.\0p\0", ["line 1", "UTF-16 without a byte order mark"]),
            (b"\xff\xfe\0\0a\0\0\0", ["line 1", "UTF-32"]),
            (b"\xff\xfea\0\x00\xd8", ["line 1", "damaged UTF-16"]),
            (b"\xff\xfea\0b", ["line 1", "damaged UTF-16"]),
            (b"one\ntwo\0", ["line 2", "zero byte"]),
        ] {
            let error = read(bytes).unwrap_err().to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }
}
