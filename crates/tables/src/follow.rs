use std::io::Read;

use columns::Kind;

use crate::chunk::Chunk;
use crate::plan::Plan;
use crate::text::{
    Block, Convert, Decoded, Encoding, Marks, Records, Shape, delimiter_of, fields_of, names,
    stopped,
};
use crate::{Options, Style, TablesError};

/// Rows of a text as they arrive.
pub struct Follow<R> {
    records: Records<Decoded<R>>,
    /// The first record where it is a row.
    first: Option<Block>,
    convert: Convert,
    header: Option<String>,
    most: usize,
    ended: bool,
}

/// Bytes read at a time; a read gives what is there.
const READ: usize = 1 << 16;

/// Waits for the first line of `from`, the header unless `options` say that there is none, and then gives rows
/// as soon as they are whole: whatever one read gives makes one chunk, and nothing is read ahead.
///
/// The text is in UTF-8. Without a delimiter in `options` it is the most frequent of `,`, `;`, tab and `|` in
/// the first line. Numbers have a point unless `options` say otherwise. `name` stands in messages. Rows before a line
/// that is no text are given before the error; so that those before a row that does not fit are, keep bad rows.
///
/// # Errors
/// [`TablesError::Missing`] where `wanted` does not fit the header; as [`open`](crate::open) otherwise.
pub fn follow<R: Read>(
    from: R,
    name: &str,
    wanted: &[(String, Kind)],
    options: &Options,
) -> Result<Follow<R>, TablesError> {
    let shape = Shape {
        delimiter: options.delimiter.unwrap_or(b','),
        end: b'\n',
    };
    let mut records = Records::new(Decoded::new(from, Encoding::Utf8), shape, READ);
    let first = records.arrived(1).map_err(|stop| stopped(name, stop))?;
    let record = first
        .as_ref()
        .and_then(|block| block.spans.first().map(|span| block.record(span)));
    let (Some(block), Some(record)) = (&first, record) else {
        return Err(TablesError::File {
            file: name.to_owned(),
            what: "is empty".to_owned(),
        });
    };
    let delimiter = options.delimiter.unwrap_or_else(|| delimiter_of(record));
    let header = options.header.unwrap_or(true).then(|| record.to_owned());
    let mut odd = Vec::new();
    let present = names(&fields_of(record, delimiter), header.is_some(), &mut odd);
    let convert = Convert {
        file: name.to_owned(),
        plan: Plan::new(name, present.into_iter(), wanted)?,
        marks: Marks {
            delimiter,
            comma: options.decimal_comma.unwrap_or(false),
        },
        before: block.first + u64::from(header.is_some()),
        keep: options.keep_bad_rows,
    };
    records.set_delimiter(delimiter);
    Ok(Follow {
        records,
        first: first.filter(|_| header.is_none()),
        convert,
        header,
        most: options.most_rows(),
        ended: false,
    })
}

impl<R> Follow<R> {
    /// The first line where it is the header, without its end.
    pub fn header(&self) -> Option<&str> {
        self.header.as_deref()
    }

    /// How the text is marked.
    pub fn style(&self) -> Style {
        Style {
            delimiter: self.convert.marks.delimiter,
            decimal_comma: self.convert.marks.comma,
            header: self.header.is_some(),
        }
    }
}

impl<R: Read> Iterator for Follow<R> {
    type Item = Result<Chunk, TablesError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let block = match self.first.take() {
            Some(block) => Ok(Some(block)),
            None => self.records.arrived(self.most),
        };
        let next = match block {
            Ok(Some(block)) => Some(self.convert.chunk(block)),
            Ok(None) => None,
            Err(stop) => Some(Err(stopped(&self.convert.file, stop))),
        };
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
