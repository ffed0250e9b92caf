//! Reads whole tables and says how long it took: `read FILE..`.
#![expect(clippy::print_stdout, reason = "it is a program")]

use std::path::PathBuf;
use std::time::Instant;

use tables::{Options, TablesError, open};

fn main() -> Result<(), TablesError> {
    for path in std::env::args_os().skip(1).map(PathBuf::from) {
        let start = Instant::now();
        let table = open(&path, &Options::default())?;
        let opened = start.elapsed();
        let mut rows = 0;
        for chunk in table.rows(None)? {
            rows += chunk?.rows;
        }
        let read = start.elapsed() - opened;
        println!(
            "{}: {rows} rows; opened in {opened:.2?}, read in {read:.2?}",
            table.found()
        );
    }
    Ok(())
}
