//! Diffusion detectors that are stored and restored; states that are not whole are refused.

use detector::conformance::check_restored;
use detector::{Detector, DetectorError, Input, Scorer, Silent, State};
use diffusion::{DiffusionConfig, DiffusionDetector, ImagesConfig};
use mlp::{ResidualMlp, ResidualMlpConfig};
use ndarray::{Array2, Array4};
use tch::Device;
use training::Runtime;
use unet::{Unet, UnetConfig};

const SMALL: &str = "steps = 40\ntrain.epochs = 2\ntrain.batch-size = 16\n";

fn of_rows(config: &str) -> DiffusionDetector {
    let config: DiffusionConfig = toml::from_str(&format!("{SMALL}{config}")).unwrap();
    let runtime = Runtime::new(Device::Cpu);
    let size = ResidualMlpConfig {
        d_main: 16,
        d_hidden: 16,
        d_time: 8,
        ..ResidualMlpConfig::default()
    };
    DiffusionDetector::new(config, "mlp", runtime, move |vs, d| {
        Ok(Box::new(ResidualMlp::new(vs, d, &size)?))
    })
    .unwrap()
}

fn of_images(config: &str) -> DiffusionDetector {
    let config: DiffusionConfig = toml::from_str(&format!("{SMALL}{config}")).unwrap();
    let runtime = Runtime::new(Device::Cpu);
    let size = UnetConfig {
        channels: 8,
        multipliers: vec![1, 2],
        blocks: 1,
        attention: vec![],
        groups: 4,
        ..UnetConfig::default()
    };
    let images = ImagesConfig::default();
    DiffusionDetector::over_images(config, images, "unet", runtime, move |vs, shape| {
        Ok(Box::new(Unet::new(vs, shape, &size)?))
    })
    .unwrap()
}

fn rows() -> Array2<f32> {
    Array2::from_shape_fn((40, 6), |(i, j)| ((i * 6 + j) as f32 * 0.7).sin())
}

fn images() -> Array4<u8> {
    Array4::from_shape_fn((20, 1, 8, 8), |(i, _, y, x)| {
        (100 + (i * 7 + y * 5 + x * 3) % 90) as u8
    })
}

#[test]
fn every_rule_scores_the_same_once_it_is_restored() {
    let x = rows();
    for config in [
        "score.start = [10]",
        "score.start = [10]\nscore.walk = 'ancestral'",
        "score.start = [5, 20]\nscore.combine = 'typicality'",
        "score.rule = 'vlb'",
    ] {
        let detector = of_rows(config);
        let scorer = detector.fit(Input::Rows(x.view()), 3, &Silent).unwrap();
        check_restored(&detector, &*scorer, Input::Rows(x.view()))
            .unwrap_or_else(|why| panic!("{config}: {why}"));
    }
}

#[test]
fn images_have_the_same_maps_and_reconstructions() {
    let x = images();
    let input = Input::Images(x.view());
    for config in ["score.start = [10]", "score.rule = 'vlb'"] {
        let detector = of_images(config);
        let scorer = detector.fit(input, 3, &Silent).unwrap();
        check_restored(&detector, &*scorer, input).unwrap_or_else(|why| panic!("{config}: {why}"));
        let restored = detector.restore(&scorer.state().unwrap()).unwrap();
        let shown = |scorer: &dyn Scorer| scorer.reconstructions(input, &Silent).unwrap();
        assert_eq!(shown(&*restored), shown(&*scorer));
        assert_eq!(restored.losses(), scorer.losses());
        assert_eq!(restored.n_params(), scorer.n_params());
        assert_eq!(restored.n_evaluations(), scorer.n_evaluations());
    }
}

/// `state` without one of its arrays.
fn without(state: &State, name: &str) -> State {
    let names = state.array_names().filter(|other| *other != name);
    names.fold(
        State::new(state.kind.clone(), state.version),
        |kept, name| kept.with_stored(name, state.stored(name).unwrap().clone()),
    )
}

#[test]
fn states_that_are_not_whole_are_refused() {
    let x = rows();
    let typical = of_rows("score.start = [5, 20]\nscore.combine = 'typicality'");
    let scorer = typical.fit(Input::Rows(x.view()), 3, &Silent).unwrap();
    let state = scorer.state().unwrap();
    let network = state.part("network").unwrap();
    let variables = network.part("variables").unwrap();
    let first = variables.array_names().next().unwrap().to_owned();
    let with = |variables: State| {
        let network = network.clone().with_part("variables", variables);
        state.clone().with_part("network", network)
    };
    let other_type = vec![1.0f64; 3];
    let hostile = [
        ("a missing variable", with(without(variables, &first))),
        (
            "a variable of another shape",
            with(variables.clone().with_list(&first, &[1.0f32])),
        ),
        (
            "a variable of another type",
            with(variables.clone().with_list(&first, &other_type)),
        ),
        (
            "a variable too many",
            with(variables.clone().with_list("more", &[1.0f32])),
        ),
        ("another width", state.clone().with_value("shape", row(7))),
        ("no columns", state.clone().with_value("shape", row(0))),
        (
            "more columns than memory",
            state.clone().with_value("shape", row(usize::MAX)),
        ),
        (
            "images",
            state
                .clone()
                .with_value("shape", serde_json::json!({"image": [1, 2, 3]})),
        ),
        (
            "reference rows of another width",
            state
                .clone()
                .with_array("reference", &Array2::<f32>::zeros((3, 5))),
        ),
        (
            "no reference rows",
            state
                .clone()
                .with_array("reference", &Array2::<f32>::zeros((0, 6))),
        ),
        (
            "a NaN in the reference",
            state
                .clone()
                .with_array("reference", &Array2::from_elem((3, 6), f32::NAN)),
        ),
        (
            "a seed below 0",
            state
                .clone()
                .with_part("network", network.clone().with_value("seed", -1)),
        ),
    ];
    for (what, state) in hostile {
        let found = typical.restore(&state).map(|_| ());
        assert!(
            matches!(found, Err(DetectorError::State(_))),
            "{what}: {found:?}"
        );
    }
    let other = of_rows("score.start = [5, 21]\nscore.combine = 'typicality'");
    let found = other.restore(&state).map(|_| ()).unwrap_err();
    assert!(found.to_string().contains("settings"), "{found}");
    assert!(of_images("score.start = [10]").restore(&state).is_err());
}

fn row(d: usize) -> serde_json::Value {
    serde_json::json!({ "row": d })
}
