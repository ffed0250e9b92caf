//! Ranks ten planted outliers among made-up rows with each method of the crate that has no kernel.
//! `cargo run --release -p baselines --example detectors`
#![allow(clippy::print_stdout)]

use baselines::{Copod, CopodConfig, IsolationForest, IsolationForestConfig, Norm};
use detector::{Detector, DetectorError, Input, Silent};
use ndarray::Array2;

fn main() -> Result<(), DetectorError> {
    let train = rows(1000, 0);
    let mut test = rows(500, 1);
    for i in 0..10 {
        test.row_mut(i).mapv_inplace(|v| v + 3.0);
    }
    let methods: [(&str, Box<dyn Detector>); 3] = [
        (
            "isolation forest",
            Box::new(IsolationForest::new(IsolationForestConfig::default())?),
        ),
        ("COPOD", Box::new(Copod::new(CopodConfig::default()))),
        ("norm", Box::new(Norm)),
    ];
    for (name, method) in methods {
        let scorer = method.fit(Input::Rows(train.view()), 44, &Silent)?;
        let scores = scorer.score(Input::Rows(test.view()), &Silent)?;
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let found = order[..10].iter().filter(|i| **i < 10).count();
        println!("{name}: {found} of 10 outliers among the ten highest scores");
    }
    Ok(())
}

/// Eight columns of scrambled counters, about uniform between -2 and 2.
fn rows(n: usize, stream: u32) -> Array2<f32> {
    let mut state = stream.wrapping_mul(0x9e37_79b9) | 1;
    Array2::from_shape_simple_fn((n, 8), || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 * 4.0 - 2.0
    })
}
