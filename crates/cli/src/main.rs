//! The command line program `residuum`.

fn main() {}
