use std::io::{self, Read};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::encoding::{Decoded, Encoding};
use super::records::Stop;
use crate::TablesError;
use crate::store::{ReadFrom, Store};

/// Bytes of a file, unpacked.
pub(crate) type Bytes = Box<dyn Read + Send>;

/// Whether the store holds gzip.
pub(crate) fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b])
}

/// The bytes from the start, unpacked where they are `packed`.
pub(crate) fn bytes(store: &Arc<Store>, packed: bool) -> Bytes {
    let from = ReadFrom::new(store, 0);
    match packed {
        true => Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(
            1 << 16,
            from,
        ))),
        false => Box::new(from),
    }
}

/// The text from the start, in UTF-8.
pub(crate) fn text(store: &Arc<Store>, packed: bool, encoding: Encoding) -> Decoded<Bytes> {
    Decoded::new(bytes(store, packed), encoding)
}

/// What stopped reading, as an error that names the file.
pub(crate) fn stopped(file: &str, stop: Stop) -> TablesError {
    let file = file.to_owned();
    let at = |line, what: &str| TablesError::Line {
        file: file.clone(),
        line,
        what: what.to_owned(),
    };
    match stop {
        Stop::Io(source) => TablesError::Read { file, source },
        Stop::Unclosed { line } => at(line, "a quote is opened and never closed"),
        Stop::TooLong { line } => at(line, "the line is longer than 64 MiB"),
        Stop::NotUtf8 { line, .. } => at(
            line,
            "a byte that is not UTF-8; `iconv -f WINDOWS-1252 -t UTF-8` turns older texts into it",
        ),
        Stop::Zero { line } => at(line, "a zero byte: this is not text"),
    }
}

/// A record with another number of fields than expected.
pub(crate) fn ragged(file: &str, line: u64, found: usize, expected: usize) -> TablesError {
    let fields = |count| match count {
        1 => "1 field".to_owned(),
        _ => format!("{count} fields"),
    };
    TablesError::Line {
        file: file.to_owned(),
        line,
        what: format!("found {}, expected {expected}", fields(found)),
    }
}
