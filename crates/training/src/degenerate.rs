use diffusion_core::{Denoiser, Noise, Process, RowNoise, Target};
use tch::{Kind, Tensor};

use crate::{TrainingError, to_numbers};

/// Rows of the probe, at most.
const ROWS: i64 = 256;
/// Numbers of the probe, at most, unless that leaves fewer rows than the next number: a network over large
/// images takes seconds for each.
const NUMBERS: usize = 1 << 18;
const FEWEST_ROWS: i64 = 32;
/// Where the probe asks the network: the middles of four equal parts of the steps.
const LEVELS: usize = 4;
/// Share of the target's mean square below which a variance or a distance counts as nothing. A network
/// of any use explains far more at one level at least: for `ε` and `v` at the noisiest, where `x_t`
/// all but is the noise, for `x_0` at the least noisy.
const NOTHING: f64 = 0.01;

/// Training rows with noise of a few levels. What a network says to them before and after training
/// tells whether it learned anything.
#[derive(Debug)]
pub(crate) struct Probe {
    levels: Vec<Level>,
}

#[derive(Debug)]
struct Level {
    x_t: Tensor, // [b, ..]
    t: Tensor,   // [1]
    /// Mean square of what the network should say.
    target: f64,
}

impl Probe {
    /// A probe of evenly spaced rows of `x`, `[n, ..]`, with noise drawn for each row from `seed`.
    pub(crate) fn new(
        process: &Process,
        x: &Tensor,
        noise: Noise,
        seed: u64,
    ) -> Result<Self, TrainingError> {
        let x = to_numbers(&probe_rows(x)?)?;
        let mut noise = RowNoise::new(&x, seed)?.with_noise(noise);
        let level = |i: usize| {
            let t = (2 * i + 1) * process.steps() / (2 * LEVELS);
            let eps = noise.draw()?;
            let schedule = process.schedule();
            let told = schedule.original_steps()[t]; // of a respaced schedule
            let signal = schedule.sqrt_alpha_bars()[t];
            let spread = schedule.sqrt_one_minus_alpha_bars()[t];
            let x_t = x.f_mul_scalar(signal)?.f_add(&eps.f_mul_scalar(spread)?)?;
            let target = match process.target() {
                Target::Epsilon => eps,
                Target::X0 => x.shallow_clone(),
                Target::V => eps.f_mul_scalar(signal)?.f_sub(&x.f_mul_scalar(spread)?)?,
            };
            Ok(Level {
                x_t,
                t: Tensor::f_full([1], told as f64, (Kind::Float, x.device()))?,
                target: mean_square(&target)?,
            })
        };
        let levels: Result<Vec<Level>, TrainingError> = (0..LEVELS).map(level).collect();
        Ok(Self { levels: levels? })
    }

    /// What `denoiser` says at each level.
    pub(crate) fn ask(&self, denoiser: &dyn Denoiser) -> Vec<Tensor> {
        let _no_grad = tch::no_grad_guard();
        let answers = self.levels.iter().map(|Level { x_t, t, .. }| {
            let mean = denoiser.predict(x_t, t, false).mean;
            mean.to_kind(Kind::Double)
        });
        answers.collect()
    }

    /// What is wrong with a network that says `after` where it said `before` its training.
    pub(crate) fn warnings(
        &self,
        before: &[Tensor],
        after: &[Tensor],
    ) -> Result<Vec<String>, TrainingError> {
        let answers = before.iter().zip(after).zip(&self.levels);
        let answers: Vec<Answers<'_>> = answers
            .map(|((before, after), level)| Answers {
                before,
                after,
                target: level.target,
            })
            .collect();
        degenerate(&answers)
    }
}

/// Evenly spaced rows of `x`, `[n, ..]`, 256 at most and 32 of large images: what a network is asked for
/// [`degenerate`].
///
/// # Errors
/// [`TrainingError::Process`] where libtorch has no memory.
pub fn probe_rows(x: &Tensor) -> Result<Tensor, TrainingError> {
    let n = x.size()[0];
    let numbers = x.numel() / n.max(1) as usize;
    let affordable = (NUMBERS / numbers.max(1)) as i64;
    let rows = n.min(ROWS).min(affordable.max(FEWEST_ROWS));
    let places: Vec<i64> = (0..rows).map(|i| i * n / rows).collect();
    let places = Tensor::f_from_slice(&places)?.f_to_device(x.device())?;
    Ok(x.f_index_select(0, &places)?)
}

/// What a network says to the same rows before and after its training, `[b, ..]` each.
#[derive(Debug)]
pub struct Answers<'a> {
    /// The untrained network.
    pub before: &'a Tensor,
    /// The trained one.
    pub after: &'a Tensor,
    /// Mean square of what it should say.
    pub target: f64,
}

/// What is wrong with a network: its answers hardly vary over rows, or hardly differ from those of the
/// untrained network, in every one of `answers`. A sentence for each; none for a network that learned.
///
/// # Errors
/// [`TrainingError::Process`] for answers of different shapes.
pub fn degenerate(answers: &[Answers<'_>]) -> Result<Vec<String>, TrainingError> {
    let (mut spread, mut moved, mut rows) = (0.0f64, 0.0f64, 0);
    for Answers {
        before,
        after,
        target,
    } in answers
    {
        let mean = after.f_mean_dim(0, true, Kind::Double)?;
        spread = spread.max(mean_square(&after.f_sub(&mean)?)? / target);
        moved = moved.max(mean_square(&after.f_sub(before)?)? / target);
        rows = after.size()[0];
    }
    let percent = |share: f64| share * 100.0;
    let mut warnings = Vec::new();
    if spread < NOTHING {
        warnings.push(format!(
            "the network's output hardly depends on its input: its variance over {rows} training \
             rows, noised as in training, is {:.2} % of the mean square of what it is to predict, \
             expected at least 1 %",
            percent(spread)
        ));
    }
    if moved < NOTHING {
        warnings.push(format!(
            "training hardly changed the network: its output on {rows} training rows, noised as in \
             training, differs from the untrained network's by {:.2} % of the mean square of what it \
             is to predict, expected at least 1 %",
            percent(moved)
        ));
    }
    Ok(warnings)
}

/// The mean of the squares of all numbers of `x`.
///
/// # Errors
/// [`TrainingError::Process`] where libtorch has no memory.
pub fn mean_square(x: &Tensor) -> Result<f64, TrainingError> {
    Ok(x.f_to_kind(Kind::Double)?
        .f_square()?
        .f_mean(Kind::Double)?
        .f_double_value(&[])?)
}

#[cfg(test)]
mod tests {
    use diffusion_core::{Prediction, Schedule};
    use tch::Device;

    use super::*;

    /// Says `gain·x_t + offset`.
    #[derive(Debug)]
    struct Linear {
        gain: f64,
        offset: f64,
    }

    impl Denoiser for Linear {
        fn predict(&self, x_t: &Tensor, _t: &Tensor, _train: bool) -> Prediction {
            Prediction::new(x_t * self.gain + self.offset)
        }
    }

    fn warnings(before: Linear, after: Linear, target: Target) -> Vec<String> {
        let process = Process::new(Schedule::linear(100, 1e-3, 0.1).unwrap(), Device::Cpu).unwrap();
        let process = process.with_target(target);
        tch::manual_seed(0);
        let x = Tensor::randn([300, 4], (Kind::Float, Device::Cpu));
        let probe = Probe::new(&process, &x, Noise::Gaussian, 1).unwrap();
        let warnings = probe.warnings(&probe.ask(&before), &probe.ask(&after));
        warnings.unwrap()
    }

    fn linear(gain: f64, offset: f64) -> Linear {
        Linear { gain, offset }
    }

    /// Remembers the steps it is told.
    #[derive(Debug, Default)]
    struct Told(std::cell::RefCell<Vec<f64>>);

    impl Denoiser for Told {
        fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
            self.0.borrow_mut().push(t.double_value(&[0]));
            Prediction::new(x_t.shallow_clone())
        }
    }

    #[test]
    fn a_respaced_schedule_tells_the_original_steps() {
        let schedule = Schedule::linear(100, 1e-3, 0.1).unwrap();
        let schedule = schedule.respaced(&[9, 19, 29, 39, 49, 59, 69, 79]);
        let process = Process::new(schedule.unwrap(), Device::Cpu).unwrap();
        let x = Tensor::randn([3, 4], (Kind::Float, Device::Cpu));
        let told = Told::default();
        Probe::new(&process, &x, Noise::Gaussian, 1)
            .unwrap()
            .ask(&told);
        assert_eq!(told.0.into_inner(), [19.0, 39.0, 59.0, 79.0]);
    }

    #[test]
    fn a_probe_of_large_images_has_fewer() {
        let rows = |shape: &[i64]| {
            let x = Tensor::zeros(shape, (Kind::Uint8, Device::Cpu));
            probe_rows(&x).unwrap().size()[0]
        };
        assert_eq!(rows(&[1000, 1, 28, 28]), 256);
        assert_eq!(rows(&[300, 3, 64, 64]), 32);
        assert_eq!(rows(&[9, 3, 64, 64]), 9);
        assert_eq!(rows(&[300, 512]), 256);
    }

    #[test]
    fn a_network_that_learned_raises_no_warning() {
        for target in [Target::Epsilon, Target::X0, Target::V] {
            let warnings = warnings(linear(0.0, 0.0), linear(0.8, 0.1), target);
            assert!(warnings.is_empty(), "{target:?}: {warnings:?}");
        }
    }

    #[test]
    fn a_constant_output_is_told_however_far_it_moved() {
        for target in [Target::Epsilon, Target::X0, Target::V] {
            let warnings = warnings(linear(1.0, 0.0), linear(0.05, 2.0), target);
            assert_eq!(warnings.len(), 1, "{target:?}: {warnings:?}");
            assert!(warnings[0].contains("hardly depends on its input"));
            assert!(warnings[0].contains("0.2"), "{}", warnings[0]); // 0.05² = 0.25 %
        }
    }

    #[test]
    fn an_output_that_hardly_moved_is_told() {
        let warnings = warnings(linear(0.5, 0.0), linear(0.55, 0.0), Target::Epsilon);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("training hardly changed"));
    }

    #[test]
    fn the_thresholds_lie_at_a_tenth_of_the_targets_size() {
        let constant =
            |gain| !warnings(linear(9.0, 0.0), linear(gain, 0.0), Target::Epsilon).is_empty();
        assert!(constant(0.09) && !constant(0.12));
        let unmoved =
            |by| !warnings(linear(0.5, 0.0), linear(0.5 + by, 0.0), Target::Epsilon).is_empty();
        assert!(unmoved(0.09) && !unmoved(0.12));
    }
}
