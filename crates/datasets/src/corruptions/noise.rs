use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use super::grey::Grey;

/// Photons that white stands for (severity 5).
const PHOTONS: f64 = 3.0;

/// Share of the pixels hit by salt or pepper (severity 4).
const HIT: f64 = 0.17;

/// `Poisson(3 x) / 3`.
pub(super) fn shot(x: &Grey, rng: &mut ChaCha8Rng) -> Grey {
    x.mapv(|v| match Poisson::new(PHOTONS * v) {
        Ok(photons) => photons.sample(rng) / PHOTONS,
        // No light, no photons: a rate of zero is not a Poisson law for the library.
        Err(_) => 0.0,
    })
}

/// Each pixel is hit with probability 0.17, and then is black or white, one as likely as the other.
pub(super) fn impulse(x: &Grey, rng: &mut ChaCha8Rng) -> Grey {
    x.mapv(|v| {
        let hit = rng.random_bool(HIT);
        let salt = rng.random_bool(0.5);
        match (hit, salt) {
            (false, _) => v,
            (true, true) => 1.0,
            (true, false) => 0.0,
        }
    })
}
