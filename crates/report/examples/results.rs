//! Makes the tables of `configs/reproduce/README.md` from the averages under `configs/reproduce/results`.
//!
//! `cargo run --release -p report --example results`
#![allow(clippy::print_stdout)] // an example prints

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("configs/reproduce");
    let path = folder.join("README.md");
    let page = std::fs::read_to_string(&path)?;
    let published = root.join("data/published");
    let made = report::with_results(&page, &folder.join("results"), &published)?;
    std::fs::write(&path, made)?;
    println!("wrote {}", path.display());
    Ok(())
}
