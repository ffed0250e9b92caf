//! Networks that are trained as one score as those that are trained alone.

use detector::{Detector, DetectorError, Input, Scorer, Silent};
use dte::{
    DteCategorical, DteCategoricalConfig, DteConvolutional, DteConvolutionalConfig,
    DteInverseGamma, DteInverseGammaConfig,
};
use ndarray::Array2;
use tch::Device;
use training::{Runtime, TrainConfig};

fn cpu() -> Runtime {
    Runtime::new(Device::Cpu)
}

fn rows(n: usize, d: usize, phase: f32) -> Array2<f32> {
    Array2::from_shape_fn((n, d), |(i, j)| {
        let (a, b) = ((i as f32 * 0.7 + phase).sin(), (i as f32 * 1.9).cos());
        a * (j as f32 - 2.5) * 0.4 + b * ((j * j) as f32 * 0.3 + phase).cos()
    })
}

fn train(own: &TrainConfig, epochs: usize, replicas: usize) -> TrainConfig {
    TrainConfig {
        epochs,
        replicas,
        ..own.clone()
    }
}

fn categorical(epochs: usize, replicas: usize) -> Box<dyn Detector> {
    let config = DteCategoricalConfig::default();
    let config = DteCategoricalConfig {
        train: train(&config.train, epochs, replicas),
        ..config
    };
    Box::new(DteCategorical::new(config, cpu()).unwrap())
}

fn inverse_gamma(epochs: usize, replicas: usize) -> Box<dyn Detector> {
    let config = DteInverseGammaConfig::default();
    let config = DteInverseGammaConfig {
        train: train(&config.train, epochs, replicas),
        ..config
    };
    Box::new(DteInverseGamma::new(config, cpu()).unwrap())
}

type Fitted = Result<Box<dyn Scorer>, DetectorError>;

fn together(detector: &dyn Detector, sets: &[(Array2<f32>, u64)]) -> Vec<Fitted> {
    let sets: Vec<_> = (sets.iter().map(|(x, seed)| (Input::Rows(x.view()), *seed))).collect();
    detector.fit_together(&sets, &Silent)
}

/// Trains `sets` as one and alone, and compares scores and losses.
fn compare(detector: impl Fn(usize) -> Box<dyn Detector>, sets: &[(Array2<f32>, u64)]) {
    let fitted = together(&*detector(sets.len()), sets);
    assert_eq!(fitted.len(), sets.len());
    let test = rows(60, sets[0].0.ncols(), 0.3);
    for ((x, seed), fitted) in sets.iter().zip(fitted) {
        let fitted = fitted.unwrap();
        let alone = detector(1).fit(Input::Rows(x.view()), *seed, &Silent);
        let alone = alone.unwrap();
        let scores = [&fitted, &alone].map(|s| s.score(Input::Rows(test.view()), &Silent).unwrap());
        for (a, b) in scores[0].iter().zip(&scores[1]) {
            assert!(
                (a - b).abs() <= 1e-4 * b.abs(),
                "seed {seed}: {a}, alone {b}"
            );
        }
        assert_eq!(fitted.losses().len(), alone.losses().len());
        for (a, b) in fitted.losses().iter().zip(alone.losses()) {
            assert!(
                (a - b).abs() <= 1e-4 * b.abs(),
                "seed {seed}: loss {a}, alone {b}"
            );
        }
        assert_eq!(fitted.warnings(), alone.warnings());
    }
}

#[test]
fn three_seeds_together_score_as_each_alone() {
    let sets: Vec<_> = (0..3).map(|seed| (rows(200, 8, 0.0), seed)).collect();
    compare(|n| categorical(30, n), &sets);
    compare(|n| inverse_gamma(30, n), &sets);
}

#[test]
fn so_they_do_after_the_whole_published_training() {
    // Adam makes much of little: what differs by rounding here differs by percents at the end.
    let sets: Vec<_> = (0..2).map(|seed| (rows(200, 8, 0.0), seed)).collect();
    compare(|n| categorical(400, n), &sets);
    compare(|n| inverse_gamma(400, n), &sets);
}

#[test]
fn two_sets_of_one_shape_together_score_as_each_alone() {
    let sets = [(rows(150, 6, 0.0), 4), (rows(150, 6, 1.3), 4)];
    compare(|n| categorical(30, n), &sets);
}

#[test]
fn sets_of_other_shapes_are_trained_beside_them() {
    let sets = [
        (rows(70, 6, 0.0), 1),
        (rows(60, 6, 0.0), 1),
        (rows(70, 6, 0.5), 2),
        (rows(60, 6, 0.5), 2),
        (rows(60, 6, 0.5), 3), // more than `replicas`
    ];
    let fitted = together(&*categorical(10, 2), &sets);
    for ((x, seed), fitted) in sets.iter().zip(fitted) {
        let alone = categorical(10, 1).fit(Input::Rows(x.view()), *seed, &Silent);
        let (fitted, alone) = (fitted.unwrap(), alone.unwrap());
        assert_eq!(fitted.losses().len(), 10);
        for (a, b) in fitted.losses().iter().zip(alone.losses()) {
            assert!((a - b).abs() <= 1e-5 * b.abs(), "{a}, alone {b}");
        }
    }
}

#[test]
fn a_set_that_cannot_be_trained_on_leaves_the_others_alone() {
    let mut sets = vec![
        (rows(70, 6, 0.0), 1),
        (rows(70, 6, 0.0), 2),
        (rows(1, 6, 0.0), 3),
    ];
    sets[1].0[[3, 3]] = f32::NAN;
    sets.push((rows(70, 6, 0.0), 4));
    let fitted = together(&*categorical(5, 4), &sets);
    let there: Vec<bool> = fitted.iter().map(Result::is_ok).collect();
    assert_eq!(there, [true, false, false, true]);
    let message = |i: usize| fitted[i].as_ref().err().unwrap().to_string();
    assert!(message(1).contains("row 3"), "{}", message(1));
    assert!(message(2).contains("1 training rows"), "{}", message(2));
}

#[test]
fn networks_that_cannot_be_stacked_refuse() {
    let mut config = DteConvolutionalConfig::default();
    config.train.replicas = 4;
    let error = DteConvolutional::new(config, cpu()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "replicas = 4: expected 1: only the networks of dte-c, dte-ig and ddpm, with the loss simple and \
         uniform steps, are trained as one"
    );
}
