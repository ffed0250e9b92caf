//! What is promised, over many simulated draws. "Within noise" is 3 or 4 standard errors.

use conformal::{
    Calibration, CrossCalibration, Drift, Lord, Tail, Threshold, Window, benjamini_hochberg,
};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

type Rng = Xoshiro256PlusPlus;

fn rng(seed: u64) -> Rng {
    Rng::seed_from_u64(seed)
}

/// Uniform in (0, 1].
fn uniform(rng: &mut Rng) -> f64 {
    1.0 - rng.random::<f64>()
}

fn exponential(rng: &mut Rng) -> f64 {
    -uniform(rng).ln()
}

/// By Box and Muller.
fn normal(rng: &mut Rng) -> f64 {
    (2.0 * exponential(rng)).sqrt() * (std::f64::consts::TAU * uniform(rng)).cos()
}

/// The kinds of scores: without ties, with many, and all equal.
const KINDS: [fn(&mut Rng) -> f64; 3] = [normal, |rng| (3.0 * exponential(rng)).floor(), |_| 1.0];

fn calibration(n: usize, rng: &mut Rng, draw: fn(&mut Rng) -> f64) -> Calibration {
    Calibration::new((0..n).map(|_| draw(rng)).collect()).unwrap()
}

/// Mean and its standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// The standard error of a share of `of` draws.
fn share_error(share: f64, of: usize) -> f64 {
    (share * (1.0 - share) / of as f64).sqrt()
}

#[test]
fn randomised_p_values_are_uniform_whatever_the_ties() {
    for (seed, draw) in KINDS.into_iter().enumerate() {
        let mut rng = rng(seed as u64);
        for target in [0.01, 0.05, 0.3] {
            let rates: Vec<f64> = (0..3000)
                .map(|_| {
                    let calibration = calibration(60, &mut rng, draw);
                    let alarms = (0..20).filter(|_| {
                        let (score, u) = (draw(&mut rng), uniform(&mut rng));
                        calibration.randomised_p_value(score, u).unwrap() <= target
                    });
                    alarms.count() as f64 / 20.0
                })
                .collect();
            let (rate, error) = mean(&rates);
            assert!(
                (rate - target).abs() < 4.0 * error,
                "{seed} {target}: {rate} ± {error}"
            );
        }
    }
}

#[test]
fn p_values_without_randomisation_are_cautious() {
    for (seed, draw) in KINDS.into_iter().enumerate() {
        let mut rng = rng(10 + seed as u64);
        for target in [0.05, 0.3] {
            let rates: Vec<f64> = (0..2000)
                .map(|_| {
                    let calibration = calibration(59, &mut rng, draw);
                    let alarm = |_: &i32| calibration.p_value(draw(&mut rng)).unwrap() <= target;
                    (0..20).filter(alarm).count() as f64 / 20.0
                })
                .collect();
            let (rate, error) = mean(&rates);
            assert!(
                rate <= target + 4.0 * error,
                "{seed} {target}: {rate} ± {error}"
            );
            // Without ties nothing is lost: 5 % and 30 % of 60 are whole numbers.
            assert!(
                seed > 0 || rate > target - 4.0 * error,
                "{target}: {rate} ± {error}"
            );
        }
    }
}

/// The true rates of certified thresholds over many draws, from the exact distribution of the scores.
fn true_rates(
    seed: u64,
    n: usize,
    draw: fn(&mut Rng) -> f64,
    above: fn(f64) -> f64,
    threshold: impl Fn(&Calibration) -> Threshold,
) -> (Threshold, Vec<f64>) {
    let mut rng = rng(seed);
    let mut last = None;
    let rates = (0..2000)
        .map(|_| {
            let threshold = threshold(&calibration(n, &mut rng, draw));
            last = Some(threshold);
            above(threshold.value())
        })
        .collect();
    (last.unwrap(), rates)
}

#[test]
fn certified_thresholds_keep_their_word() {
    for (seed, n, target, confidence) in [
        (20, 1000, 0.05, 0.9),
        (21, 1000, 0.01, 0.95),
        (22, 2995, 0.001, 0.95),
    ] {
        let certified = |of: &Calibration| Threshold::certified(of, target, confidence).unwrap();
        let (threshold, rates) = true_rates(seed, n, exponential, |t| (-t).exp(), certified);
        let exceeds = |rate: &&f64| **rate > target;
        let share = rates.iter().filter(exceeds).count() as f64 / rates.len() as f64;
        let expected = 1.0 - threshold.true_rate().cdf(target);
        assert!(expected <= 1.0 - confidence);
        let error = share_error(expected, rates.len());
        assert!(
            (share - expected).abs() < 3.0 * error,
            "{share}, not {expected} ± {error}"
        );
        assert!(share <= 1.0 - confidence + 3.0 * error, "{share}");

        // One rank more does not keep it.
        let next = conformal::TrueRate::new(threshold.k() + 1, n).unwrap();
        assert!(1.0 - next.cdf(target) > 1.0 - confidence);

        // The interval holds the true rate in 90 % of the draws.
        let (low, high) = threshold.interval();
        let inside = rates
            .iter()
            .filter(|&&rate| low <= rate && rate <= high)
            .count();
        let inside = inside as f64 / rates.len() as f64;
        assert!(
            (inside - 0.9).abs() < 3.0 * share_error(0.9, rates.len()),
            "{inside}"
        );
        let (rate, error) = mean(&rates);
        assert!((rate - threshold.expected_rate()).abs() < 4.0 * error);
    }
}

#[test]
fn certified_thresholds_keep_their_word_with_ties() {
    // P(floor(10 E) > t) = P(E >= (t + 1) / 10).
    let (target, confidence) = (0.05, 0.9);
    let certified = |of: &Calibration| Threshold::certified(of, target, confidence).unwrap();
    let tied = |rng: &mut Rng| (10.0 * exponential(rng)).floor();
    let above = |t: f64| (-(t + 1.0) / 10.0).exp();
    let (_, rates) = true_rates(23, 1000, tied, above, certified);
    let share = rates.iter().filter(|&&rate| rate > target).count() as f64 / rates.len() as f64;
    let error = share_error(1.0 - confidence, rates.len());
    assert!(share <= 1.0 - confidence + 3.0 * error, "{share}");
}

#[test]
fn marginal_thresholds_keep_their_mean() {
    let marginal = |of: &Calibration| Threshold::marginal(of, 0.05).unwrap();
    let (threshold, rates) = true_rates(24, 99, exponential, |t| (-t).exp(), marginal);
    let (rate, error) = mean(&rates);
    assert_eq!(threshold.expected_rate(), 0.05);
    assert!((rate - 0.05).abs() < 4.0 * error, "{rate} ± {error}");
    // That is no promise about one draw.
    let share = rates.iter().filter(|&&rate| rate > 0.05).count() as f64 / rates.len() as f64;
    assert!(share > 0.3, "{share}");
}

/// Rows of a stream, a share of them anomalous by four standard deviations, with their truth.
fn rows(count: usize, anomalies: f64, rng: &mut Rng) -> (Vec<f64>, Vec<bool>) {
    (0..count)
        .map(|_| {
            let odd = rng.random::<f64>() < anomalies;
            (normal(rng) + if odd { 4.0 } else { 0.0 }, odd)
        })
        .unzip()
}

/// The share of false discoveries and the share of anomalies that are found.
fn discoveries(called: &[bool], odd: &[bool]) -> (f64, f64) {
    let count = |what: fn(bool, bool) -> bool| {
        let pairs = called.iter().zip(odd);
        pairs.filter(|&(&called, &odd)| what(called, odd)).count() as f64
    };
    let wrong = count(|called, odd| called && !odd) / count(|called, _| called).max(1.0);
    let found = count(|called, odd| called && odd) / count(|_, odd| odd).max(1.0);
    (wrong, found)
}

/// Mean and error of the false discovery rate, and mean power, over draws of what `procedure` makes of
/// p-values.
fn simulated(
    draws: usize,
    seed: u64,
    [n, m]: [usize; 2],
    anomalies: f64,
    mut procedure: impl FnMut(&[f64]) -> Vec<bool>,
) -> ((f64, f64), f64) {
    let mut rng = rng(seed);
    let (wrong, found): (Vec<f64>, Vec<f64>) = (0..draws)
        .map(|_| {
            let calibration = calibration(n, &mut rng, normal);
            let (scores, odd) = rows(m, anomalies, &mut rng);
            discoveries(&procedure(&calibration.p_values(&scores).unwrap()), &odd)
        })
        .unzip();
    (mean(&wrong), mean(&found).0)
}

#[test]
fn benjamini_hochberg_keeps_the_false_discovery_rate() {
    let alpha = 0.1;
    for (seed, anomalies) in [(30, 0.0), (31, 0.02), (32, 0.1), (33, 0.5)] {
        let bh = |p: &[f64]| benjamini_hochberg(p, alpha).unwrap();
        let ((fdr, error), power) = simulated(600, seed, [1000, 300], anomalies, bh);
        let bound = alpha * (1.0 - anomalies);
        assert!(fdr <= bound + 3.0 * error, "{anomalies}: {fdr} ± {error}");
        // It is not more cautious than it has to be.
        assert!(anomalies < 0.1 || fdr > 0.7 * bound, "{anomalies}: {fdr}");
        assert!(anomalies < 0.1 || power > 0.9, "{anomalies}: {power}");
    }
}

#[test]
fn windows_keep_the_false_discovery_rate() {
    // Decisions of the last of three windows, so that earlier ones could have an effect.
    let mut window = Window::new(200, 0.1).unwrap();
    let windows = |p: &[f64]| {
        let decided = p.iter().filter_map(|&p| window.push(p).unwrap());
        decided.collect::<Vec<_>>().concat()
    };
    let ((fdr, error), power) = simulated(300, 34, [2000, 600], 0.1, windows);
    assert!(fdr <= 0.09 + 3.0 * error, "{fdr} ± {error}");
    assert!(power > 0.9, "{power}");
}

#[test]
fn lord_keeps_the_false_discovery_rate() {
    let lord = |n| {
        move |p: &[f64]| {
            let mut lord = Lord::new(0.1, n).unwrap();
            p.iter()
                .map(|&p| lord.push(p).unwrap().rejected)
                .collect::<Vec<_>>()
        }
    };
    // Independent p-values, which it is proved for: uniform ones, and tiny ones for anomalies.
    let mut rng = rng(40);
    let wrong: Vec<f64> = (0..1000)
        .map(|_| {
            let odd: Vec<bool> = (0..500).map(|_| rng.random::<f64>() < 0.05).collect();
            let p: Vec<f64> = odd
                .iter()
                .map(|&odd| uniform(&mut rng) * if odd { 1e-3 } else { 1.0 })
                .collect();
            discoveries(&lord(usize::MAX)(&p), &odd).0
        })
        .collect();
    let (fdr, error) = mean(&wrong);
    assert!(fdr <= 0.1 + 3.0 * error && fdr > 0.01, "{fdr} ± {error}");

    let ((fdr, error), power) = simulated(60, 41, [10_000, 2000], 0.1, lord(10_000));
    assert!(fdr <= 0.1 + 3.0 * error, "{fdr} ± {error}");
    assert!(power > 0.7, "{power}");
    // Little calibration, no power.
    let (_, power) = simulated(60, 42, [500, 2000], 0.1, lord(500));
    assert!(power < 0.2, "{power}");
}

/// Of the streams, the share with an alarm among their first `calm` rows, and with one after that.
fn drift_alarms(
    seed: u64,
    streams: usize,
    [calm, after]: [usize; 2],
    draw: fn(&mut Rng) -> f64,
    shift: f64,
) -> (f64, f64) {
    let mut rng = rng(seed);
    let (mut early, mut late) = (0, 0);
    for stream in 0..streams {
        let calibration = calibration(200, &mut rng, draw);
        let mut drift = Drift::new(&calibration, Drift::LEVEL, stream as u64).unwrap();
        let mut alarm = false;
        for _ in 0..calm {
            alarm = drift.push(draw(&mut rng)).unwrap().alarm;
        }
        early += usize::from(alarm);
        for _ in 0..after {
            alarm = drift.push(draw(&mut rng) + shift).unwrap().alarm;
        }
        late += usize::from(alarm);
    }
    (early as f64 / streams as f64, late as f64 / streams as f64)
}

#[test]
fn drift_alarms_are_rarely_false() {
    for (seed, draw) in KINDS.into_iter().enumerate() {
        let (share, _) = drift_alarms(50 + seed as u64, 800, [1000, 0], draw, 0.0);
        assert!(
            share <= 0.05 + 3.0 * share_error(0.05, 800),
            "{seed}: {share}"
        );
    }
}

#[test]
fn drift_is_found() {
    for (seed, shift) in [(60, 1.0), (61, -1.0)] {
        let (_, share) = drift_alarms(seed, 100, [200, 200], normal, shift);
        assert!(share > 0.95, "{shift}: {share}");
    }
    // A tenth of anomalies is not an exchangeable stream either.
    let mut rng = rng(62);
    let mut drift = Drift::new(&calibration(1000, &mut rng, normal), Drift::LEVEL, 0).unwrap();
    let (scores, _) = rows(1000, 0.1, &mut rng);
    assert!(scores.iter().any(|&score| drift.push(score).unwrap().alarm));
}

#[test]
fn drift_is_found_after_a_long_calm() {
    let (early, late) = drift_alarms(63, 20, [30_000, 300], normal, 1.0);
    assert!(early <= 0.2, "{early}");
    assert!(late > 0.95, "{late}");
}

#[test]
fn cross_conformal_p_values_keep_their_bound() {
    // The detector: the distance from the mean of the rows it is fitted to, with 40 rows.
    let (n, alpha) = (40, 0.1);
    for (seed, k) in [(70, 2), (71, 5), (72, n)] {
        let mut rng = rng(seed);
        let mut alarms = 0;
        let mut bound = 0.0;
        let draws = 4000;
        for _ in 0..draws {
            let rows: Vec<f64> = (0..n).map(|_| normal(&mut rng)).collect();
            let new = normal(&mut rng);
            let sum: f64 = rows.iter().sum();
            let mut scores = Vec::new();
            let folds = rows.chunks(n / k).map(|fold| {
                let rest = (n - fold.len()) as f64;
                let mean = (sum - fold.iter().sum::<f64>()) / rest;
                scores.push((new - mean).abs());
                Calibration::new(fold.iter().map(|row| (row - mean).abs()).collect()).unwrap()
            });
            let cross = CrossCalibration::new(folds.collect()).unwrap();
            alarms += usize::from(cross.p_value(&scores).unwrap() <= alpha);
            bound = cross.rate_bound(alpha).unwrap();
        }
        let rate = alarms as f64 / draws as f64;
        let error = share_error(rate, draws);
        assert!(rate <= bound, "{k}: {rate} ± {error}, at most {bound}");
        // Near alpha in practice.
        assert!((rate - alpha).abs() < 0.025, "{k}: {rate} ± {error}");
    }
}

/// How a score is drawn, and the score that is exceeded with a given probability.
type Law = (fn(&mut Rng) -> f64, fn(f64) -> f64);

#[test]
fn extrapolated_tails_are_within_a_factor() {
    // Scores with P(S > s) = exp(-s), and with P(S > s) = s^-2 from 1 on.
    let laws: [Law; 2] = [
        (exponential, |p| -p.ln()),
        (|rng| uniform(rng).powf(-0.5), |p| p.powf(-0.5)),
    ];
    for (seed, (draw, at)) in laws.into_iter().enumerate() {
        let mut rng = rng(80 + seed as u64);
        let mut off: Vec<f64> = Vec::new();
        let mut refused = 0;
        for _ in 0..60 {
            let calibration = calibration(5000, &mut rng, draw);
            let tail = Tail::fit(&calibration).unwrap();
            refused += usize::from(tail.goodness().p_value < 0.05);
            // A tenth of the smallest p-value.
            let p = tail.p_value(&calibration, at(2e-5)).unwrap();
            assert!(p.value() <= 1.0 / 5001.0 || !p.is_extrapolated());
            // In a tenth of the draws a calibration score is as large.
            if p.is_extrapolated() {
                off.push((p.value() / 2e-5).log10());
            }
        }
        off.sort_by(f64::total_cmp);
        let of = |share: f64| off[(share * off.len() as f64) as usize];
        let (low, middle, high) = (of(0.05), of(0.5), of(0.95));
        assert!(middle.abs() < 0.3, "{seed}: 10^{middle}");
        assert!(
            off.len() > 40 && low > -1.0 && high < 1.0,
            "{seed}: 10^{low} to 10^{high}"
        );
        assert!(refused <= 9, "{seed}: {refused} of 60 fits refused");
    }
}

#[test]
fn a_tail_that_does_not_fit_is_seen() {
    // Two narrow heaps at the top.
    let mut rng = rng(90);
    let draw = |rng: &mut Rng| {
        let heap = rng.random::<f64>();
        let far = if heap < 0.03 {
            50.0
        } else if heap < 0.08 {
            20.0
        } else {
            0.0
        };
        far + uniform(rng)
    };
    let tail = Tail::fit(&calibration(2000, &mut rng, draw)).unwrap();
    assert!(tail.goodness().p_value < 0.05, "{:?}", tail.goodness());
}
