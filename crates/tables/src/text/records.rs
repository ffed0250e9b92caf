use std::io::{ErrorKind, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2};

/// What marks fields and records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) delimiter: u8,
    /// `\n`, before which `\r` may stand; or `\r` alone.
    pub(crate) end: u8,
}

/// Why there is no further record.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The system refuses to read.
    Io(std::io::Error),
    /// A quote that was opened in this line is never closed.
    Unclosed { line: u64 },
    /// A record is too long.
    TooLong { line: u64 },
    /// A byte in this line is not UTF-8. Whether characters beyond ASCII stood before it.
    NotUtf8 { line: u64, others: bool },
    /// A zero byte in this line.
    Zero { line: u64 },
}

/// Longer records are not a table.
const LONGEST: usize = 64 << 20;

/// Whole records.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) text: String,
    /// The records without their ends. Blank lines are none.
    pub(crate) spans: Vec<Range<u32>>,
    /// The line of the file in which the text begins, from 1.
    first_line: u64,
    /// The place of the first record among those of the file, from 0.
    pub(crate) first: u64,
    end: u8,
}

impl Block {
    /// The record at `index`.
    pub(crate) fn record(&self, span: &Range<u32>) -> &str {
        &self.text[span.start as usize..span.end as usize]
    }

    /// Adds so many empty fields to a record.
    pub(crate) fn lengthen(&mut self, record: usize, delimiter: u8, fields: usize) {
        let Some(span) = self.spans.get_mut(record) else {
            return;
        };
        let start = self.text.len();
        self.text
            .extend_from_within(span.start as usize..span.end as usize);
        self.text
            .extend(std::iter::repeat_n(char::from(delimiter), fields));
        *span = start as u32..self.text.len() as u32;
    }

    /// The line of the file in which a record starts.
    pub(crate) fn line(&self, span: &Range<u32>) -> u64 {
        let before = &self.text.as_bytes()[..span.start as usize];
        self.first_line + memchr_iter(self.end, before).count() as u64
    }
}

/// Cuts a stream into records: a quote opens only at the start of a field, and two quotes within are one.
#[derive(Debug)]
pub(crate) struct Records<R> {
    from: R,
    shape: Shape,
    buffer: Vec<u8>,
    /// Bytes asked for at a time.
    piece: usize,
    /// All before is looked at.
    at: usize,
    /// Where the record begins that is looked at.
    start: usize,
    /// The place behind the quote that opened the field, where it is open.
    opened: Option<usize>,
    /// The place behind the quote that closed a field last.
    closed: usize,
    spans: Vec<Range<u32>>,
    ended: bool,
    first_line: u64,
    first: u64,
    beyond_ascii: bool,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(from: R, shape: Shape, piece: usize) -> Self {
        Self {
            from,
            shape,
            buffer: Vec::new(),
            piece,
            at: 0,
            start: 0,
            opened: None,
            closed: usize::MAX,
            spans: Vec::new(),
            ended: false,
            first_line: 1,
            first: 0,
            beyond_ascii: false,
        }
    }

    /// For what comes after the records handed out so far; nothing may have been looked at beyond them.
    pub(crate) fn set_delimiter(&mut self, delimiter: u8) {
        self.shape.delimiter = delimiter;
    }

    /// Up to `most_rows` records, fewer where they have `most_bytes`; `None` at the end.
    pub(crate) fn next(
        &mut self,
        most_rows: usize,
        most_bytes: usize,
    ) -> Result<Option<Block>, Stop> {
        loop {
            self.look(most_rows, most_bytes);
            if self.spans.len() >= most_rows || self.start >= most_bytes && !self.spans.is_empty() {
                return self.hand_out().map(Some);
            }
            if self.ended {
                return match self.spans.is_empty() {
                    true => Ok(None),
                    false => self.hand_out().map(Some),
                };
            }
            self.fill()?;
        }
    }

    /// The records that are whole after as few reads as give one; `None` at the end.
    pub(crate) fn arrived(&mut self, most_rows: usize) -> Result<Option<Block>, Stop> {
        loop {
            self.look(most_rows, usize::MAX);
            if !self.spans.is_empty() {
                self.stay_before_odd();
                return self.hand_out().map(Some);
            }
            if self.ended {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    /// Reads once.
    fn fill(&mut self) -> Result<(), Stop> {
        if self.buffer.len() - self.start > LONGEST {
            let line = self.line_at(self.start);
            return Err(match self.opened {
                Some(place) => Stop::Unclosed {
                    line: self.line_at(place),
                },
                None => Stop::TooLong { line },
            });
        }
        let before = self.buffer.len();
        self.buffer.resize(before + self.piece, 0);
        let read = loop {
            match self.from.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(before + *read.as_ref().unwrap_or(&0));
        if read.map_err(Stop::Io)? > 0 {
            return Ok(());
        }
        self.ended = true;
        if let Some(place) = self.opened {
            let line = self.line_at(place);
            return Err(Stop::Unclosed { line });
        }
        // The last line may have no end.
        self.record(self.buffer.len());
        self.start = self.buffer.len();
        self.at = self.start;
        Ok(())
    }

    /// Looks for the ends of records in what is read.
    fn look(&mut self, most_rows: usize, most_bytes: usize) {
        while self.at < self.buffer.len() {
            if self.opened.is_some() {
                let Some(quote) = memchr(b'"', &self.buffer[self.at..]) else {
                    self.at = self.buffer.len();
                    return;
                };
                self.at += quote + 1;
                self.closed = self.at;
                self.opened = None;
                continue;
            }
            let Some(next) = memchr2(b'"', self.shape.end, &self.buffer[self.at..]) else {
                self.at = self.buffer.len();
                return;
            };
            let place = self.at + next;
            self.at = place + 1;
            if self.buffer[place] == b'"' {
                let begins = place == self.start || self.buffer[place - 1] == self.shape.delimiter;
                if begins || place == self.closed {
                    self.opened = Some(self.at);
                }
                continue;
            }
            self.record(place);
            self.start = self.at;
            if self.spans.len() >= most_rows || self.start >= most_bytes {
                return;
            }
        }
    }

    /// A record from `start` to `end`, if it is not blank.
    fn record(&mut self, end: usize) {
        let record = &self.buffer[self.start..end];
        let end = match record {
            [.., b'\r'] => end - 1,
            _ => end,
        };
        if end > self.start {
            self.spans.push(self.start as u32..end as u32);
        }
    }

    /// Leaves the record with the first byte that is no text to the next call, where there are records before it.
    fn stay_before_odd(&mut self) {
        let bytes = &self.buffer[..self.start];
        let zero = memchr(0, bytes);
        let invalid = std::str::from_utf8(bytes).err();
        let odd = zero.into_iter().chain(invalid.map(|e| e.valid_up_to()));
        let Some(odd) = odd.min() else {
            return;
        };
        let good = |span: &&Range<u32>| (span.end as usize) <= odd;
        let good = self.spans.iter().take_while(good).count();
        let Some(last) = good
            .checked_sub(1)
            .map(|last| self.spans[last].end as usize)
        else {
            return;
        };
        let Some(next) = memchr(self.shape.end, &self.buffer[last..]) else {
            return;
        };
        self.spans.truncate(good);
        self.start = last + next + 1;
        self.at = self.start;
        self.opened = None;
        self.closed = usize::MAX;
    }

    fn hand_out(&mut self) -> Result<Block, Stop> {
        let rest = self.buffer.split_off(self.start);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        self.at -= self.start;
        self.opened = self.opened.map(|place| place - self.start);
        self.closed = self.closed.wrapping_sub(self.start);
        self.start = 0;
        let first_line = self.first_line;
        self.first_line += memchr_iter(self.shape.end, &bytes).count() as u64;
        let first = self.first;
        self.first += self.spans.len() as u64;
        let line =
            |place: usize| first_line + memchr_iter(self.shape.end, &bytes[..place]).count() as u64;
        if let Some(place) = memchr(0, &bytes) {
            return Err(Stop::Zero { line: line(place) });
        }
        if let Err(error) = std::str::from_utf8(&bytes) {
            let valid = &bytes[..error.valid_up_to()];
            return Err(Stop::NotUtf8 {
                line: line(valid.len()),
                others: self.beyond_ascii || !valid.is_ascii(),
            });
        }
        self.beyond_ascii = self.beyond_ascii || !bytes.is_ascii();
        Ok(Block {
            // Checked above; a second check would find nothing.
            text: String::from_utf8(bytes).unwrap_or_default(),
            spans: std::mem::take(&mut self.spans),
            first_line,
            first,
            end: self.shape.end,
        })
    }

    fn line_at(&self, place: usize) -> u64 {
        let before = &self.buffer[..place.min(self.buffer.len())];
        self.first_line + memchr_iter(self.shape.end, before).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COMMA: Shape = Shape {
        delimiter: b',',
        end: b'\n',
    };

    fn records(text: &str, piece: usize, most: usize) -> Result<Vec<(String, u64)>, Stop> {
        let mut records = Records::new(text.as_bytes(), COMMA, piece);
        let mut all = Vec::new();
        while let Some(block) = records.next(most, usize::MAX)? {
            for span in &block.spans {
                all.push((block.record(span).to_owned(), block.line(span)));
            }
        }
        Ok(all)
    }

    #[test]
    fn quotes_hold_line_ends_and_blank_lines_are_none() {
        let text = "a,b\r\n\n\"x\n\"\"y\"\"\",1\n5\" pipe,2\n\"\"\nlast,3";
        let expected = [
            ("a,b", 1),
            ("\"x\n\"\"y\"\"\",1", 3),
            ("5\" pipe,2", 5),
            ("\"\"", 6),
            ("last,3", 7),
        ];
        for (piece, most) in [(1, 1), (2, 2), (3, 100), (1000, 2)] {
            let found = records(text, piece, most).unwrap();
            let found: Vec<_> = found
                .iter()
                .map(|(text, line)| (text.as_str(), *line))
                .collect();
            assert_eq!(found, expected, "{piece} {most}");
        }
    }

    #[test]
    fn what_is_no_text_names_its_line() {
        assert!(matches!(
            records("a\n\nb,\"c\nd", 3, 1),
            Err(Stop::Unclosed { line: 3 })
        ));
        assert!(matches!(
            records("a\nb\0", 9, 1),
            Err(Stop::Zero { line: 2 })
        ));
        let mut latin = Records::new(&b"\xc3\xa4\nb\xfc"[..], COMMA, 100);
        let stop = latin.next(9, 9).unwrap_err();
        assert!(matches!(
            stop,
            Stop::NotUtf8 {
                line: 2,
                others: true
            }
        ));
    }

    proptest! {
        #[test]
        fn records_do_not_depend_on_the_pieces(text in "[a,\"\n\r]{0,40}", piece in 1usize..9, most in 1usize..4) {
            let whole = records(&text, 1000, 1000).ok();
            prop_assert_eq!(records(&text, piece, most).ok(), whole);
        }
    }
}
