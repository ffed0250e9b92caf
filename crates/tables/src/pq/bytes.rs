//! The bytes of a file for the library, which asks for as many as the file says; here that is checked first.

use std::io::{Chain, Cursor, Read};
use std::sync::Arc;

use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use crate::store::{ReadFrom, Store};

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
        exact(&self.0, start, length)
    }
}

impl Length for Pages {
    fn len(&self) -> u64 {
        self.0.length()
    }
}

/// Bytes read for the header of a page, which has about 30.
const HEADER: usize = 256;

impl ChunkReader for Pages {
    type T = Chain<Cursor<Vec<u8>>, ReadFrom>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let mut header = Vec::with_capacity(HEADER);
        ReadFrom::new(&self.0, start)
            .take(HEADER as u64)
            .read_to_end(&mut header)?;
        let unpacked = unpacked_size(&header)
            .ok_or_else(|| ParquetError::General("the header of a page is damaged".to_owned()))?;
        if unpacked > limit(&self.0) {
            let what = format!("a page claims to have {unpacked} bytes");
            return Err(ParquetError::General(what));
        }
        let behind = ReadFrom::new(&self.0, start + header.len() as u64);
        Ok(Cursor::new(header).chain(behind))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes> {
        exact(&self.0, start, length)
    }
}

/// The second field of a page's header. In Thrift's compact protocol each of the first two is a byte `0x15`,
/// one field further and of type i32, and the number in zigzag and seven bits per byte.
fn unpacked_size(header: &[u8]) -> Option<u64> {
    let mut at = 0;
    let mut size = 0;
    for _ in 0..2 {
        if header.get(at) != Some(&0x15) {
            return None;
        }
        let (number, length) = varint(&header[at + 1..])?;
        at += 1 + length;
        size = number;
    }
    // Odd numbers are negative ones.
    (size % 2 == 0).then_some(size / 2)
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
    fn the_size_of_a_page_is_read_from_its_header() {
        assert_eq!(
            unpacked_size(&[0x15, 0, 0x15, 0xd0, 0x0f, 0x15]),
            Some(1000)
        );
        assert_eq!(unpacked_size(&[0x15, 4, 0x15, 1]), None);
        assert_eq!(unpacked_size(&[0x15, 4, 0x16, 2]), None);
        assert_eq!(unpacked_size(&[0x15, 0x80]), None);
        assert_eq!(varint(&[0xff; 12]), None);
    }

    #[test]
    fn no_more_is_read_than_the_file_has() {
        let store = Arc::new(Store::memory(vec![1, 2, 3]));
        assert_eq!(&exact(&store, 1, 2).unwrap()[..], [2, 3]);
        assert!(exact(&store, 2, 2).is_err());
        assert!(exact(&store, u64::MAX, usize::MAX).is_err());
    }
}
