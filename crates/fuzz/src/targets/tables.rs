//! Tables of one's own data: text with delimiters, and Parquet.

use std::io::Cursor;

use tables::{Options, Source, TablesError, open};

use super::files::nothing;
use crate::formats::{gzip, text};
use crate::mutate;
use crate::random::Random;
use crate::target::{Outcome, Seeds, Target};

/// A text, plain or gzipped.
pub(super) const CSV: Target = Target {
    name: "csv",
    weight: 160,
    prepare: nothing,
    make: csv,
    read: |_, input| Outcome::of(read(input), |bytes| bytes),
};

pub(super) const PARQUET: Target = Target {
    name: "parquet",
    weight: 160,
    prepare: nothing,
    make: parquet,
    read: |_, input| Outcome::of(read(input), |bytes| bytes),
};

/// A footer may promise any number of rows that nothing backs.
const MOST_ROWS: u64 = 1 << 20;

/// Bytes of all values, as they are held.
fn read(input: &[u8]) -> Result<usize, TablesError> {
    let source = Source::Reader {
        name: "input".to_owned(),
        reader: Box::new(Cursor::new(input.to_vec())),
    };
    let table = open(source, &Options::default())?;
    let schema = table.schema().to_vec();
    let (mut rows, mut bytes) = (0, 0);
    for chunk in table.rows(Some(&schema))? {
        let chunk = chunk?;
        rows += chunk.rows as u64;
        bytes += chunk.rows * schema.len() * 8;
        if rows > MOST_ROWS {
            break;
        }
    }
    Ok(bytes)
}

const FIELDS: [&str; 22] = [
    "1",
    "-2.5",
    "1e9",
    "0,5",
    "1.234,5",
    "",
    "NA",
    "nan",
    "true",
    "False",
    "red",
    "\"a\"\"b\"",
    "\"a\nb\"",
    "\"",
    "2026-01-31",
    "2026-01-31T12:00:00Z",
    "12:30",
    "9223372036854775808",
    "\u{e9}",
    " 7 ",
    "0x10",
    "+3",
];

fn csv(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    let tokens: [&[u8]; 8] = [b",", b";", b"\t", b"\"", b"\r\n", b"\0", b"NaN", b"1e400"];
    if random.one_in(3) {
        let seed = seeds.pick(random);
        return text::change(random, seed, &tokens);
    }
    let (n, d) = (random.within(0, 30), random.within(1, 8));
    let delimiter = random.pick(&[",", ";", "\t", "|"]);
    // Fields of one kind for each column, and now and then another.
    let kinds: Vec<&str> = (0..d).map(|_| random.pick(&FIELDS)).collect();
    let mut text = (0..d)
        .map(|k| format!("c{k}"))
        .collect::<Vec<_>>()
        .join(delimiter);
    for _ in 0..n {
        let fields = kinds.iter().map(|kind| match random.one_in(10) {
            true => random.pick(&FIELDS).to_owned(),
            false if kind.parse::<f64>().is_ok() => random.below(1000).to_string(),
            false => (*kind).to_owned(),
        });
        text += "\n";
        text += &fields.collect::<Vec<_>>().join(delimiter);
    }
    match random.below(12) {
        0 => gzip(text.as_bytes()),
        1..=3 => text::change(random, text.as_bytes(), &tokens),
        _ => text.into_bytes(),
    }
}

fn parquet(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    let mut file = seeds.pick(random).to_vec();
    let n = file.len();
    match random.below(4) {
        // One byte of the footer, which is near the end.
        0 => {
            let at = n.saturating_sub(9 + random.below(n.min(1200)));
            if let Some(byte) = file.get_mut(at) {
                *byte = random.byte();
            }
        }
        // One byte of pages and footers.
        1 | 2 => {
            if let Some(byte) = file.get_mut(random.below(n)) {
                *byte ^= 1 << random.below(8);
            }
        }
        _ => {
            let others = seeds.pick(random);
            mutate::bytes(
                random,
                &mut file,
                others,
                &[b"PAR1", b"\x15\xfe\xff\xff\xff\x0f"],
            );
        }
    }
    file
}
