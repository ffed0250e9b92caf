use tch::{Device, Kind, Tensor};

use super::*;
use crate::toy::{Counting, Gaussian, Wave};
use crate::{Schedule, Walk, even_steps};

const STEPS: usize = 60;

fn process() -> Process {
    Process::new(Schedule::linear(STEPS, 1e-3, 0.2).unwrap(), Device::Cpu).unwrap()
}

fn score(text: &str, process: &Process, denoiser: &dyn Denoiser, x: &Tensor) -> Vec<f64> {
    let config: ScoreConfig = toml::from_str(text).unwrap();
    let scoring = Scoring::new(config, process.steps()).unwrap();
    let mut noise = RowNoise::new(x, 11).unwrap();
    let scores = scoring.score(process, denoiser, x, &mut noise).unwrap();
    assert_eq!(scores.kind(), Kind::Double);
    Vec::try_from(scores).unwrap()
}

/// Settings of every rule, and of what changes their cost.
const RULES: [&str; 17] = [
    "start = [25]",
    "start = [25, 60, 1]",
    "start = [25]\ndraws = 3", // nothing is drawn
    "start = [25]\nnoised = true\ndraws = 3",
    "start = [25, 7]\nwalk = 'ancestral'\ndraws = 2",
    "start = [25, 7]\nevaluations = 5\nerror = 'l1'",
    "start = [25, 7]\nevaluations = 1\nwalk = 'ddim'\ndraws = 2",
    "start = [60]\nevaluations = 10\nwalk = 'ddim'\neta = 0.5\ndraws = 2",
    "start = [25]\nevaluations = 10\npath = 'full'",
    "rule = 'epsilon-error'\nstart = [25, 3]\ndraws = 4\nerror = 'l1'",
    "rule = 'vlb'",
    "rule = 'vlb'\nevaluations = 7\ndraws = 2",
    "rule = 'score-norm'\nstart = [25, 3]\ndraws = 4",
    "rule = 'score-norm'\nstart = [25, 3]\ndraws = 4\nnoised = true",
    "rule = 'inversion'",
    "rule = 'inversion'\nevaluations = 8\ndraws = 3",
    "rule = 'inversion'\nevaluations = 8\ndraws = 0",
];

#[test]
fn costs_are_as_announced() {
    let x = Tensor::from_slice(&[0.3f32, -1.5, 2.0, 0.7, 0.1, -0.2]).view([2, 3]);
    for text in RULES {
        let counting = Counting::default();
        score(text, &process(), &counting, &x);
        let config: ScoreConfig = toml::from_str(text).unwrap();
        assert_eq!(counting.0.get(), config.n_evaluations(STEPS), "{text}");
    }
}

#[test]
fn a_row_alone_scores_as_in_the_batch() {
    tch::manual_seed(2);
    // Wide enough for several blocks.
    let x = Tensor::randn([5, 15, 20], (Kind::Float, Device::Cpu));
    for text in RULES {
        let all = score(text, &process(), &Wave, &x);
        assert_eq!(all.len(), 5);
        for i in [0, 4] {
            let alone = score(text, &process(), &Wave, &x.narrow(0, i, 1))[0];
            let together = all[i as usize];
            // f32 kernels may take another path for another length.
            let gap = (alone - together).abs();
            assert!(gap <= 1e-5 * together.abs(), "{text}: {alone} {together}");
        }
    }
    assert!(block_rows(&x) < 5);
}

#[test]
fn a_reconstruction_is_the_walks_error() {
    let x = Tensor::from_slice(&[0.3f32, -1.5, 2.0, 0.7]).view([2, 2]);
    let process = process();
    let error = |end: &Tensor| {
        Vec::<f64>::try_from((end - &x).square().mean_dim(1, false, Kind::Double)).unwrap()
    };
    let close = |a: &[f64], b: &[f64]| {
        let gap = a
            .iter()
            .zip(b)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(gap < 1e-5, "{a:?} {b:?}"); // f32 walks
    };
    let walk = |start| process.walk_mean_only(&Wave, &x, start).unwrap();
    let (at_25, at_7) = (error(&walk(25)), error(&walk(7)));
    close(&score("start = [25]", &process, &Wave, &x), &at_25);
    let mean: Vec<f64> = at_25
        .iter()
        .zip(&at_7)
        .map(|(a, b)| 0.5 * (a + b))
        .collect();
    close(&score("start = [25, 7]", &process, &Wave, &x), &mean);

    // By hand: the row noised by its own stream, five DDIM steps.
    let mut noise = RowNoise::new(&x, 11).unwrap();
    let eps = noise.draw().unwrap();
    let t = Tensor::from_slice(&[24i64, 24]);
    let x_t = process.q_sample(&x, &t, &eps).unwrap();
    let end = process
        .respaced(&even_steps(25, 5))
        .unwrap()
        .walk(&Wave, &x_t, 5, Walk::Ddim { eta: 0.7 }, &mut |_| {
            noise.draw()
        })
        .unwrap();
    let text = "start = [25]\nnoised = true\nwalk = 'ddim'\neta = 0.7\nevaluations = 5";
    close(&score(text, &process, &Wave, &x), &error(&end));

    // One step: the whole path is its end.
    let last = score("start = [1]", &process, &Wave, &x);
    close(
        &score("start = [1]\npath = 'full'", &process, &Wave, &x),
        &last,
    );
}

#[test]
fn the_best_denoiser_leaves_the_known_error_of_epsilon() {
    // E‖ε − ε̂‖² = ᾱ·sd²/(ᾱ·sd² + 1 − ᾱ) for rows from N(0, sd²).
    tch::manual_seed(0);
    let process = process();
    let data = Gaussian::new(0.0, 0.5, process.schedule());
    let x = Tensor::randn([40, 500], (Kind::Float, Device::Cpu)) * 0.5;
    let scores = score(
        "rule = 'epsilon-error'\nstart = [20]\ndraws = 5",
        &process,
        &data,
        &x,
    );
    let mean = scores.iter().sum::<f64>() / 40.0;
    let signal = 0.25 * process.schedule().alpha_bars()[19];
    let expected = signal / (signal + 1.0 - process.schedule().alpha_bars()[19]);
    // 20,000 rows' numbers, each of variance about 2·expected², disturbed five times.
    assert!(
        (mean - expected).abs() < 0.05 * expected,
        "{mean} {expected}"
    );
}

#[test]
fn the_score_of_a_gaussian_is_known() {
    // ∇ ln p_t(x) = −(x − √ᾱ·mean)/(ᾱ·sd² + 1 − ᾱ)
    let process = process();
    let data = Gaussian::new(3.0, 0.5, process.schedule());
    let x = Tensor::from_slice(&[1.0f32, 4.0, 0.5, -2.0]).view([2, 1, 2]);
    let found = score("rule = 'score-norm'\nstart = [10]", &process, &data, &x);
    let bar = process.schedule().alpha_bars()[9];
    let norm = |a: f64, b: f64| {
        (a - bar.sqrt() * 3.0).hypot(b - bar.sqrt() * 3.0) / (bar * 0.25 + 1.0 - bar)
    };
    for (found, expected) in found.iter().zip([norm(1.0, 4.0), norm(0.5, -2.0)]) {
        assert!(
            (found - expected).abs() < 1e-5 * expected,
            "{found} {expected}"
        );
    }
}

#[test]
fn the_bound_of_all_levels_is_the_process_own_and_drawn_levels_are_without_bias() {
    let process = process();
    let x = Tensor::from_slice(&[0.3f32, -1.5, 2.0, 0.7]).view([2, 2]);
    let exact = {
        let mut noise = RowNoise::new(&x, 11).unwrap();
        let draws: Vec<Tensor> = (0..STEPS).map(|_| noise.draw().unwrap()).collect();
        let mut draw = |t: usize| Ok(draws[t].shallow_clone());
        let bits = process
            .vlb_bits_per_dim(&Wave, &x, Likelihood::Gaussian, &mut draw)
            .unwrap();
        Vec::<f64>::try_from(bits).unwrap()
    };
    let found = score("rule = 'vlb'", &process, &Wave, &x);
    for (found, exact) in found.iter().zip(&exact) {
        assert!(
            (found - exact).abs() < 1e-6 * exact.abs(),
            "{found} {exact}"
        );
    }
    // The mean over many draws of levels and noise: both come to the same expectation.
    let mean = |text: &str| score(text, &process, &Wave, &x);
    let all = mean("rule = 'vlb'\ndraws = 400");
    let drawn = mean("rule = 'vlb'\nevaluations = 7\ndraws = 3000");
    for (drawn, all) in drawn.iter().zip(&all) {
        // Terms fall by four orders over the levels: 3,000 draws leave about one per cent.
        assert!((drawn - all).abs() < 0.04 * all.abs(), "{drawn} {all}");
    }
}

#[test]
fn inversion_tells_the_likelihood_of_a_gaussian() {
    let x = Tensor::from_slice(&[3.0f32, 3.5, 2.2, 5.0]).view([2, 2]);
    let exact = |a: f64, b: f64| {
        let z = ((a - 3.0).powi(2) + (b - 3.0).powi(2)) / 0.25;
        let nats = 0.5 * z + 2.0 * (0.5 * (2.0 * std::f64::consts::PI).sqrt()).ln();
        nats / (2.0 * std::f64::consts::LN_2)
    };
    let exact = [exact(3.0, 3.5), exact(f64::from(2.2f32), 5.0)];
    let worst = |steps: usize| {
        let schedule = Schedule::cosine(steps).unwrap();
        let process = Process::new(schedule, Device::Cpu).unwrap();
        let data = Gaussian::new(3.0, 0.5, process.schedule());
        let found = score("rule = 'inversion'", &process, &data, &x);
        let gaps = found.iter().zip(exact).map(|(a, b)| (a - b).abs());
        gaps.fold(0.0, f64::max)
    };
    let (coarse, fine) = (worst(250), worst(1000));
    assert!(fine < 0.1, "{coarse} {fine} {exact:?}"); // bits per dimension, of up to 7
    assert!(fine < 0.4 * coarse, "{coarse} {fine}"); // first order in the steps
}

/// Answers `−8·x_t`: a stride over many levels turns the row inside out.
#[derive(Debug)]
struct Steep;

impl Denoiser for Steep {
    fn predict(&self, x_t: &Tensor, _t: &Tensor, _train: bool) -> crate::Prediction {
        crate::Prediction::new(x_t * -8.0)
    }
}

#[test]
fn a_volume_that_is_not_positive_tells_the_way_out() {
    let x = Tensor::from_slice(&[0.3f32, -1.5, 2.0, 0.7]).view([2, 2]);
    let scores = |text: &str| {
        let config: ScoreConfig = toml::from_str(text).unwrap();
        let mut noise = RowNoise::new(&x, 11).unwrap();
        let scoring = Scoring::new(config, STEPS).unwrap();
        scoring.score(&process(), &Steep, &x, &mut noise)
    };
    let error = scores("rule = 'inversion'\nevaluations = 1").unwrap_err();
    assert!(
        matches!(error, ProcessError::Volume { stretch } if stretch < 0.0),
        "{error}"
    );
    assert!(error.to_string().contains("draws = 0"), "{error}");
    assert!(scores("rule = 'inversion'\nevaluations = 1\ndraws = 0").is_ok());
}

#[test]
fn shapes_that_do_not_fit_are_errors() {
    let scoring = Scoring::new(
        ScoreConfig {
            start: vec![5],
            ..ScoreConfig::default()
        },
        STEPS,
    );
    let scoring = scoring.unwrap();
    let x = Tensor::zeros([3, 2], (Kind::Float, Device::Cpu));
    let mut noise = RowNoise::new(&x.narrow(0, 0, 2), 0).unwrap();
    let mut score = |x: &Tensor| scoring.score(&process(), &Wave, x, &mut noise);
    assert!(matches!(score(&x), Err(ProcessError::Shape { .. })));
    assert!(matches!(
        score(&x.view([-1])),
        Err(ProcessError::Shape { .. })
    ));
    assert!(score(&x.narrow(0, 1, 2)).is_ok());
    let none = x.narrow(0, 0, 0);
    let mut noise = RowNoise::new(&none, 0).unwrap();
    let scores = scoring.score(&process(), &Wave, &none, &mut noise).unwrap();
    assert_eq!(scores.size(), [0]);
}

fn maps(text: &str, x: &Tensor) -> Tensor {
    let config: ScoreConfig = toml::from_str(text).unwrap();
    let scoring = Scoring::new(config, STEPS).unwrap();
    let mut noise = RowNoise::new(x, 11).unwrap();
    scoring.maps(&process(), &Wave, x, &mut noise).unwrap()
}

#[test]
fn the_mean_of_a_map_is_the_score() {
    tch::manual_seed(2);
    // Wide enough for several blocks.
    let x = Tensor::randn([5, 3, 9, 12], (Kind::Float, Device::Cpu));
    for text in RULES {
        let maps = maps(text, &x);
        assert_eq!(maps.size(), [5, 9, 12], "{text}");
        let scores = Tensor::from_slice(&score(text, &process(), &Wave, &x));
        let found = match text {
            // Norms: their squares add up where there is one level and nothing is drawn.
            _ if text.contains("score-norm") => continue,
            // The volume is left out.
            _ if text.contains("inversion") && !text.contains("draws = 0") => continue,
            _ => maps.flatten(1, -1).mean_dim(1, false, Kind::Double),
        };
        let gap = ((found - &scores) / scores).abs().max().double_value(&[]);
        assert!(gap < 1e-9, "{text}: {gap}");
    }
    let text = "rule = 'score-norm'\nstart = [25]";
    let squares = maps(text, &x).square().flatten(1, -1);
    let norm = squares.sum_dim_intlist(1, false, Kind::Double).sqrt();
    let scores = Tensor::from_slice(&score(text, &process(), &Wave, &x));
    assert!((norm - scores).abs().max().double_value(&[]) < 1e-9);
}

#[test]
fn a_map_does_not_depend_on_the_batch_and_shows_where() {
    tch::manual_seed(2);
    let x = Tensor::randn([4, 1, 9, 12], (Kind::Float, Device::Cpu)) * 0.1;
    let _ = x.get(2).get(0).get(3).get(7).fill_(3.0); // the walk cannot keep it
    for text in RULES {
        let (all, alone) = (maps(text, &x), maps(text, &x.narrow(0, 2, 1)));
        let gap = (all.narrow(0, 2, 1) - &alone).abs().max() / alone.max();
        assert!(gap.double_value(&[]) < 1e-5, "{text}");
    }
    let map = maps("start = [25]", &x).get(2);
    assert_eq!(map.argmax(None, false).int64_value(&[]), 3 * 12 + 7);
}

#[test]
fn maps_are_of_images() {
    let x = Tensor::zeros([4, 9], (Kind::Float, Device::Cpu));
    let scoring = Scoring::new(
        ScoreConfig {
            start: vec![3],
            ..Default::default()
        },
        STEPS,
    )
    .unwrap();
    let mut noise = RowNoise::new(&x, 11).unwrap();
    let found = scoring.maps(&process(), &Wave, &x, &mut noise);
    assert!(matches!(
        found,
        Err(ProcessError::Shape {
            name: "the images",
            ..
        })
    ));
    let none = Tensor::zeros([0, 1, 9, 12], (Kind::Float, Device::Cpu));
    assert_eq!(maps("start = [3]", &none).size(), [0, 9, 12]);
}

#[test]
fn a_reconstruction_is_where_the_walk_ends() {
    tch::manual_seed(2);
    let x = Tensor::randn([2, 1, 4, 5], (Kind::Float, Device::Cpu));
    let process = process();
    let config = ScoreConfig {
        start: vec![25, 3],
        ..Default::default()
    };
    let mut noise = RowNoise::new(&x, 11).unwrap();
    let scoring = Scoring::new(config, STEPS).unwrap();
    let found = scoring
        .reconstruct(&process, &Wave, &x, &mut noise)
        .unwrap();
    assert_eq!(found, process.walk_mean_only(&Wave, &x, 25).unwrap());
}
