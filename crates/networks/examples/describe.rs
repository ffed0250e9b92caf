//! Prints what the crate `residuum` reads about the methods of this crate.
//!
//! `cargo run -p networks --release --example describe > crates/residuum/src/registry/networks.json`
#![allow(clippy::print_stdout)]

fn main() -> Result<(), serde_json::Error> {
    print!("{}", networks::describe()?);
    Ok(())
}
