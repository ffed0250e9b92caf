//! The program `residuum`, without libtorch: a method that needs it is left to the program beside.

fn main() -> std::process::ExitCode {
    cli::main(None)
}
