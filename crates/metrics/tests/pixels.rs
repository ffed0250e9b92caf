//! Pixel metrics against `scripts/golden/aupro.py` (scipy's regions, scikit-learn's curves) and
//! against their definition.

use approx::relative_eq;
use metrics::{
    MetricError, PixelMetrics, aupro, auroc, average_precision, pixel_auroc,
    pixel_average_precision,
};
use ndarray::{Array3, ArrayView, s};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    shape: [usize; 3],
    maps: Vec<f32>,
    masks: Vec<u8>,
    aupro: Vec<(f64, f64)>,
    auroc: f64,
    ap: f64,
}

#[test]
fn equals_scipy_and_scikit_learn() {
    let golden: Golden = serde_json::from_str(include_str!("golden/aupro.json")).unwrap();
    assert!(golden.cases.len() >= 10);
    for case in golden.cases {
        let maps = Array3::from_shape_vec(case.shape, case.maps).unwrap();
        let masks = case.masks.iter().map(|&mask| mask == 1).collect();
        let masks = Array3::from_shape_vec(case.shape, masks).unwrap();
        // Sums of a few hundred terms of order one in f64, divided by 0.05 at the least.
        let close = |what: &str, ours: f64, theirs: f64| {
            let equal = relative_eq!(ours, theirs, epsilon = 1e-12);
            assert!(equal, "{} {what}: {ours}, expected {theirs}", case.name);
        };
        for (max_fpr, expected) in case.aupro {
            let ours = aupro(maps.view(), masks.view(), max_fpr).unwrap();
            close(&format!("aupro to {max_fpr}"), ours, expected);
        }
        let all = PixelMetrics::of(maps.view(), masks.view()).unwrap();
        close("auroc", all.auroc, case.auroc);
        close("ap", all.ap, case.ap);
    }
}

/// AUPRO from its definition: flood each region, take each distinct value as a threshold, count.
fn brute_force(maps: &Array3<f32>, masks: &Array3<bool>, max_fpr: f64) -> f64 {
    let (n, h, w) = maps.dim();
    let mut regions: Vec<Vec<(usize, usize, usize)>> = Vec::new();
    let mut seen = Array3::from_elem((n, h, w), false);
    for (start, _) in masks.indexed_iter().filter(|(_, anomalous)| **anomalous) {
        let mut stack = vec![start];
        let mut region = Vec::new();
        while let Some((i, y, x)) = stack.pop() {
            if !std::mem::replace(&mut seen[(i, y, x)], true) {
                region.push((i, y, x));
                for y in y.saturating_sub(1)..=(y + 1).min(h - 1) {
                    for x in x.saturating_sub(1)..=(x + 1).min(w - 1) {
                        if masks[(i, y, x)] {
                            stack.push((i, y, x));
                        }
                    }
                }
            }
        }
        if !region.is_empty() {
            regions.push(region);
        }
    }
    let mut thresholds: Vec<f32> = maps.iter().copied().collect();
    thresholds.sort_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    let normals = masks.iter().filter(|&&anomalous| !anomalous).count() as f64;
    let (mut area, mut last) = (0.0, (0.0, 0.0));
    for threshold in thresholds {
        let called = |&(at, _): &((usize, usize, usize), &f32)| maps[at] >= threshold;
        let false_positives = (maps.indexed_iter().filter(called))
            .filter(|&(at, _)| !masks[at])
            .count();
        let overlap: f64 = (regions.iter())
            .map(|region| {
                let hits = region.iter().filter(|&&at| maps[at] >= threshold).count();
                hits as f64 / region.len() as f64
            })
            .sum();
        let point = (
            false_positives as f64 / normals,
            overlap / regions.len() as f64,
        );
        // The part of the line from the last point that lies below the limit.
        let width = (point.0 - last.0).min(max_fpr - last.0).max(0.0);
        if width > 0.0 {
            let slope = (point.1 - last.1) / (point.0 - last.0);
            area += width * (last.1 + slope * width / 2.0);
        }
        last = point;
    }
    area / max_fpr
}

/// Maps with ties and masks with both classes.
fn images() -> impl Strategy<Value = (Array3<f32>, Array3<bool>)> {
    let sizes = (1..4usize, 1..9usize, 2..9usize, 0.05..0.8);
    sizes.prop_flat_map(|(n, h, w, share)| {
        let pixel = (-12..=12i32, prop::bool::weighted(share));
        prop::collection::vec(pixel, n * h * w).prop_map(move |pixels| {
            let values = pixels.iter().map(|&(value, _)| value as f32 / 3.0);
            let maps = Array3::from_shape_vec((n, h, w), values.collect()).unwrap();
            let masks = pixels.iter().map(|&(_, anomalous)| anomalous).collect();
            let mut masks = Array3::from_shape_vec((n, h, w), masks).unwrap();
            masks[(0, 0, 0)] = true;
            masks[(n - 1, h - 1, w - 1)] = false;
            (maps, masks)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn equals_the_definition((maps, masks) in images(), max_fpr in 0.01..=1.0) {
        let ours = aupro(maps.view(), masks.view(), max_fpr)?;
        let theirs = brute_force(&maps, &masks, max_fpr);
        // Shares of a region round by less than 2^-50 here, slopes by a few ulps.
        prop_assert!((ours - theirs).abs() < 1e-12, "{} and {}", ours, theirs);
    }

    #[test]
    fn pixels_are_rows((maps, masks) in images()) {
        let scores: Vec<f64> = maps.iter().map(|&value| f64::from(value)).collect();
        let labels: Vec<bool> = masks.iter().copied().collect();
        let (maps, masks) = (maps.view(), masks.view());
        prop_assert_eq!(pixel_auroc(maps, masks)?, auroc(&scores, &labels)?);
        let ap = average_precision(&scores, &labels)?;
        // The same sum, in the same order.
        prop_assert_eq!(pixel_average_precision(maps, masks)?, ap);
    }

    #[test]
    fn one_sweep_or_three((maps, masks) in images()) {
        let (maps, masks) = (maps.view(), masks.view());
        let all = PixelMetrics::of(maps, masks)?;
        prop_assert_eq!(all.auroc, pixel_auroc(maps, masks)?);
        prop_assert_eq!(all.ap, pixel_average_precision(maps, masks)?);
        prop_assert_eq!(all.aupro, aupro(maps, masks, PixelMetrics::MAX_FPR)?);
    }

    #[test]
    fn order_of_images_mirrors_and_increasing_maps_change_nothing((maps, masks) in images()) {
        let expected = PixelMetrics::of(maps.view(), masks.view())?;
        let (backward, mirrored) = (s![..;-1, .., ..], s![.., ..;-1, ..;-1]);
        let reversed = PixelMetrics::of(maps.slice(backward), masks.slice(backward))?;
        prop_assert_eq!(expected, reversed);
        let turned = PixelMetrics::of(maps.slice(mirrored), masks.slice(mirrored))?;
        prop_assert_eq!(expected, turned);
        let grown = maps.mapv(|value| (value / 4.0).exp() - 3.0);
        prop_assert_eq!(expected, PixelMetrics::of(grown.view(), masks.view())?);
    }
}

#[test]
fn perfect_is_one_and_a_constant_is_chance() {
    let masks = Array3::from_shape_fn((3, 8, 9), |(i, y, x)| i > 0 && y < 3 && x % 4 < 2);
    let maps = masks.mapv(|anomalous| if anomalous { 2.0 } else { -1.0 });
    let perfect = PixelMetrics::of(maps.view(), masks.view()).unwrap();
    assert_eq!((perfect.auroc, perfect.ap, perfect.aupro), (1.0, 1.0, 1.0));
    let constant = PixelMetrics::of(Array3::zeros((3, 8, 9)).view(), masks.view()).unwrap();
    assert_eq!(constant.auroc, 0.5);
    assert!((constant.aupro - 0.15).abs() < 1e-12); // the diagonal's area to 0.3, over 0.3
}

#[test]
fn undefined_input_is_an_error() {
    let maps = Array3::<f32>::zeros((2, 3, 4));
    let mut masks = Array3::from_elem((2, 3, 4), false);
    let error = |maps: &Array3<f32>, masks: &Array3<bool>| {
        let error = PixelMetrics::of(maps.view(), masks.view()).unwrap_err();
        assert_eq!(
            aupro(maps.view(), masks.view(), 0.3)
                .unwrap_err()
                .to_string(),
            error.to_string()
        );
        error
    };
    assert_eq!(
        error(&maps, &masks),
        MetricError::NoAnomalousPixel { pixels: 24 }
    );
    masks.fill(true);
    assert_eq!(
        error(&maps, &masks),
        MetricError::NoNormalPixel { pixels: 24 }
    );
    masks[(1, 2, 3)] = false;
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut maps = maps.clone();
        maps[(1, 0, 2)] = value;
        assert_eq!(
            error(&maps, &masks).to_string(),
            format!("value {value} in map 1 at row 0, column 2, expected a finite number")
        );
    }
    // As many pixels, but another shape.
    let wide = masks.clone().into_shape_with_order((2, 4, 3)).unwrap();
    assert_eq!(
        error(&maps, &wide).to_string(),
        "maps of shape [2, 3, 4] but masks of shape [2, 4, 3], expected the same [n, h, w]"
    );
    let (none, no_masks) = (
        Array3::zeros((0, 3, 4)),
        Array3::from_elem((0, 3, 4), false),
    );
    assert_eq!(error(&none, &no_masks), MetricError::NoPixel);
    for max_fpr in [0.0, -0.1, 1.1, f64::NAN] {
        let error = aupro(maps.view(), masks.view(), max_fpr).unwrap_err();
        assert!(matches!(
            error,
            MetricError::RateOutOfRange {
                name: "max_fpr",
                ..
            }
        ));
    }
}

#[test]
fn a_map_too_large_to_count_is_an_error() {
    // One pixel shown 2^32 times, so that nothing is allocated.
    let (value, mask) = ([0.0_f32], [false]);
    let shape = (1, 1 << 16, 1 << 16);
    let maps = ArrayView::from_shape((1, 1, 1), &value).unwrap();
    let masks = ArrayView::from_shape((1, 1, 1), &mask).unwrap();
    let error = aupro(
        maps.broadcast(shape).unwrap(),
        masks.broadcast(shape).unwrap(),
        0.3,
    );
    let (height, width) = (1 << 16, 1 << 16);
    assert_eq!(error, Err(MetricError::MapTooLarge { height, width }));
}
