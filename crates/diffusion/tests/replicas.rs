//! Denoisers that are trained as one score as those that are trained alone.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use detector::{Detector, DetectorError, Input, Progress, Scorer, Silent};
use diffusion::{DiffusionConfig, DiffusionDetector, DiffusionError, ImagesConfig};
use diffusion_core::{ScoreConfig, StepSampling};
use mlp::{ResidualMlp, ResidualMlpConfig};
use ndarray::{Array1, Array2};
use tch::Device;
use training::{Decay, Optimizer, Runtime, TrainConfig};

fn rows(n: usize, d: usize, phase: f32) -> Array2<f32> {
    Array2::from_shape_fn((n, d), |(i, j)| {
        let (a, b) = ((i as f32 * 0.7 + phase).sin(), (i as f32 * 1.9).cos());
        a * (j as f32 - 2.5) * 0.4 + b * ((j * j) as f32 * 0.3 + phase).cos()
    })
}

fn config(train: &TrainConfig, replicas: usize) -> DiffusionConfig {
    DiffusionConfig {
        train: TrainConfig {
            replicas,
            ..train.clone()
        },
        score: ScoreConfig {
            start: vec![40],
            ..ScoreConfig::default()
        },
        ..DiffusionConfig::default()
    }
}

fn ddpm(train: &TrainConfig, replicas: usize, models: Option<&Path>) -> DiffusionDetector {
    let runtime = Runtime {
        models: models.map(Path::to_owned),
        ..Runtime::new(Device::Cpu)
    };
    DiffusionDetector::new(config(train, replicas), "test", runtime, |vs, d| {
        let network = ResidualMlp::new(vs, d, &ResidualMlpConfig::default());
        Ok(Box::new(network?))
    })
    .unwrap()
}

type Fitted = Result<Box<dyn Scorer>, DetectorError>;
type Sets = Vec<(Array2<f32>, u64)>;

fn together(detector: &DiffusionDetector, sets: &Sets, progress: &dyn Progress) -> Vec<Fitted> {
    let sets: Vec<_> = (sets.iter().map(|(x, seed)| (Input::Rows(x.view()), *seed))).collect();
    detector.fit_together(&sets, progress)
}

fn scores(scorer: &dyn Scorer) -> Array1<f64> {
    let x = rows(60, 8, 0.3);
    scorer.score(Input::Rows(x.view()), &Silent).unwrap()
}

fn three_seeds(n: usize) -> Sets {
    (0..3).map(|seed| (rows(n, 8, 0.0), seed)).collect()
}

/// Trains `sets` as one and alone, and compares; returns how many epochs each took.
fn compare(train: &TrainConfig, sets: &Sets) -> Vec<usize> {
    let fitted = together(&ddpm(train, sets.len(), None), sets, &Silent);
    let mut epochs = Vec::new();
    for ((x, seed), fitted) in sets.iter().zip(fitted) {
        let fitted = fitted.unwrap();
        let alone = ddpm(train, 1, None).fit(Input::Rows(x.view()), *seed, &Silent);
        let alone = alone.unwrap();
        for (a, b) in scores(&*fitted).iter().zip(&scores(&*alone)) {
            assert!(
                (a - b).abs() <= 1e-4 * b.abs(),
                "seed {seed}: {a}, alone {b}"
            );
        }
        assert_eq!(fitted.losses().len(), alone.losses().len());
        assert_eq!(fitted.warnings(), alone.warnings());
        epochs.push(fitted.losses().len());
    }
    epochs
}

#[test]
fn each_stops_early_when_it_would_alone() {
    // The whole published training.
    let epochs = compare(&TrainConfig::default(), &three_seeds(200));
    assert!(epochs.iter().all(|&n| n < 400), "{epochs:?}");
    assert!(epochs.iter().any(|&n| n != epochs[0]), "{epochs:?}");
}

#[test]
fn every_other_way_of_training_goes_with_it() {
    let train = TrainConfig {
        epochs: 12,
        steps: 31,
        batch_size: 30,
        accumulate: 2,
        drop_last: false,
        optimizer: Optimizer::AdamW,
        learning_rate: 1e-3,
        weight_decay: 1e-2,
        warm_up: 5,
        decay: Decay::Cosine,
        ema: 0.9,
        ..TrainConfig::default()
    };
    assert_eq!(compare(&train, &three_seeds(100)), [16 - 4; 3]);
    let ramp = TrainConfig {
        ema_ramp: true,
        ..train
    };
    compare(&ramp, &vec![(rows(80, 8, 0.0), 1), (rows(80, 8, 2.0), 1)]);
}

fn short() -> TrainConfig {
    TrainConfig {
        epochs: 6,
        batch_size: 16,
        learning_rate: 1e-3,
        ..TrainConfig::default()
    }
}

#[test]
fn each_is_kept_as_its_own_and_loaded_alone() {
    let folder = tempfile::tempdir().unwrap();
    let count = || folder.path().read_dir().unwrap().count();
    let detector = ddpm(&short(), 3, Some(folder.path()));
    let sets = three_seeds(70);
    let first: Vec<_> = together(&detector, &sets, &Silent)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(count(), 3);
    for kept in folder.path().read_dir().unwrap() {
        let log = std::fs::read_to_string(kept.unwrap().path().join("train.jsonl")).unwrap();
        assert_eq!(log.lines().count(), 6);
    }
    for ((x, seed), first) in sets.iter().zip(&first) {
        let again = detector
            .fit(Input::Rows(x.view()), *seed, &Stops::at(0))
            .unwrap();
        assert_eq!(scores(&*again), scores(&**first));
        assert_eq!(again.losses(), first.losses());
    }
    // Two that are kept, one of them twice, and a new one.
    let more = vec![
        sets[1].clone(),
        sets[0].clone(),
        sets[1].clone(),
        (rows(70, 8, 0.0), 9),
    ];
    let more = together(&detector, &more, &Silent);
    assert_eq!(count(), 4);
    let of = |i: usize| scores(&**more[i].as_ref().unwrap());
    assert_eq!([of(0), of(1), of(2)], [1, 0, 1].map(|i| scores(&*first[i])));
    assert_ne!(of(3), of(0));
}

#[test]
fn a_set_that_is_given_twice_is_trained_once() {
    let folder = tempfile::tempdir().unwrap();
    let set = (rows(70, 8, 0.0), 1);
    let sets = vec![set.clone(), set.clone(), (rows(70, 8, 0.0), 2), set];
    let fitted = together(&ddpm(&short(), 4, Some(folder.path())), &sets, &Silent);
    let scores: Vec<_> = fitted
        .iter()
        .map(|fitted| scores(&**fitted.as_ref().unwrap()))
        .collect();
    assert_eq!([&scores[1], &scores[3]], [&scores[0]; 2]);
    assert_eq!(folder.path().read_dir().unwrap().count(), 2);
}

/// Interrupted when asked for the `left`-th time.
struct Stops(AtomicU64);

impl Stops {
    fn at(left: u64) -> Self {
        Self(AtomicU64::new(left))
    }
}

impl Progress for Stops {
    fn update(&self, _stage: &str, _done: u64, _total: u64, _note: &str) {}

    fn interrupted(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) == 0
    }
}

#[test]
fn an_interruption_ends_all_of_them() {
    let fitted = together(&ddpm(&short(), 3, None), &three_seeds(70), &Stops::at(10));
    assert_eq!(fitted.len(), 3);
    for fitted in fitted {
        assert!(matches!(fitted, Err(DetectorError::Interrupted)));
    }
}

#[test]
fn what_cannot_be_stacked_refuses() {
    let refusal = |config: DiffusionConfig| {
        let error = config.check().unwrap_err();
        assert!(matches!(error, DiffusionError::Setting(_)), "{error:?}");
        error.to_string()
    };
    let with = |train: TrainConfig| config(&train, 4);
    let clip = TrainConfig {
        clip: 1.0,
        ..TrainConfig::default()
    };
    assert_eq!(
        refusal(with(clip)),
        "clip = 1: expected 0 beside replicas: the norm would be that of all of them"
    );
    let sampled = DiffusionConfig {
        step_sampling: StepSampling::LossSecondMoment,
        ..with(TrainConfig::default())
    };
    let weighed = DiffusionConfig {
        min_snr_gamma: 5.0,
        ..with(TrainConfig::default())
    };
    for config in [sampled, weighed] {
        assert!(refusal(config).starts_with("replicas = 4: expected 1: only the networks of"));
    }
    let (runtime, images) = (Runtime::new(Device::Cpu), ImagesConfig::default());
    let config = with(TrainConfig::default());
    let images = DiffusionDetector::over_images(config, images, "test", runtime, |_, _| {
        Err("never built".into())
    });
    assert!(images.is_err());
}
