use ndarray::Axis;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::filter::{Beyond, along};
use super::grey::{Grey, SIDE};

/// Severity 1: σ of the Gaussian, furthest exchange, rounds.
const SIGMA: f64 = 0.7;
const FURTHEST: usize = 1;
const ROUNDS: usize = 2;

/// A Gaussian, neighbours exchanged, a Gaussian.
pub(super) fn draw(x: &Grey, rng: &mut ChaCha8Rng) -> Grey {
    let mut x = blurred(x).mapv(|v| (255.0 * v).trunc() / 255.0);
    for _ in 0..ROUNDS {
        for row in (FURTHEST + 1..=SIDE - FURTHEST).rev() {
            for column in (FURTHEST + 1..=SIDE - FURTHEST).rev() {
                if rng.random_bool(0.5) {
                    let up = rng.random_range(0..=FURTHEST);
                    let left = rng.random_range(0..=FURTHEST);
                    x.swap([row, column], [row - up, column - left]);
                }
            }
        }
    }
    blurred(&x)
}

/// Over rows only, as in the published data.
pub(super) fn blurred(x: &Grey) -> Grey {
    along(x, Axis(0), SIGMA, Beyond::Nearest)
}
