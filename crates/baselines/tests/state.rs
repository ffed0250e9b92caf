//! Stored detectors: they score with the same bits, are small, and are refused where they were changed.

use baselines::{
    Bins, ConstantColumns, Copod, CopodConfig, DteNonParametric, DteNonParametricConfig, Ecdf,
    Ecod, EcodConfig, FeatureBagging, FeatureBaggingConfig, Hbos, HbosConfig, IsolationForest,
    IsolationForestConfig, Knn, KnnConfig, Lof, LofConfig, Mcd, Norm, OneClassSvm,
    OneClassSvmConfig, Pca, PcaConfig, PcaScore, Rng,
};
use detector::conformance::{check_restored, check_spoilt};
use detector::{Detector, DetectorError, Input, Silent, State};
use ndarray::{Array2, Axis, concatenate};
use proptest::prelude::*;

fn detectors() -> Vec<Box<dyn Detector>> {
    let published = CopodConfig {
        ecdf: Ecdf::TrainAndTest,
        constant_columns: ConstantColumns::NanToZero,
    };
    let reconstruction = PcaConfig {
        score: PcaScore::Reconstruction,
        ..PcaConfig::default()
    };
    let bins = HbosConfig {
        bins: Bins::Auto,
        ..HbosConfig::default()
    };
    let forest = |rng| IsolationForestConfig {
        trees: 7,
        rng,
        ..IsolationForestConfig::default()
    };
    let bagging = FeatureBaggingConfig {
        estimators: 3,
        neighbours: 4,
    };
    vec![
        Box::new(Norm),
        Box::new(Knn::new(KnnConfig::default()).unwrap()),
        Box::new(DteNonParametric::new(DteNonParametricConfig::default()).unwrap()),
        Box::new(Lof::new(LofConfig { neighbours: 4 }).unwrap()),
        Box::new(FeatureBagging::new(bagging).unwrap()),
        Box::new(Pca::new(PcaConfig::default()).unwrap()),
        Box::new(Pca::new(reconstruction).unwrap()),
        Box::new(Mcd),
        Box::new(Hbos::new(HbosConfig::default()).unwrap()),
        Box::new(Hbos::new(bins).unwrap()),
        Box::new(Copod::new(CopodConfig::default())),
        Box::new(Copod::new(published)),
        Box::new(Ecod::new(EcodConfig::default())),
        Box::new(IsolationForest::new(forest(Rng::Fast)).unwrap()),
        Box::new(IsolationForest::new(forest(Rng::Sklearn)).unwrap()),
        Box::new(OneClassSvm::new(OneClassSvmConfig::default()).unwrap()),
    ]
}

fn rows(n: usize, d: usize) -> Array2<f64> {
    let value = |k: usize| ((k + 1) as f64 * 12.9898).sin() * 43758.5453;
    Array2::from_shape_fn((n, d), |(i, j)| value(i * d + j).fract() * (j + 1) as f64)
}

#[test]
fn restored_from_rows_of_every_kind_they_score_with_the_same_bits() {
    let mut constant = rows(60, 4);
    constant.column_mut(2).fill(-0.0);
    let copies = Array2::from_shape_fn((60, 3), |(i, j)| (i.saturating_sub(9) + j) as f64);
    let mut turned = rows(5, 40);
    turned.swap_axes(0, 1);
    for (what, x) in [
        ("a constant column of negative zeros", constant),
        ("copies", copies),
        ("fewer rows than columns", rows(9, 40)),
        ("one column", rows(50, 1)),
        ("small numbers", rows(50, 3) * 1e-9),
        ("large numbers", rows(50, 3) * 1e30),
        ("columns in memory", turned),
    ] {
        let narrow = x.mapv(|v| v as f32);
        for (i, detector) in detectors().into_iter().enumerate() {
            for x in [Input::Rows64(x.view()), Input::Rows(narrow.view())] {
                let scorer = detector.fit(x, 3, &Silent).unwrap();
                let found = check_restored(&*detector, &*scorer, x);
                assert_eq!(found, Ok(()), "detector {i} on {what}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_changed_state_is_refused_or_scores(place in 0usize..100_000) {
        let (x, test) = (rows(30, 4), rows(5, 4));
        for (i, detector) in detectors().into_iter().enumerate() {
            let scorer = detector.fit(Input::Rows64(x.view()), 3, &Silent).unwrap();
            let found = check_spoilt(&*detector, &*scorer, Input::Rows64(test.view()), place);
            prop_assert_eq!(found, Ok(()), "detector {}", i);
        }
    }
}

fn state_of(detector: &dyn Detector, x: &Array2<f64>) -> State {
    let scorer = detector.fit(Input::Rows64(x.view()), 3, &Silent).unwrap();
    scorer.state().unwrap()
}

#[test]
fn a_tree_with_a_loop_or_a_missing_child_is_refused() {
    let forest = IsolationForest::new(IsolationForestConfig::default()).unwrap();
    let state = state_of(&forest, &rows(50, 4));
    let refused = |changed: State| match forest.restore(&changed) {
        Err(DetectorError::State(error)) => error.to_string(),
        _ => panic!("a changed state is accepted"),
    };
    let left: Vec<u32> = state.list("left").unwrap();
    let columns: Vec<u32> = state.list("split-columns").unwrap();
    let expected = "`nodes` of a stored `iforest`: those of tree 0 are not a tree";
    // The root's child is the root, a node's child its parent, a child lies beyond the last node.
    for (node, child) in [(0, 0), (1, 0), (0, 100_000), (0, u32::MAX)] {
        let mut left = left.clone();
        left[node] = child;
        assert_eq!(refused(state.clone().with_list("left", &left)), expected);
    }
    let mut columns = columns;
    columns[0] = 4;
    assert_eq!(
        refused(state.clone().with_list("split-columns", &columns)),
        expected
    );
    // Each node's children are the next two: a chain deeper than any tree that is grown.
    let sizes: Vec<u32> = state.list("nodes").unwrap();
    let chain: Vec<u32> = (0..sizes[0])
        .map(|i| if i + 2 < sizes[0] { i + 1 } else { i })
        .chain(left[sizes[0] as usize..].iter().copied())
        .collect();
    let thresholds: Vec<f64> = (0..left.len())
        .map(|i| {
            if chain[i] == i as u32 {
                f64::INFINITY
            } else {
                0.0
            }
        })
        .collect();
    let chained = state
        .clone()
        .with_list("left", &chain)
        .with_list("thresholds", &thresholds);
    assert_eq!(refused(chained), expected);
}

#[test]
fn states_are_about_as_large_as_what_they_hold() {
    let x = rows(1000, 10);
    let rows = 8 * x.len();
    let bytes =
        |detector: &dyn Detector, x: &Array2<f64>| state_of(detector, x).to_bytes().unwrap().len();
    let knn = Knn::new(KnnConfig::default()).unwrap();
    let lof = Lof::new(LofConfig::default()).unwrap();
    let bagging = FeatureBagging::new(FeatureBaggingConfig::default()).unwrap();
    let forest = IsolationForest::new(IsolationForestConfig::default()).unwrap();
    for (name, found, expected) in [
        ("knn", bytes(&knn, &x), rows),
        ("lof", bytes(&lof, &x), rows + 2 * 8 * 1000),
        // One table of rows for ten sets of columns.
        (
            "feature bagging",
            bytes(&bagging, &x),
            rows + 10 * 2 * 8 * 1000,
        ),
        (
            "copod",
            bytes(&Copod::new(CopodConfig::default()), &x),
            rows,
        ),
        ("mcd", bytes(&Mcd, &x), 8 * 110),
        (
            "pca",
            bytes(&Pca::new(PcaConfig::default()).unwrap(), &x),
            8 * 120,
        ),
        (
            "hbos",
            bytes(&Hbos::new(HbosConfig::default()).unwrap(), &x),
            10 * 8 * 23,
        ),
        ("norm", bytes(&Norm, &x), 0),
        // About 190 nodes of 24 bytes.
        ("iforest", bytes(&forest, &x), 100 * 190 * 24),
    ] {
        let slack = 6000 + expected / 5;
        assert!(
            found >= expected * 4 / 5 && found < expected + slack,
            "{name}: {found} for {expected}"
        );
    }
    // Ten times the rows of small trees take no more room.
    let more = concatenate(Axis(0), &[x.view(); 10]).unwrap();
    assert!(bytes(&forest, &more) < 2 * bytes(&forest, &x));
    let one: Vec<u8> = state_of(&knn, &x).to_bytes().unwrap();
    assert!(
        one.len() - rows < 1000,
        "{} more than the rows",
        one.len() - rows
    );
}
