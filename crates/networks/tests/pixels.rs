//! The methods on pixels through the registry.

use detector::conformance::{Tolerance, check_images_within};
use detector::{Detector, DetectorError, Input, Silent};
use ndarray::{Array2, Array4};
use residuum::{Runtime, Takes};

const METHODS: [&str; 3] = ["ddpm-unet", "dit-pixels", "dte-c-conv"];

/// Settings that make each small and quick. Not by typicality: near 0 it is a difference of nearly equal
/// logarithms, and no relative tolerance holds.
fn small(method: &str) -> residuum::Config {
    let mut config = networks::find(method).unwrap().config();
    config
        .set_toml(match method {
            "dte-c-conv" => "channels = [8, 16]\ntrain = { steps = 150, learning-rate = 5e-3 }",
            "dit-pixels" => {
                "network = { depth = 1, width = 32, heads = 2 }\nscore = { start = [100], combine = 'mean', evaluations = 1 }\n\
                 train = { steps = 150, learning-rate = 4e-3, warm-up = 5 }"
            }
            _ => {
                "network = { channels = 8, multipliers = [1, 2], groups = 4 }\n\
                 score = { start = [100], combine = 'mean', evaluations = 1 }\n\
                 train = { steps = 60, learning-rate = 4e-3, warm-up = 5 }"
            }
        })
        .unwrap();
    config
}

fn detector(method: &str, runtime: &Runtime) -> residuum::Pipeline {
    let found = networks::find(method).unwrap();
    found.detector(&small(method), runtime).unwrap()
}

#[test]
fn each_holds_the_contract() {
    for method in METHODS {
        assert_eq!(networks::find(method).unwrap().takes, Takes::Images);
        assert!(!small(method).values().contains_key("rows"));
        let tolerance = Tolerance {
            relative: 1e-4, // f32 convolutions of other batch sizes round otherwise
            auroc: 0.9,
        };
        let detector = detector(method, &Runtime::cpu());
        let found = check_images_within(&detector, [1, 12, 16], tolerance);
        assert_eq!(found, Ok(()), "{method}");
    }
}

#[test]
fn rows_are_an_error_and_images_become_rows_for_the_others() {
    let rows = Array2::<f32>::zeros((5, 144));
    for method in METHODS {
        let error = detector(method, &Runtime::cpu()).fit(Input::Rows(rows.view()), 0, &Silent);
        assert!(
            matches!(error.err(), Some(DetectorError::NotImages)),
            "{method}"
        );
    }
    let images = Array4::from_shape_fn((9, 1, 3, 4), |(n, _, h, w)| (n * 20 + h * 5 + w) as u8);
    let norm = networks::find("norm").unwrap();
    assert!(matches!(norm.takes, Takes::Rows(..)));
    let norm = norm.detector(&norm.config(), &Runtime::cpu()).unwrap();
    let scorer = norm.fit(Input::Images(images.view()), 0, &Silent).unwrap();
    let scores = scorer.score(Input::Images(images.view()), &Silent).unwrap();
    assert_eq!(scores.len(), 9);
    let maps = scorer.maps(Input::Images(images.view()), &Silent).unwrap();
    assert!(maps.is_none());
}

#[test]
fn settings_out_of_range_are_told_before_any_training() {
    for (method, setting, message) in [
        ("ddpm-unet", "images.map-sigma=-1", "map-sigma = -1"),
        ("ddpm-unet", "images.noise=white", "unknown variant `white`"),
        ("dit-pixels", "score.start=[0]", "start = [0]"),
        (
            "dte-c-conv",
            "groups=7",
            "groups = 7: expected a divisor of all channels",
        ),
    ] {
        let found = networks::find(method).unwrap();
        let mut config = found.config();
        config.set_text(setting).unwrap();
        let error = match found.detector(&config, &Runtime::cpu()) {
            Ok(_) => panic!("{setting} passed"),
            Err(error) => error,
        };
        let source = std::error::Error::source(&error).map(ToString::to_string);
        let text = format!("{error}: {}", source.unwrap_or_default());
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn sets_with_the_same_training_images_share_a_trained_network() {
    let models = tempfile::tempdir().unwrap();
    let runtime = Runtime {
        models: Some(models.path().to_owned()),
        ..Runtime::cpu()
    };
    let folders = || std::fs::read_dir(models.path()).unwrap().count();
    let images = |n| {
        Array4::from_shape_fn((n, 1, 8, 8), |(i, _, h, w)| {
            ((i * 7 + h * 13 + w * 29) % 256) as u8
        })
    };
    let mut config = small("ddpm-unet");
    config.set_text("train.steps=2").unwrap();
    let fit = |n: usize, score: &str| {
        let mut config = config.clone();
        config.set_text(score).unwrap();
        let method = networks::find("ddpm-unet").unwrap();
        let detector = method.detector(&config, &runtime).unwrap();
        detector
            .fit(Input::Images(images(n).view()), 1, &Silent)
            .unwrap();
        folders()
    };
    assert_eq!(fit(20, "score.start=[5]"), 1);
    assert_eq!(fit(20, "score.start=[50]"), 1);
    assert_eq!(fit(20, "images.map-sigma=3.0"), 1);
    assert_eq!(fit(21, "score.start=[5]"), 2);
}
