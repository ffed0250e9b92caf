use super::check_steps;
use crate::{Schedule, ScheduleError};

/// Which of `steps` diffusion steps to keep, in increasing order; the two notations of
/// improved-diffusion, `respace.py` (Nichol & Dhariwal 2021, arXiv:2102.09672, section 4).
///
/// - `"10,15,20"`: the schedule is cut into as many equal sections as there are counts (the first
///   ones are a step longer where it does not divide), and of each that many steps are kept, evenly
///   spaced from its first to its last; a count of 1 keeps the first.
/// - `"ddim50"`: every `k`-th step from 0, for the smallest `k` that keeps exactly 50.
///
/// ```
/// # fn main() -> Result<(), schedules::ScheduleError> {
/// use schedules::space_timesteps;
///
/// assert_eq!(space_timesteps(10, "3,2")?, [0, 2, 4, 5, 9]);
/// assert_eq!(space_timesteps(10, "ddim5")?, [0, 2, 4, 6, 8]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ScheduleError::Respacing`] for other text, [`ScheduleError::Section`] where a section has fewer
/// steps than are to be kept, [`ScheduleError::Stride`] where no whole stride keeps that number,
/// [`ScheduleError::NoSteps`] where none would be kept.
pub fn space_timesteps(steps: usize, keep: &str) -> Result<Vec<usize>, ScheduleError> {
    check_steps(steps)?;
    let number = |text: &str| {
        text.trim()
            .parse::<usize>()
            .map_err(|_| ScheduleError::Respacing {
                keep: keep.to_owned(),
            })
    };
    let kept = match keep.strip_prefix("ddim") {
        Some(count) => evenly(steps, number(count)?)?,
        None => {
            let counts: Result<Vec<usize>, _> = keep.split(',').map(number).collect();
            sections(steps, &counts?)?
        }
    };
    if kept.is_empty() {
        return Err(ScheduleError::NoSteps);
    }
    Ok(kept)
}

/// Every `k`-th step for the smallest `k` that keeps `count`. Like the original it does not try to
/// keep the only step of a schedule of one.
fn evenly(steps: usize, count: usize) -> Result<Vec<usize>, ScheduleError> {
    match (1..steps).find(|&stride| steps.div_ceil(stride) == count) {
        Some(stride) => Ok((0..steps).step_by(stride).collect()),
        None => Err(ScheduleError::Stride { count, steps }),
    }
}

fn sections(steps: usize, counts: &[usize]) -> Result<Vec<usize>, ScheduleError> {
    let (short, longer) = (steps / counts.len(), steps % counts.len());
    let mut kept = Vec::new();
    let mut start = 0;
    for (section, &count) in counts.iter().enumerate() {
        let size = short + usize::from(section < longer);
        if size < count {
            return Err(ScheduleError::Section {
                section,
                size,
                count,
            });
        }
        let stride = match count {
            0 | 1 => 1.0,
            _ => (size - 1) as f64 / (count - 1) as f64,
        };
        // Summed and rounded half to even as the original does: it decides ties.
        let mut at = 0.0f64;
        for _ in 0..count {
            kept.push(start + at.round_ties_even() as usize);
            at += stride;
        }
        start += size;
    }
    Ok(kept)
}

impl Schedule {
    /// The schedule that visits only the steps `kept` of this one, with the same noise at each.
    ///
    /// # Formula
    /// `β'_i = 1 − ᾱ_{k_i}/ᾱ_{k_{i−1}}`, so that `ᾱ'_i = ᾱ_{k_i}` (improved-diffusion, `respace.py`).
    /// [`original_steps`](Self::original_steps) holds the network's step for each of the new ones.
    ///
    /// # Errors
    /// [`ScheduleError::NoSteps`] where nothing is kept, [`ScheduleError::KeptStep`] where the steps
    /// do not increase or leave the schedule.
    pub fn respaced(&self, kept: &[usize]) -> Result<Self, ScheduleError> {
        let steps = self.steps();
        let mut previous = 1.0;
        let mut betas = Vec::with_capacity(kept.len());
        let mut original_steps = Vec::with_capacity(kept.len());
        for (index, &step) in kept.iter().enumerate() {
            let increases = index == 0 || kept[index - 1] < step;
            if !increases || step >= steps {
                return Err(ScheduleError::KeptStep { index, step, steps });
            }
            betas.push(1.0 - self.alpha_bars[step] / previous);
            original_steps.push(self.original_steps[step]);
            previous = self.alpha_bars[step];
        }
        Self::from_betas_of(betas, original_steps)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn impossible_respacings_are_errors() {
        for keep in ["", "ten", "3,,4", "-1", "ddim", "ddim-5", "2.5"] {
            assert_eq!(
                space_timesteps(20, keep),
                Err(ScheduleError::Respacing { keep: keep.into() })
            );
        }
        assert_eq!(
            space_timesteps(10, "2,6"),
            Err(ScheduleError::Section {
                section: 1,
                size: 5,
                count: 6
            })
        );
        for (steps, count) in [(10, 6), (10, 0), (1, 1)] {
            assert_eq!(
                space_timesteps(steps, &format!("ddim{count}")),
                Err(ScheduleError::Stride { count, steps })
            );
        }
        assert_eq!(space_timesteps(10, "0,0"), Err(ScheduleError::NoSteps));
        assert_eq!(space_timesteps(0, "1"), Err(ScheduleError::NoSteps));
        let schedule = Schedule::cosine(10).unwrap();
        assert_eq!(schedule.respaced(&[]), Err(ScheduleError::NoSteps));
        for (kept, index, step) in [(vec![3, 3], 1, 3), (vec![5, 2], 1, 2), (vec![0, 10], 1, 10)] {
            assert_eq!(
                schedule.respaced(&kept),
                Err(ScheduleError::KeptStep {
                    index,
                    step,
                    steps: 10
                })
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_kept_step_keeps_its_noise(steps in 21usize..1200, counts in prop::collection::vec(1usize..8, 1..4)) {
            let text: Vec<String> = counts.iter().map(usize::to_string).collect();
            prop_assume!(steps / counts.len() >= 8);
            let kept = space_timesteps(steps, &text.join(","))?;
            prop_assert_eq!(kept.len(), counts.iter().sum::<usize>());
            let schedule = Schedule::linear_ho(steps)?;
            let respaced = schedule.respaced(&kept)?;
            prop_assert_eq!(respaced.original_steps(), &kept[..]);
            for (i, &step) in kept.iter().enumerate() {
                // A product of quotients instead of a product: some rounding, relative to 1 − ᾱ.
                let (a, b) = (respaced.alpha_bars()[i], schedule.alpha_bars()[step]);
                prop_assert!((a - b).abs() < 1e-12);
            }
        }

        #[test]
        fn respacing_twice_tells_the_first_steps(steps in 40usize..400) {
            let schedule = Schedule::cosine(steps)?;
            let every_second: Vec<usize> = (0..steps).step_by(2).collect();
            let once = schedule.respaced(&every_second)?;
            let twice = once.respaced(&[1, 4, 9])?;
            prop_assert_eq!(twice.original_steps(), &[2, 8, 18]);
        }
    }
}
