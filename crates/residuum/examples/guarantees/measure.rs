use detector::Silent;
use numpy_random::RandomState;
use rayon::prelude::*;
use residuum::{Calibrating, Config, FitOptions, Model, RowScore};

use crate::draw::Draw;
use crate::set::{Set, data};
use crate::{Measured, Outcome, streams, thresholds, wrong};

/// Seeds of what is drawn after the division.
const AFTER: u32 = 1 << 20;
/// Every so many splits, the fault that the check has to find.
const WRONG_EVERY: u32 = 4;

/// What each split shows, in the order of the seeds.
pub(crate) fn splits(set: &Set, config: &Config, splits: u32) -> Outcome<Vec<Measured>> {
    (0..splits)
        .into_par_iter()
        .map(|seed| split(set, config, seed))
        .collect()
}

/// What a model's scores of the rows of a split are.
pub(crate) struct Scored {
    pub(crate) model: Model,
    pub(crate) test: Vec<RowScore>,
    pub(crate) spare: Vec<RowScore>,
    pub(crate) odd: Vec<RowScore>,
}

fn split(set: &Set, config: &Config, seed: u32) -> Outcome<Measured> {
    let draw = Draw::new(set, seed);
    let options = FitOptions {
        method: Some(config.clone()),
        calibration: Some(Calibrating::Share(draw.calibration)),
        seed: u64::from(seed),
        ..FitOptions::new(residuum::methods())
    };
    let fit = set.select(&draw.fit);
    let model = Model::fit(data(&fit), &options, &Silent)?.model;
    let score = |rows: &[usize]| -> Outcome<Vec<RowScore>> {
        let scored = model.score(data(&set.select(rows)), &Silent)?;
        // No value is missing, so that every row has a score.
        Ok(scored.into_iter().flatten().collect())
    };
    let (test, spare, odd) = (score(&draw.test)?, score(&draw.spare)?, score(&draw.odd)?);
    let scored = Scored {
        model,
        test,
        spare,
        odd,
    };
    let mut random = RandomState::new(AFTER + seed);
    let mut measured = rates(&scored, &mut random)?;
    measured.extend(thresholds::measure(&scored, &mut random)?);
    measured.extend(streams::measure(&scored, seed, &mut random)?);
    if seed.is_multiple_of(WRONG_EVERY) {
        measured.extend(wrong::trained_on_calibration(
            set,
            config,
            &draw,
            &mut random,
        )?);
    }
    Ok(measured)
}

/// Rates of alarms among the normal test rows.
fn rates(scored: &Scored, random: &mut RandomState) -> Outcome<Measured> {
    let calibration = scored.model.calibration()?;
    let mut randomised = Vec::new();
    for row in &scored.test {
        randomised.push(calibration.randomised_p_value(row.score, 1.0 - random.random_sample())?);
    }
    let plain: Vec<f64> = scored.test.iter().filter_map(|row| row.p_value).collect();
    let mut measured = vec![
        ("calibration rows", calibration.n() as f64),
        ("test rows", scored.test.len() as f64),
        ("tied", calibration.tied_share()),
        ("randomised 1 %", share(&randomised, |&p| p <= 0.01)),
        ("randomised 5 %", share(&randomised, |&p| p <= 0.05)),
        ("plain 1 %", share(&plain, |&p| p <= 0.01)),
        ("plain 5 %", share(&plain, |&p| p <= 0.05)),
    ];
    if let Some(threshold) = scored.model.manifest().threshold {
        let alarms = share(&scored.test, |row| row.is_anomaly == Some(true));
        measured.push(("alarms", alarms));
        measured.push(("alarms promised", threshold.expected_rate()));
        measured.push(("alarms above promise", alarms - threshold.expected_rate()));
    }
    Ok(measured)
}

/// The share of `of` that is so; 0 of none.
pub(crate) fn share<T>(of: &[T], is: impl Fn(&T) -> bool) -> f64 {
    of.iter().filter(|one| is(one)).count() as f64 / of.len().max(1) as f64
}
