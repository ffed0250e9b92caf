//! What a fitted model promises holds for new normal rows, over many seeds. Within noise: 4 standard errors.
#![allow(clippy::unwrap_used)]

use conformal::Calibration;
use detector::{Detector, Input, Silent};
use ndarray::{Array2, Axis, s};
use numpy_random::RandomState;
use residuum::data::Data;
use residuum::{Calibrating, FitOptions, Model, Runtime, Target};

/// Rows of five columns that depend on two.
fn made(n: usize, random: &mut RandomState) -> Array2<f64> {
    let mut rows = Array2::zeros((n, 5));
    for mut row in rows.rows_mut() {
        let (a, b) = (random.random_sample(), random.random_sample());
        for (j, value) in row.iter_mut().enumerate() {
            *value = a * j as f64 - b + 0.3 * random.random_sample();
        }
    }
    rows
}

/// The benign samples of the table in the repository.
fn benign() -> Array2<f64> {
    let normal = include_str!("../../../data/breast-cancer/normal.csv");
    let new = include_str!("../../../data/breast-cancer/new.csv");
    let mut values = Vec::new();
    for text in [normal, new] {
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap().split(',').collect();
        for line in lines {
            let cells = names.iter().zip(line.split(','));
            let row: Vec<(&str, f64)> = cells.map(|(&k, v)| (k, v.parse().unwrap())).collect();
            if row.contains(&("malignant", 1.0)) {
                continue;
            }
            let measured = row.iter().filter(|(k, _)| !["id", "malignant"].contains(k));
            values.extend(measured.map(|(_, v)| *v));
        }
    }
    Array2::from_shape_vec((357, 30), values).unwrap()
}

/// The mean and its standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

fn options(target: Target, seed: u64) -> FitOptions<'static> {
    FitOptions {
        target,
        seed,
        calibration: Some(Calibrating::Share(0.4)),
        ..FitOptions::new(residuum::methods())
    }
}

/// Rows to fit and new ones, for a seed.
type Parts = fn(u32) -> (Array2<f64>, Array2<f64>);

fn simulated(seed: u32) -> (Array2<f64>, Array2<f64>) {
    let mut random = RandomState::new(seed);
    (made(150, &mut random), made(100, &mut random))
}

fn divided(seed: u32) -> (Array2<f64>, Array2<f64>) {
    let (rows, order) = (benign(), RandomState::new(seed).permutation(357));
    let part = |places: &[usize]| rows.select(Axis(0), places);
    (part(&order[..200]), part(&order[200..]))
}

#[test]
fn alarms_come_at_the_rate_that_a_model_expects() {
    for (parts, splits) in [(simulated as Parts, 150), (divided, 150)] {
        let (mut above, mut small) = (Vec::new(), Vec::new());
        for seed in 0..splits {
            let (fit, new) = parts(seed);
            let options = options(Target::OnAverage { rate: 0.05 }, seed.into());
            let model = Model::fit(Data::Rows64(fit.view()), &options, &Silent)
                .unwrap()
                .model;
            let rows = model.score(Data::Rows64(new.view()), &Silent).unwrap();
            let rows: Vec<_> = rows.into_iter().flatten().collect();
            assert_eq!(rows.len(), new.nrows());
            let share = |count: usize| count as f64 / rows.len() as f64;
            let alarms = rows.iter().filter(|row| row.is_anomaly == Some(true));
            let threshold = model.manifest().threshold.unwrap();
            above.push(share(alarms.count()) - threshold.expected_rate());
            // A fifth of the p-values: with 60 or 80 calibration rows 0.2 (n + 1) is rounded down.
            let n = model.calibration().unwrap().n() as f64;
            let promised = (0.2 * (n + 1.0)).floor() / (n + 1.0);
            let count = rows
                .iter()
                .filter(|row| row.p_value.unwrap() <= 0.2)
                .count();
            small.push(share(count) - promised);
        }
        for (what, values) in [("alarms", above), ("p-values", small)] {
            let (mean, error) = mean(&values);
            assert!(mean.abs() <= 4.0 * error, "{what}: {mean} ± {error}");
        }
    }
}

#[test]
fn certified_rates_are_seldom_exceeded() {
    let target = Target::Certified {
        rate: 0.1,
        confidence: 0.9,
    };
    let (splits, mut exceeded) = (150, 0);
    for seed in 0..splits {
        let mut random = RandomState::new(1000 + seed);
        let (fit, new) = (made(200, &mut random), made(4000, &mut random));
        let mut options = options(target, seed.into());
        options.method = Some(residuum::find("pca").unwrap().config());
        let model = Model::fit(Data::Rows64(fit.view()), &options, &Silent)
            .unwrap()
            .model;
        let rows = model.score(Data::Rows64(new.view()), &Silent).unwrap();
        let alarms = (rows.iter().flatten()).filter(|row| row.is_anomaly == Some(true));
        exceeded += usize::from(alarms.count() > new.nrows() / 10);
    }
    let share = exceeded as f64 / f64::from(splits);
    let error = (0.1 * 0.9 / f64::from(splits)).sqrt();
    assert!(share <= 0.1 + 4.0 * error, "{share} ± {error}");
    // Nor is it so cautious that it promises nothing.
    assert!(share > 0.0);
}

#[test]
fn a_model_calibrated_on_its_training_rows_would_be_found() {
    let method = residuum::find("wiener").unwrap();
    let detector = method.detector(&method.config(), &Runtime::cpu()).unwrap();
    for parts in [simulated as Parts, divided] {
        let mut above = Vec::new();
        for seed in 0..40 {
            let (fit, new) = parts(seed);
            let fit = fit.slice(s![..100, ..]);
            let scorer = detector.fit(Input::Rows64(fit), 0, &Silent).unwrap();
            let score = |x: Input<'_>| scorer.score(x, &Silent).unwrap().to_vec();
            let calibration = Calibration::new(score(Input::Rows64(fit))).unwrap();
            let p = calibration
                .p_values(&score(Input::Rows64(new.view())))
                .unwrap();
            above.push(p.iter().filter(|&&p| p <= 0.2).count() as f64 / p.len() as f64 - 0.2);
        }
        let (mean, error) = mean(&above);
        assert!(mean > 4.0 * error, "{mean} ± {error}");
    }
}
