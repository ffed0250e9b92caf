//! The detectors on made-up pictures, on real features. Needs the network's weights, which are
//! downloaded where they are not in the cache.

use detector::conformance::check_restored;
use detector::{Detector, DetectorError, Input, Scorer, Silent, State};
use diffusion_core::Denoiser;
use dit::{Dit, DitConfig};
use ndarray::{Array2, Array3, Array4, Axis, s};
use patches::{
    MaskedDdpm, MaskedDdpmConfig, Padim, PadimConfig, PatchConfig, PatchDdpm, PatchDdpmConfig,
    PatchKnn, PatchKnnConfig, PatchRuntime, PatchWiener, PatchWienerConfig, Subset, Whitening,
};
use serde_json::Value;
use tch::Device;

const SIDE: usize = 64;
/// Rows and columns of the defect.
const DEFECT: [std::ops::Range<usize>; 2] = [40..52, 12..24];

/// Stripes that move a little from image to image.
fn pictures(n: usize, first: usize) -> Array4<u8> {
    Array4::from_shape_fn((n, 3, SIDE, SIDE), |(i, c, y, x)| {
        let i = i + first;
        let wave = ((x + i % 3) as f64 / 5.0).sin() + ((y + i % 2) as f64 / 9.0).cos();
        let grain = ((x * 31 + y * 17 + i * 7 + c * 3) % 11) as f64;
        (110.0 + 40.0 * wave + grain + 10.0 * c as f64) as u8
    })
}

fn defective(n: usize) -> Array4<u8> {
    let mut images = pictures(n, 50);
    let [rows, columns] = DEFECT;
    let mut spot = images.slice_mut(s![.., .., rows, columns]);
    spot.mapv_inplace(|v| 255 - v);
    images
}

fn runtime() -> Option<PatchRuntime> {
    let weights = datasets::cache_folder()?.join("weights");
    match features::lite0_weights(&weights) {
        Ok(_) => Some(PatchRuntime {
            training: training::Runtime::new(Device::cuda_if_available()),
            weights: Some(weights),
        }),
        Err(error) if error.is_missing() => {
            skipped::because(error);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Small enough for seconds.
fn patches() -> PatchConfig {
    PatchConfig {
        blocks: vec![2, 4],
        grid: 8,
        components: 12,
        sample: 400,
    }
}

fn detectors(runtime: &PatchRuntime) -> Vec<(&'static str, Box<dyn Detector>)> {
    let runtime = || runtime.clone();
    let padim = PadimConfig {
        patches: patches(),
        ..PadimConfig::default()
    };
    let knn = |subset| PatchKnnConfig {
        share: 0.2,
        subset,
        patches: patches(),
        ..PatchKnnConfig::default()
    };
    let wiener = PatchWienerConfig {
        patches: patches(),
        ..PatchWienerConfig::default()
    };
    let ddpm = |whitening| {
        let mut config = PatchDdpmConfig {
            whitening,
            patches: patches(),
            ..PatchDdpmConfig::default()
        };
        config.train.steps = 30;
        config.train.warm_up = 5;
        config.network.width = 32;
        config.network.hidden = 32;
        config
    };
    let masked = || {
        let mut config = MaskedDdpmConfig {
            patches: patches(),
            ..MaskedDdpmConfig::default()
        };
        config.mask.block = 1;
        config.train.steps = 30;
        config.train.warm_up = 5;
        config
    };
    let size = DitConfig {
        patch: 1,
        depth: 1,
        width: 32,
        heads: 2,
        mlp_ratio: 2,
        learn_variance: false,
    };
    let dit = move |vs: &tch::nn::Path<'_>, map: [usize; 3]| {
        let network = Dit::new(vs, map, &size)?;
        Ok(Box::new(network) as Box<dyn Denoiser>)
    };
    vec![
        ("padim", Box::new(Padim::new(padim, runtime()).unwrap())),
        (
            "random",
            Box::new(PatchKnn::new(knn(Subset::Random), runtime()).unwrap()),
        ),
        (
            "coreset",
            Box::new(PatchKnn::new(knn(Subset::Coreset), runtime()).unwrap()),
        ),
        (
            "wiener",
            Box::new(PatchWiener::new(wiener, runtime()).unwrap()),
        ),
        (
            "pca",
            Box::new(PatchDdpm::new(ddpm(Whitening::Pca), runtime()).unwrap()),
        ),
        (
            "position",
            Box::new(PatchDdpm::new(ddpm(Whitening::Position), runtime()).unwrap()),
        ),
        (
            "masked",
            Box::new(MaskedDdpm::new(masked(), "dit", runtime(), dit).unwrap()),
        ),
    ]
}

fn score(scorer: &dyn Scorer, images: &Array4<u8>) -> Vec<f64> {
    let scores = scorer.score(Input::Images(images.view()), &Silent).unwrap();
    scores.to_vec()
}

fn maps(scorer: &dyn Scorer, images: &Array4<u8>) -> Array3<f32> {
    let maps = scorer.maps(Input::Images(images.view()), &Silent).unwrap();
    maps.unwrap()
}

#[test]
fn defects_are_found_and_shown() {
    let Some(runtime) = runtime() else { return };
    let (train, normal, defective) = (pictures(24, 0), pictures(4, 30), defective(3));
    for (name, detector) in detectors(&runtime) {
        let fit = || {
            detector
                .fit(Input::Images(train.view()), 3, &Silent)
                .unwrap()
        };
        let scorer = fit();
        let (low, high) = (score(&*scorer, &normal), score(&*scorer, &defective));
        let largest = low.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!(
            high.iter().all(|&s| s > largest),
            "{name}: {high:?} against {low:?}"
        );

        let shown = maps(&*scorer, &defective);
        assert_eq!(shown.dim(), (3, SIDE, SIDE));
        let [rows, columns] = DEFECT;
        for (map, &score) in shown.outer_iter().zip(&high) {
            let largest = map
                .indexed_iter()
                .max_by(|a, b| a.1.total_cmp(b.1))
                .unwrap();
            let ((y, x), &value) = largest;
            assert_eq!(
                f64::from(value),
                score,
                "{name}: the score is the map's largest value"
            );
            // Within the defect or half a patch beside it.
            let near = |at: usize, range: &std::ops::Range<usize>| {
                at + 4 >= range.start && at < range.end + 4
            };
            assert!(
                near(y, &rows) && near(x, &columns),
                "{name}: largest at {y}, {x}"
            );
        }

        let input = Input::Images(defective.view());
        let terms = scorer.contributions(input, &Silent).unwrap().unwrap();
        assert_eq!(terms.values.dim(), (3, 64));
        for (terms, score) in terms.values.outer_iter().zip(&high) {
            assert!((terms.sum() - score).abs() < 1e-4 * score, "{name}");
        }

        check_restored(&*detector, &*scorer, Input::Images(defective.view()))
            .unwrap_or_else(|why| panic!("{name}: {why}"));
        if name != "padim" {
            let (_, padim) = detectors(&runtime).swap_remove(0);
            let refused = padim.restore(&scorer.state().unwrap()).map(|_| ());
            assert!(matches!(refused, Err(DetectorError::State(_))), "{name}");
        }

        assert_eq!(score(&*fit(), &defective), high, "{name}: the same seed");
        for (i, &among) in high.iter().enumerate() {
            let alone = defective.slice(s![i..i + 1, .., .., ..]).to_owned();
            let alone = score(&*scorer, &alone)[0];
            assert!(
                (alone - among).abs() < 1e-4 * among,
                "{name}: {alone} for {among}"
            );
        }
        assert_eq!(
            scorer.n_params().is_some(),
            ["pca", "position", "masked"].contains(&name)
        );
    }
}

/// The state as it was before it held the network's weights.
fn without_weights(state: &State) -> State {
    let space = state.part("space").unwrap();
    let old = State::new(&space.kind, space.version)
        .with_value("weights", space.value::<String>("weights").unwrap())
        .with_list("mean", &space.list::<f32>("mean").unwrap())
        .with_list("basis", &space.list::<f32>("basis").unwrap());
    State::new(&state.kind, state.version)
        .with_config(&state.config)
        .with_value("shape", state.value::<Value>("shape").unwrap())
        .with_part("space", old)
        .with_part("model", state.part("model").unwrap().clone())
}

#[test]
fn a_state_needs_no_file_of_weights_and_an_older_one_finds_it() {
    let Some(runtime) = runtime() else { return };
    let alone = PatchRuntime {
        weights: None,
        ..runtime.clone()
    };
    let (train, test) = (pictures(6, 0), pictures(2, 30));
    let mut without = detectors(&alone);
    for (name, detector) in detectors(&runtime) {
        let scorer = detector
            .fit(Input::Images(train.view()), 3, &Silent)
            .unwrap();
        let expected = score(&*scorer, &test);
        let state = scorer.state().unwrap();
        let (_, alone) = without.remove(0);
        let restored = alone.restore(&state).unwrap();
        assert_eq!(score(&*restored, &test), expected, "{name}");

        let old = without_weights(&state);
        let restored = detector.restore(&old).unwrap();
        assert_eq!(score(&*restored, &test), expected, "{name}");
        assert_eq!(restored.state().unwrap(), state, "{name}");
        let refused = alone.restore(&old).map(|_| ());
        let missing = matches!(refused, Err(DetectorError::Missing { .. }));
        assert!(missing, "{name}: {refused:?}");
    }
}

#[test]
fn what_is_no_image_of_the_trained_shape_is_refused() {
    let Some(runtime) = runtime() else { return };
    let train = pictures(4, 0);
    for (name, detector) in detectors(&runtime) {
        let rows = Array2::<f32>::zeros((4, 3));
        let error = detector
            .fit(Input::Rows(rows.view()), 0, &Silent)
            .map(|_| ());
        assert!(
            matches!(error, Err(DetectorError::NotImages)),
            "{name}: {error:?}"
        );
        let one = train.slice(s![..1, .., .., ..]);
        let error = detector.fit(Input::Images(one), 0, &Silent).map(|_| ());
        assert!(
            error.unwrap_err().to_string().contains("1 training images"),
            "{name}"
        );
        let two = train.select(Axis(1), &[0, 1]);
        let error = detector
            .fit(Input::Images(two.view()), 0, &Silent)
            .map(|_| ());
        assert!(
            error.unwrap_err().to_string().contains("2 channels"),
            "{name}"
        );
    }
    let (_, padim) = detectors(&runtime).swap_remove(0);
    let scorer = padim.fit(Input::Images(train.view()), 0, &Silent).unwrap();
    let smaller = train.slice(s![.., .., ..32, ..]);
    let error = scorer.score(Input::Images(smaller), &Silent).unwrap_err();
    assert!(matches!(error, DetectorError::Shape { .. }), "{error}");
}

#[test]
fn the_untrained_network_ranks_as_padim() {
    let Some(runtime) = runtime() else { return };
    let (train, test) = (pictures(24, 0), defective(3));
    let mut config = PatchDdpmConfig {
        patches: patches(),
        ..PatchDdpmConfig::default()
    };
    config.train.epochs = 0;
    config.map.smoothing = 0.0;
    let mut padim = PadimConfig {
        patches: patches(),
        ..PadimConfig::default()
    };
    padim.map.smoothing = 0.0;
    let fit = |detector: &dyn Detector| {
        detector
            .fit(Input::Images(train.view()), 1, &Silent)
            .unwrap()
    };
    let untrained = fit(&PatchDdpm::new(config, runtime.clone()).unwrap());
    let padim = fit(&Padim::new(padim, runtime).unwrap());
    assert!(
        untrained.warnings().iter().any(|w| !w.is_empty()),
        "it learned nothing"
    );
    // Patches where nothing is interpolated: a map's rank order is PaDiM's there, up to rounding.
    let (a, b) = (score(&*untrained, &test), score(&*padim, &test));
    let rank = |scores: &[f64]| {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&i, &j| scores[i].total_cmp(&scores[j]));
        order
    };
    assert_eq!(rank(&a), rank(&b));
}

#[test]
fn defaults_as_toml() {
    let text = toml::to_string(&PatchDdpmConfig::default()).unwrap();
    let expected = "\
whitening = \"position\"
shrinkage = 0.1
steps = 1000
places = 32

[schedule]
kind = \"cosine\"

[patches]
blocks = [2, 4, 10]
grid = 32
components = 128
sample = 60000

[network]
width = 192
hidden = 384
depth = 3

[train]
";
    assert!(text.starts_with(expected), "{text}");
    let end = "[score]\nlevels = [250]\ndraws = 4\n\n[map]\nsmoothing = 4.0\n";
    assert!(text.ends_with(end), "{text}");

    let text = toml::to_string(&MaskedDdpmConfig::default()).unwrap();
    let expected = "\
whitening = \"position\"
shrinkage = 0.1
steps = 1000

[schedule]
kind = \"cosine\"

[mask]
block = 4
parts = 2

[patches]
";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.ends_with(end), "{text}");
}
