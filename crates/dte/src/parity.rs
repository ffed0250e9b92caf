//! The networks against the same ones in PyTorch (`scripts/golden/dte.py`).

use std::collections::BTreeMap;

use diffusion_core::Schedule;
use serde::Deserialize;
use tch::{Device, Kind, Tensor, nn};
use training::Trainable;

use crate::categorical::{Categorical, bin};
use crate::draw::Drawn;
use crate::inverse_gamma::InverseGamma;
use crate::{DteCategoricalConfig, DteInverseGammaConfig, Softmax};

const D: usize = 5;
const B: usize = 6;
const STEPS: usize = 40;

#[derive(Deserialize)]
struct Golden {
    bins: Vec<i64>,
    single: Loss,
    double: Loss,
    categorical_scores: Vec<f64>,
    inverse_gamma: Scored,
}

#[derive(Deserialize)]
struct Loss {
    loss: f64,
    gradient_norms: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Scored {
    #[serde(flatten)]
    loss: Loss,
    scores: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../tests/golden/networks.json")).unwrap()
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

fn x() -> Tensor {
    wave(100, B * D, 2.0).view([B as i64, D as i64])
}

fn eps() -> Tensor {
    wave(200, B * D, 1.5).view([B as i64, D as i64])
}

fn times() -> Tensor {
    Tensor::from_slice(&[0i64, 39, 5, 6, 17, 34])
}

fn schedule() -> Schedule {
    Schedule::linear(STEPS, 1e-4, 0.01).unwrap()
}

/// f32 through four layers; numbers and gradients of size 1 to 1e4.
fn assert_close(what: &str, found: f64, expected: f64) {
    let allowed = 1e-5 * expected.abs().max(0.1);
    assert!(
        (found - expected).abs() <= allowed,
        "{what}: {found} for {expected}"
    );
}

fn assert_loss(vs: &nn::VarStore, loss: &Tensor, expected: &Loss) {
    assert_close("loss", loss.double_value(&[]), expected.loss);
    loss.backward();
    let variables = vs.variables();
    let names: Vec<&String> = expected.gradient_norms.keys().collect();
    let mut ours: Vec<&String> = variables.keys().collect();
    ours.sort_unstable();
    assert_eq!(ours, names); // the reference's names
    for (name, expected) in &expected.gradient_norms {
        assert_close(
            name,
            variables[name].grad().norm().double_value(&[]),
            *expected,
        );
    }
}

/// Without dropout.
fn drawn<'a>(t: &'a Tensor, eps: &'a Tensor) -> Drawn<'a> {
    let dropout = &[];
    Drawn { t, eps, dropout }
}

fn assert_scores(found: Tensor, expected: &[f64]) {
    assert_eq!(found.kind(), Kind::Double);
    let found = Vec::<f64>::try_from(found).unwrap();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_close("score", *found, *expected);
    }
}

fn categorical(softmax: Softmax) -> (nn::VarStore, Categorical) {
    let config = DteCategoricalConfig {
        steps: STEPS,
        softmax,
        widths: vec![6, 8, 7],
        dropout: 0.0,
        ..Default::default()
    };
    let vs = nn::VarStore::new(Device::Cpu);
    let model = Categorical::new(&vs.root(), D, &config, schedule()).unwrap();
    fill(&vs);
    (vs, model)
}

#[test]
fn the_categorical_loss_and_score_equal_pytorchs() {
    let golden = golden();
    for (softmax, expected) in [
        (Softmax::Single, &golden.single),
        (Softmax::Double, &golden.double),
    ] {
        let (vs, model) = categorical(softmax);
        let loss = model.loss_at(&x(), drawn(&times(), &eps())).unwrap();
        assert_loss(&vs, &loss, expected);
        assert_scores(model.score(&x()).unwrap(), &golden.categorical_scores);
    }
}

#[test]
fn bins_are_equally_wide_and_counted_from_0() {
    let bins = bin(&times(), 7, STEPS as i64).unwrap();
    assert_eq!(Vec::<i64>::try_from(bins).unwrap(), golden().bins);
    let all = bin(&Tensor::arange(400, (Kind::Int64, Device::Cpu)), 7, 400).unwrap();
    let all = Vec::<i64>::try_from(all).unwrap();
    for (t, bin) in all.iter().enumerate() {
        assert_eq!(*bin, (7.0 * t as f64 / 400.0).floor() as i64);
    }
}

#[test]
fn the_inverse_gamma_loss_and_score_equal_pytorchs() {
    let config = DteInverseGammaConfig {
        steps: STEPS,
        widths: vec![6, 8],
        dropout: 0.0,
        ..Default::default()
    };
    let vs = nn::VarStore::new(Device::Cpu);
    let model = InverseGamma::new(&vs.root(), D, &config, schedule()).unwrap();
    fill(&vs);
    let expected = golden().inverse_gamma;
    let loss = model.loss_at(&x(), drawn(&times(), &eps())).unwrap();
    assert_loss(&vs, &loss, &expected.loss);
    assert_scores(model.score(&x()).unwrap(), &expected.scores);
}
