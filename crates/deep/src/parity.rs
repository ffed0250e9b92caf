//! The networks against the same ones in PyTorch (`scripts/golden/dte.py`).

use std::collections::BTreeMap;

use serde::Deserialize;
use tch::{Device, Kind, Tensor, nn};
use training::Trainable;

use crate::TccmConfig;
use crate::tccm::Contraction;

const D: usize = 5;
const B: usize = 6;

#[derive(Deserialize)]
struct Golden {
    loss: f64,
    gradient_norms: BTreeMap<String, f64>,
    scores: Vec<f64>,
}

fn wave(k: usize, n: usize, scale: f64) -> Tensor {
    let wave = |i: usize| (scale * (1.0 + k as f64 + 0.37 * i as f64).sin()) as f32;
    Tensor::from_slice(&(0..n).map(wave).collect::<Vec<f32>>())
}

/// Parameters in the order of their names.
fn fill(vs: &nn::VarStore) {
    let sorted: BTreeMap<String, Tensor> = vs.variables().into_iter().collect();
    for (k, (_, mut tensor)) in sorted.into_iter().enumerate() {
        let values = wave(k, tensor.numel(), 0.4).view_as(&tensor);
        tch::no_grad(|| tensor.copy_(&values));
    }
}

/// f32 through three layers; numbers and gradients of size 1 to 1e4.
fn assert_close(what: &str, found: f64, expected: f64) {
    let allowed = 1e-5 * expected.abs().max(0.1);
    assert!(
        (found - expected).abs() <= allowed,
        "{what}: {found} for {expected}"
    );
}

#[test]
fn the_contraction_loss_and_score_equal_pytorchs() {
    let golden: Golden = serde_json::from_str(include_str!("../tests/golden/tccm.json")).unwrap();
    let config = TccmConfig {
        widths: vec![6, 7],
        d_time: 8,
        ..Default::default()
    };
    let vs = nn::VarStore::new(Device::Cpu);
    let model = Contraction::new(&vs.root(), D, &config);
    fill(&vs);
    let x = wave(100, B * D, 2.0).view([B as i64, D as i64]);
    let t = Tensor::from_slice(&[0.0f32, 0.25, 0.5, 0.125, 0.9, 0.999]);

    let loss = model.loss_at(&x, &t).unwrap();
    assert_close("loss", loss.double_value(&[]), golden.loss);
    loss.backward();
    let variables = vs.variables();
    let mut ours: Vec<&String> = variables.keys().collect();
    ours.sort_unstable();
    let names: Vec<&String> = golden.gradient_norms.keys().collect();
    assert_eq!(ours, names); // the reference's names
    for (name, expected) in &golden.gradient_norms {
        let norm = variables[name].grad().norm().double_value(&[]);
        assert_close(name, norm, *expected);
    }

    let scores = model.score(&x).unwrap();
    assert_eq!(scores.kind(), Kind::Double);
    let scores = Vec::<f64>::try_from(scores).unwrap();
    assert_eq!(scores.len(), golden.scores.len());
    for (found, expected) in scores.iter().zip(&golden.scores) {
        assert_close("score", *found, *expected);
    }
}
