//! Statistics against scipy, made by `scripts/golden/statistics.py`.

use approx::relative_eq;
use metrics::auroc;
use metrics::statistics::{
    Bootstrap, Wilcoxon, Zeros, auroc_difference, auroc_interval, auroc_standard_error,
    bootstrap_interval, friedman, mean, mean_ranks, newcombe_interval, standard_deviation,
    studentized_range_cdf, studentized_range_quantile, t_interval, wilcoxon_exact, wilcoxon_normal,
};
use ndarray::Array2;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    seeds: Vec<SeedsCase>,
    delong: Vec<DelongCase>,
    newcombe: Vec<NewcombeCase>,
    bootstrap: Vec<BootstrapCase>,
    wilcoxon: Vec<WilcoxonCase>,
    friedman: Vec<FriedmanCase>,
    studentized_range: Vec<(f64, usize, f64)>,
}

#[derive(Deserialize)]
struct SeedsCase {
    values: Vec<f64>,
    level: f64,
    mean: f64,
    sd: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct DelongCase {
    first: Vec<f64>,
    second: Vec<f64>,
    labels: Vec<u8>,
    level: f64,
    areas: [f64; 2],
    standard_errors: [f64; 2],
    low: f64,
    high: f64,
    difference_error: f64,
    z: f64,
    p: f64,
}

#[derive(Deserialize)]
struct NewcombeCase {
    auroc: f64,
    anomalies: usize,
    normals: usize,
    level: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct BootstrapCase {
    scores: Vec<f64>,
    labels: Vec<u8>,
    level: f64,
    low: f64,
    high: f64,
    standard_error: f64,
}

#[derive(Deserialize)]
struct WilcoxonCase {
    name: String,
    a: Vec<f64>,
    b: Vec<f64>,
    drop: WilcoxonValues,
    pratt: WilcoxonValues,
    split: WilcoxonValues,
}

#[derive(Deserialize)]
struct WilcoxonValues {
    statistic: f64,
    /// None where scipy has no exact value: many pairs with ties.
    exact: Option<f64>,
    normal: f64,
}

#[derive(Deserialize)]
struct FriedmanCase {
    name: String,
    shape: [usize; 2],
    values: Vec<f64>,
    ranks: Vec<f64>,
    chi_squared: f64,
    p: f64,
    f: f64,
    f_p: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/statistics.json")).unwrap()
}

fn labels(numbers: &[u8]) -> Vec<bool> {
    numbers.iter().map(|&number| number == 1).collect()
}

/// Equal but for the rounding of sums of up to a hundred terms and of two distribution functions.
#[track_caller]
fn close(what: &str, ours: f64, theirs: f64) {
    let equal = relative_eq!(ours, theirs, epsilon = 1e-12, max_relative = 1e-9);
    assert!(equal, "{what}: {ours}, expected {theirs}");
}

#[test]
fn seeds_equal_scipy() {
    for case in golden().seeds {
        let interval = t_interval(&case.values, case.level).unwrap();
        close("mean", mean(&case.values).unwrap(), case.mean);
        close("sd", standard_deviation(&case.values).unwrap(), case.sd);
        close("low", interval.low, case.low);
        close("high", interval.high, case.high);
    }
}

#[test]
fn delong_equals_the_pairwise_definition() {
    for case in golden().delong {
        let labels = labels(&case.labels);
        let interval = auroc_interval(&case.first, &labels, case.level).unwrap();
        close("area", interval.estimate, case.areas[0]);
        close("low", interval.low, case.low);
        close("high", interval.high, case.high);
        for (scores, error) in [&case.first, &case.second]
            .into_iter()
            .zip(case.standard_errors)
        {
            close(
                "standard error",
                auroc_standard_error(scores, &labels).unwrap(),
                error,
            );
        }
        let test = auroc_difference(&case.first, &case.second, &labels).unwrap();
        close("second area", test.second, case.areas[1]);
        close(
            "error of the difference",
            test.standard_error,
            case.difference_error,
        );
        close("z", test.z, case.z);
        close("p", test.p, case.p);
    }
}

#[test]
fn newcombe_equals_the_roots_of_its_equation() {
    for case in golden().newcombe {
        let (m, n) = (case.anomalies, case.normals);
        let interval = newcombe_interval(case.auroc, m, n, case.level).unwrap();
        close("estimate", interval.estimate, case.auroc);
        close("low", interval.low, case.low);
        close("high", interval.high, case.high);
    }
}

#[test]
fn bootstrap_agrees_with_scipy() {
    for case in golden().bootstrap {
        let bootstrap = Bootstrap {
            resamples: 20_000,
            level: case.level,
            seed: 1,
        };
        let labels = labels(&case.labels);
        let ours = bootstrap_interval(&case.scores, &labels, auroc, bootstrap).unwrap();
        // An end of 20,000 samples at the 2.5 % point varies by √(0.025·0.975/20000)/0.058 = 0.019
        // standard errors; the difference of two such by 0.027. Four of these.
        let tolerance = 4.0 * 0.027 * case.standard_error;
        assert!(
            (ours.low - case.low).abs() < tolerance,
            "{ours:?}, {}",
            case.low
        );
        assert!(
            (ours.high - case.high).abs() < tolerance,
            "{ours:?}, {}",
            case.high
        );
    }
}

#[test]
fn signed_ranks_equal_scipy() {
    let mut exact_values = 0;
    for case in golden().wilcoxon {
        let treatments = [
            (Zeros::Drop, case.drop),
            (Zeros::Pratt, case.pratt),
            (Zeros::Split, case.split),
        ];
        for (zeros, expected) in treatments {
            let what = |test: &str| format!("{}, {zeros:?}, {test}", case.name);
            let normal: Wilcoxon = wilcoxon_normal(&case.a, &case.b, zeros).unwrap();
            close(&what("statistic"), normal.statistic(), expected.statistic);
            close(&what("normal"), normal.p, expected.normal);
            let exact = wilcoxon_exact(&case.a, &case.b, zeros).unwrap();
            assert_eq!(exact.statistic(), normal.statistic());
            if let Some(p) = expected.exact {
                close(&what("exact"), exact.p, p);
                exact_values += 1;
            }
        }
    }
    assert!(exact_values >= 15);
}

#[test]
fn friedman_equals_scipy() {
    for case in golden().friedman {
        let values = Array2::from_shape_vec(case.shape, case.values).unwrap();
        let test = friedman(values.view()).unwrap();
        let what = |which: &str| format!("{}, {which}", case.name);
        for (ours, theirs) in test.ranks.iter().zip(&case.ranks) {
            close(&what("rank"), *ours, *theirs);
        }
        assert_eq!(test.ranks, mean_ranks(values.view()).unwrap());
        close(&what("chi squared"), test.chi_squared, case.chi_squared);
        close(&what("p"), test.p, case.p);
        let f = test.iman_davenport.unwrap();
        close(&what("F"), f.f, case.f);
        close(&what("p of F"), f.p, case.f_p);
    }
}

#[test]
fn studentized_range_equals_scipy() {
    for (q, k, expected) in golden().studentized_range {
        let found = studentized_range_cdf(q, k).unwrap();
        // scipy's adaptive integration.
        assert!(
            (found - expected).abs() < 1e-8,
            "F({q}; {k}) = {found}, expected {expected}"
        );
        if (0.01..0.999).contains(&found) {
            let back = studentized_range_quantile(1.0 - found, k).unwrap();
            assert!((back - q).abs() < 1e-9, "{back}, expected {q}");
        }
    }
}
