use diffusion_core::{RowNoise, Scoring, Target};
use serde_json::Value;
use tch::{Kind, Tensor};
use training::{
    BoxError, Purpose, Question, StackedObjective, Trainable, TrainingObjective, mean_square,
    probe_rows, to_numbers,
};

use crate::Denoising;

/// Where the network is asked what it has learned: the middles of four equal parts of the steps.
const LEVELS: usize = 4;

/// A denoiser with its training loss and its scoring rule.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) denoising: Denoising,
    pub(crate) scoring: Scoring,
    /// The seed of the noise of scores.
    pub(crate) seed: u64,
}

/// Samples at one noise level.
#[derive(Debug)]
pub(crate) struct Noised {
    x_t: Tensor, // [b, ..]
    t: Tensor,   // [1]
}

impl Model {
    /// The scores of samples by the rule `scoring`: `[b, ..]` → `[b]`, f64.
    pub(crate) fn score_by(&self, scoring: &Scoring, x: &Tensor) -> Result<Tensor, BoxError> {
        let (process, denoiser) = (self.denoising.process(), self.denoising.denoiser());
        Ok(scoring.score(process, denoiser, x, &mut self.noise(x)?)?)
    }

    /// The scores of pixels: `[b, c, h, w]` → `[b, h, w]`, f64.
    pub(crate) fn maps(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        let (process, denoiser) = (self.denoising.process(), self.denoising.denoiser());
        let noise = &mut self.noise(x)?;
        Ok(self.scoring.maps(process, denoiser, x, noise)?)
    }

    /// Where one walk from the first of `score.start` ends, shaped like `x`.
    pub(crate) fn reconstruct(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        let (process, denoiser) = (self.denoising.process(), self.denoising.denoiser());
        let noise = &mut self.noise(x)?;
        Ok(self.scoring.reconstruct(process, denoiser, x, noise)?)
    }

    /// The noise of scores, for each sample its own.
    fn noise(&self, x: &Tensor) -> Result<RowNoise, BoxError> {
        let noise = RowNoise::new(x, Purpose::Walk.seed(self.seed, 0))?;
        Ok(noise.with_noise(self.denoising.noise()))
    }
}

impl TrainingObjective for Model {
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, BoxError> {
        self.denoising.loss(x)
    }

    fn state(&self) -> Value {
        self.denoising.state()
    }

    fn restore(&mut self, state: &Value) -> Result<(), BoxError> {
        self.denoising.restore(state)
    }

    fn stacked(&self) -> Option<&dyn StackedObjective> {
        self.denoising.stacked()
    }
}

impl Trainable for Model {
    type Input = Noised;

    /// Evenly spaced samples at a few noise levels. A network of any use explains far more than a hundredth
    /// of the target at one level at least: for `ε` and `v` at the noisiest, where `x_t` all but is the
    /// noise, for `x_0` at the least noisy.
    fn questions(&self, x: &Tensor, seed: u64) -> Result<Vec<Question<Noised>>, BoxError> {
        let x = to_numbers(&probe_rows(x)?)?;
        let mut noise = RowNoise::new(&x, seed)?.with_noise(self.denoising.noise());
        let process = self.denoising.process();
        let schedule = process.schedule();
        let question = |i: usize| {
            let level = (2 * i + 1) * process.steps() / (2 * LEVELS);
            let eps = noise.draw()?;
            let original = schedule.original_steps()[level]; // of a respaced schedule
            let signal = schedule.sqrt_alpha_bars()[level];
            let spread = schedule.sqrt_one_minus_alpha_bars()[level];
            let x_t = x.f_mul_scalar(signal)?.f_add(&eps.f_mul_scalar(spread)?)?;
            let target = match process.target() {
                Target::Epsilon => eps,
                Target::X0 => x.shallow_clone(),
                Target::V => eps.f_mul_scalar(signal)?.f_sub(&x.f_mul_scalar(spread)?)?,
            };
            let t = Tensor::f_full([1], original as f64, (Kind::Float, x.device()))?;
            Ok(Question {
                input: Noised { x_t, t },
                target: mean_square(&target)?,
            })
        };
        (0..LEVELS).map(question).collect()
    }

    fn answer(&self, Noised { x_t, t }: &Noised) -> Result<Tensor, BoxError> {
        let mean = self.denoising.denoiser().predict(x_t, t, false).mean;
        Ok(mean.f_to_kind(Kind::Double)?)
    }

    fn score(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        self.score_by(&self.scoring, x)
    }

    fn n_evaluations(&self) -> u64 {
        let steps = self.denoising.process().steps();
        self.scoring.config().n_evaluations(steps)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use diffusion_core::{Denoiser, Prediction, Process, Schedule, ScoreConfig, StepSampling};
    use tch::Device;
    use training::{Answers, degenerate};

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

    fn model(denoiser: Box<dyn Denoiser>, process: Process) -> Model {
        let config = ScoreConfig {
            start: vec![1],
            ..ScoreConfig::default()
        };
        let scoring = Scoring::new(config, process.steps()).unwrap();
        let objective = diffusion_core::Objective::default();
        let denoising = Denoising::new(denoiser, process, objective, StepSampling::Uniform);
        Model {
            denoising: denoising.unwrap(),
            scoring,
            seed: 0,
        }
    }

    fn warnings(before: Linear, after: Linear, target: Target) -> Vec<String> {
        tch::manual_seed(0);
        let x = Tensor::randn([300, 4], (Kind::Float, Device::Cpu));
        let schedule = || Schedule::linear(100, 1e-3, 0.1).unwrap();
        let [before, after] = [before, after].map(|denoiser| {
            let process = Process::new(schedule(), Device::Cpu).unwrap();
            model(Box::new(denoiser), process.with_target(target))
        });
        let questions = before.questions(&x, 1).unwrap();
        let answers = |model: &Model| -> Vec<Tensor> {
            let answers = questions.iter().map(|q| model.answer(&q.input));
            answers.collect::<Result<_, _>>().unwrap()
        };
        let (before, after) = (answers(&before), answers(&after));
        let both = before.iter().zip(&after).zip(&questions);
        let both = both.map(|((before, after), question)| Answers {
            before,
            after,
            target: question.target,
        });
        degenerate(&both.collect::<Vec<_>>()).unwrap()
    }

    fn linear(gain: f64, offset: f64) -> Linear {
        Linear { gain, offset }
    }

    /// Remembers the steps it is asked for.
    #[derive(Debug, Default)]
    struct Steps(Arc<Mutex<Vec<f64>>>);

    impl Denoiser for Steps {
        fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
            self.0.lock().unwrap().push(t.double_value(&[0]));
            Prediction::new(x_t.shallow_clone())
        }
    }

    #[test]
    fn a_respaced_schedule_asks_for_the_original_steps() {
        let schedule = Schedule::linear(100, 1e-3, 0.1).unwrap();
        let schedule = schedule.respaced(&[9, 19, 29, 39, 49, 59, 69, 79]);
        let process = Process::new(schedule.unwrap(), Device::Cpu).unwrap();
        let x = Tensor::randn([3, 4], (Kind::Float, Device::Cpu));
        let steps = Steps::default();
        let asked = Arc::clone(&steps.0);
        let model = model(Box::new(steps), process);
        for question in model.questions(&x, 1).unwrap() {
            let _ = model.answer(&question.input).unwrap();
        }
        assert_eq!(*asked.lock().unwrap(), [19.0, 39.0, 59.0, 79.0]);
    }

    #[test]
    fn a_network_that_learned_raises_no_warning() {
        for target in [Target::Epsilon, Target::X0, Target::V] {
            let warnings = warnings(linear(0.0, 0.0), linear(0.8, 0.1), target);
            assert!(warnings.is_empty(), "{target:?}: {warnings:?}");
        }
    }

    #[test]
    fn a_constant_output_is_reported_however_far_it_moved() {
        for target in [Target::Epsilon, Target::X0, Target::V] {
            let warnings = warnings(linear(1.0, 0.0), linear(0.05, 2.0), target);
            assert_eq!(warnings.len(), 1, "{target:?}: {warnings:?}");
            assert!(warnings[0].contains("hardly depends on its input"));
            assert!(warnings[0].contains("0.2"), "{}", warnings[0]); // 0.05² = 0.25 %
        }
    }

    #[test]
    fn an_output_that_hardly_moved_is_reported() {
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
