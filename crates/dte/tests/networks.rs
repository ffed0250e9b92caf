//! The trained estimators behind the contract of `detector`.

use std::sync::atomic::{AtomicU64, Ordering};

use detector::conformance::{self, Tolerance};
use detector::{Detector, DetectorError, Input, Progress, Silent};
use dte::{
    DteCategorical, DteCategoricalConfig, DteConvolutional, DteConvolutionalConfig,
    DteInverseGamma, DteInverseGammaConfig, InverseGammaScore, Softmax,
};
use ndarray::{Array1, Array2};
use tch::Device;
use training::{Runtime, TrainConfig};

fn cpu() -> Runtime {
    Runtime::new(Device::Cpu)
}

/// Long enough to rank the planted outliers, short enough for a test.
fn short(train: &TrainConfig) -> TrainConfig {
    TrainConfig {
        epochs: 30,
        learning_rate: 2e-3,
        ..train.clone()
    }
}

fn categorical(softmax: Softmax, runtime: Runtime) -> DteCategorical {
    let config = DteCategoricalConfig {
        softmax,
        widths: vec![64, 64],
        train: short(&DteCategoricalConfig::default().train),
        ..Default::default()
    };
    DteCategorical::new(config, runtime).unwrap()
}

fn inverse_gamma() -> DteInverseGamma {
    inverse_gamma_by(InverseGammaScore::Scale)
}

fn inverse_gamma_by(score: InverseGammaScore) -> DteInverseGamma {
    let config = DteInverseGammaConfig {
        score,
        widths: vec![64, 64],
        train: short(&DteInverseGammaConfig::default().train),
        ..Default::default()
    };
    DteInverseGamma::new(config, cpu()).unwrap()
}

fn conform(detector: &dyn Detector) {
    // A row alone goes through other matrix kernels than a batch of rows, in f64.
    let tolerance = Tolerance {
        relative: 1e-10,
        auroc: 0.99,
    };
    assert_eq!(conformance::check_within(detector, tolerance), Ok(()));
}

#[test]
fn the_categorical_conforms_with_either_loss() {
    conform(&categorical(Softmax::Double, cpu()));
    conform(&categorical(Softmax::Single, cpu()));
}

#[test]
fn scores_have_the_gradient_that_differences_show() {
    let x = Array2::from_shape_fn((90, 4), |(i, j)| ((i * 5 + j * 3) % 13) as f32 * 0.3 - 1.5);
    let methods: [(&dyn Detector, &str); 2] = [
        (&categorical(Softmax::Double, cpu()), "dte-c"),
        (&inverse_gamma(), "dte-ig"),
    ];
    for (detector, name) in methods {
        let scorer = detector.fit(Input::Rows(x.view()), 2, &Silent).unwrap();
        let few = x.slice(ndarray::s![..8, ..]);
        // Scores are computed in f64: only a corner of a ReLU inside the step is off.
        conformance::check_gradient(&*scorer, few, 1e-4, 0.01)
            .unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

#[test]
fn the_inverse_gamma_conforms() {
    conform(&inverse_gamma());
}

#[test]
fn the_variance_of_the_inverse_gamma_is_its_scale_over_the_shape() {
    let x = rows(50, 7);
    let [scale, variance] = [InverseGammaScore::Scale, InverseGammaScore::Variance]
        .map(|score| scores(&inverse_gamma_by(score), &x, 1));
    assert_eq!(variance, scale / 2.5); // 7/2 − 1
}

#[test]
fn an_untrained_network_is_reported_and_a_trained_one_is_not() {
    let x = Array2::from_shape_fn((200, 4), |(i, j)| ((i * (j + 2)) as f32 * 0.37).sin());
    let warnings = |detector: &dyn Detector| {
        let scorer = detector.fit(Input::Rows(x.view()), 0, &Silent);
        scorer.unwrap().warnings()
    };
    let detectors = |epochs: Option<usize>| -> [Box<dyn Detector>; 2] {
        let train = |own: &TrainConfig| TrainConfig {
            epochs: epochs.unwrap_or(150),
            ..short(own)
        };
        let widths = vec![64, 64];
        let categorical = DteCategoricalConfig {
            widths: widths.clone(),
            train: train(&DteCategoricalConfig::default().train),
            ..Default::default()
        };
        let inverse_gamma = DteInverseGammaConfig {
            widths: widths.clone(),
            train: train(&DteInverseGammaConfig::default().train),
            ..Default::default()
        };
        [
            Box::new(DteCategorical::new(categorical, cpu()).unwrap()),
            Box::new(DteInverseGamma::new(inverse_gamma, cpu()).unwrap()),
        ]
    };
    for untrained in detectors(Some(0)) {
        let warnings = warnings(&*untrained);
        let unmoved = |w: &String| w.contains("training hardly changed");
        assert!(warnings.iter().any(unmoved), "{warnings:?}");
    }
    let names = ["dte-c", "dte-ig"];
    for (trained, trained_name) in detectors(None).iter().zip(names) {
        let warnings = warnings(&**trained);
        assert_eq!(warnings, [""; 0], "{trained_name}");
    }
}

#[test]
fn bins_count_the_steps_of_a_respaced_schedule() {
    let text = "bins = 5\nwidths = [64, 64]\n\
        schedule = { kind = 'respaced', keep = '50', of = { kind = 'linear', first = 1e-4, last = 0.01 } }";
    let mut config: DteCategoricalConfig = toml::from_str(text).unwrap();
    config.train = short(&config.train);
    let detector = DteCategorical::new(config, cpu()).unwrap();
    let x = Array2::from_shape_fn((200, 4), |(i, j)| ((i * (j + 2)) as f32 * 0.37).sin() * 0.1);
    let scorer = detector.fit(Input::Rows(x.view()), 0, &Silent).unwrap();
    // Far rows lie in the last bin; counted over 400 steps all 50 would share the first.
    let far = Array2::from_elem((1, 4), 4.0f32);
    let score = scorer.score(Input::Rows(far.view()), &Silent).unwrap()[0];
    assert!(score > 3.0, "{score}");
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
fn a_seed_gives_the_same_bits_and_another_one_others() {
    let x = rows(50, 4);
    let detectors: [&dyn Detector; 2] = [&categorical(Softmax::Double, cpu()), &inverse_gamma()];
    for detector in detectors {
        let first = scores(detector, &x, 1);
        assert_eq!(first, scores(detector, &x, 1));
        assert_ne!(first, scores(detector, &x, 2));
    }
}

#[test]
fn a_kept_model_scores_the_same_and_each_loss_keeps_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let keeping = || Runtime {
        models: Some(folder.path().to_owned()),
        ..cpu()
    };
    let x = rows(50, 4);
    let fresh = scores(&categorical(Softmax::Double, cpu()), &x, 1);
    for _ in 0..2 {
        let kept = scores(&categorical(Softmax::Double, keeping()), &x, 1);
        assert_eq!(kept, fresh);
    }
    let other = scores(&categorical(Softmax::Single, keeping()), &x, 1);
    assert_ne!(other, fresh);
    assert_eq!(folder.path().read_dir().unwrap().count(), 2);
}

/// Interrupted when asked for the `left`-th time; counts epochs.
struct Stops {
    left: AtomicU64,
    epochs: AtomicU64,
}

impl Progress for Stops {
    fn update(&self, stage: &str, _done: u64, _total: u64, _note: &str) {
        let epochs = u64::from(stage == "epochs");
        self.epochs.fetch_add(epochs, Ordering::Relaxed);
    }

    fn interrupted(&self) -> bool {
        self.left.fetch_sub(1, Ordering::Relaxed) == 0
    }
}

#[test]
fn an_interrupted_fit_is_taken_up_with_the_same_bits() {
    let x = rows(200, 4); // four batches to an epoch
    let expected = scores(&categorical(Softmax::Double, cpu()), &x, 1);
    let folder = tempfile::tempdir().unwrap();
    let keeping = Runtime {
        models: Some(folder.path().to_owned()),
        ..cpu()
    };
    let detector = categorical(Softmax::Double, keeping);
    let fit = |asked| {
        let stops = Stops {
            left: AtomicU64::new(asked),
            epochs: AtomicU64::new(0),
        };
        let scorer = detector.fit(Input::Rows(x.view()), 1, &stops);
        (scorer, stops.epochs.into_inner())
    };
    let (interrupted, before) = fit(61);
    let error = interrupted.map(|_| ()).unwrap_err();
    assert!(matches!(error, DetectorError::Interrupted), "{error}");
    let (resumed, after) = fit(u64::MAX);
    assert_eq!((before, after), (15, 15));
    let found = resumed.unwrap().score(Input::Rows(x.view()), &Silent);
    assert_eq!(found.unwrap(), expected);
}

#[test]
fn what_cannot_be_trained_is_an_error() {
    let error = |detector: &dyn Detector, x: Array2<f32>| {
        let fitted = detector.fit(Input::Rows(x.view()), 0, &Silent);
        fitted.map(|_| ()).unwrap_err().to_string()
    };
    for d in [1, 2] {
        assert_eq!(
            error(&inverse_gamma(), rows(9, d)),
            format!("rows of {d} columns: the inverse gamma distribution needs at least 3")
        );
    }
    let one = error(&categorical(Softmax::Double, cpu()), rows(1, 4));
    assert!(one.starts_with("1 training rows, expected at least 2"));
}

#[test]
fn narrow_rows_are_ranked_by_the_others() {
    for d in [1, 2] {
        let x = rows(50, d);
        let categorical = scores(&categorical(Softmax::Double, cpu()), &x, 0);
        assert!(categorical.iter().all(|score| (0.0..=6.0).contains(score)));
    }
}

#[test]
fn the_defaults_are_the_published_ones() {
    let published = |epochs, learning_rate, weight_decay| TrainConfig {
        epochs,
        batch_size: 64,
        drop_last: false,
        learning_rate,
        weight_decay,
        early_stop_after: 1_000_000, // never
        ..TrainConfig::default()
    };
    let before_train = |toml: String| toml.split("\n[train]").next().unwrap().to_owned();
    let schedule = "\n[schedule]\nkind = \"linear\"\nfirst = 0.0001\nlast = 0.01\n";

    let categorical = DteCategoricalConfig::default();
    assert_eq!(
        before_train(toml::to_string(&categorical).unwrap()),
        "steps = 400\nbins = 7\nsoftmax = \"double\"\nwidths = [256, 512, 256]\ndropout = 0.5\n"
            .to_owned()
            + schedule
    );
    assert_eq!(categorical.train, published(400, 1e-4, 5e-4));

    let inverse_gamma = DteInverseGammaConfig::default();
    assert_eq!(
        before_train(toml::to_string(&inverse_gamma).unwrap()),
        "steps = 300\nwidths = [128, 128]\ndropout = 0.5\nscore = \"scale\"\n".to_owned()
            + schedule
    );
    assert_eq!(inverse_gamma.train, published(400, 1e-4, 0.0));
}

#[test]
fn what_is_not_given_under_train_stays_the_methods_own() {
    let config: DteCategoricalConfig = toml::from_str("train = { epochs = 3 }").unwrap();
    let own = DteCategoricalConfig::default();
    let train = TrainConfig {
        epochs: 3,
        ..own.train.clone()
    };
    assert_eq!(config, DteCategoricalConfig { train, ..own });
    let json = serde_json::json!({ "train": { "epochs": 3 } });
    assert_eq!(
        serde_json::from_value::<DteCategoricalConfig>(json).unwrap(),
        config
    );
}

#[test]
fn impossible_settings_are_named() {
    for (text, message) in [
        ("bins = 1", "bins = 1: expected 2 to the number of steps"),
        (
            "bins = 401",
            "bins = 401: expected 2 to the number of steps",
        ),
        (
            "bins = 51\nschedule = { kind = 'respaced', keep = '50', of = { kind = 'cosine' } }",
            "bins = 51: expected 2 to the number of steps",
        ),
        (
            "widths = [1048576, 1048576]",
            "widths = [1048576, 1048576]: expected at most 2147483648 weights between the hidden layers",
        ),
        ("steps = 0", "schedule: a schedule needs at least one step"),
        (
            "widths = []",
            "widths = []: expected at least one hidden layer, each of 1 to 1048576",
        ),
        (
            "dropout = 1.0",
            "dropout = 1: expected a share from 0 up to 1, 1 excluded",
        ),
        (
            "train.batch-size = 1",
            "batch-size = 1: expected at least 2, batch statistics need two rows",
        ),
    ] {
        let config: DteCategoricalConfig = toml::from_str(text).unwrap();
        let error = DteCategorical::new(config, cpu()).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    for text in ["epochs = 3", "softmax = 'twice'", "train.epoch = 3"] {
        assert!(
            toml::from_str::<DteCategoricalConfig>(text).is_err(),
            "{text}"
        );
    }
}

#[test]
fn convolutions_estimate_the_diffusion_time_of_images() {
    let config = DteConvolutionalConfig {
        channels: vec![8, 16],
        train: TrainConfig {
            steps: 150,
            learning_rate: 5e-3,
            ..DteConvolutionalConfig::default().train
        },
        ..Default::default()
    };
    let detector = DteConvolutional::new(config, cpu()).unwrap();
    let tolerance = Tolerance {
        relative: 1e-4, // f32 convolutions of other batch sizes
        auroc: 0.9,
    };
    for shape in [[1, 12, 12], [3, 9, 14]] {
        let found = conformance::check_images_within(&detector, shape, tolerance);
        assert_eq!(found, Ok(()), "{shape:?}");
    }
}
