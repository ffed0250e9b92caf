//! TCCM behind the contract of `detector`.

use deep::{Tccm, TccmConfig};
use detector::conformance::{self, Tolerance};
use detector::{Detector, DetectorError, Input, Silent};
use ndarray::{Array1, Array2, s};
use tch::Device;
use training::{Runtime, TrainConfig};

fn cpu() -> Runtime {
    Runtime::new(Device::Cpu)
}

/// Long enough to rank the planted outliers, short enough for a test.
fn short(epochs: usize) -> Tccm {
    let own = TccmConfig::default();
    let config = TccmConfig {
        widths: vec![64, 64],
        train: TrainConfig {
            epochs,
            learning_rate: 2e-3,
            ..own.train.clone()
        },
        ..own
    };
    Tccm::new(config, cpu()).unwrap()
}

fn rows(n: usize, d: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, d), |(i, j)| ((i * (2 * j + 3)) % 13) as f32 / 6.0 - 1.0)
}

fn scores(detector: &dyn Detector, x: &Array2<f32>, seed: u64) -> Array1<f64> {
    let scorer = detector.fit(Input::Rows(x.view()), seed, &Silent).unwrap();
    assert_eq!(scorer.n_evaluations(), Some(1));
    scorer.score(Input::Rows(x.view()), &Silent).unwrap()
}

#[test]
fn it_conforms() {
    // A row alone goes through other matrix kernels than a batch of rows, in f64.
    let tolerance = Tolerance {
        relative: 1e-10,
        auroc: 0.99,
    };
    assert_eq!(conformance::check_within(&short(30), tolerance), Ok(()));
}

#[test]
fn scores_have_the_gradient_that_differences_show() {
    let x = Array2::from_shape_fn((90, 4), |(i, j)| ((i * 5 + j * 3) % 13) as f32 * 0.3 - 1.5);
    let scorer = short(30).fit(Input::Rows(x.view()), 2, &Silent).unwrap();
    // Scores are computed in f64: only a corner of a ReLU inside the step is off.
    conformance::check_gradient(&*scorer, x.slice(s![..8, ..]), 1e-4, 0.01).unwrap();
}

#[test]
fn an_untrained_network_is_reported_and_a_trained_one_is_not() {
    let x = Array2::from_shape_fn((200, 4), |(i, j)| ((i * (j + 2)) as f32 * 0.37).sin());
    let warnings = |epochs| {
        let scorer = short(epochs).fit(Input::Rows(x.view()), 0, &Silent);
        scorer.unwrap().warnings()
    };
    let untrained = warnings(0);
    let unmoved = |w: &String| w.contains("training hardly changed");
    assert!(untrained.iter().any(unmoved), "{untrained:?}");
    assert_eq!(warnings(150), [""; 0]);
}

#[test]
fn a_seed_gives_the_same_bits_and_another_one_others() {
    let x = rows(50, 4);
    let first = scores(&short(30), &x, 1);
    assert_eq!(first, scores(&short(30), &x, 1));
    assert_ne!(first, scores(&short(30), &x, 2));
}

#[test]
fn narrow_rows_score_and_a_single_one_is_an_error() {
    for d in [1, 2] {
        let scores = scores(&short(30), &rows(50, d), 0);
        assert!(scores.iter().all(|score| *score >= 0.0));
    }
    let one = rows(1, 4);
    let error = short(30).fit(Input::Rows(one.view()), 0, &Silent);
    let error = error.map(|_| ()).unwrap_err().to_string();
    assert!(error.starts_with("1 training rows, expected at least 2"));
}

#[test]
fn the_defaults_are_the_published_ones() {
    let own = TccmConfig::default();
    let text = toml::to_string(&own).unwrap();
    let before_train = text.split("\n[train]").next().unwrap();
    assert_eq!(before_train, "widths = [256, 256]\nd-time = 128\n");
    let published = TrainConfig {
        epochs: 100,
        batch_size: 64,
        drop_last: false,
        learning_rate: 1e-3,
        weight_decay: 0.0,
        early_stop_after: 1_000_000, // never
        ..TrainConfig::default()
    };
    assert_eq!(own.train, published);
    let config: TccmConfig = toml::from_str("train = { epochs = 3 }").unwrap();
    let train = TrainConfig {
        epochs: 3,
        ..own.train.clone()
    };
    assert_eq!(config, TccmConfig { train, ..own });
}

#[test]
fn impossible_settings_are_named() {
    for (text, message) in [
        (
            "d-time = 7",
            "d-time = 7: expected an even number, 2 to 1048576",
        ),
        (
            "widths = []",
            "widths = []: expected at least one hidden layer, each of 1 to 1048576",
        ),
        (
            "train.batch-size = 1",
            "batch-size = 1: expected at least 2, batch statistics need two rows",
        ),
    ] {
        let config: TccmConfig = toml::from_str(text).unwrap();
        let error = Tccm::new(config, cpu()).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(matches!(error, DetectorError::Setting(_)), "{error:?}");
    }
}
