//! What holds for any rows.

use analytic::{LinearDenoiser, LinearDenoiserConfig, Wiener, WienerConfig};
use detector::{ContributionKind, Detector, DetectorError, Input, Silent, conformance};
use ndarray::{Array1, Array2, ArrayView2, Axis, array, s};
use proptest::prelude::*;

fn wiener() -> Wiener {
    Wiener::new(WienerConfig::default()).unwrap()
}

fn both() -> [Box<dyn Detector>; 2] {
    let linear = LinearDenoiser::new(LinearDenoiserConfig::default()).unwrap();
    [Box::new(linear), Box::new(wiener())]
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
fn both_conform() {
    for detector in both() {
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
        for detector in both() {
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
    for detector in both() {
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
    for detector in both() {
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
    for detector in both() {
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
        for detector in both() {
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
        for detector in both() {
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
