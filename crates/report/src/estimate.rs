use metrics::statistics::{self, standard_deviation, t_interval};

use crate::interval::{By, Interval, LEVEL};

/// Mean and spread over seeds, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) mean: f64,
    /// Sample standard deviation (n − 1); `None` for one value.
    pub(crate) sd: Option<f64>,
    /// Over seeds where they differ, else over the test rows where that is known.
    pub(crate) interval: Option<Interval>,
}

impl Estimate {
    /// `None` without values.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let sd = standard_deviation(values).ok();
        let over_seeds = t_interval(values, LEVEL).ok();
        Some(Self {
            mean: mean(values)?,
            sd,
            // Equal values say nothing of seeds: the method has none, or one seed stood for all.
            interval: over_seeds
                .filter(|found| found.low < found.high)
                .map(|found| Interval {
                    low: found.low.max(0.0),
                    high: found.high.min(100.0),
                    by: By::Student,
                }),
        })
    }

    /// With this interval where seeds gave none.
    pub(crate) fn or_interval(self, interval: Option<Interval>) -> Self {
        Self {
            interval: self.interval.or(interval),
            ..self
        }
    }
}

/// `None` without values.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    statistics::mean(values).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_seeds_have_students_interval() {
        // Deviation 2, so 2/√3 · 4.303 = 4.97 to either side.
        let estimate = Estimate::of(&[3.0, 5.0, 7.0]).unwrap();
        assert_eq!((estimate.mean, estimate.sd), (5.0, Some(2.0)));
        let interval = estimate.interval.unwrap();
        assert_eq!(interval.by, By::Student);
        assert!((interval.low - 0.032).abs() < 5e-4 && (interval.high - 9.968).abs() < 5e-4);
        let wide = Estimate::of(&[1.0, 99.0]).unwrap().interval.unwrap();
        assert_eq!((wide.low, wide.high), (0.0, 100.0));
    }

    #[test]
    fn what_does_not_vary_with_the_seed_has_that_of_the_rows() {
        let of_rows = Interval::of_counts(0.9, 20, 30).map(Interval::percent);
        let one = Estimate::of(&[90.0]).unwrap();
        assert_eq!((one.mean, one.sd, one.interval), (90.0, None, None));
        assert_eq!(one.or_interval(of_rows).interval, of_rows);
        let same = Estimate::of(&[90.0; 3]).unwrap();
        assert_eq!((same.sd, same.interval), (Some(0.0), None));
        let differ = Estimate::of(&[89.0, 91.0]).unwrap();
        assert_eq!(differ.or_interval(of_rows), differ);
        assert_eq!(Estimate::of(&[]), None);
    }
}
