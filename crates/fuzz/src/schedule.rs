//! Which input comes when: all targets advance together, by their weights.

use crate::target::Target;

/// The order of inputs: rounds in which each target has as many as its weight.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    weights: Vec<u64>,
    round: u64,
}

impl Schedule {
    pub(crate) fn of(targets: &[&Target]) -> Self {
        let weights: Vec<u64> = targets.iter().map(|target| target.weight).collect();
        Self {
            round: weights.iter().sum(),
            weights,
        }
    }

    /// The target's place and the input's number for the input at `position`.
    pub(crate) fn at(&self, position: u64) -> (usize, u64) {
        let round = position / self.round;
        let mut rest = position % self.round;
        for (target, &weight) in self.weights.iter().enumerate() {
            if rest < weight {
                return (target, round * weight + rest);
            }
            rest -= weight;
        }
        (0, position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_counts_its_inputs_without_gaps() {
        let schedule = Schedule {
            weights: vec![2, 1, 3],
            round: 6,
        };
        let seen: Vec<_> = (0..12).map(|p| schedule.at(p)).collect();
        assert_eq!(seen[..6], [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (2, 2)]);
        assert_eq!(seen[6..], [(0, 2), (0, 3), (1, 1), (2, 3), (2, 4), (2, 5)]);
    }
}
