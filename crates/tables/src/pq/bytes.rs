//! The bytes of a file for the library, which asks for as many as the file says; here that is checked first.

use std::io::BufReader;
use std::sync::Arc;

use parquet::errors::{ParquetError, Result};
use parquet::file::FOOTER_SIZE;
use parquet::file::reader::{ChunkReader, Length};

use super::thrift::{footer, page_header};
use crate::store::{ReadFrom, Store};

/// A page's header is about that long.
const HEADER: usize = 256;

/// All bytes, for the footer.
pub(crate) struct Whole(pub(crate) Arc<Store>);

/// The bytes of pages: every read begins with the header of a page.
pub(crate) struct Pages(pub(crate) Arc<Store>);

/// The most bytes that a page may have when it is unpacked: twice the file, and 64 MiB at least.
pub(crate) fn limit(store: &Store) -> u64 {
    (64 << 20).max(store.length().saturating_mul(2))
}

fn exact(store: &Store, start: u64, length: usize) -> Result<bytes::Bytes> {
    let end = start.checked_add(length as u64);
    if end.is_none_or(|end| end > store.length()) {
        return Err(ParquetError::EOF(format!(
            "{length} bytes from {start} on are beyond the end"
        )));
    }
    let mut found = vec![0; length];
    let mut at = 0;
    while at < length {
        match store.read_at(start + at as u64, &mut found[at..])? {
            0 => return Err(ParquetError::EOF("the file has become shorter".to_owned())),
            read => at += read,
        }
    }
    Ok(found.into())
}

impl Length for Whole {
    fn len(&self) -> u64 {
        self.0.length()
    }
}

impl ChunkReader for Whole {
    type T = ReadFrom;

    fn get_read(&self, start: u64) -> Result<ReadFrom> {
        Ok(ReadFrom::new(&self.0, start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes> {
        let bytes = exact(&self.0, start, length)?;
        // Where the footer lies stands in the last bytes of the file, which are not structure.
        if length > FOOTER_SIZE {
            footer(&bytes)?;
        }
        Ok(bytes)
    }
}

impl Length for Pages {
    fn len(&self) -> u64 {
        self.0.length()
    }
}

impl ChunkReader for Pages {
    type T = ReadFrom;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let header = BufReader::with_capacity(HEADER, ReadFrom::new(&self.0, start));
        let unpacked = page_header(header)?
            .and_then(|size| u64::try_from(size).ok())
            .ok_or_else(|| ParquetError::General("the header of a page is damaged".to_owned()))?;
        if unpacked > limit(&self.0) {
            let what = format!("a page claims to have {unpacked} bytes");
            return Err(ParquetError::General(what));
        }
        Ok(ReadFrom::new(&self.0, start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes> {
        exact(&self.0, start, length)
    }
}

/// A number in seven bits per byte, and its length.
pub(crate) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (place, byte) in bytes.iter().take(9).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, place + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_the_file_has() {
        let store = Arc::new(Store::memory(vec![1, 2, 3]));
        assert_eq!(&exact(&store, 1, 2).unwrap()[..], [2, 3]);
        assert!(exact(&store, 2, 2).is_err());
        assert!(exact(&store, u64::MAX, usize::MAX).is_err());
    }
}
