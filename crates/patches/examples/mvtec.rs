//! The patch detectors on a category of MVTec AD: image AUROC, pixel AUROC, AUPRO and seconds, mean and
//! standard deviation over seeds.
//!
//! `cargo run -p patches --release --example mvtec -- FOLDER PROTOCOL SEEDS METHOD..`
//!
//! FOLDER has `train/good`, `test/<kind>` and `ground_truth/<kind>`. PROTOCOL is `mvtec` (the official
//! division) or `mvtec-heldout`: every fifth of `train/good`, by name, is held out and stands for
//! `test/good`, whose lighting may be another (screw). SEEDS is a number of seeds from 0. A METHOD is
//! `padim`, `patch-knn`, `patch-wiener` or `patch-ddpm`, each with settings as a TOML table behind a colon:
//! `patch-ddpm:{whitening="pca",train={steps=500}}`. With MVTEC_MAPS=DIR the maps of the last seed are
//! written there as grey PNGs, normal images first, all on one scale.

use std::path::{Path, PathBuf};
use std::time::Instant;

use detector::{Detector, Input, Silent};
use metrics::PixelMetrics;
use ndarray::{Array3, Array4, Axis, concatenate};
use patches::{Padim, PatchDdpm, PatchKnn, PatchRuntime, PatchWiener};
use serde::de::DeserializeOwned;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

struct Split {
    train: Array4<u8>,
    test: Array4<u8>,
    masks: Array3<bool>,
    anomalous: Vec<bool>,
}

#[allow(clippy::print_stdout)]
fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, protocol, seeds, methods @ ..] = &arguments[..] else {
        return Err("FOLDER PROTOCOL SEEDS METHOD..".into());
    };
    let split = load(Path::new(folder), protocol == "mvtec-heldout")?;
    let n_normal = split.anomalous.iter().filter(|a| !**a).count();
    println!(
        "{folder}, {protocol}: {} train, {n_normal} normal and {} anomalous to test",
        split.train.dim().0,
        split.anomalous.len() - n_normal
    );
    let runtime = PatchRuntime {
        training: training::Runtime::new(tch::Device::Cpu),
        weights: datasets::cache_folder().map(|cache| cache.join("weights")),
    };
    for method in methods {
        let (name, settings) = method.split_once(':').unwrap_or((method, "{}"));
        let detector: Box<dyn Detector> = match name {
            "padim" => Box::new(Padim::new(read(settings)?, runtime.clone())?),
            "patch-knn" => Box::new(PatchKnn::new(read(settings)?, runtime.clone())?),
            "patch-wiener" => Box::new(PatchWiener::new(read(settings)?, runtime.clone())?),
            "patch-ddpm" => Box::new(PatchDdpm::new(read(settings)?, runtime.clone())?),
            other => return Err(format!("unknown method {other}").into()),
        };
        let mut rows: Vec<[f64; 5]> = Vec::new();
        for seed in 0..seeds.parse()? {
            let (row, maps) = run(&*detector, &split, seed)?;
            println!("  seed {seed}: {row:.2?}");
            rows.push(row);
            if let Some(folder) = std::env::var_os("MVTEC_MAPS").filter(|_| seed == 0) {
                write_maps(Path::new(&folder), &maps, &split.anomalous)?;
            }
        }
        let cells: Vec<String> = (0..5)
            .map(|column| {
                let values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
                let sd = (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt();
                format!("{mean:.2} ± {sd:.2}")
            })
            .collect();
        println!("| {method} | {} |", cells.join(" | "));
    }
    Ok(())
}

/// Image AUROC, pixel AUROC, AUPRO in percent, seconds to fit and to score, and the maps.
fn run(detector: &dyn Detector, split: &Split, seed: u64) -> Result<([f64; 5], Array3<f32>)> {
    let start = Instant::now();
    let scorer = detector.fit(Input::Images(split.train.view()), seed, &Silent)?;
    let fit = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let maps = scorer.maps(Input::Images(split.test.view()), &Silent)?;
    let maps = maps.ok_or("no maps")?;
    let seconds = start.elapsed().as_secs_f64();
    let scores: Vec<f64> = maps
        .outer_iter()
        .map(|map| f64::from(map.fold(f32::NEG_INFINITY, |a, &b| a.max(b))))
        .collect();
    let image = metrics::auroc(&scores, &split.anomalous)?;
    let pixels = PixelMetrics::of(maps.view(), split.masks.view())?;
    let row = [
        100.0 * image,
        100.0 * pixels.auroc,
        100.0 * pixels.aupro,
        fit,
        seconds,
    ];
    Ok((row, maps))
}

fn read<C: DeserializeOwned>(settings: &str) -> Result<C> {
    let table: toml::Table = toml::from_str(&format!("value = {settings}"))?;
    Ok(table["value"].clone().try_into()?)
}

fn load(folder: &Path, held_out: bool) -> Result<Split> {
    let good = images(&folder.join("train/good"))?;
    let is_held = |i: usize| held_out && i.is_multiple_of(5);
    let part = |held: bool| -> Vec<Array4<u8>> {
        let chosen = good.iter().enumerate().filter(|(i, _)| is_held(*i) == held);
        chosen.map(|(_, image)| image.clone()).collect()
    };
    let mut test = match held_out {
        true => part(true),
        false => images(&folder.join("test/good"))?,
    };
    let (h, w) = (good[0].dim().2, good[0].dim().3);
    let mut masks = vec![Array3::from_elem((1, h, w), false); test.len()];
    let mut anomalous = vec![false; test.len()];
    for kind in list(&folder.join("test"))? {
        let name = kind.file_name().unwrap_or_default();
        if name == "good" {
            continue;
        }
        let defects = images(&kind)?;
        let truth = images(&folder.join("ground_truth").join(name))?;
        anomalous.extend(vec![true; defects.len()]);
        masks.extend(
            truth
                .iter()
                .map(|mask| mask.index_axis(Axis(1), 0).mapv(|v| v > 127)),
        );
        test.extend(defects);
    }
    let all = |images: &[Array4<u8>]| {
        let views: Vec<_> = images.iter().map(Array4::view).collect();
        concatenate(Axis(0), &views)
    };
    let views: Vec<_> = masks.iter().map(Array3::view).collect();
    Ok(Split {
        train: all(&part(false))?,
        test: all(&test)?,
        masks: concatenate(Axis(0), &views)?,
        anomalous,
    })
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// `[1, 3, h, w]` each, sorted by name.
fn images(folder: &Path) -> Result<Vec<Array4<u8>>> {
    let one = |path: PathBuf| {
        let image = image::open(&path)?.to_rgb8();
        let shape = (1, image.height() as usize, image.width() as usize, 3);
        let image = Array4::from_shape_vec(shape, image.into_raw())?;
        Ok(image.permuted_axes([0, 3, 1, 2]))
    };
    list(folder)?.into_iter().map(one).collect()
}

/// Contact sheets of twelve normal and twelve anomalous images' maps; white is the largest value of all.
fn write_maps(folder: &Path, maps: &Array3<f32>, anomalous: &[bool]) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let largest = maps.fold(0f32, |a, &b| a.max(b));
    let smallest = maps.fold(f32::INFINITY, |a, &b| a.min(b));
    for (name, wanted) in [("normal", false), ("anomalous", true)] {
        let rows: Vec<usize> = (0..anomalous.len())
            .filter(|&i| anomalous[i] == wanted)
            .collect();
        let step = (rows.len() / 12).max(1);
        let (_, h, w) = maps.dim();
        let mut sheet = image::GrayImage::new(4 * w as u32, 3 * h as u32);
        for (place, &row) in rows.iter().step_by(step).take(12).enumerate() {
            let map = maps.index_axis(Axis(0), row);
            for ((y, x), &value) in map.indexed_iter() {
                let level = 255.0 * (value - smallest) / (largest - smallest);
                let at = ((place % 4) * w + x, (place / 4) * h + y);
                sheet.put_pixel(at.0 as u32, at.1 as u32, image::Luma([level as u8]));
            }
        }
        sheet.save(folder.join(format!("{name}.png")))?;
    }
    Ok(())
}
