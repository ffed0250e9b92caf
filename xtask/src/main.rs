//! Set-up, sweeps, tests and benches of the workspace.

fn main() {}
