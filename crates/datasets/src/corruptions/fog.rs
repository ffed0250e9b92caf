use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::grey::{Grey, SIDE};

/// Severity 5: how thick the fog is, and by what the noise shrinks from one scale to the next.
const THICKNESS: f64 = 3.0;
const DECAY: f64 = 1.4;

/// The map of which the image takes the corner; a power of two.
const MAP: usize = 256;

/// `(x + 3 p) · m / (m + 3)` with `m` the brightest pixel and `p` the fractal.
pub(super) fn draw(x: &Grey, rng: &mut ChaCha8Rng) -> Grey {
    let plasma = plasma(rng);
    let corner = Grey::from_shape_fn((SIDE, SIDE), |(row, column)| plasma[[row, column]]);
    through(x, &corner)
}

pub(super) fn through(x: &Grey, fog: &Grey) -> Grey {
    let brightest = x.fold(0.0, |a: f64, &b| a.max(b));
    (x + &(fog * THICKNESS)) * (brightest / (brightest + THICKNESS))
}

/// The diamond-square fractal on a torus (Fournier, Fussell and Carpenter 1982), scaled to [0, 1]:
/// from coarse to fine, the middle of each square and then of each edge becomes the mean of its four
/// neighbours plus uniform noise of ± `wibble²`, and `wibble`, 100 at first, is divided by 1.4.
fn plasma(rng: &mut ChaCha8Rng) -> Grey {
    let mut map = Grey::zeros((MAP, MAP));
    let (mut step, mut wibble) = (MAP, 100.0);
    while step >= 2 {
        let half = step / 2;
        let mut fill = |map: &mut Grey, row: usize, column: usize, by: [(usize, usize); 4]| {
            let neighbours: f64 = by
                .iter()
                .map(|&(r, c)| map[[(row + r) % MAP, (column + c) % MAP]])
                .sum();
            let noise = wibble * rng.random_range(-wibble..wibble);
            map[[row, column]] = neighbours / 4.0 + noise;
        };
        let back = MAP - half;
        let diagonal = [(back, back), (back, half), (half, back), (half, half)];
        let straight = [(back, 0), (half, 0), (0, back), (0, half)];
        for row in (half..MAP).step_by(step) {
            for column in (half..MAP).step_by(step) {
                fill(&mut map, row, column, diagonal);
            }
        }
        for (first_row, first_column) in [(0, half), (half, 0)] {
            for row in (first_row..MAP).step_by(step) {
                for column in (first_column..MAP).step_by(step) {
                    fill(&mut map, row, column, straight);
                }
            }
        }
        step = half;
        wibble /= DECAY;
    }
    let lowest = map.fold(f64::INFINITY, |a, &b| a.min(b));
    let highest = map.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    map.mapv(|v| (v - lowest) / (highest - lowest))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    /// Against `scripts/golden/corruptions.py`, the same recursion in numpy: the spread of the map and
    /// how alike neighbours are do not depend on whose random numbers they are.
    #[test]
    fn the_map_is_as_rough_as_the_reference() {
        let (mut mean, mut step) = (0.0, 0.0);
        let n = 40;
        for seed in 0..n {
            let map = plasma(&mut ChaCha8Rng::seed_from_u64(seed));
            assert!(map.iter().all(|v| (0.0..=1.0).contains(v)));
            mean += map.mean().unwrap() / n as f64;
            let right: f64 = (0..MAP)
                .flat_map(|row| (0..MAP - 1).map(move |column| (row, column)))
                .map(|(row, column)| (map[[row, column]] - map[[row, column + 1]]).abs())
                .sum();
            step += right / (MAP * (MAP - 1)) as f64 / n as f64;
        }
        let golden = super::super::golden::golden();
        let expected = |key: &str| golden["fog_map"][key].as_f64().unwrap();
        // Standard errors over 40 maps: about 0.015 and 0.00008.
        assert!((mean - expected("mean")).abs() < 0.06, "{mean}");
        assert!(
            (step - expected("step")).abs() < 0.03 * expected("step"),
            "{step}"
        );
    }
}
