use tch::{Kind, Tensor, nn};
use tch_ext::{FusedAdam, fused_adam_step};

use crate::{Optimizer, TrainingError};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPS: f64 = 1e-8;
/// A replica's row begins at a multiple of so many numbers, 64 bytes.
const ALIGNED: u64 = 16;

/// Below these a parameter, a first and a second moment count as zero. A parameter adds nothing to a
/// sum with others of ordinary size, the moments move nothing beside ε.
const TINY: [f64; 3] = [1e-12, 1e-15, 1e-22];

/// Adam with an L2 penalty (Kingma & Ba 2015, arXiv:1412.6980) or with decoupled weight decay
/// (Loshchilov & Hutter 2019, arXiv:1711.05101), as `torch.optim.Adam` and `torch.optim.AdamW`.
///
/// # Formula
/// L2: `g ← g + λ·θ`; decoupled: `θ ← θ − η·λ·θ`. Then `m ← β_1·m + (1−β_1)·g`,
/// `v ← β_2·v + (1−β_2)·g²`, `θ ← θ − η·m̂/(√v̂ + ε)` with `m̂ = m/(1−β_1^k)`,
/// `v̂ = v/(1−β_2^k)` in step `k`; `β_1 = 0.9`, `β_2 = 0.999`, `ε = 1e-8`.
///
/// All parameters are moved into one flat buffer, of which they become views: a step is then a single
/// pass over long arrays ([`tch_ext::fused_adam_step`]) rather than a dozen small operations per
/// parameter.
///
/// Of replicas that are trained as one each has a row of the buffer, which begins at a multiple of the length of the
/// longest vector register: kernels round the few last numbers of an array otherwise than those before.
#[derive(Debug)]
pub struct Adam {
    parameters: Vec<Tensor>,
    theta: Tensor,        // [p], of replicas [r, p'], which the parameters are views of
    gradient: Tensor,     // like theta
    moments: [Tensor; 2], // m and v, like theta
    /// Numbers of one network: `p`, at most `p'`.
    p: i64,
    /// Replicas, each of whose parameters have them as their first dimension.
    replicas: Option<i64>,
    optimizer: Optimizer,
    weight_decay: f64,
    step: u64,
    /// How many batches the gradient adds up.
    accumulated: f64,
}

impl Adam {
    /// An optimiser of all trainable variables of `vs`, which are f32.
    ///
    /// # Errors
    /// [`TrainingError::Torch`] where libtorch has no memory for the buffers.
    pub fn new(
        vs: &nn::VarStore,
        optimizer: Optimizer,
        weight_decay: f64,
    ) -> Result<Self, TrainingError> {
        Self::over(vs, optimizer, weight_decay, None)
    }

    /// The same of `replicas` networks, along the first dimension of each variable.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn of_replicas(
        vs: &nn::VarStore,
        optimizer: Optimizer,
        weight_decay: f64,
        replicas: usize,
    ) -> Result<Self, TrainingError> {
        Self::over(vs, optimizer, weight_decay, Some(replicas as i64))
    }

    fn over(
        vs: &nn::VarStore,
        optimizer: Optimizer,
        weight_decay: f64,
        replicas: Option<i64>,
    ) -> Result<Self, TrainingError> {
        let _no_grad = tch::no_grad_guard();
        let mut parameters = vs.trainable_variables();
        let flat = flat(&parameters, replicas)?;
        let mut theta = Tensor::f_cat(&flat, -1)?; // [p] or [r, p]
        let p = theta.size().last().copied().unwrap_or(0);
        if replicas.is_some() {
            let p_padded = (p as u64).next_multiple_of(ALIGNED) as i64;
            theta = theta.f_constant_pad_nd([0, p_padded - p])?; // [r, p']
        }
        let mut from = 0;
        for (parameter, flat) in parameters.iter_mut().zip(&flat) {
            let len = flat.size().last().copied().unwrap_or(0);
            let view = theta.f_narrow(-1, from, len)?.f_view_as(parameter)?;
            parameter.f_set_data(&view)?;
            from += len;
        }
        Ok(Self {
            parameters,
            gradient: theta.f_zeros_like()?,
            moments: [theta.f_zeros_like()?, theta.f_zeros_like()?],
            theta,
            p,
            replicas,
            optimizer,
            weight_decay,
            step: 0,
            accumulated: 0.0,
        })
    }

    /// First and second moments of the gradient, `[p]` each: what, with the parameters and the number
    /// of steps, decides about the next one.
    pub fn moments(&self) -> &[Tensor; 2] {
        &self.moments
    }

    /// Sets the number of steps taken so far, where moments were put back.
    pub fn set_steps(&mut self, steps: u64) {
        self.step = steps;
    }

    /// Adds the gradient of `loss`, a scalar that depends on every parameter, to those since the last
    /// step.
    ///
    /// # Errors
    /// [`TrainingError::Torch`] where libtorch refuses the backward pass.
    pub fn backward(&mut self, loss: &Tensor) -> Result<(), TrainingError> {
        self.backward_share(loss, 1.0)
    }

    /// [`backward`](Self::backward) for a piece of a batch: `loss` is the piece's mean loss, `share` its
    /// share of the batch's rows. The shares of a batch add up to 1.
    ///
    /// # Errors
    /// As [`backward`](Self::backward).
    pub fn backward_share(&mut self, loss: &Tensor, share: f64) -> Result<(), TrainingError> {
        let weighted = match share {
            1.0 => loss.shallow_clone(),
            share => loss.f_mul_scalar(share)?,
        };
        let loss = &weighted;
        let gradients = Tensor::f_run_backward(&[loss], &self.parameters, false, false)?;
        let _no_grad = tch::no_grad_guard();
        let gradients = flat(&gradients, self.replicas)?;
        let mut sum = self.gradient.f_narrow(-1, 0, self.p)?;
        if self.accumulated == 0.0 {
            let _ = Tensor::f_cat_out(&sum, &gradients, -1)?;
        } else {
            let _ = sum.f_add_(&Tensor::f_cat(&gradients, -1)?)?;
        }
        self.accumulated += share;
        Ok(())
    }

    /// Forgets the gradients since the last step.
    pub fn discard(&mut self) {
        self.accumulated = 0.0;
    }

    /// One step of `learning_rate` down the mean of the gradients added since the last one, its
    /// Euclidean norm cut to `clip` where that is above 0.
    ///
    /// # Errors
    /// [`TrainingError::Torch`] where libtorch has no memory left.
    pub fn step(&mut self, learning_rate: f64, clip: f64) -> Result<(), TrainingError> {
        let _no_grad = tch::no_grad_guard();
        if self.accumulated > 1.0 + 1e-9 {
            let share = self.accumulated.recip();
            let _ = self.gradient.f_mul_scalar_(share)?;
        }
        self.accumulated = 0.0;
        if clip > 0.0 {
            self.clip(clip)?;
        }
        self.step += 1;
        let settings = FusedAdam {
            learning_rate,
            betas: [BETA_1, BETA_2],
            eps: EPS,
            weight_decay: self.weight_decay,
            decoupled: self.optimizer == Optimizer::AdamW,
        };
        let step = Tensor::f_full([], self.step as f64, (Kind::Float, self.theta.device()))?;
        let [m, v] = &self.moments;
        let own = |x: &Tensor| x.f_narrow(-1, 0, self.p); // views
        let (mut theta, mut gradient) = (own(&self.theta)?, own(&self.gradient)?);
        let (mut m, mut v) = (own(m)?, own(v)?);
        fused_adam_step(&settings, &mut theta, &mut gradient, &mut m, &mut v, &step)?;
        Ok(())
    }

    /// Scales the gradient down to the norm `largest` where it is longer, as PyTorch's
    /// `clip_grad_norm_`, without the device being waited for.
    fn clip(&mut self, largest: f64) -> Result<(), TrainingError> {
        let norm = self.gradient.f_norm()?.f_add_scalar(1e-6)?;
        let factor = norm
            .f_reciprocal()?
            .f_mul_scalar(largest)?
            .f_clamp_max(1.0)?;
        let _ = self.gradient.f_mul_(&factor)?;
        Ok(())
    }
}

impl Adam {
    /// Sets what is too small to matter to zero; worth a call every few dozen steps.
    ///
    /// The penalty shrinks the weights of units that never fire geometrically, into the subnormal
    /// numbers, with which processors multiply many times slower: without this an epoch of 2500 x 512
    /// rows takes 0.3 s at first and several times that after 200 epochs.
    ///
    /// # Errors
    /// [`TrainingError::Torch`] where libtorch has no memory for the mask.
    pub fn drop_tiny(&mut self) -> Result<(), TrainingError> {
        let _no_grad = tch::no_grad_guard();
        let [m, v] = &mut self.moments;
        for (numbers, tiny) in [&mut self.theta, m, v].into_iter().zip(TINY) {
            let mask = numbers.f_abs()?.f_lt(tiny)?;
            let _ = numbers.f_masked_fill_(&mask, 0.0)?;
        }
        Ok(())
    }
}

/// The numbers of each tensor in a row, of each of its replicas in a row of its own.
fn flat(tensors: &[Tensor], replicas: Option<i64>) -> Result<Vec<Tensor>, TrainingError> {
    let flat = tensors.iter().map(|x| match replicas {
        None => Ok(x.f_reshape([-1])?),
        Some(r) => Ok(x.f_reshape([r, -1])?),
    });
    flat.collect()
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    /// A long weight, and a short bias behind it.
    fn parameters(vs: &nn::VarStore) -> (Tensor, Tensor) {
        let n = 5007;
        let mut weight = vs.root().zeros("weight", &[2, n]);
        let ramp = Tensor::arange(2 * n, (Kind::Float, Device::Cpu)).view([2, n]) / 1e3;
        tch::no_grad(|| weight.copy_(&ramp.sin()));
        (weight, vs.root().ones("bias", &[3]))
    }

    fn loss(weight: &Tensor, bias: &Tensor) -> Tensor {
        weight.square().sum(Kind::Float) * 0.3 + (bias - 2.0).pow_tensor_scalar(4).sum(Kind::Float)
    }

    #[test]
    fn it_takes_the_steps_of_libtorchs_adam() {
        let (ours, theirs) = (
            nn::VarStore::new(Device::Cpu),
            nn::VarStore::new(Device::Cpu),
        );
        let (weight, bias) = parameters(&ours);
        let (weight_2, bias_2) = parameters(&theirs);
        let mut adam = Adam::new(&ours, Optimizer::Adam, 5e-2).unwrap();
        let mut reference = nn::Adam {
            wd: 5e-2,
            ..Default::default()
        };
        reference.eps = EPS;
        let mut reference = nn::OptimizerConfig::build(reference, &theirs, 1e-2).unwrap();
        for _ in 0..100 {
            adam.backward(&loss(&weight, &bias)).unwrap();
            adam.step(1e-2, 0.0).unwrap();
            reference.backward_step(&loss(&weight_2, &bias_2));
        }
        for (a, b) in [(&weight, &weight_2), (&bias, &bias_2)] {
            // f32 rounding over 100 steps of 0.01 each.
            assert!((a - b).abs().max().double_value(&[]) < 1e-5);
        }
        assert!(
            (&bias - 1.0).abs().max().double_value(&[]) > 0.1,
            "nothing moved"
        );
    }

    #[test]
    fn variables_keep_their_values_and_share_one_buffer() {
        let vs = nn::VarStore::new(Device::Cpu);
        let (weight, bias) = parameters(&vs);
        let before = (weight.copy(), bias.copy());
        let mut adam = Adam::new(&vs, Optimizer::Adam, 0.0).unwrap();
        assert_eq!(weight, before.0);
        assert_eq!(bias, before.1);
        adam.backward(&loss(&weight, &bias)).unwrap();
        adam.step(1e-3, 0.0).unwrap();
        assert_ne!(vs.variables()["bias"], before.1); // the store sees the steps too
    }

    #[test]
    fn a_weight_without_gradient_shrinks_to_zero_and_never_lingers_below_normal_numbers() {
        let vs = nn::VarStore::new(Device::Cpu);
        let (weight, bias) = parameters(&vs);
        let mut adam = Adam::new(&vs, Optimizer::Adam, 5e-4).unwrap();
        let subnormal = |x: &Tensor| {
            let magnitude = x.abs();
            let below = magnitude
                .lt(f64::from(f32::MIN_POSITIVE))
                .logical_and(&magnitude.gt(0.0));
            below.sum(Kind::Int64).int64_value(&[])
        };
        let dead = |weight: &Tensor| (weight * 0.0).sum(Kind::Float);
        let _ = tch::no_grad(|| vs.variables()["weight"].shallow_clone().g_mul_scalar_(1e-8));
        for step in 1..=3000 {
            let loss = dead(&weight) + bias.square().sum(Kind::Float);
            adam.backward(&loss).unwrap();
            adam.step(1e-4, 0.0).unwrap();
            if step % 20 == 0 {
                adam.drop_tiny().unwrap();
                let below = subnormal(&adam.theta) + subnormal(&adam.moments[0]);
                assert_eq!(below, 0, "step {step}");
            }
        }
        assert_eq!(weight.count_nonzero(None::<i64>).int64_value(&[]), 0);
        assert!(
            bias.min().double_value(&[]) > 0.5,
            "what has a gradient goes its way"
        );
    }

    #[test]
    fn dropping_what_is_tiny_leaves_ordinary_numbers_alone() {
        let vs = nn::VarStore::new(Device::Cpu);
        let mut weight = vs.root().zeros("weight", &[4]);
        tch::no_grad(|| weight.copy_(&Tensor::from_slice(&[1e-11f32, -1e-13, 1e-40, -3.0])));
        let mut adam = Adam::new(&vs, Optimizer::Adam, 0.0).unwrap();
        adam.drop_tiny().unwrap();
        assert_eq!(weight, Tensor::from_slice(&[1e-11f32, 0.0, 0.0, -3.0]));
    }
}
