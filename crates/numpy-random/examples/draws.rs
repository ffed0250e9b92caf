//! Prints the rows that `np.random.seed(44); np.random.choice(60, 8)` picks.
#![allow(clippy::print_stdout)]

use numpy_random::{RandomError, RandomState};

fn main() -> Result<(), RandomError> {
    let mut state = RandomState::new(44);
    println!("{:?}", state.choice_with_replacement(60, 8)?);
    Ok(())
}
