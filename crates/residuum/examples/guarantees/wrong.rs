//! What breaks the promises: the check has to find it.

use conformal::{Calibration, Drift};
use detector::{Detector, Silent};
use numpy_random::RandomState;
use residuum::{Config, Runtime};

use crate::draw::Draw;
use crate::measure::share;
use crate::set::Set;
use crate::{Measured, Outcome, streams};

const MOST: usize = 1000;

/// Scores of rows by a detector that was fitted to `train`, without a model around it.
fn scores(
    set: &Set,
    config: &Config,
    train: &[usize],
    parts: [&[usize]; 2],
) -> Outcome<[Vec<f64>; 2]> {
    let method = residuum::find(config.method())?;
    let detector = method.detector(config, &Runtime::cpu())?;
    let scorer = detector.fit(set.select(train).input(), 0, &Silent)?;
    let [a, b] = parts.map(|rows| scorer.score(set.select(rows).input(), &Silent));
    Ok([a?.to_vec(), b?.to_vec()])
}

/// Rates where the calibration rows are training rows.
pub(crate) fn trained_on_calibration(
    set: &Set,
    config: &Config,
    draw: &Draw,
    random: &mut RandomState,
) -> Outcome<Measured> {
    let own = &draw.fit[..draw.fit.len().min(MOST)];
    let test = &draw.test[..draw.test.len().min(MOST)];
    let [own, test] = scores(set, config, own, [own, test])?;
    let calibration = Calibration::new(own)?;
    let mut p = Vec::new();
    for score in test {
        p.push(calibration.randomised_p_value(score, 1.0 - random.random_sample())?);
    }
    Ok(vec![
        ("seen 1 %", share(&p, |&p| p <= 0.01)),
        ("seen 5 %", share(&p, |&p| p <= 0.05)),
    ])
}

/// Rates where rows are not drawn but divided in file order: the first 40 % train, the next 30 % calibrate.
pub(crate) fn file_order(set: &Set, config: &Config) -> Outcome<Measured> {
    let n = set.normal.len();
    let (first, second) = ((0.4 * n as f64) as usize, (0.7 * n as f64) as usize);
    let some = |from: usize, to: usize| -> Vec<usize> {
        let step = (to - from).div_ceil(MOST);
        set.normal[from..to].iter().step_by(step).copied().collect()
    };
    let (train, calibrate, test) = (some(0, first), some(first, second), some(second, n));
    let [calibrate, test] = scores(set, config, &train, [&calibrate, &test])?;
    let calibration = Calibration::new(calibrate)?;
    let rate = share(&calibration.p_values(&test)?, |&p| p <= 0.05);
    let mut drift = Drift::new(&calibration, Drift::LEVEL, 0)?;
    Ok(vec![
        ("in order 5 %", rate),
        (
            "in order drift",
            f64::from(streams::alarms(&mut drift, &test)?),
        ),
    ])
}
