//! EfficientNet-Lite0 against a forward pass in PyTorch (`scripts/golden/lite0.py`), on its real
//! weights. Imagenette needs RESIDUUM_DATA.

use std::collections::BTreeMap;
use std::path::PathBuf;

use detector::Silent;
use features::{
    Backbone, FeaturesError, Lite0, Lite0Blocks, StateDict, embed, in_batches, lite0_weights,
};
use ndarray::{Array4, Axis, s};
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

#[derive(Deserialize)]
struct Golden {
    pooled: Vec<f64>,
    logits: Vec<f64>,
    blocks: Vec<Block>,
    imagenette: BTreeMap<String, Vec<i64>>,
}

#[derive(Deserialize)]
struct Block {
    shape: Vec<i64>,
    mean: f64,
    mean_square: f64,
    some: Vec<f64>,
}

/// ImageNet's numbers of Imagenette's classes.
const CLASSES: [(&str, i64); 10] = [
    ("n01440764", 0),
    ("n02102040", 217),
    ("n02979186", 482),
    ("n03000684", 491),
    ("n03028079", 497),
    ("n03394916", 566),
    ("n03417042", 569),
    ("n03425413", 571),
    ("n03445777", 574),
    ("n03888257", 701),
];

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/lite0.json")).unwrap()
}

/// The weights, from the cache or downloaded; `None` where that is not possible here.
fn weights() -> Option<PathBuf> {
    let folder = datasets::cache_folder()?.join("weights");
    match lite0_weights(&folder) {
        Ok(path) => Some(path),
        Err(error) if error.is_missing() => {
            skipped::because(error);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The made-up image of the script.
fn picture(h: usize, w: usize) -> Array4<u8> {
    Array4::from_shape_fn((1, 3, h, w), |(_, c, y, x)| {
        let value = x * (3 + c) + y * (5 - c) + (x * y) / (7 + 2 * c) + 40 * c;
        (value % 256) as u8
    })
}

fn tensor(images: &Array4<u8>) -> Tensor {
    features::to_tensor(images.view(), Device::Cpu).unwrap()
}

/// Every `step`th number.
fn some(x: &Tensor, step: usize) -> Vec<f64> {
    let values = Vec::<f64>::try_from(x.flatten(0, -1).to_kind(Kind::Double)).unwrap();
    values.into_iter().step_by(step).collect()
}

fn assert_close(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        // Folded norms round differently; numbers of block outputs go up to some 100.
        let allowed = 1e-3 * expected.abs().max(1.0);
        assert!(
            (found - expected).abs() < allowed,
            "{what}: {found} for {expected}"
        );
    }
}

#[test]
fn outputs_are_those_of_the_reference() {
    let Some(weights) = weights() else { return };
    let (golden, network) = (golden(), Lite0::load(&weights, Device::Cpu).unwrap());
    let x = tensor(&picture(97, 130));
    assert_close(
        "pooled",
        &some(&network.pooled(&x).unwrap(), 40),
        &golden.pooled,
    );
    assert_close(
        "logits",
        &some(&network.logits(&x).unwrap(), 40),
        &golden.logits,
    );
    let all: Vec<usize> = (0..16).collect();
    let first = |n: usize| {
        let weights = Lite0Blocks::weights(&weights, n).unwrap();
        Lite0Blocks::new(&weights, n, Device::Cpu).unwrap()
    };
    let network = first(16);
    let blocks = network.outputs(&x, &all).unwrap();
    assert_eq!(blocks.len(), golden.blocks.len());
    for (number, (found, expected)) in blocks.iter().zip(&golden.blocks).enumerate() {
        assert_eq!(found.size(), expected.shape, "block {number}");
        let what = format!("block {number}");
        let mut numbers = some(found, found.numel() / 7);
        numbers.truncate(7);
        assert_close(&what, &numbers, &expected.some);
        let mean = found.mean(Kind::Double).double_value(&[]);
        let square = found.square().mean(Kind::Double).double_value(&[]);
        assert_close(
            &what,
            &[mean, square.sqrt()],
            &[expected.mean, expected.mean_square.sqrt()],
        );
    }
    for network in [network, first(8)] {
        let [some, zero] = &network.outputs(&x, &[7, 0]).unwrap()[..] else {
            panic!("two blocks were asked for");
        };
        assert!(some.equal(&blocks[7]) && zero.equal(&blocks[0]));
        let error = network.outputs(&x, &[3, 16]).unwrap_err();
        assert!(error.to_string().starts_with("block 16, expected 0 to "));
    }
    // Weights of seven blocks are not those of eight.
    let weights = Lite0Blocks::weights(&weights, 7).unwrap();
    let error = Lite0Blocks::new(&weights, 8, Device::Cpu).unwrap_err();
    assert!(matches!(error, FeaturesError::State(_)), "{error}");
}

#[test]
fn half_of_the_weights_are_not_contiguous() {
    let Some(weights) = weights() else { return };
    let weights = StateDict::load(&weights).unwrap();
    assert_eq!(weights.names().count(), 296);
    // 4.65 million parameters, and the statistics of the norms.
    let numel = |name: &str| weights.tensor(name).unwrap().numel();
    let (norms, parameters): (Vec<&str>, Vec<&str>) = weights
        .names()
        .partition(|n| n.contains("running_") || n.ends_with("num_batches_tracked"));
    assert_eq!(parameters.into_iter().map(numel).sum::<usize>(), 4_652_008);
    assert_eq!(norms.len(), 3 * 49);
}

#[test]
fn an_image_is_embedded_alone_as_among_others() {
    let Some(weights) = weights() else { return };
    let backbone = Backbone::Lite0 { weights };
    let images: Vec<Array4<u8>> = (0..20).map(|i| picture(40 + i, 90)).collect();
    let images: Vec<_> = images
        .iter()
        .map(|i| i.slice(s![.., .., ..40, ..]))
        .collect();
    let mut images = ndarray::concatenate(Axis(0), &images).unwrap();
    for (i, mut image) in images.axis_iter_mut(Axis(0)).enumerate() {
        image.mapv_inplace(|v| v.wrapping_add(11 * i as u8));
    }
    let embed = |images: ndarray::ArrayView4<'_, u8>, side| {
        embed(&backbone, images, side, Device::Cpu, &Silent).unwrap()
    };
    let all = embed(images.view(), Some(64));
    assert_eq!(all.dim(), (20, 1280));
    for row in [0, 7, 19] {
        let alone = embed(images.slice(s![row..row + 1, .., .., ..]), Some(64));
        for (a, b) in alone.iter().zip(all.row(row)) {
            // Other kernels for another batch; sums of some hundred f32.
            assert!((a - b).abs() < 1e-4 * b.abs().max(1.0), "{a} for {b}");
        }
    }
    let grey = images.slice(s![..1, ..1, .., ..]);
    let same = ndarray::concatenate(Axis(1), &[grey, grey, grey]).unwrap();
    assert_eq!(embed(grey, None), embed(same.view(), None));
}

#[test]
fn imagenettes_classes_are_those_of_the_reference() {
    let Some(data) = std::env::var_os("RESIDUUM_DATA").map(PathBuf::from) else {
        skipped::because("no data (set RESIDUUM_DATA)");
        return;
    };
    let Some(weights) = weights() else { return };
    let mut images = Vec::new();
    let mut reference = Vec::new();
    let mut truth = Vec::new();
    for (folder, class) in CLASSES {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(data.join("imagenette224/val").join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
        paths.sort();
        truth.extend(paths.iter().map(|_| class));
        reference.extend(&golden().imagenette[folder]);
        for path in paths {
            let image = image::open(path).unwrap().to_rgb8();
            let (w, h) = image.dimensions();
            let image = Array4::from_shape_vec((1, h as usize, w as usize, 3), image.into_raw());
            images.push(image.unwrap().permuted_axes([0, 3, 1, 2]));
        }
    }
    let views: Vec<_> = images.iter().map(Array4::view).collect();
    let images = ndarray::concatenate(Axis(0), &views).unwrap();
    let found: Vec<i64> = in_batches(
        images.view(),
        Device::Cpu,
        &Silent,
        || Lite0::load(&weights, Device::Cpu),
        |network, x| Ok(network.logits(x)?.argmax(1, false)),
        |_, classes| Ok::<_, FeaturesError>(Vec::<i64>::try_from(classes)?),
    )
    .unwrap()
    .concat();
    let right = |classes: &[i64]| classes.iter().zip(&truth).filter(|(a, b)| a == b).count();
    let (ours, theirs) = (right(&found), right(&reference));
    assert_eq!(found.len(), 500);
    assert!(
        ours.abs_diff(theirs) <= 2,
        "{ours} right, the reference {theirs}"
    );
    assert!(ours > 300, "{ours} of 500 right");
    // JPEG decoders differ by one or two levels, which moves single close calls.
    let other = found.iter().zip(&reference).filter(|(a, b)| a != b).count();
    assert!(other <= 10, "{other} classes differ from the reference's");
}
