use conformal::{Drift, Lord, Window, benjamini_hochberg};
use numpy_random::RandomState;
use residuum::RowScore;

use crate::draw::mixture;
use crate::measure::Scored;
use crate::{Measured, Outcome};

/// The false discovery rate that is asked for.
const ALPHA: f64 = 0.1;
const WINDOW: usize = 1000;
/// Rows of a stream before it changes, and anomalies after that, at most.
const CALM: usize = 1000;
const CHANGED: usize = 500;
/// With fewer anomalies a change is too short.
const FEWEST_CHANGED: usize = 20;

/// False discoveries and power on mixtures, false alarms and delays of the drift alarm.
pub(crate) fn measure(scored: &Scored, seed: u32, random: &mut RandomState) -> Outcome<Measured> {
    let mut measured = discoveries(scored, random)?;
    measured.extend(drift(scored, seed)?);
    Ok(measured)
}

fn discoveries(scored: &Scored, random: &mut RandomState) -> Outcome<Measured> {
    let (normal, odd) = mixture(scored.test.len(), scored.odd.len());
    if odd == 0 {
        return Ok(Vec::new());
    }
    let p = |rows: &[RowScore], is_odd: bool| -> Vec<(f64, bool)> {
        rows.iter()
            .filter_map(|row| Some((row.p_value?, is_odd)))
            .collect()
    };
    let mut stream = p(&scored.test[..normal], false);
    stream.extend(p(&scored.odd[..odd], true));
    random.shuffle(&mut stream);
    let (p, is_odd): (Vec<f64>, Vec<bool>) = stream.into_iter().unzip();

    let (false_share, power) = outcome(&benjamini_hochberg(&p, ALPHA)?, &is_odd);
    let mut measured = vec![("BH false", false_share), ("BH found", power)];

    let mut window = Window::new(WINDOW, ALPHA)?;
    let (mut wrong, mut found, mut windows) = (0.0, 0.0, 0);
    for (row, &p) in p.iter().enumerate() {
        if let Some(called) = window.push(p)? {
            let (false_share, power) = outcome(&called, &is_odd[row + 1 - WINDOW..=row]);
            wrong += false_share;
            found += power;
            windows += 1;
        }
    }
    if windows > 0 {
        measured.push(("windows false", wrong / f64::from(windows)));
        measured.push(("windows found", found / f64::from(windows)));
    }

    let mut lord = Lord::new(ALPHA, scored.model.calibration()?.n())?;
    let mut called = Vec::new();
    for &p in &p {
        called.push(lord.push(p)?.rejected);
    }
    let (false_share, power) = outcome(&called, &is_odd);
    measured.push(("LORD++ false", false_share));
    measured.push(("LORD++ found", power));
    Ok(measured)
}

/// The share of normal rows among those called anomalies, and the share of the anomalies that are called so.
fn outcome(called: &[bool], odd: &[bool]) -> (f64, f64) {
    let pairs = || called.iter().zip(odd).filter(|&(&called, _)| called);
    let (all, right) = (pairs().count(), pairs().filter(|&(_, &odd)| odd).count());
    let anomalies = odd.iter().filter(|&&odd| odd).count();
    let wrong = (all - right) as f64 / all.max(1) as f64;
    (wrong, right as f64 / anomalies.max(1) as f64)
}

fn drift(scored: &Scored, seed: u32) -> Outcome<Measured> {
    let calibration = scored.model.calibration()?;
    let alarm_in = |drift: &mut Drift, rows: &[RowScore]| -> Outcome<Option<usize>> {
        for (row, scored) in rows.iter().enumerate() {
            if drift.push(scored.score)?.alarm {
                return Ok(Some(row + 1));
            }
        }
        Ok(None)
    };
    let mut drift = Drift::new(calibration, Drift::LEVEL, u64::from(seed))?;
    let false_alarm = alarm_in(&mut drift, &scored.test)?;
    let mut measured = vec![("drift false", f64::from(false_alarm.is_some()))];

    let calm = &scored.test[..scored.test.len().min(CALM)];
    let changed = &scored.odd[..scored.odd.len().min(CHANGED)];
    if changed.len() < FEWEST_CHANGED {
        return Ok(measured);
    }
    let mut drift = Drift::new(calibration, Drift::LEVEL, u64::from(seed))?;
    if alarm_in(&mut drift, calm)?.is_none() {
        let delay = alarm_in(&mut drift, changed)?;
        measured.push(("drift found", f64::from(delay.is_some())));
        measured.extend(delay.map(|rows| ("drift delay", rows as f64)));
    }
    Ok(measured)
}

/// Whether an alarm comes on a stream of scores.
pub(crate) fn alarms(drift: &mut Drift, scores: &[f64]) -> Outcome<bool> {
    let mut alarm = false;
    for &score in scores {
        alarm = drift.push(score)?.alarm;
    }
    Ok(alarm)
}
