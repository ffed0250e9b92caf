/// Mean and spread over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) mean: f64,
    /// Sample standard deviation (n − 1); `None` for one value.
    pub(crate) sd: Option<f64>,
}

impl Estimate {
    /// `None` without values.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mean = mean(values)?;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt());
        Some(Self { mean, sd })
    }
}

/// `None` without values.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_divides_by_one_less() {
        // Deviations −2, 0, 2: 8 / (3 − 1) = 4.
        let estimate = Estimate::of(&[3.0, 5.0, 7.0]).unwrap();
        assert_eq!((estimate.mean, estimate.sd), (5.0, Some(2.0)));
    }

    #[test]
    fn one_value_has_no_deviation_and_none_no_mean() {
        let one = Estimate::of(&[3.0]).unwrap();
        assert_eq!((one.mean, one.sd), (3.0, None));
        assert_eq!(Estimate::of(&[]), None);
    }
}
