//! Parts in any pose, turned to one. Needs the network's weights.

use detector::conformance::check_restored;
use detector::{Detector, DetectorError, Input, Silent};
use ndarray::{Array4, Axis, concatenate, s};
use patches::{Align, PatchConfig, PatchRuntime, PatchWiener, PatchWienerConfig};
use tch::Device;

const SIDE: usize = 128;

fn runtime() -> Option<PatchRuntime> {
    let weights = datasets::cache_folder()?.join("weights");
    match features::lite0_weights(&weights) {
        Ok(_) => Some(PatchRuntime {
            training: training::Runtime::new(Device::Cpu),
            weights: Some(weights),
        }),
        Err(error) if error.is_missing() => {
            skipped::because(error);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Where a nail's `[t, u]`, along its axis from its middle and across it, lies on image `i`.
fn place(i: usize, [t, u]: [f64; 2]) -> [f64; 2] {
    let (sin, cos) = (i as f64 * 0.83).sin_cos();
    let [x, y] = [62 + i % 5, 67 - i % 4].map(|v| v as f64);
    [x + t * cos - u * sin, y + t * sin + u * cos]
}

/// Nails, each turned and moved; with a bright dent in the shaft where one is asked for.
fn nails(n: usize, first: usize, dent: bool) -> Array4<u8> {
    Array4::from_shape_fn((n, 3, SIDE, SIDE), |(i, c, row, column)| {
        let i = i + first;
        let (sin, cos) = (i as f64 * 0.83).sin_cos();
        let [x0, y0] = place(i, [0.0, 0.0]);
        let [x, y] = [column as f64 + 0.5 - x0, row as f64 + 0.5 - y0];
        let [t, u] = [x * cos + y * sin, y * cos - x * sin];
        let head = (-45.0..-33.0).contains(&t) && u.abs() < 13.0;
        let shaft = (-33.0..45.0).contains(&t) && u.abs() < 6.0;
        let grain = ((row * 31 + column * 17 + i * 7 + c * 3) % 9) as u8;
        match (head || shaft, dent && (t - 20.0).hypot(u) < 4.5) {
            (_, true) => 150,
            (true, _) => 60 + grain,
            (false, _) => 195 + grain,
        }
    })
}

fn detector(runtime: &PatchRuntime) -> PatchWiener {
    let config = PatchWienerConfig {
        share: 1.0,
        align: Align::PrincipalAxis,
        patches: PatchConfig {
            blocks: vec![2, 4],
            grid: 32,
            components: 24,
            sample: 5000,
        },
        ..PatchWienerConfig::default()
    };
    PatchWiener::new(config, runtime.clone()).unwrap()
}

#[test]
fn defects_of_turned_parts_are_found_where_they_lie() {
    let Some(runtime) = runtime() else { return };
    let (train, normal, dented) = (nails(16, 0, false), nails(5, 50, false), nails(5, 70, true));
    let detector = detector(&runtime);
    let scorer = detector
        .fit(Input::Images(train.view()), 1, &Silent)
        .unwrap();
    let both = concatenate(Axis(0), &[normal.view(), dented.view()]).unwrap();
    let scores = scorer.score(Input::Images(both.view()), &Silent).unwrap();
    let scores = scores.to_vec();
    let (low, high) = scores.split_at(5);
    let largest = low.iter().copied().fold(0.0, f64::max);
    assert!(high.iter().all(|s| *s > largest), "{low:?} {high:?}");

    let maps = scorer
        .maps(Input::Images(dented.view()), &Silent)
        .unwrap()
        .unwrap();
    let terms = scorer
        .contributions(Input::Images(dented.view()), &Silent)
        .unwrap()
        .unwrap();
    assert_eq!(terms.values.dim(), (5, 32 * 32));
    for (i, map) in maps.outer_iter().enumerate() {
        let ((row, column), _) = map
            .indexed_iter()
            .max_by(|a, b| a.1.total_cmp(b.1))
            .unwrap();
        let [x, y] = place(70 + i, [20.0, 0.0]);
        let off = (column as f64 + 0.5 - x).hypot(row as f64 + 0.5 - y);
        assert!(off < 8.0, "{i}: {off} pixels away");
        // The squares of the image that make the score lie there too.
        let place = terms.ranked(i)[0];
        let [row, column] = [place / 32, place % 32].map(|place| 4.0 * place as f64 + 2.0);
        assert!(
            (column - x).hypot(row - y) < 16.0,
            "{i}: {column} {row}, {x} {y}"
        );
        let sum = terms.values.row(i).sum();
        assert!((sum - high[i]).abs() < 1e-4 * sum, "{sum} {}", high[i]);
    }
    check_restored(&detector, &*scorer, Input::Images(dented.view())).unwrap();
}

#[test]
fn a_part_without_a_long_axis_is_refused_and_said_so() {
    let Some(runtime) = runtime() else { return };
    let mut train = nails(4, 0, false);
    let disc = Array4::from_shape_fn((1, 3, SIDE, SIDE), |(_, _, row, column)| {
        let [x, y] = [column as f64 - 60.0, row as f64 - 64.0];
        if x.hypot(y) < 30.0 { 60 } else { 200 }
    });
    train.slice_mut(s![2..3, .., .., ..]).assign(&disc);
    let detector = detector(&runtime);
    let error = detector
        .fit(Input::Images(train.view()), 0, &Silent)
        .map(|_| ())
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("image 2 shows no long part to turn"),
        "{text}"
    );
    assert!(text.contains("align = \"none\""), "{text}");
    assert!(!matches!(error, DetectorError::Memory(_)));

    // Nothing at all on an image is not a long part either; to score, both are taken as they are.
    let even = Array4::from_elem((2, 3, SIDE, SIDE), 90);
    let refused = detector
        .fit(Input::Images(even.view()), 0, &Silent)
        .map(|_| ());
    assert!(refused.unwrap_err().to_string().contains("image 0"));
    let nails = nails(8, 0, false);
    let scorer = detector
        .fit(Input::Images(nails.view()), 0, &Silent)
        .unwrap();
    let scores = scorer.score(Input::Images(disc.view()), &Silent).unwrap();
    let normal = scorer
        .score(Input::Images(nails.slice(s![..2, .., .., ..])), &Silent)
        .unwrap();
    assert!(scores[0] > normal[0] && scores[0] > normal[1]);
    assert!(scorer.score(Input::Images(even.view()), &Silent).is_ok());
}
