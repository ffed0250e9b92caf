use std::io::{self, ErrorKind, Read};

/// How characters are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf8WithMark,
    Utf16Le,
    Utf16Be,
    Windows1252,
}

impl Encoding {
    /// By the byte order mark; UTF-8 where there is none.
    pub(crate) fn of(head: &[u8]) -> Self {
        match head {
            [0xef, 0xbb, 0xbf, ..] => Self::Utf8WithMark,
            [0xff, 0xfe, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] => Self::Utf16Be,
            _ => Self::Utf8,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8WithMark => "UTF-8 with a byte order mark",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
            Self::Windows1252 => "Windows-1252",
        }
    }
}

/// Reads text in any encoding as UTF-8. Bytes that should be UTF-8 already are not checked here.
pub(crate) struct Decoded<R> {
    from: R,
    encoding: Encoding,
    raw: Vec<u8>,
    /// What is decoded and not handed out yet, from `given` on.
    ready: Vec<u8>,
    given: usize,
    started: bool,
    ended: bool,
}

/// Bytes decoded at a time.
const PIECE: usize = 1 << 16;

impl<R: Read> Decoded<R> {
    pub(crate) fn new(from: R, encoding: Encoding) -> Self {
        Self {
            from,
            encoding,
            raw: Vec::new(),
            ready: Vec::new(),
            given: 0,
            started: false,
            ended: false,
        }
    }

    /// Reads once and decodes what is whole.
    fn refill(&mut self) -> io::Result<()> {
        let kept = self.raw.len();
        self.raw.resize(kept + PIECE, 0);
        let read = loop {
            match self.from.read(&mut self.raw[kept..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.raw.truncate(kept + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        self.ready.clear();
        self.given = 0;
        match self.encoding {
            Encoding::Utf8 | Encoding::Utf8WithMark => self.without_mark(),
            Encoding::Windows1252 => self.windows_1252(),
            Encoding::Utf16Le => self.utf16(u16::from_le_bytes)?,
            Encoding::Utf16Be => self.utf16(u16::from_be_bytes)?,
        }
        Ok(())
    }

    /// The mark may come in pieces, so nothing goes on before three bytes are there.
    fn without_mark(&mut self) {
        if self.raw.len() < 3 && !self.ended {
            return;
        }
        self.started = true;
        self.ready.append(&mut self.raw);
        if self.ready.starts_with(&[0xef, 0xbb, 0xbf]) {
            self.given = 3;
        }
    }

    fn windows_1252(&mut self) {
        let mut text = String::with_capacity(self.raw.len() * 2);
        text.extend(self.raw.drain(..).map(windows_1252));
        self.ready = text.into_bytes();
    }

    fn utf16(&mut self, unit: fn([u8; 2]) -> u16) -> io::Result<()> {
        let damaged = || io::Error::new(ErrorKind::InvalidData, "damaged UTF-16");
        let units: Vec<u16> = self
            .raw
            .chunks_exact(2)
            .map(|pair| unit([pair[0], pair[1]]))
            .collect();
        // The first half of a pair waits for its second half.
        let waits = units
            .last()
            .is_some_and(|unit| (0xd800..0xdc00).contains(unit));
        let whole = units.len() - usize::from(waits);
        if self.ended && (waits || self.raw.len() % 2 == 1) {
            return Err(damaged());
        }
        let text = String::from_utf16(&units[..whole]).map_err(|_| damaged())?;
        self.raw.drain(..2 * whole);
        self.ready = text.into_bytes();
        if !self.started && whole > 0 {
            self.started = true;
            if self.ready.starts_with("\u{feff}".as_bytes()) {
                self.given = 3;
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let plain = matches!(self.encoding, Encoding::Utf8 | Encoding::Utf8WithMark);
        loop {
            let ready = &self.ready[self.given..];
            if !ready.is_empty() {
                let length = ready.len().min(into.len());
                into[..length].copy_from_slice(&ready[..length]);
                self.given += length;
                return Ok(length);
            }
            if plain && self.started {
                return self.from.read(into);
            }
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
    }
}

/// A character of Windows-1252 (WHATWG Encoding Standard, index windows-1252): Latin-1 but for 0x80 to 0x9f.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.0.len().min(1).min(into.len());
            into[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn decoded(bytes: &[u8], encoding: Encoding) -> io::Result<String> {
        let mut whole = String::new();
        Decoded::new(bytes, encoding).read_to_string(&mut whole)?;
        let mut drops = String::new();
        Decoded::new(Drops(bytes), encoding).read_to_string(&mut drops)?;
        assert_eq!(whole, drops);
        Ok(whole)
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "größe;€\n𝄞;1\n";
        let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.into_iter()
                .chain(text.encode_utf16().flat_map(bytes))
                .collect()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            utf16([0xff, 0xfe], u16::to_le_bytes),
            utf16([0xfe, 0xff], u16::to_be_bytes),
        ] {
            assert_eq!(decoded(&bytes, Encoding::of(&bytes)).unwrap(), text);
        }
        assert_eq!(
            decoded(b"gr\xf6\xdfe \x80\x9f", Encoding::Windows1252).unwrap(),
            "größe €Ÿ"
        );
        assert_eq!(decoded(b"", Encoding::Utf8).unwrap(), "");
        assert_eq!(decoded(b"a", Encoding::Utf8).unwrap(), "a");
    }

    #[test]
    fn damaged_utf_16_is_an_error() {
        for bytes in [
            &b"\xff\xfea"[..],
            b"\xff\xfe\x00\xd8",
            b"\xff\xfe\x00\xdca\0",
        ] {
            assert!(decoded(bytes, Encoding::Utf16Le).is_err());
        }
    }
}
