//! dev
#![allow(clippy::print_stdout)]
use std::path::Path;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let t = std::time::Instant::now();
    let run = report::Run::load(Path::new(&a[1]), Path::new(&a[2])).unwrap();
    let w = run.write(Path::new(&a[3])).unwrap();
    println!("{} {:?}", w.page.display(), t.elapsed());
}
