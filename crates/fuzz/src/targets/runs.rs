//! Folders of runs: cells, plans of tables, published numbers.

use std::fs;
use std::io;
use std::path::Path;

use report::Run;

use super::files::put;
use crate::formats::{json, text};
use crate::random::Random;
use crate::target::{Outcome, Seeds, Target};

/// `cells/a.json`.
pub(super) const CELL: Target = Target {
    name: "cell",
    weight: 30,
    prepare,
    make: changed_json,
    read: |folder, input| read(folder, "run/cells/a.json", input),
};

/// `tables.json`.
pub(super) const TABLES: Target = Target {
    name: "tables",
    weight: 30,
    prepare,
    make: changed_json,
    read: |folder, input| read(folder, "run/tables.json", input),
};

/// Both files with published numbers.
pub(super) const PUBLISHED: Target = Target {
    name: "published",
    weight: 15,
    prepare,
    make: |random, seeds| {
        let tokens: [&[u8]; 5] = [
            b"dataset,ddpm",
            b"t,50,1",
            b"dataset,method,mean,std",
            b"dataset,method,auroc",
            b"t,ddpm,0.5",
        ];
        let seed = seeds.pick(random);
        text::change(random, seed, &tokens)
    },
    read: |folder, input| {
        // As families, then as a table.
        let families = fs::write(folder.join("published/families.csv"), input);
        match families {
            Ok(()) => read(folder, "published/paper.csv", input),
            Err(error) => Outcome::refused(error.to_string()),
        }
    },
};

const CELL_FILE: &[u8] = include_bytes!("../../corpus/cell/accepted/ddpm.json");
const TABLES_FILE: &[u8] = include_bytes!("../../corpus/tables/accepted/small.json");
const PUBLISHED_FILE: &[u8] = include_bytes!("../../corpus/published/accepted/wide.csv");
const FAMILIES_FILE: &[u8] = include_bytes!("../../corpus/published/accepted/families.csv");
/// One input of so many is shown as tables.
const SHOWN: usize = 8;
/// One input of so many is written as a page with its figures, which takes tenths of a second.
const WRITTEN: usize = 8192;

fn prepare(folder: &Path) -> io::Result<()> {
    put(folder.join("run/cells/a.json"), CELL_FILE)?;
    put(folder.join("run/tables.json"), TABLES_FILE)?;
    put(folder.join("published/paper.csv"), PUBLISHED_FILE)?;
    put(folder.join("published/families.csv"), FAMILIES_FILE)
}

fn changed_json(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    let seed = seeds.pick(random);
    match serde_json::from_slice(seed) {
        Ok(mut value) if !random.one_in(5) => {
            json::change(random, &mut value);
            value.to_string().into_bytes()
        }
        _ => text::change(
            random,
            seed,
            &[b"null", b"NaN", b"\"auroc\":2", b"\"schema\":1"],
        ),
    }
}

fn read(folder: &Path, file: &str, input: &[u8]) -> Outcome {
    if let Err(error) = fs::write(folder.join(file), input) {
        return Outcome::refused(error.to_string());
    }
    let run = match Run::load(&folder.join("run"), &folder.join("published")) {
        Ok(run) => run,
        Err(error) => return Outcome::refused(error.to_string()),
    };
    let unreadable = run.unreadable();
    // Of an empty input 0.
    let sum = input.iter().fold(0usize, |sum, &byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    let shown = if sum % SHOWN == 1 {
        run.terminal(None, false)
    } else {
        String::new()
    };
    if sum % WRITTEN == 1
        && let Err(error) = run.write(&folder.join("written"))
    {
        return Outcome::refused(error.to_string());
    }
    match unreadable.into_iter().next() {
        Some(reason) => Outcome::refused(reason),
        None => Outcome::accepted(shown.len()),
    }
}
