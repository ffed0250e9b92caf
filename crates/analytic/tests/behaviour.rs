//! What holds for any rows.

use analytic::{
    LinearDenoiser, LinearDenoiserConfig, MaskedWiener, MaskedWienerConfig, ViewsAndPairs,
    ViewsAndPairsConfig, Weight, Wiener, WienerConfig,
};
use detector::{ContributionKind, Detector, DetectorError, Input, Silent, conformance};
use ndarray::{Array1, Array2, ArrayView2, Axis, array, s};
use proptest::prelude::*;

fn wiener() -> Wiener {
    Wiener::new(WienerConfig::default()).unwrap()
}

/// Those of one Gaussian or one for all neighbourhoods.
fn both() -> [Box<dyn Detector>; 2] {
    let linear = LinearDenoiser::new(LinearDenoiserConfig::default()).unwrap();
    [Box::new(linear), Box::new(wiener())]
}

fn masked(view_rows: usize) -> Box<dyn Detector> {
    let config = MaskedWienerConfig {
        view_rows,
        ..MaskedWienerConfig::default()
    };
    Box::new(MaskedWiener::new(config).unwrap())
}

fn pairs(weight: Weight, view_rows: usize) -> Box<dyn Detector> {
    let config = ViewsAndPairsConfig { weight, view_rows };
    Box::new(ViewsAndPairs::new(config).unwrap())
}

/// Those of several views, with all rows and with few of them.
fn with_views() -> Vec<Box<dyn Detector>> {
    vec![
        masked(20_000),
        masked(50),
        pairs(Weight::Repeats, 20_000),
        pairs(Weight::Value(1.0), 20_000),
        pairs(Weight::Value(1.0), 50),
    ]
}

fn all() -> impl Iterator<Item = Box<dyn Detector>> {
    both().into_iter().chain(with_views())
}

fn scores(
    detector: &dyn Detector,
    train: ArrayView2<'_, f32>,
    test: ArrayView2<'_, f32>,
) -> Array1<f64> {
    let scorer = detector.fit(Input::Rows(train), 0, &Silent).unwrap();
    scorer.score(Input::Rows(test), &Silent).unwrap()
}

fn scrambled(n: usize, d: usize, mut state: u32) -> Array2<f32> {
    Array2::from_shape_simple_fn((n, d), || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 - 0.5
    })
}

#[test]
fn all_conform() {
    for detector in all() {
        assert_eq!(conformance::check(&*detector), Ok(()));
    }
}

#[test]
fn an_odd_column_leaves_the_largest_residual() {
    for detector in both() {
        let kind = ContributionKind::SquaredResidual;
        assert_eq!(conformance::check_contributions(&*detector, kind), Ok(()));
    }
}

#[test]
fn what_columns_add_sums_to_the_score() {
    for detector in with_views() {
        let kind = ContributionKind::Exact;
        assert_eq!(conformance::check_contributions(&*detector, kind), Ok(()));
    }
    // Where all that could be divided is 0: the training rows again.
    let train = Array2::from_shape_fn((40, 3), |(i, _)| (i % 2) as f32);
    for detector in with_views() {
        let x = Input::Rows(train.view());
        let scorer = detector.fit(x, 0, &Silent).unwrap();
        let terms = scorer.contributions(x, &Silent).unwrap().unwrap().values;
        let scores = scorer.score(x, &Silent).unwrap();
        for (terms, score) in terms.outer_iter().zip(&scores) {
            assert!((terms.sum() - score).abs() <= 1e-12 * (1.0 + score.abs()));
        }
    }
}

#[test]
fn a_pair_of_values_that_never_came_together_is_told_by_both_columns() {
    // Two codes that agree, and noise.
    let noise = scrambled(300, 1, 3);
    let row = |i: usize, j: usize| match j {
        0 | 2 => (i % 5) as f32,
        _ => noise[(i, 0)],
    };
    let train = Array2::from_shape_fn((300, 3), |(i, j)| row(i, j));
    let test = array![[1.0f32, 0.1, 1.0], [1.0, 0.1, 4.0]];
    let detector = pairs(Weight::Value(1.0), 20_000);
    let scorer = detector.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
    let x = Input::Rows(test.view());
    let scores = scorer.score(x, &Silent).unwrap();
    assert!(scores[1] > scores[0] + 10.0, "{scores}");
    let terms = scorer.contributions(x, &Silent).unwrap().unwrap();
    let [first, second] = [terms.ranked(1)[0], terms.ranked(1)[1]];
    assert_eq!([first.min(second), first.max(second)], [0, 2]);
}

#[test]
fn drawn_rows_come_from_the_seed_and_all_rows_from_none() {
    let (train, test) = (scrambled(200, 4, 3), scrambled(21, 4, 11));
    let scores = |detector: &dyn Detector, seed| {
        let scorer = detector
            .fit(Input::Rows(train.view()), seed, &Silent)
            .unwrap();
        scorer.score(Input::Rows(test.view()), &Silent).unwrap()
    };
    for (few, many) in [
        (masked(50), masked(200)),
        (
            pairs(Weight::Value(1.0), 50),
            pairs(Weight::Value(1.0), 200),
        ),
    ] {
        assert_eq!(scores(&*few, 1), scores(&*few, 1));
        assert_ne!(scores(&*few, 1), scores(&*few, 2));
        assert_eq!(scores(&*many, 1), scores(&*many, 2));
    }
}

#[test]
fn the_weight_is_that_of_repeated_values() {
    let scores = |detector: &dyn Detector, train: &Array2<f32>| {
        let test = scrambled(21, 2, 11).mapv(|v| (v * 8.0).round());
        scores(detector, train.view(), test.view())
    };
    // Eight values of each column in 200 rows: 2r is above 1. Without repeats it is 0.
    let codes = scrambled(200, 2, 3).mapv(|v| (v * 8.0).round());
    let numbers = scrambled(200, 2, 3);
    for (train, weight) in [(&codes, 1.0), (&numbers, 0.0)] {
        let of = |weight| scores(&*pairs(weight, 20_000), train);
        assert_eq!(of(Weight::Repeats), of(Weight::Value(weight)));
    }
    // One column of two constant: the other's values differ, so r is (1 − 1/n)/2.
    let mut half = numbers.clone();
    half.column_mut(0).fill(1.0);
    let of = |weight| scores(&*pairs(weight, 20_000), &half);
    let weight = 1.0 - 1.0 / 200.0;
    for (a, b) in of(Weight::Repeats).iter().zip(of(Weight::Value(weight))) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
}

#[test]
fn residuals_sum_to_what_the_linear_score_is_the_logarithm_of() {
    let linear = LinearDenoiser::new(LinearDenoiserConfig::default()).unwrap();
    // Fewer columns than rows, and more.
    for d in [4, 90] {
        let (train, test) = (scrambled(60, d, 3), scrambled(21, d, 11));
        let residuals = |unit: f32| {
            let (train, test) = (&train * unit, &test * unit);
            let scorer = linear.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
            let x = Input::Rows(test.view());
            let found = scorer.contributions(x, &Silent).unwrap().unwrap().values;
            (found.sum_axis(Axis(1)), scorer.score(x, &Silent).unwrap())
        };
        let (sums, scores) = residuals(1.0);
        for (sum, score) in sums.iter().zip(&scores) {
            let expected = (sum + 1e-6 * d as f64).ln();
            assert!((score - expected).abs() < 1e-9, "{score}, not {expected}");
        }
        // In the units of the rows, whatever units the method counts in.
        let (small, _) = residuals(2f32.powi(-12));
        for (small, sum) in small.iter().zip(&sums) {
            let expected = sum * 2f64.powi(-24);
            assert!(
                (small - expected).abs() < 1e-9 * expected,
                "{small}, not {expected}"
            );
        }
    }
}

#[test]
fn a_row_scores_alone_as_in_any_batch_at_every_width() {
    // Products of few rows or columns may take another path: 7 is where it turns.
    for d in [1, 2, 7, 8, 9, 40, 150] {
        let (train, test) = (scrambled(60, d, 3), scrambled(133, d, 11));
        for detector in all() {
            let scorer = detector.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
            let all = scorer.score(Input::Rows(test.view()), &Silent).unwrap();
            for (row, together) in test.outer_iter().zip(&all) {
                let row = row.insert_axis(Axis(0));
                let alone = scorer.score(Input::Rows(row), &Silent).unwrap();
                assert_eq!(alone[0], *together, "{d} columns");
            }
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_threads() {
    let (train, test) = (scrambled(700, 140, 5), scrambled(300, 140, 9));
    for detector in all() {
        let [one, three] = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap()
                .install(|| scores(&*detector, train.view(), test.view()))
        });
        assert_eq!(one, three);
    }
}

#[test]
fn a_single_row_is_an_error_and_two_are_not() {
    for detector in all() {
        let one = array![[1.0f32, 2.0]];
        let error = detector.fit(Input::Rows(one.view()), 0, &Silent).err();
        assert!(matches!(error, Some(DetectorError::Method(_))));
        let two = array![[1.0f32, 2.0], [1.5, 2.0]];
        let found = scores(
            &*detector,
            two.view(),
            array![[1.2, 2.0], [1.2, 9.0]].view(),
        );
        assert!(found[1] > found[0]);
    }
}

#[test]
fn equal_rows_leave_a_distance() {
    let train = Array2::from_elem((50, 3), 2.5f32);
    let test = array![[2.5f32, 2.5, 2.5], [2.5, 2.6, 2.5], [2.5, 3.5, 2.5]];
    for detector in all() {
        let found = scores(&*detector, train.view(), test.view());
        assert!(found[0] < found[1] && found[1] < found[2], "{found}");
    }
}

#[test]
fn a_constant_column_adds_nothing_until_it_moves() {
    let train = scrambled(80, 4, 17);
    let mut wide = Array2::from_elem((80, 5), 0.25f32);
    wide.slice_mut(s![.., ..4]).assign(&train);
    let mut test = Array2::from_elem((30, 5), 0.25f32);
    test.slice_mut(s![.., ..4]).assign(&scrambled(30, 4, 23));
    // It adds to d and to nothing else, so that the same σ needs more of the smaller s₀.
    let config = |noise| WienerConfig {
        noise,
        ..WienerConfig::default()
    };
    let [narrow, wider] = [2.0, 2.0 * 1.25f64.sqrt()].map(|n| Wiener::new(config(n)).unwrap());
    let with = scores(&wider, wide.view(), test.view());
    let without = scores(&narrow, train.view(), test.slice(s![.., ..4]));
    for (a, b) in with.iter().zip(&without) {
        // But for 10⁻⁶d in the logarithm.
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }
    let mut moved = test.clone();
    moved[(3, 4)] = 1.25;
    let moved = scores(&wider, wide.view(), moved.view());
    assert!(moved[3] > with[3] + 1.0 && moved[4] == with[4]);
}

#[test]
fn wrong_settings_are_named() {
    let default = WienerConfig::default;
    let wrong = [
        (
            WienerConfig {
                neighbours: vec![],
                ..default()
            },
            "neighbours",
        ),
        (
            WienerConfig {
                neighbours: vec![5, 0],
                ..default()
            },
            "neighbours",
        ),
        (
            WienerConfig {
                noise: 0.0,
                ..default()
            },
            "noise",
        ),
        (
            WienerConfig {
                noise: f64::NAN,
                ..default()
            },
            "noise",
        ),
        (
            WienerConfig {
                local_weight: -0.1,
                ..default()
            },
            "local-weight",
        ),
        (
            WienerConfig {
                local_neighbours: 0,
                ..default()
            },
            "local-neighbours",
        ),
    ];
    for (config, expected) in wrong {
        let error = Wiener::new(config).unwrap_err();
        assert!(matches!(error, DetectorError::Setting(setting) if setting.name == expected));
    }
    let config = LinearDenoiserConfig {
        noise: f64::INFINITY,
    };
    assert!(LinearDenoiser::new(config).is_err());
    let config = MaskedWienerConfig {
        view_rows: 1,
        ..MaskedWienerConfig::default()
    };
    assert!(MaskedWiener::new(config).is_err());
    for (weight, view_rows) in [(-1.0, 2), (f64::NAN, 2), (1.0, 1)] {
        let weight = Weight::Value(weight);
        assert!(ViewsAndPairs::new(ViewsAndPairsConfig { weight, view_rows }).is_err());
    }
    let wrong = toml::from_str::<ViewsAndPairsConfig>("weight = \"some\"").unwrap_err();
    assert!(
        wrong
            .to_string()
            .contains("expected \"repeats\" or a number")
    );
}

#[test]
fn defaults_are_written_out() {
    assert_eq!(
        toml::to_string(&WienerConfig::default()).unwrap(),
        "neighbours = [5, 10, 20]\nnoise = 2.0\nlocal-weight = 0.25\nlocal-neighbours = 20\n"
    );
    assert_eq!(
        toml::to_string(&LinearDenoiserConfig::default()).unwrap(),
        "noise = 2.0\n"
    );
    assert_eq!(
        toml::to_string(&MaskedWienerConfig::default()).unwrap(),
        "neighbours = [1, 3, 10, 30]\nnoise = 2.0\nlocal-weight = 0.25\nlocal-neighbours = 20\n\
         view-rows = 20000\n"
    );
    assert_eq!(
        toml::to_string(&ViewsAndPairsConfig::default()).unwrap(),
        "weight = \"repeats\"\nview-rows = 20000\n"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn finite_rows_score_finitely(
        (n, d) in (2usize..50, 1usize..12),
        seed in 1u32..,
        scale in prop::sample::select(vec![1e-40f32, 1e-20, 1.0, 1e10, 3e38]),
        copies in 1usize..8,
        levels in prop::sample::select(vec![1.0f32, 3.0, 1e6]),
    ) {
        // Few levels make ties, copies make duplicates.
        let value = |v: f32| (v * levels).round() / levels * scale;
        let train = scrambled(n, d, seed).mapv(value);
        let rows: Vec<usize> = (0..n * copies).map(|i| i / copies).collect();
        let train = train.select(Axis(0), &rows);
        let test = scrambled(9, d, seed ^ 0x5555 | 1).mapv(value);
        for detector in all() {
            let found = scores(&*detector, train.view(), test.view());
            prop_assert!(found.iter().all(|s| s.is_finite()), "{}", found);
        }
    }
}

#[test]
fn restored_they_score_with_the_same_bits_and_changed_states_are_refused() {
    let many = scrambled(40, 3, 5);
    let wide = scrambled(9, 30, 6);
    let small = many.mapv(|v| v * 1e-9);
    for x in [&many, &wide, &small] {
        let wide_numbers = x.mapv(f64::from);
        for detector in all() {
            for x in [Input::Rows(x.view()), Input::Rows64(wide_numbers.view())] {
                let scorer = detector.fit(x, 0, &Silent).unwrap();
                assert_eq!(conformance::check_restored(&*detector, &*scorer, x), Ok(()));
                for place in [0, 41, 1000] {
                    let found = conformance::check_spoilt(&*detector, &*scorer, x, place);
                    assert_eq!(found, Ok(()), "{place}");
                }
            }
        }
    }
}
