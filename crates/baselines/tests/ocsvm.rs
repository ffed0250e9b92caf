//! The one-class SVM against libsvm (scripts/golden/ocsvm.py) and against its own optimality
//! conditions.

use baselines::{Gamma, OneClassSvm, OneClassSvmConfig, OneClassSvmModel};
use detector::{DetectorError, Input, Scorer, Silent};
use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    tables: std::collections::BTreeMap<String, Table>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Table {
    train: Vec<Vec<f32>>,
    test: Vec<Vec<f32>>,
}

#[derive(Debug, Deserialize)]
struct Case {
    table: String,
    nu: f64,
    gamma: Gamma,
    tolerance: f64,
    rho: f64,
    n_support: usize,
    scores: Vec<f64>,
}

#[test]
fn libsvm_agrees_at_either_tolerance_with_and_without_shrinking() {
    let golden: Golden = serde_json::from_str(include_str!("golden/ocsvm.json")).unwrap();
    for case in &golden.cases {
        let table = &golden.tables[&case.table];
        let (train, test) = (rows(&table.train), rows(&table.test));
        for shrinking in [true, false] {
            let svm = OneClassSvm::new(OneClassSvmConfig {
                nu: case.nu,
                gamma: case.gamma,
                tolerance: case.tolerance,
                shrinking,
                ..Default::default()
            });
            let model = svm.unwrap().fit_rows(train.view(), &Silent).unwrap();
            let scores = score(&model, test.view());
            let largest = case.scores.iter().fold(0.0f64, |m, s| m.max(s.abs()));
            let off = (model.rho() - case.rho).abs();
            let worst = worst_difference(&scores, &case.scores);
            if case.tolerance == 1e-6 {
                assert!(off < 1e-5 * case.rho, "{case:?} {off:e}");
                assert!(worst < 1e-4 * largest, "{case:?} {worst:e}");
            } else {
                // Nearly all take libsvm's path to the last step; where rounding breaks a tie the
                // other way, both stop within the tolerance of the optimum.
                assert!(
                    off.max(worst) < case.tolerance,
                    "{case:?} {off:e} {worst:e}"
                );
            }
            // Which of the equal rows carries the weight is open: one more or less.
            let n = model.support().len();
            assert!(n.abs_diff(case.n_support) <= 1, "{case:?} {n}");
        }
    }
}

#[test]
fn the_conformance_suite_passes() {
    detector::conformance::check(&OneClassSvm::default()).unwrap();
}

#[test]
fn a_row_scores_the_same_bits_alone_and_in_any_batch() {
    // 700 support vectors and 300 rows: neither a multiple of a tile nor of a block.
    let (train, test) = (noise(701, 37, 1), noise(300, 37, 2));
    let model = fit(
        train.view(),
        OneClassSvmConfig {
            nu: 0.999,
            ..Default::default()
        },
    );
    let scores = score(&model, test.view());
    for size in [1, 2, 3, 5, 7, 13, 127, 129, 131] {
        for (b, batch) in test.axis_chunks_iter(Axis(0), size).enumerate() {
            let part = score(&model, batch);
            let whole = &scores[b * size..b * size + part.len()];
            assert!(bits(&part).eq(bits(whole)), "batches of {size}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (train, test) = (noise(900, 19, 3), noise(333, 19, 4));
    for cache_mib in [1, 200] {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let model = fit(
                    train.view(),
                    OneClassSvmConfig {
                        cache_mib,
                        ..Default::default()
                    },
                );
                let scores = score(&model, test.view());
                (model.rho().to_bits(), bits(&scores).collect::<Vec<_>>())
            })
        };
        let one = run(1);
        assert!([2, 3, 8].into_iter().all(|threads| run(threads) == one));
    }
}

#[test]
fn a_small_cache_finds_the_same_optimum() {
    // 900 rows need 1.6 MiB, so 1 MiB holds 291 of them.
    let (train, test) = (noise(900, 5, 5), noise(50, 5, 6));
    let run = |cache_mib, shrinking| {
        let config = OneClassSvmConfig {
            cache_mib,
            shrinking,
            tolerance: 1e-9,
            gamma: Gamma::Value(0.7),
            ..Default::default()
        };
        score(&fit(train.view(), config), test.view())
    };
    let whole = run(200, false);
    for (cache_mib, shrinking) in [(200, true), (1, false), (1, true)] {
        // Sums of 450 f32 kernel values, whose roundings differ with the tiles they come from.
        assert!(worst_difference(&run(cache_mib, shrinking), &whole) < 1e-6);
    }
}

#[test]
fn a_far_origin_costs_no_digits() {
    let (train, test) = (noise(200, 8, 7), noise(40, 8, 8));
    // Halves survive the shift by 2^20 in f32.
    let halves = |x: &Array2<f32>| x.mapv(|v| (v * 2.0).round() / 2.0);
    let (train, test) = (halves(&train), halves(&test));
    let config = || OneClassSvmConfig {
        tolerance: 1e-9,
        ..Default::default()
    };
    let near = score(&fit(train.view(), config()), test.view());
    let shift = |x: &Array2<f32>| x.mapv(|v| v + 1_048_576.0);
    let far = score(&fit(shift(&train).view(), config()), shift(&test).view());
    assert!(worst_difference(&near, &far) < 1e-7);
}

#[test]
fn degenerate_rows_have_defined_scores() {
    let default = OneClassSvmConfig::default;
    // One row: α = ν = 0.5, so ρ = 0.5, and far away the score is ρ.
    let one = fit(ndarray::array![[1.0, 2.0]].view(), default());
    assert_eq!((one.rho(), one.alpha()), (0.5, &[0.5][..]));
    let scores = score(&one, ndarray::array![[1.0, 2.0], [1e30, 0.0]].view());
    assert_eq!(scores, [0.0, 0.5]);

    // Two rows at k = e⁻²: each α is 0.5 at the optimum, as both sides are alike.
    let two = fit(
        ndarray::array![[0.0f32], [2.0]].view(),
        OneClassSvmConfig {
            gamma: Gamma::Value(0.5),
            ..default()
        },
    );
    assert!(two.alpha().iter().all(|alpha| (alpha - 0.5).abs() < 1e-3));

    // Rows all the same: every α is optimal, ρ = νn and the row itself scores 0.
    let same = Array2::from_elem((9, 3), 0.1f32);
    for gamma in [Gamma::Auto, Gamma::Scale, Gamma::Value(1e300)] {
        let model = fit(same.view(), OneClassSvmConfig { gamma, ..default() });
        assert_eq!(model.rho(), 4.5);
        assert_eq!(score(&model, same.view()), [0.0; 9]);
    }

    // ν = 1: all α are 1, ρ is the largest gradient, so no training row scores below 0.
    let train = noise(60, 3, 9);
    let all = fit(
        train.view(),
        OneClassSvmConfig {
            nu: 1.0,
            ..default()
        },
    );
    assert_eq!(all.alpha(), [1.0; 60]);
    assert!(
        score(&all, train.view())
            .iter()
            .all(|s| (-1e-5..=60.0).contains(s))
    );

    // νn < 1, and values at the end of the range of f32.
    let mut huge = train.clone();
    huge[(4, 1)] = f32::MAX;
    huge[(5, 1)] = f32::MIN;
    for (x, nu) in [(&train, 1e-3), (&train, 1e-300), (&huge, 0.5)] {
        let model = fit(
            x.view(),
            OneClassSvmConfig {
                nu,
                gamma: Gamma::Scale,
                ..default()
            },
        );
        assert!((model.alpha().iter().sum::<f64>() / (nu * 60.0) - 1.0).abs() < 1e-12);
        assert!(score(&model, x.view()).iter().all(|s| s.is_finite()));
    }
}

#[test]
fn a_tolerance_below_rounding_is_an_error_not_an_endless_loop() {
    let config = OneClassSvmConfig {
        tolerance: 1e-300,
        ..Default::default()
    };
    let svm = OneClassSvm::new(config).unwrap();
    let error = svm
        .fit_rows(noise(300, 4, 10).view(), &Silent)
        .err()
        .unwrap();
    assert!(
        matches!(&error, DetectorError::Method(m) if m.to_string().contains("out of reach")),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Σα = νn, 0 < α ≤ 1, and the Karush–Kuhn–Tucker conditions: what may grow lies above what may
    /// shrink by no more than the tolerance. The gradient is computed here from the definition.
    #[test]
    fn the_optimum_is_one(
        n in 1usize..90,
        d in 1usize..6,
        nu in 0.01f64..=1.0,
        gamma in 0.01f64..3.0,
        seed in 0u64..1000,
        copies in 1usize..4,
        shrinking: bool,
    ) {
        let x = noise(n, d, seed);
        let x = concatenate(Axis(0), &vec![x.view(); copies]).unwrap();
        let config = OneClassSvmConfig {
            nu, gamma: Gamma::Value(gamma), shrinking, tolerance: 1e-4, ..Default::default()
        };
        let model = fit(x.view(), config);
        let total = nu * x.nrows() as f64;
        prop_assert!((model.alpha().iter().sum::<f64>() - total).abs() < 1e-9 * total);
        prop_assert!(model.alpha().iter().all(|alpha| (0.0..=1.0).contains(alpha) && *alpha > 0.0));

        let mut alpha = vec![0.0; x.nrows()];
        for (&i, &a) in model.support().iter().zip(model.alpha()) {
            alpha[i] = a;
        }
        let gradient: Vec<f64> = x.rows().into_iter().map(|a| {
            x.rows().into_iter().zip(&alpha).map(|(b, alpha)| {
                let distance: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
                alpha * (-gamma * distance).exp()
            }).sum()
        }).collect();
        let of = |keep: fn(f64) -> bool| {
            gradient.iter().zip(&alpha).filter(move |(_, a)| keep(**a)).map(|(g, _)| *g)
        };
        let lowest = of(|a| a < 1.0).fold(f64::INFINITY, f64::min);
        let largest = of(|a| a > 0.0).fold(f64::NEG_INFINITY, f64::max);
        // The solver works with kernel values in f32: 6e-8 each, at most νn of them, twice; the
        // differences above are f32 too.
        let rounding = 1e-6 * total;
        prop_assert!(largest - lowest < 1e-4 + rounding);
        // Where nothing may grow, lowest is infinite and ρ the largest.
        prop_assert!(lowest.min(largest) - rounding <= model.rho());
        prop_assert!(model.rho() <= lowest.max(largest) + rounding);

        // And the scores are ρ − gradient.
        for (score, gradient) in score(&model, x.view()).iter().zip(&gradient) {
            prop_assert!((score - (model.rho() - gradient)).abs() < rounding);
        }
    }
}

fn fit(x: ArrayView2<'_, f32>, config: OneClassSvmConfig) -> OneClassSvmModel {
    OneClassSvm::new(config)
        .unwrap()
        .fit_rows(x, &Silent)
        .unwrap()
}

fn score(model: &OneClassSvmModel, x: ArrayView2<'_, f32>) -> Vec<f64> {
    let scores: Array1<f64> = model.score(Input::Rows(x), &Silent).unwrap();
    scores.to_vec()
}

fn rows(table: &[Vec<f32>]) -> Array2<f32> {
    Array2::from_shape_fn((table.len(), table[0].len()), |(r, c)| table[r][c])
}

/// Values in (−2, 2) without pattern.
fn noise(n: usize, d: usize, seed: u64) -> Array2<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    Array2::from_shape_simple_fn((n, d), || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * 4.0
    })
}

fn worst_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

fn bits(scores: &[f64]) -> impl Iterator<Item = u64> {
    scores.iter().map(|s| s.to_bits())
}
