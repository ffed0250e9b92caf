//! A look through Thrift's compact protocol before the library reads it. The library goes through a list of booleans
//! that it passes over one by one without reading a byte, so that a few bytes keep it busy for minutes. Neither a page's
//! header nor a footer has such a list.

use std::io::{self, Read};

/// Structures in structures beyond this are refused; the library stops there too.
const MOST_DEEP: usize = 64;

/// Looks through one structure and returns its second field, where that is a 32-bit number.
pub(crate) fn second_field(reader: impl Read) -> io::Result<Option<i64>> {
    let mut walk = Walk(reader);
    let mut second = None;
    walk.structure(0, &mut |id, number| {
        if id == 2 {
            second = Some(number);
        }
    })?;
    Ok(second)
}

struct Walk<R>(R);

const I32: u8 = 5;

impl<R: Read> Walk<R> {
    /// The fields of a structure; `number` is told the 32-bit numbers among them.
    fn structure(&mut self, depth: usize, number: &mut dyn FnMut(i16, i64)) -> io::Result<()> {
        if depth > MOST_DEEP {
            return Err(damaged("structures nest too deep"));
        }
        let mut id = 0_i16;
        loop {
            let byte = self.byte()?;
            let kind = byte & 0x0f;
            if kind == 0 {
                return Ok(());
            }
            id = match i16::from(byte >> 4) {
                0 => zigzag(self.varint()?) as i16,
                step => id.wrapping_add(step),
            };
            match kind {
                I32 => number(id, zigzag(self.varint()?)),
                // A boolean is in its field's first byte.
                1 | 2 => {}
                _ => self.value(kind, depth)?,
            }
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        match kind {
            3 => self.byte().map(|_| ()),
            4..=6 => self.varint().map(|_| ()),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => {
                let byte = self.byte()?;
                let count = match byte >> 4 {
                    15 => self.varint()?,
                    few => u64::from(few),
                };
                match byte & 0x0f {
                    1 | 2 => Err(damaged("it has a list of booleans")),
                    kind => (0..count).try_for_each(|_| self.value(kind, depth + 1)),
                }
            }
            12 => self.structure(depth + 1, &mut |_, _| {}),
            _ => Err(damaged("it has a value of an unknown type")),
        }
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.0.read_exact(&mut byte)?;
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
        let skipped = io::copy(&mut self.0.by_ref().take(length), &mut io::sink())?;
        match skipped == length {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
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
    fn the_second_field_is_found() {
        // A data page: type 0, 1000 bytes unpacked, 5 packed, and a structure with a number and a text.
        let header = [
            0x15, 0, 0x15, 0xd0, 0x0f, 0x15, 10, 0x2c, 0x15, 2, 0x18, 2, b'a', b'b', 0, 0,
        ];
        assert_eq!(second_field(&header[..]).unwrap(), Some(1000));
        assert_eq!(second_field(&[0x15, 4, 0x15, 1, 0][..]).unwrap(), Some(-1));
        assert_eq!(second_field(&[0x15, 4, 0x18, 0, 0][..]).unwrap(), None);
        for cut in 1..header.len() {
            assert!(second_field(&header[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn lists_of_booleans_and_endless_ones_are_refused() {
        // 2,147,483,647 booleans, as many numbers, a text as long, numbers and structures without end.
        let most = [0xff, 0xff, 0xff, 0xff, 0x07];
        for (field, kind) in [(0x19, 0xf1), (0x19, 0xf5), (0x1a, 0xf2)] {
            let list = [&[field, kind][..], &most, &[0; 30]].concat();
            assert!(second_field(&list[..]).is_err());
        }
        assert!(second_field(&[&[0x18][..], &most].concat()[..]).is_err());
        assert!(second_field(&[0x15; 40][..]).is_err());
        assert!(second_field(&[0xff; 40][..]).is_err());
        assert!(second_field(&[0x1c; 400][..]).is_err());
    }
}
