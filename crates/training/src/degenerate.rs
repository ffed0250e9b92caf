use tch::{Kind, Tensor};

use crate::TrainingError;

/// Rows of the probe, at most.
const ROWS: i64 = 256;
/// Numbers of the probe, at most, unless that leaves fewer rows than the next number: a network over large
/// images takes seconds for each.
const NUMBERS: usize = 1 << 18;
const FEWEST_ROWS: i64 = 32;
/// Share of the target's mean square below which a variance or a distance counts as nothing.
const NOTHING: f64 = 0.01;

/// Evenly spaced rows of `x`, `[n, ..]`, 256 at most and 32 of large images: what a network is asked for
/// [`degenerate`].
///
/// # Errors
/// [`TrainingError::Torch`] where libtorch has no memory.
pub fn probe_rows(x: &Tensor) -> Result<Tensor, TrainingError> {
    let n = x.size()[0];
    let numbers = x.numel() / n.max(1) as usize;
    let affordable = (NUMBERS / numbers.max(1)) as i64;
    let rows = n.min(ROWS).min(affordable.max(FEWEST_ROWS));
    let places: Vec<i64> = (0..rows).map(|i| i * n / rows).collect();
    let places = Tensor::f_from_slice(&places)?.f_to_device(x.device())?;
    Ok(x.f_index_select(0, &places)?)
}

/// What a network answers for the same samples before and after its training, `[b, ..]` each.
#[derive(Debug)]
pub struct Answers<'a> {
    /// The untrained network.
    pub before: &'a Tensor,
    /// The trained one.
    pub after: &'a Tensor,
    /// Mean square of what it should answer.
    pub target: f64,
}

/// What is wrong with a network: its answers hardly vary over rows, or hardly differ from those of the
/// untrained network, in every one of `answers`. A sentence for each; none for a network that learned.
///
/// # Errors
/// [`TrainingError::Torch`] for answers of different shapes.
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
/// [`TrainingError::Torch`] where libtorch has no memory.
pub fn mean_square(x: &Tensor) -> Result<f64, TrainingError> {
    Ok(x.f_to_kind(Kind::Double)?
        .f_square()?
        .f_mean(Kind::Double)?
        .f_double_value(&[])?)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

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
    fn a_constant_and_an_unmoved_answer_are_reported_each_by_a_sentence() {
        let ramp = Tensor::arange(8, (Kind::Double, Device::Cpu)).view([4, 2]);
        let constant = Tensor::full([4, 2], 7.0, (Kind::Double, Device::Cpu));
        let found = |before: &Tensor, after: &Tensor| {
            let answers = Answers {
                before,
                after,
                target: 1.0,
            };
            let warnings = degenerate(&[answers]).unwrap();
            let constant = |w: &String| w.contains("hardly depends on its input");
            let unmoved = |w: &String| w.contains("training hardly changed");
            (
                warnings.len(),
                warnings.iter().any(constant),
                warnings.iter().any(unmoved),
            )
        };
        assert_eq!(found(&constant, &ramp), (0, false, false));
        assert_eq!(found(&ramp, &constant), (1, true, false));
        assert_eq!(found(&ramp, &ramp), (1, false, true));
        assert_eq!(found(&constant, &constant), (2, true, true));
    }
}
