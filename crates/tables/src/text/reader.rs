use std::io::Read;
use std::sync::Arc;

use columns::Kind;

use super::bits::{BEYOND, Bits, COMMA, GROUPED, POINT, Seen, THOUSANDS, ZEROS};
use super::encoding::{Decoded, Encoding};
use super::names::names;
use super::parse::{Marks, Problem, parse};
use super::records::{Block, Records, Stop};
use super::scan::{Scan, Trouble, scan};
use super::sniff::{Sniffed, sniff};
use super::stream::{Bytes, bytes, is_gzip, ragged, stopped, text};
use crate::chunk::{BadRow, Chunk, Lines};
use crate::error::list;
use crate::plan::Plan;
use crate::store::Store;
use crate::{Found, Options, Style, TablesError};

/// A text whose first pass is done.
#[derive(Debug)]
pub(crate) struct TextTable {
    store: Arc<Store>,
    file: String,
    packed: bool,
    encoding: Encoding,
    sniffed: Sniffed,
    comma: bool,
    /// Columns of which nobody knows whether a mark stands before decimals or between thousands.
    pub(crate) unclear: Vec<String>,
    /// The header as it stands in the file.
    pub(crate) header: Option<String>,
    pub(crate) schema: Vec<(String, Kind)>,
    pub(crate) rows: u64,
    pub(crate) found: Found,
}

/// Bytes looked at to find out what a text looks like.
const HEAD: u64 = 1 << 18;
/// Bytes read at a time.
const READ: usize = 1 << 20;
/// Bytes of a chunk, so that rows with thousands of columns do not come by the ten thousand.
const CHUNK: usize = 16 << 20;

/// Finds out what the text looks like, and looks through the whole of it.
pub(crate) fn open(
    store: &Arc<Store>,
    file: String,
    options: &Options,
) -> Result<TextTable, TablesError> {
    let mut start = [0; 4];
    let io = |source| TablesError::Read {
        file: file.clone(),
        source,
    };
    let packed = store
        .read_at(0, &mut start)
        .map(|read| is_gzip(&start[..read]))
        .map_err(io)?;
    let mut head = Vec::new();
    bytes(store, packed)
        .take(HEAD)
        .read_to_end(&mut head)
        .map_err(io)?;
    if let [0, _, ..] | [_, 0, ..] = head[..] {
        return Err(TablesError::File {
            file,
            what: "looks like UTF-16 without a byte order mark; save it as UTF-8".to_owned(),
        });
    }
    let whole = (head.len() as u64) < HEAD;
    let encoding = Encoding::of(&head);
    let first_try = attempt(store, &file, packed, encoding, &head, whole, options);
    // Where nothing but ASCII stands before the first odd byte, it is an old encoding, not damage.
    match first_try {
        Err(Trouble::Stop(Stop::NotUtf8 { others: false, .. })) if encoding == Encoding::Utf8 => {
            attempt(
                store,
                &file,
                packed,
                Encoding::Windows1252,
                &head,
                whole,
                options,
            )
        }
        other => other,
    }
    .map_err(|trouble| match trouble {
        Trouble::Stop(stop) => stopped(&file, stop),
        Trouble::Ragged {
            line,
            found,
            expected,
        } => ragged(&file, line, found, expected),
        Trouble::Empty => TablesError::File {
            file: file.clone(),
            what: "is empty".to_owned(),
        },
    })
}

fn attempt(
    store: &Arc<Store>,
    file: &str,
    packed: bool,
    encoding: Encoding,
    head: &[u8],
    whole: bool,
    options: &Options,
) -> Result<TextTable, Trouble> {
    let mut decoded = Vec::new();
    let read = Decoded::new(head, encoding).read_to_end(&mut decoded);
    // The head may end within a character.
    if let (Err(error), true) = (read, whole) {
        return Err(Trouble::Stop(Stop::Io(error)));
    }
    let head = String::from_utf8_lossy(&decoded);
    let sniffed = sniff(&head, whole, options).ok_or(Trouble::Empty)?;
    let records = || Records::new(text(store, packed, encoding), sniffed.shape, READ);
    let header = match sniffed.header {
        true => {
            let first = records().next(1, usize::MAX).map_err(Trouble::Stop)?;
            first.map(|block| block.spans.iter().map(|span| block.record(span)).collect())
        }
        false => None,
    };
    let fields = sniffed.first.len();
    let keep = options.keep_bad_rows;
    let mut scan = scan(
        records(),
        fields,
        sniffed.shape.delimiter,
        sniffed.header,
        keep,
    )?;
    let mut odd = sniffed.odd.clone();
    let names = names(&sniffed.first, sniffed.header, &mut odd);
    let (comma, unclear) = decimal_comma(
        &mut scan.columns,
        &names,
        sniffed.shape.delimiter,
        options,
        &mut odd,
    );
    describe(&scan, &names, comma, &mut odd);
    let taken = taken(&sniffed, comma, packed, encoding);
    let kinds = scan.columns.iter().map(|column| column.kind(comma));
    Ok(TextTable {
        store: Arc::clone(store),
        file: file.to_owned(),
        packed,
        encoding,
        comma,
        unclear,
        header,
        schema: names.iter().cloned().zip(kinds).collect(),
        rows: scan.records,
        found: Found { taken, odd },
        sniffed,
    })
}

/// A decimal comma is where columns have it and none has a point. Beside it, a point before three digits throughout a
/// column may stand between thousands: the columns of which that is unclear are text, and are named.
fn decimal_comma(
    columns: &mut [Seen],
    names: &[String],
    delimiter: u8,
    options: &Options,
    odd: &mut Vec<String>,
) -> (bool, Vec<String>) {
    if let Some(comma) = options.decimal_comma {
        return (comma, Vec::new());
    }
    if delimiter == b',' {
        return (false, Vec::new());
    }
    let only = |this: Bits, other: Bits| -> Vec<usize> {
        let has = |seen: &Seen| seen.any && seen.kinds & this != 0 && seen.kinds & other == 0;
        (0..columns.len()).filter(|&i| has(&columns[i])).collect()
    };
    let (commas, points) = (only(COMMA, POINT), only(POINT, COMMA));
    if commas.is_empty() || points.is_empty() {
        return (!commas.is_empty(), Vec::new());
    }
    let called = |places: &[usize]| {
        let names: Vec<String> = places.iter().map(|&i| names[i].clone()).collect();
        list(&names)
    };
    let in_threes = |places: &[usize]| places.iter().all(|&i| columns[i].kinds & GROUPED != 0);
    let (threes, comma) = (in_threes(&points), !in_threes(&commas));
    if threes {
        let mut text = points.clone();
        if !comma {
            text.extend(&commas);
        }
        odd.push(format!(
            "a point before three digits in {}, a comma in {}: thousands separators are not supported; taken as text: {}",
            called(&points),
            called(&commas),
            called(&text)
        ));
        for &i in &text {
            columns[i].kinds = 0;
        }
        let unclear = text.iter().map(|&i| names[i].clone()).collect();
        return (comma, unclear);
    }
    let (have, are) = match commas.len() {
        1 => ("has", "is"),
        _ => ("have", "are"),
    };
    let other = if points.len() == 1 { "has" } else { "have" };
    odd.push(format!(
        "{} {have} a decimal comma and {are} read as text, since {} {other} a decimal point; \
         thousands separators are not supported",
        called(&commas),
        called(&points)
    ));
    (false, Vec::new())
}

fn describe(scan: &Scan, names: &[String], comma: bool, odd: &mut Vec<String>) {
    let which = |test: &dyn Fn(&Seen) -> bool| -> Vec<String> {
        let columns = scan.columns.iter().zip(names);
        columns
            .filter(|(column, _)| test(column))
            .map(|(_, name)| name.clone())
            .collect()
    };
    let text = |column: &Seen| column.any && column.kind(comma) == Kind::Text;
    let zeros = which(&|column| text(column) && column.reasons & ZEROS != 0);
    let beyond = which(&|column| text(column) && column.reasons & BEYOND != 0);
    let empty = which(&|column| !column.any);
    if !zeros.is_empty() {
        odd.push(format!(
            "{}: numbers with leading zeros are read as text",
            list(&zeros)
        ));
    }
    if !beyond.is_empty() {
        odd.push(format!(
            "{}: whole numbers of more than 64 bits are read as text",
            list(&beyond)
        ));
    }
    let thousands = which(&|column| {
        let marked = column.kinds & (POINT | COMMA) != 0 && column.kinds & GROUPED != 0;
        text(column) && (marked || column.reasons & THOUSANDS != 0)
    });
    if !thousands.is_empty() {
        odd.push(format!(
            "{}: numbers with thousands separators are not supported and are read as text; write 10251 for 10,251",
            list(&thousands)
        ));
    }
    if !empty.is_empty() && scan.records > 0 {
        odd.push(format!("{}: without any value", list(&empty)));
    }
    if scan.longer > 0 {
        odd.push(format!(
            "{} lines end with delimiters behind the last column",
            scan.longer
        ));
    }
}

fn taken(sniffed: &Sniffed, comma: bool, packed: bool, encoding: Encoding) -> String {
    let delimiter = match sniffed.shape.delimiter {
        b'\t' => "delimiter tab".to_owned(),
        other => format!("delimiter `{}`", char::from(other).escape_default()),
    };
    let mut parts = vec![delimiter];
    if comma {
        parts.push("decimal comma".to_owned());
    }
    parts.push(
        if sniffed.header {
            "header"
        } else {
            "no header"
        }
        .to_owned(),
    );
    parts.push(encoding.as_str().to_owned());
    if sniffed.crlf {
        parts.push("CRLF".to_owned());
    } else if sniffed.shape.end == b'\r' {
        parts.push("CR".to_owned());
    }
    if packed {
        parts.push("gzip".to_owned());
    }
    format!("CSV: {}", parts.join(", "))
}

impl TextTable {
    pub(crate) fn style(&self) -> Style {
        Style {
            delimiter: self.sniffed.shape.delimiter,
            decimal_comma: self.comma,
            header: self.sniffed.header,
        }
    }

    pub(crate) fn rows(&self, plan: Plan, options: &Options) -> TextRows {
        let stream = text(&self.store, self.packed, self.encoding);
        TextRows {
            records: Records::new(stream, self.sniffed.shape, READ),
            header: self.sniffed.header,
            ahead: None,
            most: options.most_rows(),
            convert: Convert {
                file: self.file.clone(),
                plan,
                marks: Marks {
                    delimiter: self.sniffed.shape.delimiter,
                    comma: self.comma,
                },
                before: u64::from(self.sniffed.header),
                keep: options.keep_bad_rows,
            },
        }
    }
}

/// The rows of a text, chunk by chunk.
pub(crate) struct TextRows {
    records: Records<Decoded<Bytes>>,
    /// Whether the header is still to come.
    header: bool,
    /// The block after the one that is converted.
    ahead: Option<Result<Option<Block>, Stop>>,
    most: usize,
    convert: Convert,
}

impl TextRows {
    pub(crate) fn next(&mut self) -> Result<Option<Chunk>, TablesError> {
        let file = self.convert.file.clone();
        let stop = |stop| stopped(&file, stop);
        if std::mem::take(&mut self.header) {
            self.records.next(1, usize::MAX).map_err(stop)?;
        }
        let block = match self.ahead.take() {
            Some(block) => block,
            None => self.records.next(self.most, CHUNK),
        };
        let Some(block) = block.map_err(stop)? else {
            return Ok(None);
        };
        let convert = &self.convert;
        let read = || self.records.next(self.most, CHUNK);
        let (chunk, ahead) = rayon::join(|| convert.chunk(block), read);
        self.ahead = Some(ahead);
        chunk.map(Some)
    }
}

/// Makes values of records.
pub(crate) struct Convert {
    pub(crate) file: String,
    pub(crate) plan: Plan,
    pub(crate) marks: Marks,
    /// Records before the first data row.
    pub(crate) before: u64,
    /// Whether rows that cannot be read are kept.
    pub(crate) keep: bool,
}

impl Convert {
    pub(crate) fn chunk(&self, mut block: Block) -> Result<Chunk, TablesError> {
        let read = parse(&mut block, &self.plan, self.marks, self.keep);
        let (columns, bad) = read.map_err(|problem| self.error(problem))?;
        let bad = bad.into_iter().filter_map(|problem| {
            let row = usize::try_from(problem.record()? - block.first).ok()?;
            let error = self.error(problem);
            Some(BadRow { row, error })
        });
        Ok(Chunk {
            bad: bad.collect(),
            columns,
            rows: block.spans.len(),
            first_row: block.first - self.before,
            lines: Some(Lines::new(block.text, block.spans)),
        })
    }

    fn error(&self, problem: Problem) -> TablesError {
        let file = self.file.clone();
        match problem {
            Problem::Ragged { line, found, .. } => ragged(&file, line, found, self.plan.fields()),
            Problem::Columns(error) => TablesError::File {
                file,
                what: error.to_string(),
            },
            Problem::Value {
                line,
                record,
                wanted,
                value,
            } => {
                let (column, kind) = match self.plan.columns().get(wanted) {
                    Some((name, kind, _)) => (name.clone(), *kind),
                    None => (String::new(), Kind::Text),
                };
                TablesError::Value {
                    file,
                    line: Some(line),
                    row: record - self.before,
                    column,
                    value: crate::error::cut(&value),
                    kind,
                }
            }
        }
    }
}
