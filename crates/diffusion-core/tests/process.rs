//! The forward process, the loss, the reverse step and both walks against PyTorch
//! (`scripts/golden/diffusion.py`).

use diffusion_core::{Denoiser, Prediction, Process, Schedule, Walk};
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

#[derive(Deserialize)]
struct Golden {
    t: Vec<i64>,
    x_0: Vec<f32>,
    eps: Vec<f32>,
    x_t: Vec<f32>,
    loss: f64,
    posterior_mean: Vec<f32>,
    reverse_mean_at_250: Vec<f32>,
    reverse_step_at_250: Vec<f32>,
    mean_only_from_30: Vec<f32>,
    ancestral_from_30: Vec<f32>,
}

/// The script's stand-in for a network.
#[derive(Debug)]
struct Toy;

impl Denoiser for Toy {
    fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
        let phase = x_t * 1.7 + t.unsqueeze(1) * 0.01;
        Prediction::new(phase.sin() - x_t.flip([1]) * 0.2)
    }
}

/// On the GPU where libtorch has one (`scripts/gpu-check.sh`).
fn device() -> Device {
    Device::cuda_if_available()
}

fn rows(values: &[f32]) -> Tensor {
    Tensor::from_slice(values).to_device(device()).view([4, 3])
}

fn assert_close(name: &str, found: &Tensor, expected: &Tensor) {
    // 1e-5 relative, over f32 numbers of size about 1; near zero the size of the summands counts.
    let scale = expected.abs().clamp_min(1.0);
    let worst = ((found - expected).abs() / scale).max().double_value(&[]);
    assert!(worst <= 1e-5, "{name}: off by {worst}");
}

/// The script's noise: the same for all rows.
fn shared_noise(t: usize) -> Tensor {
    (Tensor::from_slice(&[1.0f32, 2.0, 3.0]).to_device(device()) * (t as f64 + 1.0))
        .sin()
        .view([1, 3])
}

#[test]
fn the_process_equals_pytorchs() {
    let golden: Golden = serde_json::from_str(include_str!("golden/process.json")).unwrap();
    let schedule = Schedule::linear(1000, 1e-4, 0.01).unwrap();
    let process = Process::new(schedule, device()).unwrap();
    let (x_0, eps) = (rows(&golden.x_0), rows(&golden.eps));
    let t = Tensor::from_slice(&golden.t).to_device(device());

    let x_t = process.q_sample(&x_0, &t, &eps).unwrap();
    assert_close("q_sample", &x_t, &rows(&golden.x_t));

    let posterior: Vec<Tensor> = (0..4)
        .map(|row| {
            let (x_0, x_t) = (x_0.narrow(0, row, 1), x_t.narrow(0, row, 1));
            let t = golden.t[row as usize] as usize;
            process.posterior_mean(&x_0, &x_t, t).unwrap()
        })
        .collect();
    let posterior = Tensor::cat(&posterior, 0);
    assert_close("posterior", &posterior, &rows(&golden.posterior_mean));

    let loss = process.simple_loss(&Toy, &x_0, &t, &eps).unwrap();
    assert!((loss.double_value(&[]) - golden.loss).abs() <= 1e-5 * golden.loss);

    let mean = process.reverse_step(&Toy, &x_0, 250, None).unwrap();
    assert_close("mean", &mean, &rows(&golden.reverse_mean_at_250));
    let step = process
        .reverse_step(&Toy, &x_0, 250, Some(&shared_noise(250)))
        .unwrap();
    assert_close("step", &step, &rows(&golden.reverse_step_at_250));

    let end = process.walk_mean_only(&Toy, &x_0, 30).unwrap();
    assert_close("mean-only", &end, &rows(&golden.mean_only_from_30));
    let end = process
        .walk(&Toy, &x_0, 30, Walk::Ancestral, &mut |t| {
            Ok(shared_noise(t))
        })
        .unwrap();
    assert_close("ancestral", &end, &rows(&golden.ancestral_from_30));
    assert_eq!(end.kind(), Kind::Float);
}
