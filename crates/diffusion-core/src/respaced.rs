use crate::{Process, ProcessError};

/// `count` of the steps `0, …, start−1`, evenly spaced, increasing: the last is `start − 1`, the
/// first is 0 (one step alone is `start − 1`). All of them where `count` is 0 or at least `start`.
///
/// # Formula
/// `t_i = (start − 1)·i/(count − 1)`, rounded, half up.
///
/// ```
/// # use diffusion_core::even_steps;
/// assert_eq!(even_steps(250, 4), [0, 83, 166, 249]);
/// assert_eq!(even_steps(3, 0), [0, 1, 2]);
/// assert_eq!(even_steps(250, 1), [249]);
/// ```
pub fn even_steps(start: usize, count: usize) -> Vec<usize> {
    match count {
        1 if start > 0 => vec![start - 1],
        0 => (0..start).collect(),
        _ if count >= start => (0..start).collect(),
        _ => {
            let (last, gaps) = (start - 1, count - 1);
            (0..count)
                .map(|i| (2 * last * i + gaps) / (2 * gaps))
                .collect()
        }
    }
}

impl Process {
    /// The process that visits only the steps `kept` of this one, increasing, for the same network,
    /// which is still given the original steps: see [`Schedule::respaced`](crate::Schedule::respaced).
    ///
    /// All walks over the respaced process cost `kept.len()` network evaluations. DDIM goes through
    /// the same noise levels with longer strides; the mean-only and the ancestral walk use the
    /// posterior between neighbours among the kept steps.
    ///
    /// # Errors
    /// [`ProcessError::Schedule`] for no steps, or steps that do not increase inside the schedule.
    pub fn respaced(&self, kept: &[usize]) -> Result<Self, ProcessError> {
        let process = Self::new(self.schedule().respaced(kept)?, self.device())?;
        Ok(process
            .with_target(self.target())
            .with_variance(self.variance()))
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Tensor};

    use super::*;
    use crate::toy::Wave;
    use crate::{Schedule, Target, Variance, Walk};

    #[test]
    fn steps_are_spread_from_end_to_end() {
        for start in 1..60 {
            for count in 2..=start {
                let steps = even_steps(start, count);
                assert_eq!((steps[0], steps[count - 1]), (0, start - 1));
                let gaps: Vec<usize> = steps.windows(2).map(|w| w[1] - w[0]).collect();
                let (least, most) = (gaps.iter().min(), gaps.iter().max());
                assert!(most.unwrap() - least.unwrap() <= 1, "{steps:?}");
                assert!(*least.unwrap() >= 1);
            }
        }
        assert_eq!(even_steps(0, 3), Vec::<usize>::new());
        assert_eq!(even_steps(0, 1), Vec::<usize>::new());
    }

    #[test]
    fn a_process_of_all_its_steps_is_itself() {
        let schedule = Schedule::linear(40, 1e-3, 0.2).unwrap();
        let process = Process::new(schedule, Device::Cpu)
            .unwrap()
            .with_target(Target::X0)
            .with_variance(Variance::FixedLarge);
        let same = process.respaced(&even_steps(40, 0)).unwrap();
        assert_eq!(same.target(), Target::X0);
        assert_eq!(same.variance(), Variance::FixedLarge);
        let x = Tensor::from_slice(&[0.3f32, -1.5]).view([1, 2]);
        let end = |p: &Process| p.walk_mean_only(&Wave, &x, 40).unwrap();
        let gap = (end(&same) - end(&process)).abs().max().double_value(&[]);
        assert!(gap < 1e-5, "{gap}"); // the betas go through quotients of products
    }

    #[test]
    fn a_ddim_stride_is_the_formula_between_the_kept_steps() {
        let schedule = Schedule::linear(40, 1e-3, 0.2).unwrap();
        let bars = schedule.alpha_bars().to_vec();
        let process = Process::new(schedule, Device::Cpu).unwrap();
        let x = Tensor::from_slice(&[0.3f32, -1.5]).view([1, 2]);
        let mut none = |t| Err(ProcessError::Step { step: t, steps: 0 });
        let end = process
            .respaced(&[11, 30])
            .unwrap()
            .walk(&Wave, &x, 2, Walk::Ddim { eta: 0.0 }, &mut none)
            .unwrap();
        let eps = |x: &Tensor, t: f64| (x * 1.7 + t * 0.01).sin(); // the network is given 30, 11
        let x_0 =
            |x: &Tensor, t: usize| (x - eps(x, t as f64) * (1.0 - bars[t]).sqrt()) / bars[t].sqrt();
        let at_11 = x_0(&x, 30) * bars[11].sqrt() + eps(&x, 30.0) * (1.0 - bars[11]).sqrt();
        let gap = (end - x_0(&at_11, 11)).abs().max().double_value(&[]);
        assert!(gap < 1e-5, "{gap}");
    }
}
