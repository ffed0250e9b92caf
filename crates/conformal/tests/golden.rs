//! Against SciPy, made by `scripts/golden/conformal.py`.

use conformal::{
    Calibration, GeneralisedPareto, Tail, Threshold, TrueRate, adjusted, benjamini_hochberg,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    adjusted: Vec<Adjusted>,
    beta: Vec<Beta>,
    certified: Vec<Certified>,
    survival: Vec<Survival>,
    tails: Vec<TailCase>,
}

#[derive(Deserialize)]
struct Adjusted {
    p: Vec<f64>,
    adjusted: Vec<f64>,
}

#[derive(Deserialize)]
struct Beta {
    n: usize,
    k: usize,
    quantiles: Vec<(f64, f64)>,
    cdf: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct Certified {
    n: usize,
    target: f64,
    confidence: f64,
    k: usize,
}

#[derive(Deserialize)]
struct Survival {
    shape: f64,
    scale: f64,
    x: f64,
    p: f64,
}

#[derive(Deserialize)]
struct TailCase {
    scores: Vec<f64>,
    shape: f64,
    scale: f64,
    estimated_shape: f64,
    anderson_darling: f64,
    p: Vec<(f64, f64)>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/conformal.json")).unwrap()
}

#[track_caller]
fn close(found: f64, expected: f64, relative: f64) {
    let scale = expected.abs().max(f64::MIN_POSITIVE);
    assert!(
        (found - expected).abs() <= relative * scale,
        "{found} is not {expected}"
    );
}

#[test]
fn adjusted_p_values_are_scipys() {
    for case in golden().adjusted {
        let found = adjusted(&case.p).unwrap();
        for (&found, &expected) in found.iter().zip(&case.adjusted) {
            close(found, expected, 1e-14);
        }
        let called = benjamini_hochberg(&case.p, 0.2).unwrap();
        let expected: Vec<bool> = case.adjusted.iter().map(|&p| p <= 0.2).collect();
        assert_eq!(called, expected);
    }
}

#[test]
fn the_true_rate_is_scipys_beta() {
    for case in golden().beta {
        let rate = TrueRate::new(case.k, case.n).unwrap();
        for (q, expected) in case.quantiles {
            close(rate.quantile(q), expected, 1e-9);
        }
        for (x, expected) in case.cdf {
            assert!(
                (rate.cdf(x) - expected).abs() < 1e-9,
                "{} {} {x}",
                case.n,
                case.k
            );
        }
    }
}

#[test]
fn certified_ranks_are_those_of_a_scan() {
    for case in golden().certified {
        let calibration = Calibration::new((0..case.n).map(|i| i as f64).collect()).unwrap();
        let threshold = Threshold::certified(&calibration, case.target, case.confidence).unwrap();
        assert_eq!(threshold.k(), case.k, "{} {}", case.n, case.target);
    }
}

#[test]
fn the_generalised_pareto_survival_is_scipys() {
    for case in golden().survival {
        let law = GeneralisedPareto {
            shape: case.shape,
            scale: case.scale,
        };
        close(law.survival(case.x), case.p, 1e-7);
    }
}

#[test]
fn tails_are_those_of_the_paper() {
    for case in golden().tails {
        let calibration = Calibration::new(case.scores).unwrap();
        let tail = Tail::fit(&calibration).unwrap();
        close(tail.distribution().shape, case.shape, 1e-9);
        close(tail.distribution().scale, case.scale, 1e-9);
        close(tail.estimated_shape(), case.estimated_shape, 1e-9);
        close(
            tail.goodness().anderson_darling,
            case.anderson_darling,
            1e-7,
        );
        for (x, expected) in case.p {
            let p = tail.p_value(&calibration, x).unwrap();
            assert!(p.is_extrapolated());
            close(p.value(), expected, 1e-9);
        }
    }
}
