use std::f64::consts::TAU;

use detector::Silent;
use dit::{Dit, DitConfig};
use tch::{Device, Kind};
use training::Trainable;

use super::*;
use crate::Whitening;

const GRID: usize = 8;
const OPTIONS: (Kind, Device) = (Kind::Float, Device::Cpu);

fn runtime() -> PatchRuntime {
    PatchRuntime {
        training: training::Runtime::new(Device::Cpu),
        weights: None,
    }
}

fn detector(config: MaskedDdpmConfig) -> Result<MaskedDdpm, PatchesError> {
    let size = DitConfig {
        patch: 1,
        depth: 2,
        width: 32,
        heads: 2,
        mlp_ratio: 2,
        learn_variance: false,
    };
    MaskedDdpm::new(config, "dit", runtime(), move |vs, map| {
        Ok(Box::new(Dit::new(vs, map, &size)?))
    })
}

/// Maps of 8 × 8 patches of two numbers, hidden one by one.
fn small(steps: usize) -> MaskedDdpmConfig {
    let mut config = MaskedDdpmConfig::default();
    config.patches.grid = GRID;
    config.patches.components = 2;
    config.mask.block = 1;
    config.train.batch_size = 16;
    config.train.steps = steps;
    config.train.learning_rate = 3e-3;
    config.train.warm_up = 20;
    if steps == 0 {
        config.train.epochs = 0;
    }
    config
}

fn learned(config: MaskedDdpmConfig, patches: &Tensor) -> Trained<MaskedModel> {
    detector(config)
        .unwrap()
        .trained(patches, 4, &Silent)
        .unwrap()
}

/// What `ask` says of the model, without gradients.
fn ask<T>(trained: &Trained<MaskedModel>, ask: impl FnOnce(&MaskedModel) -> T) -> T {
    let session = Session::begin(Device::Cpu).unwrap();
    let _no_grad = tch::no_grad_guard();
    ask(&trained.model(&session))
}

fn distances(trained: &Trained<MaskedModel>, patches: &Tensor) -> Tensor {
    ask(trained, |model| model.score(patches).unwrap())
}

/// Points of a circle, `[n, 64, 2]`, whose angle rises slowly along a direction of the image's own,
/// from an angle of its own: every point of the circle is as likely at every place.
fn gradients(n: i64, seed: i64) -> Tensor {
    tch::manual_seed(seed);
    let place = |i: usize| [(i / GRID) as f32, (i % GRID) as f32];
    let places: Vec<f32> = (0..GRID * GRID).flat_map(place).collect();
    let places = Tensor::from_slice(&places).view([1, 64, 2]);
    let slope = (Tensor::rand([n, 1, 2], OPTIONS) - 0.5) * 0.8;
    let start = Tensor::rand([n, 1], OPTIONS) * TAU;
    let angle = (places * slope).sum_dim_intlist(2, false, Kind::Float) + start;
    points(&angle)
}

fn points(angle: &Tensor) -> Tensor {
    Tensor::stack(&[angle.cos(), angle.sin()], 2)
}

/// Place 27 of each image shows the opposite of what belongs there.
fn out_of_place(x: &Tensor) -> Tensor {
    let x = x.copy();
    let mut at = x.select(1, 27);
    let _ = at.neg_();
    x
}

/// How often the patch out of place is above another, of any image that is as it should be.
fn auroc(normal: &Tensor, out: &Tensor) -> f64 {
    let scores = |x: &Tensor| Vec::<f64>::try_from(x.to_kind(Kind::Double).flatten(0, -1));
    let (low, high) = (scores(normal).unwrap(), scores(&out.select(1, 27)).unwrap());
    let labels: Vec<bool> = (0..low.len() + high.len())
        .map(|i| i >= low.len())
        .collect();
    metrics::auroc(&[low, high].concat(), &labels).unwrap()
}

#[test]
fn what_only_the_surroundings_tell_is_found() {
    let (train, normal) = (gradients(300, 1), gradients(40, 2));
    let out = out_of_place(&normal);
    let found = |steps| {
        let model = learned(small(steps), &train);
        auroc(&distances(&model, &normal), &distances(&model, &out))
    };
    let (untrained, trained) = (found(0), found(250));
    // All points are equally far from the middle of the circle.
    assert!((0.3..0.7).contains(&untrained), "{untrained}");
    assert!(trained > 0.95, "{trained}");
}

#[test]
fn an_untrained_network_ranks_by_length() {
    let x = Tensor::randn([3, 64, 2], OPTIONS) * 3.0;
    let config = MaskedDdpmConfig {
        whitening: Whitening::Pca,
        ..small(0)
    };
    let model = learned(config, &x);
    assert!(!model.warnings().is_empty(), "it learned nothing");
    // x̂_0 = √ᾱ·x_t, and ±e cancel: (1−ᾱ)·|x|.
    let alpha_bar = ask(&model, |model| model.process.schedule().alpha_bars()[250]);
    let length = x.square().sum_dim_intlist(2, false, Kind::Float).sqrt();
    let gap = distances(&model, &x) - length * (1.0 - alpha_bar);
    assert!(gap.abs().max().double_value(&[]) < 1e-5); // f32
}

#[test]
fn the_same_seed_gives_the_same_and_an_image_alone_what_it_gets_among_others() {
    let x = gradients(20, 3);
    let model = learned(small(10), &x);
    let all = distances(&model, &x);
    assert!(all.std(true).double_value(&[]) > 1e-3, "nothing to compare");
    let again = distances(&learned(small(10), &x), &x);
    assert!(all.equal(&again));
    let alone = distances(&model, &x.narrow(0, 7, 1));
    // Whitening multiplies matrices of other sizes.
    let gap = (all.narrow(0, 7, 1) - alone).abs().max();
    assert!(gap.double_value(&[]) < 1e-5);
}

#[test]
fn a_hidden_patch_at_the_noisiest_level_says_nothing_to_its_own_reconstruction() {
    let mut config = small(100);
    config.score.levels = vec![999];
    let x = gradients(20, 3);
    let model = learned(config, &x);
    let predicted = |x: &Tensor| {
        ask(&model, |model| {
            let x = model.as_maps(&model.whitener.whiten(x).unwrap()).unwrap();
            let hidden = model.masks.narrow(0, 0, 1);
            let predicted = model.predict_hidden(&x, &hidden, 999).unwrap() * &hidden;
            predicted.flatten(2, 3).transpose(1, 2) // [1, 64, 2]
        })
    };
    let image = x.narrow(0, 0, 1);
    // The first mask hides the corner and not the patch beside it.
    let [own, other] = [0, 1].map(|place| {
        let changed = image.copy();
        let _ = changed.select(1, place).neg_();
        let gap = (predicted(&changed) - predicted(&image)).abs().max();
        gap.double_value(&[])
    });
    // ᾱ is 2.4e-9 there.
    assert!(own < 1e-3, "{own}");
    assert!(other > 1e-2, "{other}");
}

#[test]
fn what_is_not_given_under_train_stays_the_methods_own() {
    let config: MaskedDdpmConfig = toml::from_str("train.steps = 3").unwrap();
    let own = MaskedDdpmConfig::default();
    assert_eq!(config.train.ema, own.train.ema);
    assert_eq!((config.train.steps, config.steps), (3, own.steps));
}

#[test]
fn settings_out_of_range_are_named() {
    for (text, message) in [
        ("steps = 1", "steps = 1: expected 2 to 1000000"),
        ("shrinkage = 1.5", "shrinkage = 1.5: expected 0 to 1"),
        (
            "mask.block = 17",
            "mask.block = 17: expected at least 1, and two squares along the grid",
        ),
        (
            "mask.parts = 9",
            "mask.parts = 9: expected at least 2, at most the squares along the grid",
        ),
        (
            "score.draws = 3",
            "score.draws = 3: expected an even number above 0",
        ),
        (
            "patches.blocks = [16]",
            "patches.blocks = [16]: expected numbers from 0 to 15",
        ),
        (
            "map.smoothing = -1.0",
            "map.smoothing = -1: expected 0 to 256 pixels",
        ),
    ] {
        let config: MaskedDdpmConfig = toml::from_str(text).unwrap();
        let error = detector(config).unwrap_err();
        assert_eq!(DetectorError::from(error).to_string(), message);
    }
    detector(MaskedDdpmConfig::default()).unwrap();
}

#[test]
fn a_network_that_cannot_be_built_is_an_error_before_features() {
    let refuse = |_: &nn::Path<'_>, map: [usize; 3]| -> Network { Err(format!("{map:?}").into()) };
    let detector = MaskedDdpm::new(small(1), "none", runtime(), refuse).unwrap();
    let images = ndarray::Array4::<u8>::zeros((3, 3, 32, 32));
    let error = detector
        .fit(Input::Images(images.view()), 0, &Silent)
        .map(|_| ());
    assert_eq!(error.unwrap_err().to_string(), "network: [3, 8, 8]");
}
