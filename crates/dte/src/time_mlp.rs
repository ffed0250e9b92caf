use layers::{Dropout, Linear};
use tch::nn::{Module, Path};
use tch::{Kind, TchError, Tensor};

/// The perceptron of the authors' estimators: ReLU after every hidden layer, dropout after every one
/// but the first, names as in the reference (`layers.0.weight`, …).
///
/// # Shapes
/// `[b, d]` → `[b, d_out]`; of `r` networks stacked, in training, `[r, b, d]` → `[r, b, d_out]`.
#[derive(Debug)]
pub(crate) struct TimeMlp {
    first: Linear,
    hidden: Vec<Linear>,
    last: Linear,
    dropout: Dropout,
}

impl TimeMlp {
    /// Layers `d`–`widths`–`d_out`; `widths` is not empty.
    pub(crate) fn new(
        vs: &Path<'_>,
        d: usize,
        widths: &[usize],
        d_out: usize,
        dropout: f64,
    ) -> Self {
        let vs = vs / "layers";
        let hidden = widths.windows(2).enumerate();
        Self {
            first: Linear::new(&(&vs / 0), d, widths[0]),
            hidden: hidden
                .map(|(i, pair)| Linear::new(&(&vs / (i + 1)), pair[0], pair[1]))
                .collect(),
            last: Linear::new(&(&vs / widths.len()), widths[widths.len() - 1], d_out),
            dropout: Dropout(dropout),
        }
    }

    /// What one network's dropout draws for `b` rows, from libtorch's generator.
    pub(crate) fn draw(&self, b: i64) -> Result<Vec<Tensor>, TchError> {
        let mut drawn = Vec::new();
        for layer in &self.hidden {
            let bias = layer.bias(); // [.., width]
            let width = bias.size().last().copied().unwrap_or(0);
            self.dropout.draw([b, width], bias.device(), &mut drawn)?;
        }
        Ok(drawn)
    }

    /// In training, with what dropout has drawn.
    pub(crate) fn forward(&self, x: &Tensor, drawn: &[Tensor]) -> Tensor {
        let mut drawn = drawn.iter();
        let mut h = self.first.forward(x).relu_();
        for layer in &self.hidden {
            h = self.dropout.apply(layer.forward(&h).relu_(), &mut drawn);
        }
        self.last.forward(&h)
    }

    /// For a score, without dropout and in f64.
    pub(crate) fn answer(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let mut h = self.first.forward_f64(&x.f_to_kind(Kind::Double)?)?;
        for layer in self.hidden.iter().chain([&self.last]) {
            h = layer.forward_f64(&h.relu_())?;
        }
        Ok(h)
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, nn};

    use super::*;

    #[test]
    fn dropout_spares_the_first_layer_and_the_score() {
        tch::manual_seed(5);
        let row = Tensor::from_slice(&[0.5f32, -1.0, 2.0]).view([1, 3]);
        let rows = row.expand([10_000, 3], false);

        let vs = nn::VarStore::new(Device::Cpu);
        let one = TimeMlp::new(&vs.root(), 3, &[8], 2, 0.9);
        let difference = one.forward(&row, &[]) - one.answer(&row).unwrap();
        assert!(difference.abs().max().double_value(&[]) < 1e-6); // f32 against f64

        // Dropout leaves the mean of what it feeds to a linear layer as it is.
        let vs = nn::VarStore::new(Device::Cpu);
        let two = TimeMlp::new(&vs.root(), 3, &[8, 16], 2, 0.5);
        let drawn = two.draw(10_000).unwrap();
        let noisy = two.forward(&rows, &drawn).to_kind(Kind::Double); // [10000, 2]
        let error = noisy.mean_dim(0, false, Kind::Double) - two.answer(&row).unwrap().squeeze();
        let standard_error = noisy.std_dim(0, true, false) / 100.0;
        assert!(standard_error.min().double_value(&[]) > 0.0);
        let errors = (error / standard_error).abs().max().double_value(&[]);
        assert!(errors < 5.0, "{errors} standard errors");
    }
}
