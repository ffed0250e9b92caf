use conformal::{Calibration, ConformalError, Threshold};
use numpy_random::RandomState;

use crate::measure::{Scored, share};
use crate::{Measured, Outcome};

struct Certified {
    rate: f64,
    confidence: f64,
    /// Calibration scores that are drawn where it is simulated.
    drawn: usize,
    real: &'static str,
    simulated: &'static str,
}

const CERTIFIED: [Certified; 3] = [
    Certified {
        rate: 0.05,
        confidence: 0.9,
        drawn: 1000,
        real: "exceeds 5 %",
        simulated: "simulated exceeds 5 %",
    },
    Certified {
        rate: 0.01,
        confidence: 0.95,
        drawn: 1000,
        real: "exceeds 1 %",
        simulated: "simulated exceeds 1 %",
    },
    Certified {
        rate: 0.001,
        confidence: 0.95,
        drawn: 2995,
        real: "exceeds 0.1 %",
        simulated: "simulated exceeds 0.1 %",
    },
];

/// Calibration rows that 0.1 % at 95 % needs: the least n with 1 - 0.999^n >= 0.95.
const NEEDED: usize = 2995;

/// Whether the true rate of certified thresholds exceeds their target, 1 or 0: on rows of the set where there are
/// enough to know it, else on scores drawn from those of the set.
pub(crate) fn measure(scored: &Scored, random: &mut RandomState) -> Outcome<Measured> {
    let calibration = scored.model.calibration()?;
    let mut measured = Vec::new();
    if calibration.n() < NEEDED {
        let refused = ConformalError::TooFew {
            rows: calibration.n(),
            needed: NEEDED,
        };
        let is_refused = Threshold::certified(calibration, 0.001, 0.95) == Err(refused);
        measured.push(("0.1 % refused", f64::from(is_refused)));
    }
    let rows = scored.test.iter().chain(&scored.spare);
    let mut scores: Vec<f64> = rows.map(|row| row.score).collect();
    for of in &CERTIFIED {
        if scored.spare.is_empty() {
            continue;
        }
        let threshold = Threshold::certified(calibration, of.rate, of.confidence)?;
        let rate = share(&scores, |&score| score > threshold.value());
        measured.push((of.real, f64::from(rate > of.rate)));
    }
    if !scored.spare.is_empty() {
        return Ok(measured);
    }
    scores.extend(calibration.scores());
    for of in &CERTIFIED {
        // Scores so few that hardly one lies above the target say nothing.
        if (scores.len() as f64) < 2.0 / of.rate {
            continue;
        }
        let most = scores.len() as u64 - 1;
        let drawn = (0..of.drawn).map(|_| scores[random.interval(most) as usize]);
        let calibration = Calibration::new(drawn.collect())?;
        let threshold = Threshold::certified(&calibration, of.rate, of.confidence)?;
        let rate = share(&scores, |&score| score > threshold.value());
        measured.push((of.simulated, f64::from(rate > of.rate)));
    }
    Ok(measured)
}
