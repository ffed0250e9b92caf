//! Every method is fitted here, stored, and restored in another process, which is this very test program
//! started again to run [`child`] alone: all scores and maps have the same bits there, without a file of weights
//! and without a way to download one.
#![allow(clippy::print_stderr)] // the line that says what was skipped

use std::path::Path;
use std::process::Command;

use detector::{Detector, DetectorError, Input, Scorer, Silent, State};
use ndarray::{Array2, Array4};
use residuum::{Method, Pipeline, Runtime, Takes};

/// Where the parent leaves the states for its child.
const FOLDER: &str = "RESIDUUM_TEST_RESTORED";

/// Settings that make a method small and quick.
fn settings(method: &Method) -> &'static str {
    match method.name {
        "ddpm" | "dit" => "steps = 300\ntrain.epochs = 2",
        "dte-c" | "dte-ig" | "tccm" => "train.epochs = 2",
        "ddpm-unet" => {
            "network = { channels = 8, multipliers = [1, 2], groups = 4 }\n\
             score = { start = [100], evaluations = 1 }\ntrain = { steps = 2, warm-up = 1 }"
        }
        "dit-pixels" => {
            "network = { depth = 1, width = 32, heads = 2 }\n\
             score = { start = [100], evaluations = 1 }\ntrain = { steps = 2, warm-up = 1 }"
        }
        "dte-c-conv" => "train = { steps = 3, warm-up = 1 }",
        "padim" | "patch-knn" | "patch-wiener" => {
            "patches = { grid = 8, components = 6, sample = 400 }"
        }
        "patch-ddpm" | "patch-dit" => {
            "patches = { grid = 8, components = 6, sample = 400 }\ntrain = { steps = 2, warm-up = 1 }"
        }
        "dit-features" => {
            "network = { depth = 1, width = 32, heads = 2 }\ntrain = { steps = 2, warm-up = 1 }"
        }
        _ => "",
    }
}

fn detector(method: &Method) -> Pipeline {
    let mut config = method.config();
    config.set_toml(settings(method)).unwrap();
    method.detector(&config, &Runtime::cpu()).unwrap()
}

/// Rows of 32 bits for networks, of 64 for the others, or images.
struct Samples {
    narrow: Array2<f32>,
    wide: Array2<f64>,
    images: Array4<u8>,
}

impl Samples {
    fn new() -> Self {
        let wide = Array2::from_shape_fn((60, 6), |(i, j)| {
            ((i * 6 + j) as f64 * 0.7).sin() + (i * j % 7) as f64 / 3.0
        });
        Self {
            narrow: wide.mapv(|v| v as f32),
            wide,
            images: Array4::from_shape_fn((12, 1, 32, 32), |(i, _, y, x)| {
                (90 + (i * 7 + y * 5 + x * 3 + x * y % 11) % 120) as u8
            }),
        }
    }

    fn of(&self, method: &Method) -> Input<'_> {
        match (method.takes, method.needs_libtorch) {
            (Takes::Images, _) => Input::Images(self.images.view()),
            (Takes::Rows(..), true) => Input::Rows(self.narrow.view()),
            (Takes::Rows(..), false) => Input::Rows64(self.wide.view()),
        }
    }
}

/// The bits of all scores and all pixels of the maps.
fn bits(scorer: &dyn Scorer, x: Input<'_>) -> Vec<u64> {
    let scores = scorer.score(x, &Silent).unwrap();
    let maps = scorer.maps(x, &Silent).unwrap();
    let pixels = maps.iter().flatten().map(|v| u64::from(v.to_bits()));
    scores.iter().map(|v| v.to_bits()).chain(pixels).collect()
}

fn lines(bits: &[u64]) -> String {
    bits.iter().map(|b| format!("{b:016x}\n")).collect()
}

#[test]
fn every_method_scores_the_same_in_another_process() {
    let samples = Samples::new();
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    let mut skipped = Vec::new();
    for method in networks::methods() {
        let x = samples.of(method);
        let scorer = match detector(method).fit(x, 7, &Silent) {
            Ok(scorer) => scorer,
            Err(DetectorError::Missing { what, .. }) => {
                skipped.push(format!("{}: {what}", method.name));
                continue;
            }
            Err(error) => panic!("{}: {error}", method.name),
        };
        let state = scorer.state().unwrap().to_bytes().unwrap();
        std::fs::write(state_of(folder.path(), method), state).unwrap();
        expected.push((method.name, lines(&bits(&*scorer, x))));
    }
    let cache = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(FOLDER, folder.path())
        .env("RESIDUUM_CACHE", cache.path())
        .env("RESIDUUM_PIP", "false")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}");
    let cached = std::fs::read_dir(cache.path()).unwrap().count();
    assert_eq!(cached, 0, "a state needs no cache");
    for (name, expected) in &expected {
        let found = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(!found.is_empty(), "{name}: no scores");
        assert!(found == *expected, "{name}: other bits in another process");
    }
    eprintln!(
        "{} methods, {} skipped: {skipped:?}",
        expected.len(),
        skipped.len()
    );
    assert_eq!(expected.len() + skipped.len(), networks::methods().len());
    let features = |skipped: &String| skipped.starts_with("pa") || skipped.starts_with("dit-f");
    assert!(skipped.iter().all(features), "{skipped:?}");
}

fn state_of(folder: &Path, method: &Method) -> std::path::PathBuf {
    folder.join(format!("{}.safetensors", method.name))
}

/// In a child process: restores what is there and writes the bits of its scores beside it.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let samples = Samples::new();
    for method in networks::methods() {
        let Ok(bytes) = std::fs::read(state_of(folder, method)) else {
            continue;
        };
        let state = State::from_bytes(&bytes).unwrap();
        let scorer = detector(method).restore(&state).unwrap();
        let bits = bits(&*scorer, samples.of(method));
        std::fs::write(folder.join(method.name), lines(&bits)).unwrap();
    }
}
