use tch::Tensor;

use crate::{Denoiser, Process, ProcessError, RowNoise, Walk};

impl Process {
    /// Samples from the model: `x_T ~ N(0, I)`, walked back through all steps. Costs `T` network
    /// evaluations; for fewer sample from a [`respaced`](Self::respaced) process.
    ///
    /// The same seed gives the same samples, and a sample does not depend on how many are drawn.
    /// [`Walk::MeanOnly`] gives no samples of the model, but what its walk makes of noise.
    ///
    /// # Shapes
    /// `shape`: `[b, ..]`, as the network takes it → the same.
    ///
    /// # Errors
    /// As [`walk`](Self::walk), and [`ProcessError::Shape`] for an empty shape.
    pub fn sample(
        &self,
        denoiser: &dyn Denoiser,
        shape: &[i64],
        walk: Walk,
        seed: u64,
    ) -> Result<Tensor, ProcessError> {
        let mut noise = RowNoise::of_places(shape, seed, self.device())?;
        let x = noise.draw()?;
        self.walk(denoiser, &x, self.steps(), walk, &mut |_| noise.draw())
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::toy::Gaussian;
    use crate::{Schedule, even_steps};

    #[test]
    fn samples_of_a_gaussian_have_its_mean_and_spread() {
        let process = Process::new(Schedule::cosine(500).unwrap(), Device::Cpu).unwrap();
        let data = Gaussian::new(3.0, 0.5, process.schedule());
        let fifty = process.respaced(&even_steps(500, 50)).unwrap();
        for (process, walk, tolerance) in [
            (&process, Walk::Ancestral, 0.02),
            (&fifty, Walk::Ddim { eta: 0.0 }, 0.03), // strides of ten
            (&fifty, Walk::Ddim { eta: 0.7 }, 0.05), // and a variance between the fixed ones
        ] {
            let x = process.sample(&data, &[4000, 2], walk, 1).unwrap();
            assert_eq!(x.size(), [4000, 2]);
            let mean = x.mean(Kind::Double).double_value(&[]);
            let sd = x.std(true).double_value(&[]);
            // Standard errors of 8,000 numbers: 0.006 and 0.004.
            assert!((mean - 3.0).abs() < tolerance, "{walk:?}: mean {mean}");
            assert!((sd - 0.5).abs() < tolerance, "{walk:?}: sd {sd}");
        }
    }

    #[test]
    fn a_sample_depends_on_its_place_and_the_seed_alone() {
        let process = Process::new(Schedule::cosine(20).unwrap(), Device::Cpu).unwrap();
        let data = Gaussian::new(0.0, 1.0, process.schedule());
        let sample = |n, seed| {
            process
                .sample(&data, &[n, 3, 2, 2], Walk::Ancestral, seed)
                .unwrap()
        };
        assert_eq!(sample(5, 1).narrow(0, 0, 2), sample(2, 1));
        assert_ne!(sample(2, 2), sample(2, 1));
    }
}
