//! Damaged files are errors: never a panic, never much memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use peak_alloc::PeakAlloc;
use rand::{Rng, RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tables::{Options, Source, open};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const ROUNDS: usize = 400;

fn mutated(bytes: &[u8], random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.random_range(1..5) {
        let place = random.random_range(0..bytes.len());
        match random.random_range(0..6) {
            0 => bytes.truncate(place.max(1)),
            1 => bytes[place] = random.random(),
            2 => bytes[place] ^= 1 << random.random_range(0..8),
            3 => bytes[place] = 0xff,
            4 => {
                let length = random.random_range(0..20).min(bytes.len() - place);
                let piece = bytes[place..place + length].to_vec();
                bytes.splice(place..place, piece);
            }
            _ => {
                let end = (place + random.random_range(1..9)).min(bytes.len());
                random.fill_bytes(&mut bytes[place..end]);
            }
        }
    }
    bytes
}

fn read_all(bytes: Vec<u8>) -> Result<u64, tables::TablesError> {
    let source = Source::Reader {
        name: "x".to_owned(),
        reader: Box::new(std::io::Cursor::new(bytes)),
    };
    let table = open(source, &Options::default())?;
    let schema = table.schema().to_vec();
    let mut rows = 0;
    for chunk in table.rows(Some(&schema))? {
        rows += chunk?.rows as u64;
        // A footer may claim any number of rows that nothing backs.
        if rows > 1 << 20 {
            break;
        }
    }
    Ok(rows)
}

#[test]
fn mutated_files_are_errors() {
    // The library's own panics are caught at the border and are expected here.
    std::panic::set_hook(Box::new(|_| {}));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut files: Vec<_> = std::fs::read_dir(golden)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let (mut bad, mut most) = (0, 0);
    for path in &files {
        let bytes = std::fs::read(path).unwrap();
        for round in 0..ROUNDS {
            let mutant = mutated(&bytes, &mut random);
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            let kept = mutant.clone();
            match catch_unwind(AssertUnwindSafe(|| read_all(mutant))) {
                Ok(result) => bad += usize::from(result.is_err()),
                Err(_) => {
                    let _ = std::panic::take_hook();
                    panic!("{} round {round}: {kept:?}", path.display());
                }
            }
            most = most.max(MEMORY.peak_usage().saturating_sub(before));
        }
    }
    let _ = std::panic::take_hook();
    assert!(
        bad > files.len() * ROUNDS / 20,
        "only {bad} mutants were errors"
    );
    // One page of 64 MiB at most for each of ten columns, which are read at the same time.
    assert!(most < 256 << 20, "{most} bytes");
}

#[test]
fn a_page_that_claims_two_gigabytes_is_refused() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/groups.parquet");
    let mut bytes = std::fs::read(golden).unwrap();
    // The first page: its type is a byte, the two of its size become five.
    assert_eq!((bytes[4], bytes[6]), (0x15, 0x15));
    bytes.splice(7..9, [0xfe, 0xff, 0xff, 0xff, 0x0f]);
    let error = read_all(bytes).unwrap_err().to_string();
    assert!(
        error.contains("a page claims to have 2147483647 bytes"),
        "{error}"
    );
}
