//! A reader with faults, against which the watch itself is tested. It is not part of a campaign unless it
//! is named.

use std::path::Path;
use std::time::Duration;

use super::files::nothing;
use crate::target::{Outcome, Target};

pub(super) const PLANTED: Target = Target {
    name: "planted",
    weight: 1,
    prepare: nothing,
    make: |random, _| vec![random.below(8) as u8],
    read,
};

fn read(_: &Path, input: &[u8]) -> Outcome {
    match input {
        [0] => Outcome::refused(format!("{}", input[input.len()])),
        [1] => std::process::abort(),
        [2] => {
            std::thread::sleep(Duration::from_millis(2100));
            Outcome::accepted(1)
        }
        [3] => {
            // Taken from the system, though never touched.
            let taken: Vec<u8> = Vec::with_capacity(65 << 20);
            Outcome::refused(taken.capacity().to_string())
        }
        [4] => Outcome::accepted(deeper(1)),
        _ => Outcome::accepted(1),
    }
}

/// Fills the stack.
#[allow(unconditional_recursion)]
fn deeper(n: usize) -> usize {
    let here = std::hint::black_box([n; 512]);
    deeper(here[0] + 1) + here[1]
}
