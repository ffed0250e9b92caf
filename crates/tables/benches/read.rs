//! Reading CSV and Parquet.

fn main() {
    divan::main();
}
