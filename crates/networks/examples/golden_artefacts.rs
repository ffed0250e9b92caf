//! Writes a small stored model of every method and its scores below `tests/golden/artefacts`, which every later
//! version has to read. Needs the weights of EfficientNet-Lite0. What is there already is left as it is: only
//! methods that have none get one.
//!
//! ```text
//! cargo run -p networks --release --example golden_artefacts
//! ```
#![allow(clippy::print_stdout)]

use detector::Silent;
use residuum::data::{Data, Missing};
use residuum::{FitOptions, Method, Model, Takes};

#[allow(dead_code)] // the tests' half
#[path = "../tests/golden/artefacts.rs"]
mod artefacts;

/// Settings that make a model small.
fn settings(method: &Method) -> &'static str {
    match method.name {
        "iforest" => "trees = 8\nsample-size = 32",
        "feature-bagging" => "estimators = 3",
        "ddpm" => {
            "steps = 300\ntrain.epochs = 2\n\
             network = { d-main = 8, d-hidden = 8, d-time = 8, n-blocks = 1 }"
        }
        "dit" => {
            "steps = 300\ntrain.steps = 3\ntrain.warm-up = 1\n\
             network = { chunk = 4, depth = 1, heads = 2, width = 8, mlp-ratio = 1 }"
        }
        "dte-c" | "dte-ig" | "tccm" => "train.epochs = 2\nwidths = [8, 8]",
        "ddpm-unet" => {
            "network = { channels = 4, multipliers = [1, 2], groups = 2 }\n\
             train = { steps = 2, warm-up = 1 }"
        }
        "dit-pixels" => {
            "network = { depth = 1, width = 8, heads = 2, mlp-ratio = 1 }\n\
             train = { steps = 2, warm-up = 1 }"
        }
        "dte-c-conv" => "channels = [4, 8]\ngroups = 2\ntrain = { steps = 3, warm-up = 1 }",
        "padim" | "patch-knn" | "patch-wiener" => {
            "patches = { blocks = [0, 1], grid = 4, components = 4 }"
        }
        "patch-ddpm" => {
            "patches = { blocks = [0, 1], grid = 4, components = 4 }\nplaces = 4\n\
             network = { width = 8, hidden = 8, depth = 1 }\ntrain = { steps = 2, warm-up = 1 }"
        }
        "patch-dit" => {
            "patches = { blocks = [0, 1], grid = 4, components = 4 }\nmask.block = 1\n\
             network = { token = 1, width = 8, heads = 2, depth = 1, mlp-ratio = 1 }\n\
             train = { steps = 2, warm-up = 1 }"
        }
        "dit-features" => {
            "features.block = 0\nfeatures.side = 16\n\
             network = { width = 8, heads = 2, depth = 1, mlp-ratio = 1 }\n\
             train = { steps = 2, warm-up = 1 }"
        }
        _ => "",
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = artefacts::scores_file();
    let mut scores: artefacts::Scores = match std::fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(_) => artefacts::Scores::new(),
    };
    let table = artefacts::table(0, artefacts::FITTED);
    let images = artefacts::images(0, artefacts::FITTED_IMAGES);
    for method in networks::methods() {
        let path = artefacts::model_of(method);
        if path.exists() {
            continue;
        }
        let mut config = method.config();
        config.set_toml(settings(method))?;
        let options = FitOptions {
            method: Some(config),
            missing: Missing::Mean,
            seed: 7,
            ..FitOptions::new(networks::methods())
        };
        let data = match method.takes {
            Takes::Images => Data::Images(images.view()),
            Takes::Rows(..) => Data::Columns(&table),
        };
        let model = Model::fit(data, &options, &Silent)?.model;
        model.save(&path)?;
        let new = artefacts::scores(method, &model);
        println!("{}: {} bytes, {new:?}", method.name, path.metadata()?.len());
        scores.insert(method.name.to_owned(), new);
        std::fs::write(&file, serde_json::to_string_pretty(&scores)? + "\n")?;
    }
    Ok(())
}
