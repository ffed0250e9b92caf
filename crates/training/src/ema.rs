use detector::settings::check;
use tch::{Tensor, nn};

use crate::TrainingError;

/// An exponential moving average of a network's trainable variables.
///
/// # Formula
/// `θ̄ ← d·θ̄ + (1−d)·θ` after every optimiser step, from `θ̄ = θ` at the start; with a ramp
/// `min(d, (k+1)/(k+10))` stands for `d` in step `k`, from 0, so that the start is soon forgotten
/// (as TensorFlow's `ExponentialMovingAverage` with `num_updates`).
///
/// Buffers, such as the statistics of batch normalisation, are averages already and are not averaged
/// again: with the averages swapped in, the network keeps its own. All averages lie in one flat
/// buffer, so that an update is two passes over it, whatever the number of variables.
#[derive(Debug)]
pub(crate) struct Ema {
    names: Vec<String>,
    variables: Vec<Tensor>,
    average: Tensor, // [p]
    current: Tensor, // [p]
    decay: f64,
    ramp: bool,
}

impl Ema {
    /// Averages of the trainable variables of `vs`, which share a kind, from their present values.
    ///
    /// # Errors
    /// [`TrainingError::Setting`] for a `decay` outside `[0, 1)`, [`TrainingError::Torch`] without
    /// variables or memory.
    pub(crate) fn new(vs: &nn::VarStore, decay: f64, ramp: bool) -> Result<Self, TrainingError> {
        let valid = (0.0..1.0).contains(&decay);
        check("ema", decay, valid, "a decay of at least 0 and below 1")?;
        let _no_grad = tch::no_grad_guard();
        // By name: the store's own order is that of a hash map.
        let mut named: Vec<(String, Tensor)> = vs.variables().into_iter().collect();
        named.retain(|(_, variable)| variable.requires_grad());
        named.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let (names, variables): (Vec<String>, Vec<Tensor>) = named.into_iter().unzip();
        let average = Tensor::f_cat(&flat(&variables)?, 0)?;
        Ok(Self {
            current: average.f_empty_like()?,
            names,
            variables,
            average,
            decay,
            ramp,
        })
    }

    /// Takes the present values of the variables, those after the step number `step` from 0, into the average.
    ///
    /// # Errors
    /// [`TrainingError::Torch`] where libtorch has no memory.
    pub(crate) fn update(&mut self, step: u64) -> Result<(), TrainingError> {
        let _no_grad = tch::no_grad_guard();
        let _ = Tensor::f_cat_out(&self.current, &flat(&self.variables)?, 0)?;
        let decay = match self.ramp {
            true => self.decay.min((step as f64 + 1.0) / (step as f64 + 10.0)),
            false => self.decay,
        };
        let _ = self.average.f_lerp_(&self.current, 1.0 - decay)?;
        Ok(())
    }

    /// Exchanges the network's variables with their averages; a second call takes it back. Nothing is
    /// to be trained in between.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub(crate) fn swap(&mut self) -> Result<(), TrainingError> {
        let _no_grad = tch::no_grad_guard();
        let _ = Tensor::f_cat_out(&self.current, &flat(&self.variables)?, 0)?;
        for ((_, average), variable) in self.tensors()?.iter().zip(&mut self.variables) {
            variable.f_copy_(average)?;
        }
        std::mem::swap(&mut self.average, &mut self.current);
        Ok(())
    }

    /// The averages by the names of their variables, for a checkpoint: views, so that copying into
    /// them changes the average.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub(crate) fn tensors(&self) -> Result<Vec<(String, Tensor)>, TrainingError> {
        let mut from = 0;
        let named = self.names.iter().zip(&self.variables);
        named
            .map(|(name, variable)| {
                let len = variable.numel() as i64;
                let view = self.average.f_narrow(0, from, len)?.f_view_as(variable)?;
                from += len;
                Ok((name.clone(), view))
            })
            .collect()
    }
}

fn flat(variables: &[Tensor]) -> Result<Vec<Tensor>, TrainingError> {
    let flat = variables.iter().map(|v| Ok(v.f_reshape([-1])?));
    flat.collect()
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    fn network() -> (nn::VarStore, Tensor, Tensor) {
        let vs = nn::VarStore::new(Device::Cpu);
        let root = vs.root();
        let b = root.var("b", &[2, 3], nn::Init::Const(1.0));
        let a = root.var("a", &[2], nn::Init::Const(5.0));
        let _ = root.zeros_no_train("running_mean", &[2]);
        (vs, a, b)
    }

    fn add(variable: &Tensor, value: f64) {
        tch::no_grad(|| {
            let _ = variable.shallow_clone().f_add_scalar_(value).unwrap();
        });
    }

    fn values(tensor: &Tensor) -> Vec<f64> {
        Vec::try_from(tensor.detach().to_kind(Kind::Double).reshape([-1])).unwrap()
    }

    #[test]
    fn it_averages_with_exponential_weights() {
        let (vs, a, b) = network();
        let mut ema = Ema::new(&vs, 0.9, false).unwrap();
        let mut expected = 5.0;
        for step in 0..4 {
            add(&a, 1.0);
            ema.update(step).unwrap();
            expected = 0.9 * expected + 0.1 * a.double_value(&[0]);
        }
        let averages = ema.tensors().unwrap();
        let names: Vec<&str> = averages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert!((averages[0].1.double_value(&[1]) - expected).abs() < 1e-5);
        assert_eq!(averages[1].1, b.detach());
    }

    #[test]
    fn a_ramp_forgets_the_start() {
        let (vs, a, _) = network();
        let mut ema = Ema::new(&vs, 0.15, true).unwrap();
        let mut expected = 5.0;
        for (step, decay) in [0.1, 0.15, 0.15].into_iter().enumerate() {
            add(&a, 1.0);
            ema.update(step as u64).unwrap();
            expected = decay * expected + (1.0 - decay) * a.double_value(&[0]);
        }
        let average = ema.tensors().unwrap()[0].1.double_value(&[1]);
        assert!((average - expected).abs() < 1e-5, "{average}");
    }

    #[test]
    fn swapping_twice_changes_nothing() {
        let (vs, a, _) = network();
        let mut ema = Ema::new(&vs, 0.5, false).unwrap();
        add(&a, 2.0);
        ema.update(0).unwrap();
        ema.swap().unwrap();
        assert_eq!(values(&a), [6.0, 6.0]);
        ema.swap().unwrap();
        assert_eq!(values(&a), [7.0, 7.0]);
        assert_eq!(values(&ema.tensors().unwrap()[0].1), [6.0, 6.0]);
    }

    #[test]
    fn a_checkpoint_restores_the_average() {
        let (vs, a, _) = network();
        let mut ema = Ema::new(&vs, 0.5, false).unwrap();
        add(&a, 2.0);
        ema.update(0).unwrap();
        let kept: Vec<(String, Tensor)> = ema
            .tensors()
            .unwrap()
            .into_iter()
            .map(|(name, tensor)| (name, tensor.copy()))
            .collect();
        let (vs, _, _) = network();
        let other = Ema::new(&vs, 0.5, false).unwrap();
        for ((_, mut view), (_, kept)) in other.tensors().unwrap().into_iter().zip(&kept) {
            view.copy_(kept);
        }
        assert_eq!(values(&other.tensors().unwrap()[0].1), [6.0, 6.0]);
    }

    #[test]
    fn impossible_decays_are_errors() {
        let (vs, _, _) = network();
        for decay in [-0.1, 1.0, f64::NAN] {
            assert!(matches!(
                Ema::new(&vs, decay, false),
                Err(TrainingError::Setting(setting)) if setting.name == "ema"
            ));
        }
        assert!(Ema::new(&nn::VarStore::new(Device::Cpu), 0.9, false).is_err());
    }
}
