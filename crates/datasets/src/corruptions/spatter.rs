use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

use super::filter::{Beyond, gaussian};
use super::grey::{Grey, SIDE};

/// Severity 4: the liquid's mean and standard deviation, the σ that makes drops of it, how much of it
/// is a blot, the σ of a blot's rim, and how much of the rim counts.
const MEAN: f64 = 0.65;
const SD: f64 = 0.3;
const DROPS: f64 = 1.0;
const BLOT: f64 = 0.65;
const RIM: f64 = 1.5;
const RIM_COUNTS: f64 = 0.8;

/// The grey of mud.
const MUD: f64 = 63.0 / 255.0;

/// Gaussian noise becomes drops, drops above a level become blots, blots cover the image.
pub(super) fn draw(x: &Grey, rng: &mut ChaCha8Rng) -> Grey {
    let liquid = match Normal::new(MEAN, SD) {
        Ok(normal) => Grey::from_shape_simple_fn((SIDE, SIDE), || normal.sample(rng)),
        // Only a standard deviation that is not finite is refused.
        Err(_) => Grey::zeros((SIDE, SIDE)),
    };
    over(x, &liquid)
}

pub(super) fn over(x: &Grey, liquid: &Grey) -> Grey {
    let drops = gaussian(liquid, DROPS, Beyond::Nearest);
    let blots = drops.mapv(|v| if v > BLOT { 1.0 } else { 0.0 });
    let cover = gaussian(&blots, RIM, Beyond::Nearest);
    let cover = cover.mapv(|v| if v < RIM_COUNTS { 0.0 } else { v });
    x * &cover.mapv(|v| 1.0 - v) + &cover * MUD
}
