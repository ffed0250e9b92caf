use ndarray::ArrayView2;
use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor};

use super::error::{StatisticsError, check_count, check_finite};
use crate::ranks::{midranks, ties};

/// Friedman's test over data sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Friedman {
    /// Number of data sets.
    pub sets: usize,
    /// Mean rank of each method; 1 is the best.
    pub ranks: Vec<f64>,
    /// χ² with k − 1 degrees of freedom, corrected for ties.
    pub chi_squared: f64,
    /// Its p-value.
    pub p: f64,
    /// The share of the ranks' spread that ties leave, 1 without ties. `chi_squared` times it is the
    /// statistic without the correction, as Demšar (2006) prints it.
    pub untied: f64,
    /// The less conservative F statistic; none where all data sets rank the methods alike, which makes
    /// it infinite.
    pub iman_davenport: Option<ImanDavenport>,
}

/// The statistic of Iman & Davenport (1980).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImanDavenport {
    /// F with k − 1 and (k − 1)(N − 1) degrees of freedom.
    pub f: f64,
    /// Its p-value.
    pub p: f64,
}

/// Friedman's test (1937): do any of k methods differ over N data sets?
///
/// # Formula
/// With `Rⱼ` the mean rank of method j: `χ² = 12N/(k(k + 1)) · (Σ Rⱼ² − k(k + 1)²/4) / C`,
/// `C = 1 − Σ(t³ − t)/(N k (k² − 1))` over the groups of t tied methods of each data set, as
/// `scipy.stats.friedmanchisquare`; `F = (N − 1)χ²/(N(k − 1) − χ²)` (Iman & Davenport 1980).
///
/// # Shapes
/// `values` `[n, k]`: a row for each data set, a column for each method, higher is better.
///
/// # Errors
/// [`StatisticsError`] for fewer than two data sets or methods, a value that is not finite, or where all
/// methods tie everywhere.
pub fn friedman(values: ArrayView2<'_, f64>) -> Result<Friedman, StatisticsError> {
    let ranks = mean_ranks(values)?;
    let (sets, methods) = values.dim();
    check_count("data sets", sets, 2)?;
    check_count("methods", methods, 2)?;
    let (n, k) = (sets as f64, methods as f64);
    let tied: f64 = values
        .rows()
        .into_iter()
        .map(|row| ties(&row_ranks(row.to_vec())))
        .sum();
    let untied = 1.0 - tied / (n * k * (k * k - 1.0));
    // A whole number of ties over a whole number: where all tie the quotient is 1 exactly.
    if untied <= 0.0 {
        return Err(StatisticsError::AllTied { sets });
    }
    // The same as Σ R² − k(k + 1)²/4, without its cancellation.
    let spread: f64 = ranks
        .iter()
        .map(|rank| (rank - (k + 1.0) / 2.0).powi(2))
        .sum();
    let chi_squared = 12.0 * n / (k * (k + 1.0)) * spread / untied;
    let chi = ChiSquared::new(k - 1.0).expect("k is at least 2");
    let left = n * (k - 1.0) - chi_squared;
    let iman_davenport = (left > 1e-9 * n * (k - 1.0)).then(|| {
        let f = (n - 1.0) * chi_squared / left;
        let fisher = FisherSnedecor::new(k - 1.0, (k - 1.0) * (n - 1.0));
        ImanDavenport {
            f,
            p: fisher.expect("k and n are at least 2").sf(f),
        }
    });
    Ok(Friedman {
        sets,
        ranks,
        chi_squared,
        p: chi.sf(chi_squared),
        untied,
        iman_davenport,
    })
}

/// Mean rank of each method over the data sets: 1 is the best, ties share the mean of their ranks.
///
/// # Shapes
/// `values` `[n, k]`: a row for each data set, a column for each method, higher is better.
///
/// # Errors
/// [`StatisticsError`] without data sets or methods, or for a value that is not finite.
pub fn mean_ranks(values: ArrayView2<'_, f64>) -> Result<Vec<f64>, StatisticsError> {
    let (sets, methods) = values.dim();
    check_count("data sets", sets, 1)?;
    check_count("methods", methods, 1)?;
    check_finite(values)?;
    let mut sums = vec![0.0; methods];
    for row in values.rows() {
        for (sum, rank) in sums.iter_mut().zip(row_ranks(row.to_vec())) {
            *sum += rank;
        }
    }
    Ok(sums.into_iter().map(|sum| sum / sets as f64).collect())
}

/// Ranks on one data set; the highest value has rank 1.
fn row_ranks(mut row: Vec<f64>) -> Vec<f64> {
    row.iter_mut().for_each(|value| *value = -*value);
    midranks(&row)
}

#[cfg(test)]
pub(super) mod tests {
    use ndarray::{Array2, array};

    use super::*;

    /// Demšar 2006, table 6: AUC of C4.5, C4.5+m, C4.5+cf and C4.5+m+cf on 14 data sets. Of the pair
    /// printed as 0.975 on "voting" the paper ranks the first higher, from unrounded values.
    pub(in crate::statistics) fn demsar() -> Array2<f64> {
        array![
            [0.763, 0.768, 0.771, 0.798],
            [0.599, 0.591, 0.590, 0.569],
            [0.954, 0.971, 0.968, 0.967],
            [0.628, 0.661, 0.654, 0.657],
            [0.882, 0.888, 0.886, 0.898],
            [0.936, 0.931, 0.916, 0.931],
            [0.661, 0.668, 0.609, 0.685],
            [0.583, 0.583, 0.563, 0.625],
            [0.775, 0.838, 0.866, 0.875],
            [1.000, 1.000, 1.000, 1.000],
            [0.940, 0.962, 0.965, 0.962],
            [0.619, 0.666, 0.614, 0.669],
            [0.972, 0.981, 0.9751, 0.975],
            [0.957, 0.978, 0.946, 0.970],
        ]
    }

    #[test]
    fn the_example_of_demsar() {
        // Section 3.2.3: mean ranks 3.143, 2.000, 2.893, 1.964; χ² = 9.28 (without a correction for
        // ties), F = 3.69 from it.
        let test = friedman(demsar().view()).unwrap();
        for (rank, expected) in test.ranks.iter().zip([3.143, 2.000, 2.893, 1.964]) {
            assert!((rank - expected).abs() < 5e-4, "{:?}", test.ranks);
        }
        let chi_squared = test.chi_squared * test.untied;
        assert!((chi_squared - 9.28).abs() < 5e-3, "{chi_squared}");
        let f = 13.0 * chi_squared / (14.0 * 3.0 - chi_squared);
        assert!((f - 3.69).abs() < 5e-3, "{f}");
        // With the correction both are a little larger.
        assert!(test.chi_squared > chi_squared && test.iman_davenport.unwrap().f > f);
    }

    #[test]
    fn perfect_agreement_has_no_f() {
        let test = friedman(array![[3.0, 2.0, 1.0], [9.0, 8.0, 7.0]].view()).unwrap();
        assert_eq!(
            (test.ranks, test.iman_davenport),
            (vec![1.0, 2.0, 3.0], None)
        );
        assert!((test.chi_squared - 4.0).abs() < 1e-12); // N (k − 1)
    }

    #[test]
    fn undefined_is_an_error() {
        let error = |values: Array2<f64>| friedman(values.view()).unwrap_err().to_string();
        assert_eq!(
            error(array![[1.0, 2.0]]),
            "1 data sets, expected at least 2"
        );
        assert_eq!(
            error(array![[1.0], [2.0]]),
            "1 methods, expected at least 2"
        );
        assert_eq!(
            error(array![[1.0, 1.0], [2.0, 2.0]]),
            "all methods tie on each of 2 data sets"
        );
        assert_eq!(
            error(array![[1.0, 1.0], [2.0, f64::NAN]]),
            "value NaN at place 3, expected a finite number"
        );
    }
}
