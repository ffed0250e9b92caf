use detector::Silent;
use dit::{Dit, DitConfig};
use tch::{Device, Kind};
use training::{Trainable, TrainingObjective};

use super::*;

const OPTIONS: (Kind, Device) = (Kind::Float, Device::Cpu);
const K: i64 = 24; // channels of block 2

fn runtime() -> PatchRuntime {
    PatchRuntime {
        training: training::Runtime::new(Device::Cpu),
        weights: None,
    }
}

fn detector(config: FeatureDdpmConfig) -> Result<FeatureDdpm, PatchesError> {
    let size = DitConfig {
        patch: 1,
        depth: 2,
        width: 32,
        heads: 2,
        mlp_ratio: 2,
        learn_variance: false,
    };
    FeatureDdpm::new(config, "dit", runtime(), move |vs, map| {
        Ok(Box::new(Dit::of_log_sigma(vs, map, &size)?))
    })
}

fn small(steps: usize) -> FeatureDdpmConfig {
    let mut config = FeatureDdpmConfig::default();
    config.features.block = 2;
    config.train.steps = steps;
    config.train.warm_up = 5;
    if steps == 0 {
        config.train.epochs = 0;
    }
    config
}

fn learned(config: FeatureDdpmConfig, maps: &Tensor) -> Trained<FeatureModel> {
    let detector = detector(config).unwrap();
    detector.trained(maps.copy(), 4, &Silent).unwrap()
}

/// What `ask` says of the model, without gradients.
fn ask<T>(trained: &Trained<FeatureModel>, ask: impl FnOnce(&mut FeatureModel) -> T) -> T {
    let session = Session::begin(Device::Cpu).unwrap();
    let _no_grad = tch::no_grad_guard();
    ask(&mut trained.model(&session))
}

fn residuals(trained: &Trained<FeatureModel>, maps: &Tensor) -> Tensor {
    ask(trained, |model| model.score(maps).unwrap())
}

/// Maps whose tokens depend on each other: a sum of few directions, in a row by neighbours.
fn maps(n: i64, seed: i64) -> Tensor {
    tch::manual_seed(seed);
    let own = Tensor::randn([n, 6, 1, 1], OPTIONS);
    let places = Tensor::randn([n, 6, 4, 5], OPTIONS) * 0.1;
    tch::manual_seed(0);
    let directions = Tensor::randn([6, K], OPTIONS);
    let tokens = (own + places).permute([0, 2, 3, 1]).matmul(&directions);
    (tokens + 1.0).permute([0, 3, 1, 2]).contiguous()
}

#[test]
fn untrained_it_is_the_linear_denoiser_of_tokens() {
    let train = maps(30, 1);
    // Also where training tokens hardly vary.
    let test = maps(3, 2) + Tensor::randn([3, K, 4, 5], OPTIONS) * 0.1;
    let model = learned(small(0), &train);
    assert!(!model.warnings().is_empty(), "it learned nothing");
    let found = residuals(&model, &test);
    assert_eq!(found.size(), [3, 4, 5]);

    // |x − Σ(Σ + σ²)⁻¹x|² in f64, by inverting the covariance with its least variance added where it is below.
    let tokens = |maps: &Tensor| {
        maps.to_kind(Kind::Double)
            .permute([0, 2, 3, 1])
            .reshape([-1, K])
    };
    let (x, y) = (tokens(&train), tokens(&test));
    let mean = x.mean_dim(0, true, Kind::Double);
    let centred = &x - &mean;
    let covariance = centred.tr().matmul(&centred) / x.size()[0] as f64;
    let scale = covariance.trace() / K as f64;
    let (values, vectors) = (&covariance / &scale).linalg_eigh("L");
    let clamped = vectors
        .matmul(&values.clamp_min(1e-4).diag(0))
        .matmul(&vectors.tr());
    let eye = Tensor::eye(K, (Kind::Double, Device::Cpu));
    let gain = clamped.matmul(&(&clamped + &eye * 4.0).inverse());
    let z = (&y - &mean) / scale.sqrt();
    let rest = &z - z.matmul(&gain.tr());
    let expected = rest
        .square()
        .sum_dim_intlist(1, false, Kind::Double)
        .view([3, 4, 5]);
    let relative = ((&found - &expected) / &expected)
        .abs()
        .max()
        .double_value(&[]);
    assert!(relative < 1e-5, "{relative}"); // f32
}

#[test]
fn training_lowers_the_loss_and_moves_scores() {
    let (train, test) = (maps(60, 1), maps(40, 2));
    let loss = |model: &Trained<FeatureModel>| {
        ask(model, |model| {
            let x = model.basis.rotate(&test).unwrap();
            tch::manual_seed(5);
            model.loss(&x).unwrap().double_value(&[])
        })
    };
    // A token tells of the others of its map: what the linear denoiser of single tokens does not see.
    let mut config = small(150);
    config.train.learning_rate = 3e-3;
    let (before, after) = (learned(small(0), &train), learned(config, &train));
    let (high, low) = (loss(&before), loss(&after));
    assert!(low < 0.9 * high, "{low} after {high}");
    assert!(after.warnings().is_empty(), "{:?}", after.warnings());
    let gap = residuals(&after, &test) / residuals(&before, &test) - 1.0;
    assert!(gap.abs().max().double_value(&[]) > 0.01);
}

/// The loss of an untrained network is 1 in expectation for tokens of the fitted Gaussian: what is left of `x` has
/// the variance `b²`, which the weights divide by their mean.
#[test]
fn an_untrained_loss_is_one_on_gaussian_tokens() {
    tch::manual_seed(3);
    let maps = Tensor::randn([400, K, 4, 5], OPTIONS)
        * Tensor::linspace(0.1, 2.0, K, OPTIONS).view([1, K, 1, 1]);
    let model = learned(small(0), &maps);
    let loss = ask(&model, |model| {
        let x = model.basis.rotate(&maps).unwrap();
        model.loss(&x).unwrap().double_value(&[])
    });
    assert!((loss - 1.0).abs() < 0.02, "{loss}");
}

#[test]
fn the_same_seed_gives_the_same_and_a_map_alone_what_it_gets_among_others() {
    let x = maps(20, 3);
    let model = learned(small(10), &x);
    let all = residuals(&model, &x);
    assert!(all.equal(&residuals(&learned(small(10), &x), &x)));
    assert!(
        all.narrow(0, 7, 1)
            .equal(&residuals(&model, &x.narrow(0, 7, 1)))
    );
}

#[test]
fn maps_that_are_all_alike_give_finite_scores() {
    let alike = Tensor::full([4, K, 2, 2], 0.2, OPTIONS);
    let model = learned(small(3), &alike);
    let found = residuals(&model, &Tensor::randn([2, K, 2, 2], OPTIONS));
    assert!(found.isfinite().all().int64_value(&[]) == 1);
    assert!(residuals(&model, &alike).isfinite().all().int64_value(&[]) == 1);
}

#[test]
fn what_is_not_given_under_train_stays_the_methods_own() {
    let config: FeatureDdpmConfig = toml::from_str("train.steps = 3").unwrap();
    let own = FeatureDdpmConfig::default();
    assert_eq!(config.train.ema_ramp, own.train.ema_ramp);
    assert_eq!((config.train.steps, config.sigmas), (3, own.sigmas));
    let config: FeatureDdpmConfig = toml::from_str("train.ema-ramp = false").unwrap();
    assert!(!config.train.ema_ramp);
}

#[test]
fn settings_out_of_range_are_named() {
    for (text, message) in [
        (
            "features.block = 16",
            "features.block = 16: expected 0 to 15",
        ),
        (
            "features.side = 5000",
            "features.side = 5000: expected 0 to 4096",
        ),
        (
            "sigmas = [2.0, 1.0]",
            "sigmas = [2.0, 1.0]: expected two numbers above 0 that do not fall, 1000000 at most",
        ),
        (
            "sigmas = [nan, 1.0]",
            "sigmas = [NaN, 1.0]: expected two numbers above 0 that do not fall, 1000000 at most",
        ),
        (
            "score.sigma = 0.0",
            "score.sigma = 0: expected a finite number above 0",
        ),
        (
            "train.batch-size = 1",
            "batch-size = 1: expected at least 2, batch statistics need two rows",
        ),
    ] {
        let config: FeatureDdpmConfig = toml::from_str(text).unwrap();
        let error = detector(config).unwrap_err();
        assert_eq!(DetectorError::from(error).to_string(), message);
    }
    assert!(toml::from_str::<FeatureDdpmConfig>("sigmas = [1.0]").is_err());
    assert!(toml::from_str::<FeatureDdpmConfig>("blocks = [1]").is_err());
    detector(FeatureDdpmConfig::default()).unwrap();
}
