/// How the two tails of a column become its part of the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// `max(U_s, (U_l + U_r)/2)`, as in PyOD.
    Copod,
    /// `max(U_s, U_l, U_r)`, as in PyOD.
    Ecod,
}

impl Rule {
    /// The method's.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Copod => "copod",
            Self::Ecod => "ecod",
        }
    }
}

/// Which tail of a column counts, by the sign of its skewness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tail {
    /// 1 where `U_l` counts, else 0.
    left: f64,
    /// 1 where `U_r` counts, else 0.
    right: f64,
    rule: Rule,
}

impl Tail {
    /// Of the `n` values of a sorted column. The skewness of a constant one is taken as 0.
    pub(super) fn of(
        values: impl DoubleEndedIterator<Item = f64> + Clone,
        n: usize,
        rule: Rule,
    ) -> Self {
        let constant = values.clone().next() == values.clone().next_back();
        let mean = values.clone().sum::<f64>() / n as f64;
        // m₂ is positive unless the column is constant, so m₃ has the sign of the skewness.
        let m3 = if constant {
            0.0
        } else {
            values.map(|v| (v - mean).powi(3)).sum()
        };
        Self {
            left: f64::from(u8::from(m3 <= 0.0)),
            right: f64::from(u8::from(m3 >= 0.0)),
            rule,
        }
    }

    /// The part of a row with these tails.
    pub(super) fn score(self, u_l: f64, u_r: f64) -> f64 {
        let u_s = self.left * u_l + self.right * u_r;
        let other = match self.rule {
            Rule::Copod => (u_l + u_r) / 2.0,
            Rule::Ecod => f64::max(u_l, u_r),
        };
        if u_s > other { u_s } else { other }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::columns::SortedColumns;
    use super::*;

    #[test]
    fn the_longer_tail_counts() {
        let x = array![
            [1.0f32, -1.0, -1.0, 0.1],
            [2.0, -2.0, 0.0, 0.1],
            [2.0, -2.0, 0.0, 0.1],
            [9.0, -9.0, 1.0, 0.1]
        ];
        let columns = SortedColumns::new(x.view());
        let scores = |rule, u_l, u_r| {
            let tail = |j| Tail::of(columns.values(j), 4, rule);
            let [right, left, symmetric, constant] = [0, 1, 2, 3].map(tail);
            assert_eq!(symmetric, constant);
            [right, left, symmetric].map(|tail| tail.score(u_l, u_r))
        };
        assert_eq!(scores(Rule::Copod, 1.0, 5.0), [5.0, 3.0, 6.0]);
        assert_eq!(scores(Rule::Copod, 5.0, 1.0), [3.0, 5.0, 6.0]);
        assert_eq!(scores(Rule::Ecod, 1.0, 5.0), [5.0, 5.0, 6.0]);
        assert_eq!(scores(Rule::Ecod, 5.0, 1.0), [5.0, 5.0, 6.0]);
    }
}
