//! The diffusion detector over images: a small U-Net on generated ones.

use detector::conformance::{Tolerance, check_images_within};
use detector::{Detector, DetectorError, Input, Silent};
use diffusion::{DiffusionConfig, DiffusionDetector, ImagesConfig};
use diffusion_core::{Noise, ScheduleConfig, ScoreConfig};
use ndarray::{Array4, Axis, s};
use tch::Device;
use training::{Decay, Optimizer, Runtime, TrainConfig};
use unet::{Unet, UnetConfig};

const SHAPE: [usize; 3] = [1, 12, 16];

fn tiny(score: ScoreConfig) -> DiffusionConfig {
    DiffusionConfig {
        steps: 100,
        schedule: ScheduleConfig::LinearHo {},
        train: TrainConfig {
            epochs: 100,
            steps: 120,
            batch_size: 16,
            optimizer: Optimizer::AdamW,
            learning_rate: 4e-3,
            weight_decay: 0.0,
            warm_up: 10,
            decay: Decay::Cosine,
            early_stop_after: 100,
            ..TrainConfig::default()
        },
        score,
        ..DiffusionConfig::default()
    }
}

fn score(text: &str) -> ScoreConfig {
    toml::from_str(text).unwrap()
}

fn unet(config: DiffusionConfig, images: ImagesConfig, runtime: Runtime) -> DiffusionDetector {
    DiffusionDetector::over_images(config, images, "test", runtime, |vs, image| {
        let config = UnetConfig {
            channels: 8,
            multipliers: vec![1, 2],
            blocks: 1,
            attention: vec![],
            groups: 4,
            ..UnetConfig::default()
        };
        Ok(Box::new(Unet::new(vs, image, &config)?))
    })
    .unwrap()
}

fn cpu() -> Runtime {
    Runtime::new(Device::Cpu)
}

/// Bright rings of changing radius.
fn rings(n: usize) -> Array4<u8> {
    let [c, h, w] = SHAPE;
    Array4::from_shape_fn((n, c, h, w), |(i, _, y, x)| {
        let r = ((y as f64 - 5.5).powi(2) + (x as f64 - 7.5).powi(2)).sqrt();
        let radius = 2.0 + 2.5 * ((i * 37 % 101) as f64 / 100.0);
        (255.0 * (-(r - radius).powi(2)).exp()) as u8
    })
}

#[test]
fn it_holds_the_contract() {
    let images = ImagesConfig {
        flip: true,
        ..ImagesConfig::default()
    };
    let tolerance = Tolerance {
        relative: 1e-4, // f32 convolutions of other batch sizes round otherwise, ten steps of them
        auroc: 0.95,
    };
    let detector = unet(tiny(score("start = [10]")), images, cpu());
    assert_eq!(check_images_within(&detector, SHAPE, tolerance), Ok(()));
}

#[test]
fn simplex_noise_belongs_to_the_image_in_scores_and_maps() {
    let x = rings(24);
    let text = "rule = 'epsilon-error'\nstart = [10, 20]\ndraws = 2";
    let mut config = tiny(score(text));
    config.train.steps = 10;
    let scored = |noise| {
        let images = ImagesConfig {
            noise,
            ..ImagesConfig::default()
        };
        let detector = unet(config.clone(), images, cpu());
        let scorer = detector.fit(Input::Images(x.view()), 3, &Silent).unwrap();
        let of = |x: &Array4<u8>| {
            let scores = scorer.score(Input::Images(x.view()), &Silent).unwrap();
            let maps = scorer.maps(Input::Images(x.view()), &Silent).unwrap();
            (scores.to_vec(), maps.unwrap())
        };
        let (all, maps) = of(&x);
        let (alone, map) = of(&x.slice(s![7..8, .., .., ..]).to_owned());
        // f32 convolutions of other batch sizes round otherwise.
        assert!((alone[0] / all[7] - 1.0).abs() < 1e-4);
        let gap = &map.index_axis(Axis(0), 0) - &maps.index_axis(Axis(0), 7);
        assert!(gap.iter().all(|g| g.abs() < 1e-3));
        assert!(maps.iter().all(|v| v.is_finite()));
        all
    };
    assert_ne!(scored(Noise::Simplex), scored(Noise::Gaussian));
}

#[test]
fn maps_stand_on_one_scale_whatever_is_mapped() {
    let x = rings(40);
    let images = ImagesConfig {
        map_quantile: 0.9,
        ..ImagesConfig::default()
    };
    let config = tiny(score("start = [10]"));
    let scorer = unet(config, images, cpu()).fit(Input::Images(x.view()), 3, &Silent);
    let scorer = scorer.unwrap();
    let maps = |x: &Array4<u8>| {
        let maps = scorer.maps(Input::Images(x.view()), &Silent);
        maps.unwrap().unwrap()
    };
    let normal = maps(&x);
    assert_eq!(normal.dim(), (40, 12, 16));
    let above = normal.iter().filter(|&&v| v > 1.0).count() as f64 / normal.len() as f64;
    assert!(above <= 0.1 && above > 0.09, "{above}"); // the scale comes from these very images

    let mut broken = x.slice(s![..3, .., .., ..]).to_owned();
    broken.slice_mut(s![1, 0, 3, 2..14]).fill(255);
    let found = maps(&broken);
    let largest = |i: usize| found.index_axis(Axis(0), i).fold(0.0f32, |m, &v| m.max(v));
    assert!(largest(1) > 2.0 * largest(0).max(largest(2)));

    let seen = scorer.reconstructions(Input::Images(broken.view()), &Silent);
    let seen = seen.unwrap().unwrap();
    assert_eq!(seen.dim(), broken.dim());
    let gap = |a: &Array4<u8>, b: &Array4<u8>| {
        let gap = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).abs();
        a.iter().zip(b).map(gap).sum::<f64>() / a.len() as f64
    };
    let change = gap(&seen, &broken);
    assert!(change > 0.1 && change < 40.0, "{change}"); // of 255
    assert_eq!(scorer.n_evaluations(), Some(10));
}

#[test]
fn what_is_kept_serves_other_scores_and_maps_but_no_other_training() {
    let models = tempfile::tempdir().unwrap();
    let runtime = Runtime {
        models: Some(models.path().to_owned()),
        ..cpu()
    };
    let folders = || std::fs::read_dir(models.path()).unwrap().count();
    let x = rings(30);
    let mut config = tiny(score("start = [10]"));
    config.train.steps = 3;
    let fit = |config: DiffusionConfig, images: ImagesConfig| {
        let detector = unet(config, images, runtime.clone());
        detector.fit(Input::Images(x.view()), 3, &Silent).unwrap();
        folders()
    };
    let default = ImagesConfig::default;
    assert_eq!(fit(config.clone(), default()), 1);
    let other = DiffusionConfig {
        score: score("start = [3]"),
        ..config.clone()
    };
    let sharper = ImagesConfig {
        map_sigma: 0.0,
        map_quantile: 0.5,
        ..default()
    };
    assert_eq!(fit(other, sharper), 1);
    let simplex = ImagesConfig {
        noise: Noise::Simplex,
        ..default()
    };
    assert_eq!(fit(config.clone(), simplex), 2);
    let flip = ImagesConfig {
        flip: true,
        ..default()
    };
    assert_eq!(fit(config, flip), 3);
}

#[test]
fn images_that_the_network_cannot_take_are_an_error_with_its_reason() {
    let x = Array4::<u8>::zeros((20, 1, 13, 16));
    let detector = unet(tiny(score("start = [10]")), ImagesConfig::default(), cpu());
    let error = detector
        .fit(Input::Images(x.view()), 0, &Silent)
        .err()
        .unwrap();
    assert!(matches!(error, DetectorError::Method(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "network: height = 13: expected a multiple of the down-sampling = 2"
    );
    let one = rings(1);
    let error = detector
        .fit(Input::Images(one.view()), 0, &Silent)
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("1 training rows, expected at least 2")
    );
}

#[test]
fn typicality_is_the_distance_from_the_training_images() {
    let x = rings(40);
    let scorer = |text: &str| {
        let mut config = tiny(score(text));
        config.train.steps = 30;
        let detector = unet(config, ImagesConfig::default(), cpu());
        detector.fit(Input::Images(x.view()), 3, &Silent).unwrap()
    };
    let of = |text: &str, x: &Array4<u8>| {
        let scores = scorer(text).score(Input::Images(x.view()), &Silent);
        scores.unwrap()
    };
    // At one level it is the distance from the mean logarithm, all 40 training images being looked at.
    let one = "rule = 'score-norm'\nstart = [5]";
    let logs = of(one, &x).mapv(f64::ln);
    let (mean, sd) = (logs.mean().unwrap(), logs.std(0.0));
    let found = of(&format!("{one}\ncombine = 'typicality'"), &x);
    for (found, log) in found.iter().zip(&logs) {
        let expected = ((log - mean) / sd).abs() / f64::sqrt(1.001);
        assert!((found - expected).abs() < 1e-3, "{found}, {expected}"); // f32 convolutions
    }
    // Of several levels, too, an image's score is its own.
    let two = "rule = 'score-norm'\nstart = [5, 60]\ncombine = 'typicality'";
    let all = of(two, &x);
    let alone = of(two, &x.slice(s![7..8, .., .., ..]).to_owned());
    assert!((alone[0] / all[7] - 1.0).abs() < 1e-3);
}
