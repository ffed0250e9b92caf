use super::error::{StatisticsError, check_finite};
use super::interval::two_sided;
use crate::ranks::{midranks, ties};

/// What becomes of pairs without a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zeros {
    /// They are left out (Wilcoxon 1945); scipy's `wilcox`.
    Drop,
    /// They are ranked, then their ranks are left out (Pratt 1959); scipy's `pratt`.
    Pratt,
    /// Their ranks are split between both sides (Demšar 2006); scipy's `zsplit`.
    Split,
}

/// A signed-rank test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wilcoxon {
    /// Pairs with a difference.
    pub pairs: usize,
    /// Ranks of the pairs in which the first is higher, summed.
    pub first_higher: f64,
    /// Ranks of the pairs in which the second is higher, summed.
    pub second_higher: f64,
    /// Two-sided p-value.
    pub p: f64,
}

impl Wilcoxon {
    /// The smaller of the two sums, `T` of the tables.
    pub fn statistic(&self) -> f64 {
        self.first_higher.min(self.second_higher)
    }
}

/// The most pairs whose signs [`wilcoxon_exact`] goes through.
const MOST_PAIRS: usize = 500;

/// Wilcoxon's signed-rank test with the exact distribution: are paired values, such as the AUROCs of two
/// methods on the same data sets, as often and as far higher on one side as on the other?
///
/// # Formula
/// Ranks of `|aᵢ − bᵢ|`, ties sharing the mean of theirs, summed by sign. Under the null hypothesis each of
/// the 2ⁿ signs of the n differences is as likely as the other; p is twice the smaller tail of the sum,
/// at most 1. Ties are in that distribution, where tables and scipy's `method="exact"` assume none;
/// without ties the two agree, with them it is scipy's permutation test over all signs.
///
/// Differences tie where they are equal as floats: pass values rounded to what they are worth.
///
/// # Errors
/// [`StatisticsError`] where lengths differ, a value is not finite, no pair differs, or more than 500
/// do.
pub fn wilcoxon_exact(a: &[f64], b: &[f64], zeros: Zeros) -> Result<Wilcoxon, StatisticsError> {
    let ranked = Ranked::of(a, b, zeros)?;
    let pairs = ranked.signed.len();
    if pairs > MOST_PAIRS {
        return Err(StatisticsError::TooMany {
            what: "pairs that differ",
            found: pairs,
            most: MOST_PAIRS,
        });
    }
    // Twice a mid-rank is a whole number. `chances[s]` is the chance of the doubled sum s.
    let doubled: Vec<usize> = ranked
        .signed
        .iter()
        .map(|(rank, _)| (2.0 * rank) as usize)
        .collect();
    let mut chances = vec![0.0; doubled.iter().sum::<usize>() + 1];
    chances[0] = 1.0;
    let mut reached = 0;
    for rank in doubled {
        for sum in (0..=reached).rev() {
            let half = chances[sum] / 2.0;
            chances[sum] = half;
            chances[sum + rank] += half;
        }
        reached += rank;
    }
    // The distribution is symmetric, so the tail up to the smaller sum is the smaller tail.
    let smaller = (2.0 * ranked.sum(true).min(ranked.sum(false))) as usize;
    let tail: f64 = chances[..=smaller].iter().sum();
    Ok(ranked.test((2.0 * tail).min(1.0)))
}

/// Wilcoxon's signed-rank test by the normal approximation, without continuity correction, for many
/// pairs.
///
/// # Formula
/// `z = (R⁺ − μ)/σ`, μ = n(n + 1)/4, σ² = (n(n + 1)(2n + 1) − ½ Σ(t³ − t))/24 over groups of t ties. With
/// [`Zeros::Drop`] n is the number of differing pairs, else of all; with [`Zeros::Pratt`] the m zeros lower
/// μ by m(m + 1)/4 and 24 σ² by m(m + 1)(2m + 1) (Cureton 1967), and are not ties. Equals
/// `scipy.stats.wilcoxon(method="asymptotic", correction=False)`.
///
/// # Errors
/// [`StatisticsError`] where lengths differ, a value is not finite, or no pair differs.
pub fn wilcoxon_normal(a: &[f64], b: &[f64], zeros: Zeros) -> Result<Wilcoxon, StatisticsError> {
    let ranked = Ranked::of(a, b, zeros)?;
    let mean = |n: f64| n * (n + 1.0) / 4.0;
    let variance = |n: f64| n * (n + 1.0) * (2.0 * n + 1.0) / 24.0;
    let (n, m) = (ranked.n as f64, ranked.left_out as f64);
    let spread = variance(n) - variance(m) - ranked.ties / 48.0;
    let higher = ranked.sum(true) + ranked.split;
    let z = (higher - (mean(n) - mean(m))) / spread.sqrt();
    Ok(ranked.test(two_sided(z)))
}

/// The differences, ranked.
struct Ranked {
    /// Rank and direction (the first is higher) of the pairs that differ, at least one.
    signed: Vec<(f64, bool)>,
    /// What zeros add to either side.
    split: f64,
    /// Number of ranks given.
    n: usize,
    /// How many of these are zeros that were left out after ranking.
    left_out: usize,
    /// `Σ (t³ − t)` over the groups of t tied ranks that count.
    ties: f64,
}

impl Ranked {
    fn of(a: &[f64], b: &[f64], zeros: Zeros) -> Result<Self, StatisticsError> {
        if a.len() != b.len() {
            return Err(StatisticsError::LengthMismatch {
                what: "values",
                first: a.len(),
                second: b.len(),
            });
        }
        check_finite(a)?;
        check_finite(b)?;
        let mut differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        check_finite(&differences)?;
        let all = differences.len();
        differences.retain(|&difference| zeros != Zeros::Drop || difference != 0.0);
        let sizes: Vec<f64> = differences
            .iter()
            .map(|difference| difference.abs())
            .collect();
        let ranks = midranks(&sizes);
        let rows = || ranks.iter().zip(&differences);
        let signed: Vec<(f64, bool)> = rows()
            .filter(|&(_, &difference)| difference != 0.0)
            .map(|(&rank, &difference)| (rank, difference > 0.0))
            .collect();
        if signed.is_empty() {
            return Err(StatisticsError::NoDifference { pairs: all });
        }
        let of_zeros = rows().filter(|&(_, &difference)| difference == 0.0);
        let split = match zeros {
            Zeros::Split => of_zeros.map(|(rank, _)| rank).sum::<f64>() / 2.0,
            Zeros::Drop | Zeros::Pratt => 0.0,
        };
        let counted: Vec<f64> = match zeros {
            Zeros::Pratt => signed.iter().map(|&(rank, _)| rank).collect(),
            Zeros::Drop | Zeros::Split => ranks.clone(),
        };
        Ok(Self {
            split,
            n: ranks.len(),
            left_out: ranks.len() - counted.len(),
            ties: ties(&counted),
            signed,
        })
    }

    /// Ranks on one side without what zeros add.
    fn sum(&self, first_higher: bool) -> f64 {
        let side = self
            .signed
            .iter()
            .filter(|&&(_, higher)| higher == first_higher);
        side.map(|(rank, _)| rank).sum()
    }

    fn test(&self, p: f64) -> Wilcoxon {
        Wilcoxon {
            pairs: self.signed.len(),
            first_higher: self.sum(true) + self.split,
            second_higher: self.sum(false) + self.split,
            p,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Demšar 2006, table 2: AUC of C4.5 and C4.5+m on 14 data sets, in thousandths, so that
    /// differences tie as printed.
    const C45: [f64; 14] = [
        763.0, 599.0, 954.0, 628.0, 882.0, 936.0, 661.0, 583.0, 775.0, 1000.0, 940.0, 619.0, 972.0,
        957.0,
    ];
    const C45_M: [f64; 14] = [
        768.0, 591.0, 971.0, 661.0, 888.0, 931.0, 668.0, 583.0, 838.0, 1000.0, 962.0, 666.0, 981.0,
        978.0,
    ];

    #[test]
    fn the_example_of_demsar() {
        // R⁺ = 93 and R⁻ = 12, zeros split; the critical value for 14 data sets at 0.05 is 21.
        let test = wilcoxon_normal(&C45_M, &C45, Zeros::Split).unwrap();
        assert_eq!((test.first_higher, test.second_higher), (93.0, 12.0));
        assert_eq!((test.statistic(), test.pairs), (12.0, 12));
        assert!(test.p < 0.05);
        assert!(wilcoxon_exact(&C45_M, &C45, Zeros::Split).unwrap().p < 0.05);
    }

    #[test]
    fn critical_values_of_the_tables() {
        // Two-sided 5 %: for n pairs without ties the sum may be at most T (Wilcoxon 1945 and any
        // table): 6: 0, 8: 3, 10: 8, 14: 21, 20: 52.
        for (n, critical) in [(6, 0), (8, 3), (10, 8), (14, 21), (20, 52)] {
            let p_of = |sum: i32| {
                // Ranks from the largest down are given to the lower side while they fit.
                let mut left = sum;
                let signs = (1..=n).rev().map(|rank| {
                    let lower = rank <= left;
                    left -= if lower { rank } else { 0 };
                    f64::from(if lower { -rank } else { rank })
                });
                let differences: Vec<f64> = signs.collect();
                let zeros = vec![0.0; differences.len()];
                let test = wilcoxon_exact(&differences, &zeros, Zeros::Drop).unwrap();
                assert_eq!(test.statistic(), f64::from(sum));
                test.p
            };
            assert!(p_of(critical) <= 0.05 && p_of(critical + 1) > 0.05, "{n}");
        }
    }

    #[test]
    fn undefined_is_an_error() {
        let error = wilcoxon_exact(&[1.0, 2.0], &[1.0, 2.0], Zeros::Split).unwrap_err();
        assert_eq!(error, StatisticsError::NoDifference { pairs: 2 });
        assert!(wilcoxon_normal(&[], &[], Zeros::Drop).is_err());
        let error = wilcoxon_normal(&[1.0], &[], Zeros::Drop).unwrap_err();
        assert_eq!(error.to_string(), "1 values beside 0, expected as many");
        let error = wilcoxon_normal(&[1.0, f64::NAN], &[0.0, 0.0], Zeros::Drop);
        assert!(matches!(
            error,
            Err(StatisticsError::NotFinite { index: 1, .. })
        ));
        // Finite values whose difference is not.
        assert!(wilcoxon_normal(&[f64::MAX], &[f64::MIN], Zeros::Drop).is_err());
        let many: Vec<f64> = (1..=501).map(f64::from).collect();
        let error = wilcoxon_exact(&many, &vec![0.0; 501], Zeros::Drop).unwrap_err();
        assert_eq!(
            error.to_string(),
            "501 pairs that differ, expected at most 500"
        );
    }

    /// p by going through all signs.
    fn all_signs(ranked: &Ranked) -> f64 {
        let n = ranked.signed.len();
        let found = ranked.sum(true).min(ranked.sum(false));
        let low = (0..1_u32 << n).filter(|signs| {
            let chosen = (0..n).filter(|i| signs >> i & 1 == 1);
            chosen.map(|i| ranked.signed[i].0).sum::<f64>() <= found
        });
        (2.0 * low.count() as f64 / f64::from(1_u32 << n)).min(1.0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_distribution_is_that_of_all_signs(
            differences in prop::collection::vec(-6..=6i32, 1..11),
            zeros in prop::sample::select(vec![Zeros::Drop, Zeros::Pratt, Zeros::Split]),
        ) {
            prop_assume!(differences.iter().any(|&difference| difference != 0));
            let a: Vec<f64> = differences.iter().map(|&difference| f64::from(difference)).collect();
            let b = vec![0.0; a.len()];
            let test = wilcoxon_exact(&a, &b, zeros)?;
            // Sums of powers of two up to 2^-10: exact.
            prop_assert_eq!(test.p, all_signs(&Ranked::of(&a, &b, zeros)?));
            let turned = wilcoxon_exact(&b, &a, zeros)?;
            prop_assert_eq!((turned.p, turned.first_higher), (test.p, test.second_higher));
        }
    }
}
