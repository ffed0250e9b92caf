//! Fits every method of rows to made ones and ranks a row that does not belong.
//!
//! `cargo run --release -p networks --example methods`
#![allow(clippy::print_stdout)]

use detector::{Detector, Input, Silent};
use ndarray::Array2;
use residuum::{Runtime, Takes};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wave = |i: usize, j: usize| ((i * 37 + j * 101) % 97) as f32 / 97.0;
    let train = Array2::from_shape_fn((200, 8), |(i, j)| wave(i, j));
    let mut test = Array2::from_shape_fn((20, 8), |(i, j)| wave(i + 1000, j));
    test.row_mut(7).fill(4.0);
    for method in networks::methods() {
        if method.takes == Takes::Images {
            continue;
        }
        let mut config = method.config();
        if method.name == "ddpm" {
            config.set_text("train.epochs=20")?;
        }
        let detector = method.detector(&config, &Runtime::cpu())?;
        let scorer = detector.fit(Input::Rows(train.view()), 0, &Silent)?;
        let scores = scorer.score(Input::Rows(test.view()), &Silent)?;
        let rank = scores.iter().filter(|&&s| s > scores[7]).count() + 1;
        println!("{:<16} ranks row 7 as number {rank}", method.title);
    }
    Ok(())
}
