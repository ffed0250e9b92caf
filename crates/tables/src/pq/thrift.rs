//! A look through Thrift's compact protocol before the library reads it. The library does not compare a field's type with
//! the one it expects, makes room for as many items as a list claims, and goes through a list of booleans that it passes
//! over without reading a byte: a few bytes would keep it busy for minutes or take all memory.

use std::io::{self, Read};

use super::format::{BOOLEAN, FOOTER, Fields, I32, PAGE, Type};

/// Structures in structures beyond this are refused; the library stops there too.
const MOST_DEEP: usize = 64;

/// A page's header: the size of the page once it is unpacked, where there is one.
///
/// # Errors
/// Fields of another type than the format has, and a header without an end.
pub(crate) fn page_header(reader: impl Read) -> io::Result<Option<i64>> {
    let mut walk = Walk {
        reader,
        second: None,
        most: i64::MAX,
    };
    walk.structure(PAGE, 0)?;
    Ok(walk.second)
}

/// A file's footer.
///
/// # Errors
/// Fields of another type than the format has, and a footer without an end.
pub(crate) fn footer(bytes: &[u8]) -> io::Result<()> {
    let mut walk = Walk {
        reader: bytes,
        second: None,
        most: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
    };
    walk.structure(FOOTER, 0)
}

struct Walk<R> {
    reader: R,
    /// The second field of the outermost structure, where that is a number.
    second: Option<i64>,
    /// No more can stand in the bytes.
    most: i64,
}

impl<R: Read> Walk<R> {
    /// A structure with these fields; others in it are passed over.
    fn structure(&mut self, fields: Fields, depth: usize) -> io::Result<()> {
        if depth > MOST_DEEP {
            return Err(damaged("structures nest too deep"));
        }
        let mut id = 0_i16;
        loop {
            let byte = self.byte()?;
            let kind = match kind(byte) {
                0 => return Ok(()),
                kind => kind,
            };
            id = match i16::from(byte >> 4) {
                0 => zigzag(self.varint()?) as i16,
                step => id.wrapping_add(step),
            };
            let known = fields.iter().find(|(known, _)| *known == id);
            match (kind, known) {
                (_, Some((_, known))) if known.kind() != kind => {
                    return Err(damaged("a field is of another type"));
                }
                (I32, _) if depth == 0 && id == 2 => self.second = Some(zigzag(self.varint()?)),
                (I32, Some((_, Type::Count))) => {
                    if zigzag(self.varint()?) > self.most {
                        return Err(damaged("a number of columns is too large"));
                    }
                }
                // It is the field's type.
                (BOOLEAN, _) => {}
                (_, known) => self.value(kind, known.map(|(_, known)| known), depth)?,
            }
        }
    }

    fn value(&mut self, kind: u8, known: Option<&Type>, depth: usize) -> io::Result<()> {
        match kind {
            3 => self.byte().map(|_| ()),
            4..=6 => self.varint().map(|_| ()),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => self.list(known, depth),
            12 => match known {
                Some(Type::Structure(fields)) => self.structure(fields, depth + 1),
                _ => self.structure(&[], depth + 1),
            },
            _ => Err(damaged("it has a value of a type that it cannot have")),
        }
    }

    fn list(&mut self, known: Option<&Type>, depth: usize) -> io::Result<()> {
        if depth > MOST_DEEP {
            return Err(damaged("lists nest too deep"));
        }
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => self.varint()?,
            few => u64::from(few),
        };
        let item = match known {
            Some(Type::List(item)) => Some(*item),
            _ => None,
        };
        match (kind(byte), item) {
            (BOOLEAN, _) => Err(damaged("it has a list of booleans")),
            (kind, Some(item)) if item.kind() != kind => {
                Err(damaged("the items of a list are of another type"))
            }
            (kind, item) => (0..count).try_for_each(|_| self.value(kind, item, depth + 1)),
        }
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.reader.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    /// A number in seven bits per byte.
    fn varint(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for place in 0..10 {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << (7 * place).min(63);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(damaged("a number has no end"))
    }

    fn skip(&mut self, length: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.reader.by_ref().take(length), &mut io::sink())?;
        match skipped == length {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// The type in the lower half of a byte; both booleans are one.
fn kind(byte: u8) -> u8 {
    match byte & 0x0f {
        1 | BOOLEAN => BOOLEAN,
        kind => kind,
    }
}

fn zigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_page_is_found() {
        // A data page: type 0, 1000 bytes unpacked, 5 packed; 3 values, three encodings, statistics with a text.
        let header = [
            0x15, 0, 0x15, 0xd0, 0x0f, 0x15, 10, 0x2c, 0x15, 6, 0x15, 0, 0x15, 6, 0x15, 6, 0x1c,
            0x18, 2, b'a', b'b', 0, 0, 0,
        ];
        assert_eq!(page_header(&header[..]).unwrap(), Some(1000));
        assert_eq!(page_header(&[0x15, 4, 0x15, 1, 0][..]).unwrap(), Some(-1));
        assert_eq!(page_header(&[0x15, 4, 0][..]).unwrap(), None);
        for cut in 1..header.len() {
            assert!(page_header(&header[..cut]).is_err(), "{cut}");
        }
        // The size as a text, the number of values as a boolean.
        assert!(page_header(&[0x15, 4, 0x18, 0, 0][..]).is_err());
        let mut other = header;
        other[8] = 0x11;
        assert!(page_header(&other[..]).is_err());
    }

    #[test]
    fn lists_of_booleans_and_what_has_no_end_is_refused() {
        // 2,147,483,647 booleans, as many numbers, a text as long, numbers and structures without end.
        let most = [0xff, 0xff, 0xff, 0xff, 0x07];
        for (field, kind) in [(0xf9, 0xf1), (0xf9, 0xf5), (0xfa, 0xf2)] {
            let list = [&[field, kind][..], &most, &[0; 30]].concat();
            assert!(footer(&list).is_err());
        }
        // Three numbers under an unknown name, and as a schema.
        assert!(footer(&[0xf9, 0x35, 2, 4, 6, 0]).is_ok());
        assert!(footer(&[0x29, 0x35, 2, 4, 6, 0]).is_err());
        assert!(footer(&[&[0xf8][..], &most].concat()).is_err());
        for endless in [[0x15; 400], [0xff; 400], [0x1c; 400]] {
            assert!(footer(&endless).is_err() && page_header(&endless[..]).is_err());
        }
    }
}
