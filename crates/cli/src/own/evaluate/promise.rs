use conformal::{Basis, Threshold};
use experiment::Share;

/// Whether false alarms are as many as the model promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// No more of them than promised.
    Yes,
    /// More of them, but the interval reaches the promise: so many may come by chance.
    Chance,
    /// More than chance makes.
    No,
}

impl Kept {
    /// A rate of `false_positives` beside the promise of `threshold`.
    pub(super) fn of(false_positives: &Share, threshold: &Threshold) -> Self {
        let most = most(threshold);
        match false_positives.interval {
            found if found.estimate <= most => Self::Yes,
            found if found.low <= most => Self::Chance,
            _ => Self::No,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Chance => "within chance",
            Self::No => "no",
        }
    }
}

/// The largest rate that agrees with the promise. One that holds on average over calibrations leaves more room to
/// a single one: the 95 % quantile of its true rate.
pub(super) fn most(threshold: &Threshold) -> f64 {
    match threshold.basis() {
        Basis::Certified { target, .. } => target,
        Basis::Marginal { target } => threshold.interval().1.max(target),
    }
}

#[cfg(test)]
mod tests {
    use conformal::Calibration;

    use super::*;

    #[test]
    fn a_promise_is_broken_beyond_chance_alone() {
        let calibration = Calibration::new((0..1000).map(f64::from).collect()).unwrap();
        let certified = Threshold::certified(&calibration, 0.05, 0.95).unwrap();
        let of = |hits| Kept::of(&Share::new(hits, 200).unwrap(), &certified);
        assert_eq!([of(0), of(10)], [Kept::Yes; 2]);
        assert_eq!([of(11), of(16)], [Kept::Chance; 2]);
        assert_eq!([of(18), of(200)], [Kept::No; 2]);
    }

    #[test]
    fn an_average_leaves_room_to_one_calibration() {
        let calibration = Calibration::new((0..99).map(f64::from).collect()).unwrap();
        let marginal = Threshold::marginal(&calibration, 0.05).unwrap();
        // The 95 % quantile of Beta(5, 95).
        assert!(
            (most(&marginal) - 0.0897).abs() < 1e-3,
            "{}",
            most(&marginal)
        );
        let certified = Threshold::certified(&calibration, 0.05, 0.9).unwrap();
        assert_eq!(most(&certified), 0.05);
    }
}
