//! The chi-squared distribution with a whole number of degrees of freedom.

use std::f64::consts::PI;

/// `F_d(x)`, the regularised lower incomplete gamma function `P(d/2, x/2)`: its series up to the mean,
/// Lentz's continued fraction of the upper part beyond (Press et al., *Numerical Recipes*, section 6.2).
pub(super) fn distribution(d: usize, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let (a, x) = (d as f64 / 2.0, x / 2.0);
    let front = (a * x.ln() - x - ln_gamma_half(d)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut k) = (1.0 / a, 1.0 / a, a);
        while term > sum * f64::EPSILON {
            k += 1.0;
            term *= x / k;
            sum += term;
        }
        front * sum
    } else {
        let mut b = x + 1.0 - a;
        let mut c = f64::MAX;
        let mut fraction = 1.0 / b;
        let mut last = fraction;
        for i in 1..10_000 {
            let i = f64::from(i);
            let numerator = i * (a - i);
            b += 2.0;
            last = 1.0 / (numerator * last + b);
            c = b + numerator / c;
            let factor = c * last;
            fraction *= factor;
            if (factor - 1.0).abs() <= f64::EPSILON {
                break;
            }
        }
        1.0 - front * fraction
    }
}

/// The `x` with `F_d(x) = p`, for `p` in (0, 1), by halving: exact to rounding.
pub(super) fn quantile(d: usize, p: f64) -> f64 {
    let (mut low, mut high) = (0.0, d as f64 + 10.0);
    while distribution(d, high) < p {
        high *= 2.0;
    }
    loop {
        let middle = (low + high) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if distribution(d, middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// `ln Γ(d/2)`, by recursion from `Γ(1) = 1` or `Γ(½) = √π`.
fn ln_gamma_half(d: usize) -> f64 {
    let (start, first) = if d.is_multiple_of(2) {
        (0.0, 2)
    } else {
        (PI.ln() / 2.0, 1)
    };
    let factors = (first..d).step_by(2).map(|k| (k as f64 / 2.0).ln());
    start + factors.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn values_are_those_of_scipy() {
        // scipy.stats.chi2.cdf(x, d), scipy 1.17.1.
        for (d, x, expected) in CDF {
            assert_relative_eq!(distribution(d, x), expected, max_relative = 1e-12);
        }
        for (d, p, expected) in PPF {
            assert_relative_eq!(quantile(d, p), expected, max_relative = 1e-11);
        }
    }

    const CDF: [(usize, f64, f64); 6] = [
        (1, 0.3, 0.416117579229635),
        (2, 5.0, 0.9179150013761012),
        (5, 4.5, 0.5201165618867003),
        (11, 30.0, 0.9984154047426934),
        (100, 80.0, 0.07033506665939494),
        (102, 140.0, 0.9925087099209607),
    ];
    const PPF: [(usize, f64, f64); 5] = [
        (1, 0.5, 0.454936423119572),
        (2, 0.975, 7.377758908227871),
        (5, 0.51, 4.42485567824527),
        (21, 0.975, 35.478875905727264),
        (100, 0.55, 101.11486743018091),
    ];
}
