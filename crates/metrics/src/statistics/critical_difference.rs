use ndarray::ArrayView2;

use super::cliques::maximal_cliques;
use super::error::{StatisticsError, check_count, check_open};
use super::friedman::mean_ranks;
use super::wilcoxon::{Zeros, wilcoxon_exact, wilcoxon_normal};
use super::{holm, studentized_range_quantile};

/// What a critical-difference diagram shows, by Nemenyi's test.
#[derive(Debug, Clone, PartialEq)]
pub struct Nemenyi {
    /// Mean rank of each method; 1 is the best.
    pub ranks: Vec<f64>,
    /// Mean ranks further apart than this differ.
    pub critical_difference: f64,
    /// The largest groups of methods of which no two differ, ascending by index: the bars of the
    /// diagram. A method that differs from all others stands alone.
    pub cliques: Vec<Vec<usize>>,
}

/// Nemenyi's test (1963) after a Friedman test, as Demšar (2006, section 3.2.2) describes it.
///
/// Whether two methods differ depends on the other methods of the table (Benavoli et al. 2016);
/// [`wilcoxon_holm`] does not have this flaw.
///
/// # Formula
/// `CD = q √(k(k + 1)/(6N))`, q the [`studentized_range_quantile`] over √2.
///
/// # Shapes
/// `values` `[n, k]`: a row for each data set, a column for each method, higher is better.
///
/// # Errors
/// [`StatisticsError`] for fewer than two data sets or methods, a value that is not finite, or `alpha`
/// outside [10⁻⁶, 1).
pub fn nemenyi(values: ArrayView2<'_, f64>, alpha: f64) -> Result<Nemenyi, StatisticsError> {
    let ranks = mean_ranks(values)?;
    let (sets, methods) = values.dim();
    check_count("data sets", sets, 2)?;
    check_count("methods", methods, 2)?;
    let (n, k) = (sets as f64, methods as f64);
    let q = studentized_range_quantile(alpha, methods)? / 2_f64.sqrt();
    let critical_difference = q * (k * (k + 1.0) / (6.0 * n)).sqrt();
    let cliques = maximal_cliques(methods, |i, j| {
        (ranks[i] - ranks[j]).abs() < critical_difference
    });
    Ok(Nemenyi {
        ranks,
        critical_difference,
        cliques,
    })
}

/// What a critical-difference diagram shows, by pairwise signed-rank tests.
#[derive(Debug, Clone, PartialEq)]
pub struct WilcoxonHolm {
    /// Mean rank of each method; 1 is the best.
    pub ranks: Vec<f64>,
    /// Every pair of methods, in order.
    pub pairs: Vec<MethodPair>,
    /// The largest groups of methods of which no two differ, ascending by index. Unlike Nemenyi's they
    /// may skip a method whose rank lies between.
    pub cliques: Vec<Vec<usize>>,
}

/// A comparison of two methods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MethodPair {
    /// Index of one method.
    pub first: usize,
    /// Index of the other, higher than `first`.
    pub second: usize,
    /// p-value of the signed-rank test.
    pub p: f64,
    /// The same after Holm's adjustment over all pairs.
    pub adjusted: f64,
}

/// Pairs of at most this many data sets are tested with the exact distribution.
const EXACT: usize = 50;

/// Signed-rank tests between all pairs of methods with Holm's adjustment, as Benavoli et al. (2016) and
/// Ismail Fawaz et al. (2019) advise in place of [`nemenyi`].
///
/// Up to 50 differing data sets the exact distribution is used, else the normal one. Two methods that
/// agree on every data set have p = 1: nothing speaks for a difference.
///
/// # Shapes
/// `values` `[n, k]`: a row for each data set, a column for each method, higher is better.
///
/// # Errors
/// [`StatisticsError`] for fewer than two data sets or methods, a value that is not finite, or `alpha`
/// outside (0, 1).
pub fn wilcoxon_holm(
    values: ArrayView2<'_, f64>,
    zeros: Zeros,
    alpha: f64,
) -> Result<WilcoxonHolm, StatisticsError> {
    check_open("alpha", alpha)?;
    let ranks = mean_ranks(values)?;
    let (sets, methods) = values.dim();
    check_count("data sets", sets, 2)?;
    check_count("methods", methods, 2)?;
    let columns: Vec<Vec<f64>> = values.columns().into_iter().map(|c| c.to_vec()).collect();
    let indices: Vec<(usize, usize)> = (0..methods)
        .flat_map(|first| (first + 1..methods).map(move |second| (first, second)))
        .collect();
    let p_of = |&(first, second): &(usize, usize)| {
        let (a, b) = (&columns[first][..], &columns[second][..]);
        let differing = a.iter().zip(b).filter(|(a, b)| a != b).count();
        match differing {
            0 => Ok(1.0),
            1..=EXACT => Ok(wilcoxon_exact(a, b, zeros)?.p),
            _ => Ok(wilcoxon_normal(a, b, zeros)?.p),
        }
    };
    let p_values: Vec<f64> = indices
        .iter()
        .map(p_of)
        .collect::<Result<_, StatisticsError>>()?;
    let adjusted = holm(&p_values)?;
    let pairs: Vec<MethodPair> = (indices.into_iter().zip(p_values.into_iter().zip(adjusted)))
        .map(|((first, second), (p, adjusted))| MethodPair {
            first,
            second,
            p,
            adjusted,
        })
        .collect();
    let cliques = maximal_cliques(methods, |i, j| {
        let found = pairs
            .iter()
            .find(|pair| (pair.first, pair.second) == (i, j));
        found.is_some_and(|pair| pair.adjusted > alpha)
    });
    Ok(WilcoxonHolm {
        ranks,
        pairs,
        cliques,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::super::friedman::tests::demsar;
    use super::*;

    #[test]
    fn the_example_of_demsar() {
        // Section 3.2.3: the critical difference of four methods on 14 data sets is 1.25 at 0.05, where
        // no two methods differ, and 1.12 at 0.10, where C4.5 differs from both variants with +m and the
        // other pairs do not.
        let test = nemenyi(demsar().view(), 0.05).unwrap();
        assert!((test.critical_difference - 1.25).abs() < 5e-3);
        assert_eq!(test.cliques, [vec![0, 1, 2, 3]]);
        let test = nemenyi(demsar().view(), 0.10).unwrap();
        assert!((test.critical_difference - 1.12).abs() < 5e-3);
        assert_eq!(test.cliques, [vec![0, 2], vec![1, 2, 3]]);
    }

    #[test]
    fn clear_winners_stand_alone() {
        // Method 0 wins on each of 12 sets; 1 and 2 take turns and differ by as much either way.
        let values = Array2::from_shape_fn((12, 3), |(set, method)| match method {
            0 => 0.9 + 0.001 * set as f64,
            1 => 0.5 + 0.01 * ((set % 2) as f64 * 2.0 - 1.0) * (1 + set / 2) as f64,
            _ => 0.5,
        });
        let test = wilcoxon_holm(values.view(), Zeros::Split, 0.05).unwrap();
        assert_eq!(test.cliques, [vec![0], vec![1, 2]]);
        assert_eq!(test.ranks, [1.0, 2.5, 2.5]);
        let pairs: Vec<_> = test
            .pairs
            .iter()
            .map(|pair| (pair.first, pair.second))
            .collect();
        assert_eq!(pairs, [(0, 1), (0, 2), (1, 2)]);
        assert_eq!(test.pairs[0].p, 2.0 / 4096.0); // one of all signs, both tails
        assert_eq!(test.pairs[0].adjusted, 3.0 * 2.0 / 4096.0);
    }

    #[test]
    fn six_sets_are_too_few_for_three_methods() {
        // The same order on every set: 2 of 64 signs, significant alone, but not thrice.
        let values = Array2::from_shape_fn((6, 3), |(set, method)| {
            (3 - method) as f64 * (1 + set) as f64
        });
        let test = wilcoxon_holm(values.view(), Zeros::Drop, 0.05).unwrap();
        for pair in test.pairs {
            assert_eq!((pair.p, pair.adjusted), (2.0 / 64.0, 6.0 / 64.0));
        }
        assert_eq!(test.cliques, [vec![0, 1, 2]]);
    }

    #[test]
    fn equal_methods_do_not_differ() {
        let values = array![[1.0, 1.0, 3.0], [2.0, 2.0, 1.0], [4.0, 4.0, 4.5]];
        let test = wilcoxon_holm(values.view(), Zeros::Drop, 0.05).unwrap();
        assert_eq!(test.pairs[0].p, 1.0);
        assert_eq!(test.cliques, [vec![0, 1, 2]]);
    }

    #[test]
    fn undefined_is_an_error() {
        let values = array![[1.0, 2.0], [2.0, 1.0]];
        assert!(nemenyi(values.view(), 0.0).is_err());
        assert!(wilcoxon_holm(values.view(), Zeros::Drop, f64::NAN).is_err());
        let one = array![[1.0, 2.0]];
        assert!(nemenyi(one.view(), 0.05).is_err());
        assert!(wilcoxon_holm(one.view(), Zeros::Drop, 0.05).is_err());
        let column = array![[1.0], [2.0]];
        assert!(nemenyi(column.view(), 0.05).is_err());
        assert!(wilcoxon_holm(column.view(), Zeros::Drop, 0.05).is_err());
    }
}
