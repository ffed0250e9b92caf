//! The denoiser of feature maps on made-up pictures, on real features. Needs the network's weights, which are
//! downloaded where they are not in the cache.

use std::path::PathBuf;

use detector::conformance::{Tolerance, check_images_within, check_restored};
use detector::{Detector, DetectorError, Input, Silent, State};
use dit::{Dit, DitConfig};
use ndarray::{Array2, Array4, ArrayView4, s};
use patches::{FeatureDdpm, FeatureDdpmConfig, PatchRuntime};
use tch::Device;

fn runtime() -> Option<PatchRuntime> {
    let weights = datasets::cache_folder()?.join("weights");
    match features::lite0_weights(&weights) {
        Ok(_) => Some(PatchRuntime {
            training: training::Runtime::new(Device::Cpu),
            weights: Some(weights),
        }),
        Err(error) if error.is_missing() => {
            skipped::because(error);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn detector(steps: usize, runtime: PatchRuntime) -> FeatureDdpm {
    let mut config = FeatureDdpmConfig::default();
    config.train.steps = steps;
    config.train.warm_up = 5;
    config.features.block = 4;
    config.features.side = 64;
    let size = DitConfig {
        patch: 1,
        depth: 1,
        width: 32,
        heads: 2,
        mlp_ratio: 2,
        learn_variance: false,
    };
    let dit = move |vs: &tch::nn::Path<'_>, map: [usize; 3]| {
        let network = Dit::of_log_sigma(vs, map, &size)?;
        Ok(Box::new(network) as Box<dyn diffusion_core::Denoiser>)
    };
    FeatureDdpm::new(config, "dit", runtime, dit).unwrap()
}

fn pictures(n: usize, [h, w]: [usize; 2]) -> Array4<u8> {
    Array4::from_shape_fn((n, 3, h, w), |(i, c, y, x)| {
        let wave = ((x + i % 3) as f64 / 5.0).sin() + ((y + i % 2) as f64 / 9.0).cos();
        let grain = ((x * 31 + y * 17 + i * 7 + c * 3) % 11) as f64;
        (110.0 + 40.0 * wave + grain + 10.0 * c as f64) as u8
    })
}

#[test]
fn it_conforms() {
    let Some(runtime) = runtime() else { return };
    let exact = Tolerance {
        relative: 0.0,
        ..Tolerance::default()
    };
    let detector = detector(20, runtime);
    assert_eq!(check_images_within(&detector, [3, 32, 32], exact), Ok(()));
}

#[test]
fn maps_that_were_kept_give_the_same_bits() {
    let Some(runtime) = runtime() else { return };
    let dir = tempfile::tempdir().unwrap();
    let keeping = |models: Option<PathBuf>| {
        let mut runtime = runtime.clone();
        runtime.training.models = models;
        runtime
    };
    let images = pictures(40, [32, 32]);
    let scores = |models, steps, train: ArrayView4<'_, u8>| {
        let detector = detector(steps, keeping(models));
        let scorer = detector.fit(Input::Images(train), 3, &Silent).unwrap();
        scorer.score(Input::Images(images.view()), &Silent).unwrap()
    };
    let models = || Some(dir.path().to_owned());
    // Others first: of the second training some images are kept and some are not, in other places of their batches.
    scores(models(), 3, images.slice(s![7..30;2, .., .., ..]));
    let train = images.slice(s![..21, .., .., ..]);
    let expected = scores(None, 5, train);
    assert_eq!(scores(models(), 5, train), expected);
    assert_eq!(scores(models(), 5, train), expected, "all are kept");
    assert!(dir.path().join("maps").is_dir());
}

#[test]
fn images_that_are_no_square_and_a_state_without_a_folder_of_weights() {
    let Some(runtime) = runtime() else { return };
    let alone = PatchRuntime {
        weights: None,
        ..runtime.clone()
    };
    let images = pictures(6, [40, 61]);
    let x = Input::Images(images.view());
    let scorer = detector(2, runtime).fit(x, 3, &Silent).unwrap();
    check_restored(&detector(2, alone.clone()), &*scorer, x).unwrap();
    let maps = scorer.maps(x, &Silent).unwrap().unwrap();
    assert_eq!(maps.dim(), (6, 40, 61));

    // Hostile states: other settings, another shape, rows.
    let state = scorer.state().unwrap();
    let refused = |detector: &FeatureDdpm, state: &State| {
        let refused = detector.restore(state).map(|_| ());
        assert!(
            matches!(refused, Err(DetectorError::State(_))),
            "{refused:?}"
        );
    };
    refused(&detector(3, alone.clone()), &state);
    let with_shape = |shape: serde_json::Value| {
        State::new(&state.kind, state.version)
            .with_config(&state.config)
            .with_value("shape", shape)
            .with_part("features", state.part("features").unwrap().clone())
            .with_part("model", state.part("model").unwrap().clone())
    };
    for shape in [
        serde_json::json!({"image": [3, 40, 200]}),
        serde_json::json!({"image": [3, 0, 0]}),
        serde_json::json!({"image": [1, 1, 1 << 30]}),
        serde_json::json!({"row": 7}),
    ] {
        refused(&detector(2, alone.clone()), &with_shape(shape));
    }
}

#[test]
fn what_is_no_image_of_the_trained_shape_is_refused() {
    let Some(runtime) = runtime() else { return };
    let train = pictures(4, [32, 32]);
    let fit = |x: Input<'_>| {
        let found = detector(2, runtime.clone()).fit(x, 0, &Silent).map(|_| ());
        found.unwrap_err()
    };
    let rows = Array2::<f32>::zeros((4, 3));
    assert!(matches!(
        fit(Input::Rows(rows.view())),
        DetectorError::NotImages
    ));
    let one = fit(Input::Images(train.slice(s![..1, .., .., ..])));
    assert!(one.to_string().contains("1 training images"), "{one}");
    let two = fit(Input::Images(train.slice(s![.., ..2, .., ..])));
    assert!(two.to_string().contains("2 channels"), "{two}");
    let scorer = detector(2, runtime.clone());
    let scorer = scorer.fit(Input::Images(train.view()), 0, &Silent).unwrap();
    let smaller = train.slice(s![.., .., ..16, ..]);
    let error = scorer.score(Input::Images(smaller), &Silent).unwrap_err();
    assert!(matches!(error, DetectorError::Shape { .. }), "{error}");
}
