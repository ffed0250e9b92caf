//! What the tags of a TIFF claim, before a decoder makes room for it.

use std::io::{self, Read, Seek, SeekFrom};

/// The first tag of the first image whose values could not lie in the file, as a sentence: `None` where
/// all could, or where this is not a TIFF, which is the decoder's to say.
///
/// Source: TIFF 6.0, section 2; BigTIFF has 64-bit offsets and counts.
///
/// # Errors
/// What reading the file says.
pub(super) fn impossible(file: &mut (impl Read + Seek)) -> io::Result<Option<String>> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut tags = Tags {
        file,
        big_endian: false,
        wide: false,
    };
    match tags.first(length) {
        Ok(found) => Ok(found),
        // An end within the tags: the decoder says so.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

struct Tags<'a, F> {
    file: &'a mut F,
    big_endian: bool,
    /// BigTIFF.
    wide: bool,
}

impl<F: Read + Seek> Tags<'_, F> {
    fn first(&mut self, length: u64) -> io::Result<Option<String>> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut order = [0; 2];
        self.file.read_exact(&mut order)?;
        self.big_endian = &order == b"MM";
        self.wide = match self.number(2)? {
            42 => false,
            43 => true,
            _ => return Ok(None),
        };
        if self.wide {
            self.number(4)?; // size of offsets, and zero
        }
        let at = self.number(if self.wide { 8 } else { 4 })?;
        self.file.seek(SeekFrom::Start(at))?;
        for _ in 0..self.number(if self.wide { 8 } else { 2 })? {
            let tag = self.number(2)?;
            let size = size_of(self.number(2)?);
            let count = self.number(if self.wide { 8 } else { 4 })?;
            if count.checked_mul(size).is_none_or(|bytes| bytes > length) {
                return Ok(Some(format!(
                    "tag {tag} of {count} values in {length} bytes"
                )));
            }
            self.number(if self.wide { 8 } else { 4 })?;
        }
        Ok(None)
    }

    /// An unsigned number of `bytes` bytes, at most 8.
    fn number(&mut self, bytes: usize) -> io::Result<u64> {
        let mut read = [0; 8];
        self.file.read_exact(&mut read[..bytes])?;
        if self.big_endian {
            read[..bytes].reverse();
        }
        Ok(u64::from_le_bytes(read))
    }
}

/// Bytes of one value; of a type that is unknown, the least.
fn size_of(kind: u64) -> u64 {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A TIFF of one tag of 16-bit values.
    fn tiff(count: u32) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0\x01\0".to_vec();
        bytes.extend(262u16.to_le_bytes());
        bytes.extend(3u16.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend([0; 8]);
        bytes
    }

    #[test]
    fn values_that_cannot_lie_in_the_file_are_found() {
        let found = |bytes: Vec<u8>| impossible(&mut Cursor::new(bytes)).unwrap();
        assert_eq!(found(tiff(13)), None);
        assert_eq!(
            found(tiff(2_097_153)).unwrap(),
            "tag 262 of 2097153 values in 26 bytes"
        );
        assert!(found(tiff(u32::MAX)).is_some());
        assert_eq!(found(tiff(9)[..20].to_vec()), None, "cut off");
        assert_eq!(found(b"BM".to_vec()), None);
        let mut big = b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\x01".to_vec();
        big.extend([1, 6, 0, 3]);
        big.extend(u64::MAX.to_be_bytes());
        big.extend([0; 8]);
        assert!(
            found(big)
                .unwrap()
                .starts_with("tag 262 of 18446744073709551615")
        );
    }
}
