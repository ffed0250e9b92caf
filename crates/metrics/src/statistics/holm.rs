use super::error::StatisticsError;

/// Holm's step-down adjustment (1979) for several tests at once: where an adjusted p-value is at most α the
/// hypothesis is rejected, and the chance of rejecting any true one is at most α.
///
/// # Formula
/// With `p₍₁₎ ≤ … ≤ p₍ₘ₎`: `p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎)`, returned in the order given.
///
/// # Errors
/// [`StatisticsError::Probability`] for a p-value outside [0, 1]; no p-values give none.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, StatisticsError> {
    if let Some(&value) = p_values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(StatisticsError::Probability {
            name: "a p-value",
            value,
            range: "from 0 to 1",
        });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&i, &j| p_values[i].total_cmp(&p_values[j]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut highest: f64 = 0.0;
    for (place, index) in order.into_iter().enumerate() {
        let factor = (p_values.len() - place) as f64;
        highest = highest.max((factor * p_values[index]).min(1.0));
        adjusted[index] = highest;
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_demsar() {
        // Demšar 2006, section 3.2.2: p-values of three comparisons against the control C4.5, 0.019,
        // 0.016 and 0.607 beside 0.017, 0.025 and 0.050: the smallest is significant, so is the second.
        let adjusted = holm(&[0.019, 0.607, 0.016]).unwrap();
        assert_eq!(adjusted, [0.048, 0.607, 0.048]);
    }

    #[test]
    fn stays_in_order_and_below_one() {
        // R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm") is 0.05, 0.08, 0.09, 0.09, 0.09.
        let adjusted = holm(&[0.01, 0.02, 0.03, 0.04, 0.05]).unwrap();
        for (found, expected) in adjusted.iter().zip([0.05, 0.08, 0.09, 0.09, 0.09]) {
            assert!((found - expected).abs() < 1e-15);
        }
        assert_eq!(holm(&[0.9, 0.8]).unwrap(), [1.0, 1.0]);
        assert_eq!(holm(&[]).unwrap(), [0.0; 0]);
        for p in [-0.1, 1.1, f64::NAN] {
            assert!(matches!(
                holm(&[0.5, p]),
                Err(StatisticsError::Probability { .. })
            ));
        }
    }
}
