//! The diffusion detector over the residual MLP, on generated rows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use detector::conformance::{Tolerance, check_gradient, check_within};
use detector::{Detector, DetectorError, Input, Progress, Silent};
use diffusion::{DiffusionConfig, DiffusionDetector, DiffusionError};
use diffusion_core::{Denoiser, Prediction, ScoreConfig, ScoreRule, ScoreWalk, StepSampling};
use mlp::{ResidualMlp, ResidualMlpConfig};
use ndarray::{Array2, Axis, s};
use tch::{Device, Kind, Tensor, nn};
use training::{Precision, Runtime, TrainConfig};

fn tiny() -> DiffusionConfig {
    DiffusionConfig {
        steps: 100,
        train: epochs(8),
        score: score(ScoreWalk::MeanOnly),
        ..DiffusionConfig::default()
    }
}

fn score(walk: ScoreWalk) -> ScoreConfig {
    ScoreConfig {
        start: vec![20],
        walk,
        ..ScoreConfig::default()
    }
}

fn epochs(epochs: usize) -> TrainConfig {
    TrainConfig {
        epochs,
        batch_size: 32,
        learning_rate: 1e-3,
        ..TrainConfig::default()
    }
}

fn ddpm(config: DiffusionConfig) -> DiffusionDetector {
    DiffusionDetector::new(config, "test", Runtime::new(Device::Cpu), |vs, d| {
        let config = ResidualMlpConfig {
            d_main: 32,
            d_hidden: 32,
            d_time: 16,
            ..ResidualMlpConfig::default()
        };
        Ok(Box::new(ResidualMlp::new(vs, d, &config)?))
    })
    .unwrap()
}

/// `n` rows of 6 numbers with two strong directions.
fn rows(n: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, 6), |(i, j)| {
        let (a, b) = ((i as f32 * 0.7).sin(), (i as f32 * 1.9).cos());
        a * (j as f32 - 2.5) * 0.5 + b * ((j * j) as f32 * 0.3).cos()
    })
}

fn scores(detector: &DiffusionDetector, seed: u64, x: &Array2<f32>) -> Vec<f64> {
    let scorer = detector
        .fit(Input::Rows(rows(150).view()), seed, &Silent)
        .unwrap();
    scorer
        .score(Input::Rows(x.view()), &Silent)
        .unwrap()
        .to_vec()
}

#[test]
fn it_holds_the_contract() {
    for walk in [ScoreWalk::MeanOnly, ScoreWalk::Ancestral] {
        let detector = ddpm(DiffusionConfig {
            score: score(walk),
            ..tiny()
        });
        let tolerance = Tolerance {
            relative: 1e-5, // matrix products of other sizes round otherwise
            auroc: 0.99,
        };
        check_within(&detector, tolerance).unwrap_or_else(|e| panic!("{walk:?}: {e}"));
    }
}

#[test]
fn every_rule_holds_the_contract() {
    for (rule, relative) in [
        // Matrix products of other sizes round otherwise: about 1e-7 for each evaluation.
        (ScoreRule::Reconstruction, 1e-5),
        (ScoreRule::EpsilonError, 1e-5),
        (ScoreRule::Vlb, 1e-5),
        (ScoreRule::ScoreNorm, 1e-5),
        // A finite difference divides that rounding by its step, 1/128.
        (ScoreRule::Inversion, 2e-5),
    ] {
        let detector = ddpm(DiffusionConfig {
            score: ScoreConfig {
                rule,
                ..score(ScoreWalk::MeanOnly)
            },
            train: epochs(30),
            ..tiny()
        });
        let tolerance = Tolerance {
            relative,
            auroc: 0.99,
        };
        check_within(&detector, tolerance).unwrap_or_else(|e| panic!("{rule:?}: {e}"));
    }
}

#[test]
fn same_seed_same_bytes_and_another_seed_other_scores() {
    for walk in [ScoreWalk::MeanOnly, ScoreWalk::Ancestral] {
        let detector = ddpm(DiffusionConfig {
            score: score(walk),
            ..tiny()
        });
        let x = rows(40);
        let first = scores(&detector, 3, &x);
        tch::manual_seed(99); // what was drawn before must not matter
        assert_eq!(first, scores(&detector, 3, &x));
        assert_ne!(first, scores(&detector, 4, &x));
    }
}

/// A residual MLP that remembers on how many threads it was asked.
#[derive(Debug)]
struct Counting(ResidualMlp, Arc<Mutex<BTreeSet<i32>>>);

impl Denoiser for Counting {
    fn predict(&self, x_t: &Tensor, t: &Tensor, train: bool) -> Prediction {
        self.1.lock().unwrap().insert(tch::get_num_threads());
        self.0.predict(x_t, t, train)
    }
}

#[test]
fn fits_and_scores_run_on_one_thread_whatever_is_set() {
    let config = DiffusionConfig {
        train: epochs(2),
        ..tiny()
    };
    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    let threads = Arc::clone(&asked);
    let detector =
        DiffusionDetector::new(config, "test", Runtime::new(Device::Cpu), move |vs, d| {
            let network = ResidualMlp::new(vs, d, &ResidualMlpConfig::default())?;
            Ok(Box::new(Counting(network, Arc::clone(&threads))))
        });
    tch::set_num_threads(2);
    scores(&detector.unwrap(), 3, &rows(40));
    assert_eq!(*asked.lock().unwrap(), BTreeSet::from([1]));
}

#[test]
fn blocks_do_not_show_in_the_scores() {
    let detector = ddpm(DiffusionConfig {
        train: epochs(2),
        ..tiny()
    });
    let scorer = detector
        .fit(Input::Rows(rows(100).view()), 1, &Silent)
        .unwrap();
    let x = rows(1003); // one block of 1000 and a short one
    let all = scorer.score(Input::Rows(x.view()), &Silent).unwrap();
    for row in [0, 999, 1000, 1002] {
        let alone = x.slice(s![row..row + 1, ..]);
        let alone = scorer.score(Input::Rows(alone), &Silent).unwrap()[0];
        assert!((alone - all[row]).abs() <= 1e-5 * alone, "row {row}");
    }
    assert_eq!(all.len_of(Axis(0)), 1003);
}

#[test]
fn the_walks_differ() {
    let x = rows(40);
    let ancestral = DiffusionConfig {
        score: score(ScoreWalk::Ancestral),
        ..tiny()
    };
    assert_ne!(
        scores(&ddpm(tiny()), 3, &x),
        scores(&ddpm(ancestral), 3, &x)
    );
}

#[test]
fn an_untrained_network_is_reported_and_a_trained_one_is_not() {
    let x = rows(150);
    let warnings = |n| {
        let train = TrainConfig {
            early_stop_after: n,
            ..epochs(n)
        };
        let config = DiffusionConfig { train, ..tiny() };
        let scorer = ddpm(config).fit(Input::Rows(x.view()), 0, &Silent);
        scorer.unwrap().warnings()
    };
    let untrained = warnings(0);
    assert!(
        untrained
            .iter()
            .any(|w| w.contains("training hardly changed")),
        "{untrained:?}"
    );
    assert_eq!(warnings(60), [""; 0]);
}

/// Fits with models kept in `models`; the scores' bits and the number of trained epochs.
fn kept(models: &std::path::Path, config: DiffusionConfig) -> (Vec<u64>, usize) {
    let runtime = Runtime {
        models: Some(models.to_owned()),
        ..Runtime::new(Device::Cpu)
    };
    let ddpm = DiffusionDetector::new(config, "mlp", runtime, |vs, d| {
        Ok(Box::new(ResidualMlp::new(
            vs,
            d,
            &ResidualMlpConfig::default(),
        )?))
    });
    let record = Record::default();
    let x = rows(60);
    let scorer = ddpm
        .unwrap()
        .fit(Input::Rows(x.view()), 0, &record)
        .unwrap();
    let scores = scorer.score(Input::Rows(x.view()), &Silent).unwrap();
    let epochs = record.0.into_inner().unwrap().len();
    (scores.iter().map(|s| s.to_bits()).collect(), epochs)
}

#[test]
fn a_kept_model_is_loaded_for_every_score_and_trained_for_other_settings() {
    let models = tempfile::tempdir().unwrap();
    let (trained, epochs_1) = kept(models.path(), tiny());
    let (loaded, epochs_2) = kept(models.path(), tiny());
    assert_eq!(trained, loaded);
    assert_eq!((epochs_1, epochs_2), (8, 0));
    let ancestral = DiffusionConfig {
        score: score(ScoreWalk::Ancestral),
        ..tiny()
    };
    let (other, epochs_3) = kept(models.path(), ancestral);
    assert_ne!(other, trained);
    assert_eq!(epochs_3, 0);
    let longer = DiffusionConfig {
        train: epochs(9),
        ..tiny()
    };
    assert_eq!(kept(models.path(), longer).1, 9);
}

struct Interrupted;

impl Progress for Interrupted {
    fn update(&self, _stage: &str, _done: u64, _total: u64, _note: &str) {}

    fn interrupted(&self) -> bool {
        true
    }
}

#[test]
fn fit_and_score_stop_when_asked_to() {
    let x = rows(60);
    let error = ddpm(tiny()).fit(Input::Rows(x.view()), 0, &Interrupted);
    assert!(matches!(error.err().unwrap(), DetectorError::Interrupted));
    let scorer = ddpm(tiny()).fit(Input::Rows(x.view()), 0, &Silent).unwrap();
    let error = scorer.score(Input::Rows(x.view()), &Interrupted);
    assert!(matches!(error.err().unwrap(), DetectorError::Interrupted));
}

#[test]
fn bf16_moves_the_scores_a_little() {
    let x = rows(40);
    let exact = scores(&ddpm(tiny()), 3, &x);
    let config = DiffusionConfig {
        train: TrainConfig {
            precision: Precision::Bf16,
            ..epochs(8)
        },
        ..tiny()
    };
    let low = scores(&ddpm(config.clone()), 3, &x);
    assert_ne!(exact, low, "the setting is ignored");
    let relative = |(a, b): (&f64, &f64)| (a - b).abs() / a;
    let worst = exact.iter().zip(&low).map(relative).fold(0.0, f64::max);
    // A product's inputs are off by up to 0.4 % each, over 32 steps of training.
    assert!(worst < 0.1, "{worst}");
    assert_eq!(low, scores(&ddpm(config), 3, &x));
}

#[derive(Default)]
struct Record(Mutex<Vec<(String, u64, u64, String)>>);

impl Progress for Record {
    fn update(&self, stage: &str, done: u64, total: u64, note: &str) {
        let update = (stage.to_owned(), done, total, note.to_owned());
        self.0.lock().unwrap().push(update);
    }
}

#[test]
fn progress_names_the_epoch_and_the_loss() {
    let record = Record::default();
    let x = rows(100);
    let scorer = ddpm(tiny()).fit(Input::Rows(x.view()), 0, &record).unwrap();
    scorer.score(Input::Rows(x.view()), &record).unwrap();
    let updates = record.0.into_inner().unwrap();
    assert_eq!(updates.len(), 9);
    let (stage, done, total, note) = &updates[7];
    assert_eq!((stage.as_str(), *done, *total), ("epochs", 8, 8));
    assert!(
        note.starts_with("loss 0.") || note.starts_with("loss 1."),
        "{note}"
    );
    assert_eq!(updates[8].0, "rows");
    assert_eq!(updates[8].1, 100);
}

#[test]
fn training_lowers_the_loss_and_stops_early() {
    let record = Record::default();
    let config = DiffusionConfig {
        train: TrainConfig {
            early_stop_after: 3,
            early_stop_lag: 1,
            ..epochs(60)
        },
        ..tiny()
    };
    ddpm(config)
        .fit(Input::Rows(rows(200).view()), 0, &record)
        .unwrap();
    let updates = record.0.into_inner().unwrap();
    let losses: Vec<f64> = updates
        .iter()
        .map(|u| u.3["loss ".len().."loss 0.1234".len()].parse().unwrap())
        .collect();
    let n = losses.len();
    assert!(n > 4 && n < 60, "{n} epochs");
    assert!(losses[n - 1] >= losses[n - 2], "stopped without a rise");
    assert!(losses[n - 2] < losses[0]);
}

#[test]
fn few_rows_still_train() {
    let detector = ddpm(tiny());
    let x = rows(5);
    let scorer = detector.fit(Input::Rows(x.view()), 0, &Silent).unwrap();
    assert!(scorer.n_params().unwrap() > 1000);
    let one = x.slice(s![..1, ..]);
    let error = detector.fit(Input::Rows(one), 0, &Silent).err().unwrap();
    assert_eq!(
        error.to_string(),
        "1 training rows, expected at least 2: batch statistics need two"
    );
}

#[test]
fn a_loss_that_is_not_finite_names_the_step() {
    // The first step blows the weights up, the second finds out.
    for step_sampling in [StepSampling::Uniform, StepSampling::LossSecondMoment] {
        let config = DiffusionConfig {
            step_sampling,
            train: TrainConfig {
                learning_rate: 1e30,
                ..epochs(8)
            },
            ..tiny()
        };
        let x = rows(100);
        let error = ddpm(config).fit(Input::Rows(x.view()), 0, &Silent);
        let error = error.err().unwrap().to_string();
        assert!(
            error.contains("at step 1 (epoch 0)"),
            "{step_sampling:?}: {error}"
        );
    }
}

#[test]
fn the_largest_numbers_train_and_score_finitely() {
    let x = rows(100);
    let scorer = ddpm(tiny()).fit(Input::Rows(x.view()), 0, &Silent).unwrap();
    let mut test = rows(3);
    test[[1, 0]] = f32::MAX;
    let scores = scorer.score(Input::Rows(test.view()), &Silent).unwrap();
    assert!(scores.iter().all(|s| s.is_finite()), "{scores}");
    assert!(scores[1] > scores[0] && scores[1] > scores[2], "{scores}");
    let wide = test.mapv(|v| f64::from(v) * 1e200);
    let scores = scorer.score(Input::Rows64(wide.view()), &Silent).unwrap();
    assert!(scores.iter().all(|s| s.is_finite()), "{scores}");
    let x = x * 1e30;
    assert!(ddpm(tiny()).fit(Input::Rows(x.view()), 0, &Silent).is_ok());
}

/// Answers with one column too few.
#[derive(Debug)]
struct Narrow(Tensor);

impl Denoiser for Narrow {
    fn predict(&self, x_t: &Tensor, _t: &Tensor, _train: bool) -> Prediction {
        Prediction::new(x_t.narrow(1, 0, x_t.size()[1] - 1) * &self.0)
    }
}

#[test]
fn what_a_builder_or_network_does_wrong_is_an_error() {
    let refuses = DiffusionDetector::new(tiny(), "test", Runtime::new(Device::Cpu), |_, d| {
        Err(format!("cannot take {d} columns").into())
    });
    let x = rows(10);
    let error = refuses.unwrap().fit(Input::Rows(x.view()), 0, &Silent);
    assert_eq!(
        error.err().unwrap().to_string(),
        "network: cannot take 6 columns"
    );
    let narrow = DiffusionDetector::new(
        tiny(),
        "test",
        Runtime::new(Device::Cpu),
        |vs: &nn::Path, _| Ok(Box::new(Narrow(vs.ones("scale", &[1])))),
    );
    let error = narrow.unwrap().fit(Input::Rows(x.view()), 0, &Silent);
    assert!(
        matches!(error.err().unwrap(), DetectorError::Method(m) if m.to_string().contains("[10, 5]"))
    );
}

#[test]
fn settings_are_checked_when_the_detector_is_made() {
    let build = |config| {
        DiffusionDetector::new(
            config,
            "test",
            Runtime::new(Device::Cpu),
            |vs: &nn::Path, _| Ok(Box::new(Narrow(vs.ones("scale", &[1])))),
        )
    };
    let config = DiffusionConfig {
        score: ScoreConfig {
            start: vec![101],
            ..ScoreConfig::default()
        },
        ..tiny()
    };
    assert!(matches!(
        build(config),
        Err(DiffusionError::Setting(setting)) if setting.name == "start"
    ));
    let config = DiffusionConfig {
        schedule: diffusion_core::ScheduleConfig::Linear {
            first: 0.5,
            last: 1.5,
        },
        ..tiny()
    };
    assert!(matches!(build(config), Err(DiffusionError::Schedule(_))));
}

#[test]
fn an_absent_device_is_an_error() {
    if tch::Cuda::is_available() {
        return; // then device 0 is there
    }
    let detector = DiffusionDetector::new(
        tiny(),
        "test",
        Runtime::new(Device::Cuda(0)),
        |vs: &nn::Path, _| Ok(Box::new(Narrow(vs.ones("scale", &[1])))),
    );
    let x = rows(10);
    let error = detector.unwrap().fit(Input::Rows(x.view()), 0, &Silent);
    let message = error.err().unwrap().to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    assert_eq!(Tensor::from(1.0).kind(), Kind::Double); // libtorch still works
}

#[test]
fn scores_without_noise_have_the_gradient_that_differences_show() {
    let rules = [
        (score(ScoreWalk::MeanOnly), "walk"),
        (
            ScoreConfig {
                evaluations: 5,
                ..score(ScoreWalk::Ddim)
            },
            "ddim",
        ),
        (
            ScoreConfig {
                rule: ScoreRule::ScoreNorm,
                start: vec![10, 40],
                ..ScoreConfig::default()
            },
            "score norm",
        ),
        (
            ScoreConfig {
                rule: ScoreRule::Inversion,
                evaluations: 5,
                draws: 0,
                ..ScoreConfig::default()
            },
            "inversion",
        ),
    ];
    let x = rows(120);
    for (score, name) in rules {
        let config = DiffusionConfig { score, ..tiny() };
        let scorer = ddpm(config).fit(Input::Rows(x.view()), 3, &Silent).unwrap();
        // f32 networks with corners: a step that rounding does not drown crosses a few of them.
        check_gradient(&*scorer, x.slice(s![..7, ..]), 3e-3, 0.05)
            .unwrap_or_else(|why| panic!("{name}: {why}"));
        let before = scorer.score(Input::Rows(x.view()), &Silent).unwrap();
        scorer
            .score_gradient(Input::Rows(x.view()), &Silent)
            .unwrap();
        let after = scorer.score(Input::Rows(x.view()), &Silent).unwrap();
        assert_eq!(before, after, "{name}: a gradient changes no score");
    }
}

#[test]
fn scores_that_draw_noise_have_no_gradient() {
    let x = rows(64);
    let noised = ScoreConfig {
        noised: true,
        ..score(ScoreWalk::MeanOnly)
    };
    for score in [score(ScoreWalk::Ancestral), noised] {
        let config = DiffusionConfig { score, ..tiny() };
        let scorer = ddpm(config).fit(Input::Rows(x.view()), 3, &Silent).unwrap();
        let gradient = scorer.score_gradient(Input::Rows(x.view()), &Silent);
        assert_eq!(gradient.unwrap(), None);
    }
}
