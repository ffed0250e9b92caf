use super::bits::{COMMA, KINDS, Seen, bits_of};
use super::names::fields_of;
use super::records::{Records, Shape};
use super::value::{is_missing, trimmed};
use crate::Options;

/// What the first lines look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sniffed {
    pub(crate) shape: Shape,
    /// Whether `\r` stands before `\n`.
    pub(crate) crlf: bool,
    pub(crate) header: bool,
    /// The fields of the first record.
    pub(crate) first: Vec<String>,
    pub(crate) odd: Vec<String>,
}

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// So many records are looked at.
const RECORDS: usize = 200;

/// Looks at the first lines; `whole` where they are the whole text. `None` where there is no record.
pub(crate) fn sniff(head: &str, whole: bool, options: &Options) -> Option<Sniffed> {
    let end = match head.contains('\n') {
        false if head.contains('\r') => b'\r',
        _ => b'\n',
    };
    let read = |delimiter| {
        let shape = Shape { delimiter, end };
        let records = first_records(head, whole, shape);
        let table: Vec<_> = records
            .iter()
            .map(|record| fields_of(record, delimiter))
            .collect();
        (shape, table)
    };
    let candidates = DELIMITERS.map(read);
    let (shape, table) = match options.delimiter {
        Some(delimiter) => read(delimiter),
        None => {
            let best = candidates
                .iter()
                .map(|(shape, table)| score(table, shape.delimiter));
            // The first of equals: the order of the candidates.
            let mut chosen = 0;
            let mut most = Score::default();
            for (place, score) in best.enumerate() {
                if score > most {
                    (chosen, most) = (place, score);
                }
            }
            candidates.into_iter().nth(chosen)?
        }
    };
    let mut odd = Vec::new();
    let header = options
        .header
        .unwrap_or_else(|| has_header(&table, shape.delimiter, &mut odd));
    Some(Sniffed {
        shape,
        crlf: end == b'\n' && head.contains("\r\n"),
        header,
        first: table.into_iter().next()?,
        odd,
    })
}

fn first_records(head: &str, whole: bool, shape: Shape) -> Vec<String> {
    let mut records = Records::new(head.as_bytes(), shape, head.len().max(1));
    let mut found = Vec::new();
    while found.len() < RECORDS {
        match records.next(1, usize::MAX) {
            Ok(Some(block)) => {
                found.extend(block.spans.iter().map(|span| block.record(span).to_owned()))
            }
            Ok(None) => {
                // The last one may go on.
                if !whole && found.len() > 1 {
                    found.pop();
                }
                break;
            }
            Err(_) => break,
        }
    }
    found
}

/// In percent: records of the most frequent number of fields, typed fields; then the number of fields.
type Score = (usize, usize, usize);

fn score(table: &[Vec<String>], delimiter: u8) -> Score {
    let mut counts = std::collections::BTreeMap::new();
    for record in table {
        *counts.entry(record.len()).or_insert(0_usize) += 1;
    }
    let Some((&fields, &records)) = counts.iter().max_by_key(|(_, records)| **records) else {
        return Score::default();
    };
    if fields < 2 {
        return Score::default();
    }
    let all: Vec<_> = table.iter().flatten().map(|field| trimmed(field)).collect();
    let usable = if delimiter == b',' {
        KINDS & !COMMA
    } else {
        KINDS
    };
    let typed = all
        .iter()
        .filter(|field| is_missing(field) || bits_of(field) & usable != 0);
    (
        100 * records / table.len(),
        100 * typed.count() / all.len().max(1),
        fields,
    )
}

/// Whether the first record has words where the others have numbers.
fn has_header(table: &[Vec<String>], delimiter: u8, odd: &mut Vec<String>) -> bool {
    let Some((first, rest)) = table.split_first() else {
        return false;
    };
    let is_typed = |field: &String| bits_of(trimmed(field)) & KINDS != 0;
    let numbers = first.iter().filter(|field| is_typed(field)).count();
    if rest.is_empty() {
        return numbers == 0;
    }
    let mut words_over_numbers = false;
    let mut typed = false;
    for (place, field) in first.iter().enumerate() {
        let mut seen = Seen::default();
        rest.iter()
            .filter_map(|record| record.get(place))
            .for_each(|field| seen.add(field));
        if seen.is_typed(false) || delimiter != b',' && seen.is_typed(true) {
            typed = true;
            words_over_numbers |= !is_missing(trimmed(field)) && !is_typed(field);
        }
    }
    if !typed && numbers == 0 {
        odd.push("every column is text, so the first line is taken as the header".to_owned());
        return true;
    }
    if words_over_numbers && numbers > 0 {
        odd.push(format!(
            "the first line is taken as the header though {numbers} of its fields are numbers"
        ));
    }
    words_over_numbers
}

/// The delimiter of a single line: the most frequent candidate.
pub(crate) fn delimiter_of(line: &str) -> u8 {
    let count = |delimiter: u8| fields_of(line, delimiter).len();
    let mut best = b',';
    for delimiter in DELIMITERS {
        if count(delimiter) > count(best) {
            best = delimiter;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (char, bool, usize) {
        let sniffed = sniff(text, true, &Options::default()).unwrap();
        (
            char::from(sniffed.shape.delimiter),
            sniffed.header,
            sniffed.odd.len(),
        )
    }

    #[test]
    fn delimiter_and_header_are_found() {
        assert_eq!(of("a,b\n1,2\n"), (',', true, 0));
        assert_eq!(of("1,2\n3,4\n"), (',', false, 0));
        assert_eq!(of("a;b\n1,5;2,5\n"), (';', true, 0));
        assert_eq!(of("1,5;2,5\n3,5;4,5\n"), (';', false, 0));
        assert_eq!(of("a\tb\nx, y\t2\n"), ('\t', true, 0));
        assert_eq!(of("a|b\n1|2\n"), ('|', true, 0));
        assert_eq!(of("name;note\n\"a;b\";\"x, y\"\nc;\"z\"\n"), (';', true, 1));
        assert_eq!(of("id,2019,2020\n1,3.5,4.5\n"), (',', true, 1));
        assert_eq!(of("one\n1\n2\n"), (',', true, 0));
        assert_eq!(of(",a\n0,x\n"), (',', false, 0));
        assert_eq!(of("a,b\n"), (',', true, 0));
        assert_eq!(of("1,b\n"), (',', false, 0));
        assert_eq!(of("NA,1\n2,3\n"), (',', false, 0));
        assert_eq!(sniff("\n\n", true, &Options::default()), None);
        assert_eq!((delimiter_of("a;b,c;d"), delimiter_of("a")), (b';', b','));
    }

    #[test]
    fn a_record_that_goes_on_is_not_looked_at() {
        let sniffed = sniff("a,b\r\n1,2\r\n3", false, &Options::default()).unwrap();
        assert!(sniffed.header && sniffed.crlf);
        assert_eq!(sniffed.first, ["a", "b"]);
        let mac = sniff("a,b\r1,2\r", true, &Options::default()).unwrap();
        assert_eq!((mac.shape.end, mac.crlf), (b'\r', false));
    }
}
