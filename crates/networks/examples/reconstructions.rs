//! Trains `ddpm-unet` on normal images, says how large its reconstruction error is on normal and on
//! anomalous ones, and draws some of both: inputs, reconstructions and maps on one scale, as a PNG.
//!
//! `cargo run -p networks --release --example reconstructions -- [set@pixels] [file.png] [key=value]..`
//!
//! The error is the mean squared difference between an image, as numbers from −1 to 1, and where ten steps
//! of DDIM from t = 100 end that start at the image itself. Without arguments it takes the embedded
//! Fashion-MNIST trousers and a tiny training. `--seed N` draws other rows and weights, `--models DIR` keeps
//! and finds trained networks there; data other than the embedded are looked for in `RESIDUUM_DATA`.
#![allow(clippy::print_stdout)] // an example prints

use std::error::Error;
use std::path::Path;

use datasets::{Data, Label, Protocol, Roots};
use detector::{Detector, Input, Silent};
use ndarray::{Array3, Array4, Axis};
use pictures::{ColourMap, ContactSheet, Picture, Scale, heat_map};
use residuum::Runtime;

/// Images of each kind on the sheet.
const ROWS: usize = 6;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut option = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.drain(at..(at + 2).min(arguments.len())).nth(1)
    };
    let models = option("--models");
    let seed = option("--seed").map_or(Ok(0), |text| text.parse())?;
    let given = |i: usize| arguments.get(i).map(String::as_str);
    let set = given(0).unwrap_or("FashionMNIST_3@pixels");
    let file = given(1).unwrap_or("reconstructions.png");
    let method = networks::find("ddpm-unet")?;
    let mut config = method.config();
    config.set_toml(
        "score = { rule = 'reconstruction', combine = 'mean', start = [100], walk = 'ddim', evaluations = 10 }",
    )?;
    if arguments.is_empty() {
        config.set_toml("[train]\nsteps = 30\nwarm-up = 5")?;
    }
    for setting in arguments.iter().skip(2) {
        config.set_text(setting)?;
    }

    let dataset = datasets::find(set)?.load(&Roots::discover(None)?)?;
    let split = Protocol::SemiRandom.split(&dataset, seed)?;
    let (Data::Images(train), Data::Images(test)) = (&split.train, &split.test) else {
        return Err(format!("{set} has no images").into());
    };
    let runtime = Runtime {
        models: models.map(Into::into),
        ..Runtime::cpu()
    };
    let detector = method.detector(&config, &runtime)?;
    let scorer = detector.fit(Input::Images(train.view()), seed, &Silent)?;
    let errors = scorer.score(Input::Images(test.view()), &Silent)?.to_vec();
    let anomalous: Vec<bool> = (split.test_labels.iter())
        .map(|&label| label == Label::Anomaly)
        .collect();
    println!(
        "{set}, seed {seed}: error {} on normal images, {} on anomalous ones, AUROC {:.2} %",
        spread(&errors, &anomalous, false),
        spread(&errors, &anomalous, true),
        100.0 * metrics::auroc(&errors, &anomalous)?,
    );

    // Evenly spaced among each kind, so that nobody chose them.
    let chosen = |label: Label| -> Vec<usize> {
        let all = split.test_labels.iter().enumerate();
        let all: Vec<usize> = all.filter(|(_, l)| **l == label).map(|(i, _)| i).collect();
        let rows = ROWS.min(all.len());
        (0..rows).map(|i| all[i * all.len() / rows]).collect()
    };
    let (normal, anomalous) = (chosen(Label::Normal), chosen(Label::Anomaly));
    let places: Vec<usize> = normal.iter().chain(&anomalous).copied().collect();
    let inputs = test.select(Axis(0), &places);
    let seen = scorer.reconstructions(Input::Images(inputs.view()), &Silent)?;
    let maps = scorer.maps(Input::Images(inputs.view()), &Silent)?;
    let scores = scorer.score(Input::Images(inputs.view()), &Silent)?;
    let (Some(seen), Some(maps)) = (seen, maps) else {
        return Err("no reconstructions or maps".into());
    };
    let label = |i: usize| {
        let kind = if i < normal.len() {
            "normal"
        } else {
            "anomalous"
        };
        format!("{kind} {:.4}", scores[i])
    };
    sheet(&inputs, &seen, &maps, label)?.save(Path::new(file))?;
    let mean = |maps: Array3<f32>| maps.mean().unwrap_or(0.0);
    println!(
        "{file}: mean of the maps {:.2} on normal images, {:.2} on anomalous ones; 1 is the quantile of \
         training pixels",
        mean(maps.select(Axis(0), &(0..normal.len()).collect::<Vec<_>>())),
        mean(maps.select(Axis(0), &(normal.len()..places.len()).collect::<Vec<_>>())),
    );
    Ok(())
}

/// Mean and standard deviation of the errors of one kind of image.
fn spread(errors: &[f64], anomalous: &[bool], kind: bool) -> String {
    let both = errors.iter().zip(anomalous);
    let values: Vec<f64> = both.filter(|(_, k)| **k == kind).map(|(e, _)| *e).collect();
    let values = ndarray::Array1::from_vec(values);
    let mean = values.mean().unwrap_or(f64::NAN);
    format!("{mean:.4} ± {:.4} ({})", values.std(1.0), values.len())
}

fn sheet(
    inputs: &Array4<u8>,
    seen: &Array4<u8>,
    maps: &Array3<f32>,
    label: impl Fn(usize) -> String,
) -> Result<Picture, Box<dyn Error>> {
    // Black is 0, the brightest four times what normal pixels hardly reach, in every picture.
    let scale = Scale::new(0.0, 4.0)?;
    let mut sheet = ContactSheet::new(["input", "reconstruction", "map"]).zoom(3);
    for i in 0..inputs.dim().0 {
        let row = vec![
            Picture::from_image(inputs.index_axis(Axis(0), i))?,
            Picture::from_image(seen.index_axis(Axis(0), i))?,
            heat_map(maps.index_axis(Axis(0), i), scale, ColourMap::Inferno)?,
        ];
        sheet.push_row(label(i), row)?;
    }
    Ok(sheet.picture()?)
}
