use conformal::{Basis, Threshold};
use experiment::Share;
use residuum::{CrossRate, Manifest};

/// What a model promises of false alarms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Promise {
    /// Scores above it are alarms; `None` where p-values decide.
    pub(super) value: Option<f64>,
    /// P-values up to it are alarms, where they decide.
    pub(super) p_value: Option<f64>,
    /// The rate asked for.
    pub(super) target: f64,
    /// How sure it is to hold; `None` where it holds on average.
    pub(super) confidence: Option<f64>,
    /// The rate to expect.
    pub(super) expected: f64,
    /// The largest rate that agrees with the promise. One that holds on average over calibrations leaves more room
    /// to a single one: the 95 % quantile of its true rate. Of folds it is what is proved.
    pub(super) most: f64,
}

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

impl Promise {
    /// That of a model; `None` where it decides nothing.
    pub(super) fn of(manifest: &Manifest) -> Option<Self> {
        match (&manifest.threshold, manifest.cross) {
            (Some(threshold), _) => Some(Self::of_threshold(threshold)),
            (None, Some(CrossRate { rate, bound, .. })) => Some(Self {
                value: None,
                p_value: Some(rate),
                target: rate,
                confidence: None,
                expected: rate,
                most: bound,
            }),
            (None, None) => None,
        }
    }

    fn of_threshold(threshold: &Threshold) -> Self {
        let (target, confidence, most) = match threshold.basis() {
            Basis::Certified { target, confidence } => (target, Some(confidence), target),
            Basis::Marginal { target } => (target, None, threshold.interval().1.max(target)),
        };
        Self {
            value: Some(threshold.value()),
            p_value: None,
            target,
            confidence,
            expected: threshold.expected_rate(),
            most,
        }
    }

    /// A rate of `false_positives` beside the promise.
    pub(super) fn kept(&self, false_positives: &Share) -> Kept {
        match false_positives.interval {
            found if found.estimate <= self.most => Kept::Yes,
            found if found.low <= self.most => Kept::Chance,
            _ => Kept::No,
        }
    }
}

impl Kept {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Chance => "within chance",
            Self::No => "no",
        }
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
        let certified = Promise::of_threshold(&certified);
        let of = |hits| certified.kept(&Share::new(hits, 200).unwrap());
        assert_eq!([of(0), of(10)], [Kept::Yes; 2]);
        assert_eq!([of(11), of(16)], [Kept::Chance; 2]);
        assert_eq!([of(18), of(200)], [Kept::No; 2]);
    }

    #[test]
    fn an_average_leaves_room_to_one_calibration() {
        let calibration = Calibration::new((0..99).map(f64::from).collect()).unwrap();
        let marginal = Threshold::marginal(&calibration, 0.05).unwrap();
        // The 95 % quantile of Beta(5, 95).
        let most = Promise::of_threshold(&marginal).most;
        assert!((most - 0.0897).abs() < 1e-3, "{most}");
        let certified = Threshold::certified(&calibration, 0.05, 0.9).unwrap();
        assert_eq!(Promise::of_threshold(&certified).most, 0.05);
    }
}
