//! Walks of 50 steps and the scoring rules against PyTorch (`scripts/golden/walks.py`).

use diffusion_core::{
    Denoiser, Prediction, Process, RowNoise, Schedule, ScoreConfig, Scoring, Walk, even_steps,
};
use serde::Deserialize;
use tch::{Device, Tensor};

#[derive(Deserialize)]
struct Golden {
    x: Vec<Vec<f32>>,
    noise: Vec<Vec<Vec<f32>>>, // [draw][row][number]
    ddim: Vec<Vec<f64>>,
    ddim_eta: Vec<Vec<f64>>,
    ancestral: Vec<Vec<f64>>,
    inverted: Vec<Vec<f64>>,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    config: String,
    scores: Vec<f64>,
}

/// The script's stand-in for a network.
#[derive(Debug)]
struct Toy;

impl Denoiser for Toy {
    fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
        let phase = x_t * 1.2 + t.unsqueeze(1) * 0.01;
        Prediction::new(phase.sin() - x_t.flip([1]) * 0.2)
    }
}

/// On the GPU where libtorch has one (`scripts/gpu-check.sh`).
fn device() -> Device {
    Device::cuda_if_available()
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/walks.json")).unwrap()
}

fn process() -> Process {
    Process::new(Schedule::linear(1000, 1e-4, 0.01).unwrap(), device()).unwrap()
}

fn rows<T: Copy + tch::kind::Element>(rows: &[Vec<T>]) -> Tensor {
    Tensor::from_slice(&rows.concat())
        .to_device(device())
        .view([rows.len() as i64, -1])
}

/// The script's noise: the same for all rows.
fn shared_noise(t: usize) -> Tensor {
    (Tensor::from_slice(&[1.0f32, 2.0, 3.0]).to_device(device()) * (t as f64 + 1.0))
        .sin()
        .view([1, 3])
}

#[test]
fn fifty_steps_end_where_pytorchs_do() {
    let golden = golden();
    let x = rows(&golden.x);
    let fifty = process().respaced(&even_steps(1000, 50)).unwrap();
    let mut noise = |t| Ok(shared_noise(t));
    let mut walk = |walk| fifty.walk(&Toy, &x, 50, walk, &mut noise).unwrap();
    for (name, found, expected) in [
        ("ddim", walk(Walk::Ddim { eta: 0.0 }), &golden.ddim),
        ("eta", walk(Walk::Ddim { eta: 0.7 }), &golden.ddim_eta),
        ("ancestral", walk(Walk::Ancestral), &golden.ancestral),
        (
            "inverted",
            fifty.invert(&Toy, &x).unwrap(),
            &golden.inverted,
        ),
    ] {
        // f32 against f64: the rounding of 50 steps, relative to the size of the row.
        let expected = rows(expected);
        let worst = (found - &expected).abs().max().double_value(&[]);
        let size = expected.abs().max().double_value(&[]);
        assert!(worst <= 1e-5 * size, "{name}: off by {worst} of {size}");
    }
}

#[test]
fn rows_draw_the_pinned_noise() {
    let golden = golden();
    let mut noise = RowNoise::new(&rows(&golden.x), 11).unwrap();
    for expected in golden.noise {
        assert_eq!(noise.draw().unwrap(), rows(&expected));
    }
}

#[test]
fn rules_score_as_in_pytorch() {
    let golden = golden();
    let x = rows(&golden.x);
    assert_eq!(golden.rules.len(), 8);
    for Rule { config, scores } in golden.rules {
        let scoring = Scoring::new(toml::from_str::<ScoreConfig>(&config).unwrap(), 1000).unwrap();
        let mut noise = RowNoise::new(&x, 11).unwrap();
        let found = scoring.score(&process(), &Toy, &x, &mut noise).unwrap();
        let found = Vec::<f64>::try_from(found).unwrap();
        for (found, expected) in found.iter().zip(&scores) {
            // f32 against f64; a finite difference over 1/128 along one probe is off by the curvature.
            let tolerance = match config.as_str() {
                "rule = 'inversion'\nevaluations = 50" => 5e-4,
                _ => 1e-5,
            };
            let off = (found - expected).abs();
            assert!(
                off <= tolerance * expected.abs(),
                "{config}: {found} for {expected}"
            );
        }
    }
}
