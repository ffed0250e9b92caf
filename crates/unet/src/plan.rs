use settings::Setting;

use crate::UnetConfig;

/// A layer with its channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// The 3×3 convolution that everything begins with.
    Stem { from: usize, to: usize },
    /// A residual block.
    Res { from: usize, to: usize },
    /// Self-attention over the pixels.
    Attention { channels: usize },
    /// Halves the image.
    Down { channels: usize },
    /// Doubles it.
    Up { channels: usize },
}

/// Which layers a U-Net has, in the order they are passed, grouped as the reference groups them: a
/// skip connection leaves after every group of `input` and enters, last first, before every group of
/// `output`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) input: Vec<Vec<Layer>>,
    pub(crate) middle: Vec<Layer>,
    pub(crate) output: Vec<Vec<Layer>>,
    /// Channels of the image.
    pub(crate) image_channels: usize,
}

impl UnetConfig {
    /// How many numbers [`Unet`](crate::Unet) trains for images of `[c, h, w]`; to know before they
    /// are allocated.
    ///
    /// # Errors
    /// As [`Unet::new`](crate::Unet::new).
    pub fn n_parameters(&self, image: [usize; 3]) -> Result<usize, Setting> {
        Ok(Plan::new(self, image)?.n_parameters(self))
    }
}

impl Plan {
    /// The layers of `config` over images of `[c, h, w]`.
    pub(crate) fn new(config: &UnetConfig, image: [usize; 3]) -> Result<Self, Setting> {
        config.check_image(image)?;
        let [image_channels, h, w] = image;
        let levels = config.multipliers.len();
        let resolutions: Vec<usize> = (0..levels).map(|level| h.max(w) >> level).collect();
        for &resolution in &config.attention {
            if !resolutions.contains(&resolution) {
                let expected = format!("one of the resolutions {resolutions:?}");
                return Err(Setting::new("attention", resolution, expected));
            }
        }
        let with_attention = |level: usize, mut layers: Vec<Layer>, channels| {
            if config.attention.contains(&resolutions[level]) {
                layers.push(Layer::Attention { channels });
            }
            layers
        };

        let mut now = config.channels * config.multipliers[0];
        let mut input = vec![vec![Layer::Stem {
            from: image_channels,
            to: now,
        }]];
        let mut skips = vec![now];
        for (level, multiplier) in config.multipliers.iter().enumerate() {
            let to = config.channels * multiplier;
            for _ in 0..config.blocks {
                input.push(with_attention(
                    level,
                    vec![Layer::Res { from: now, to }],
                    to,
                ));
                now = to;
                skips.push(now);
            }
            if level + 1 < levels {
                input.push(vec![Layer::Down { channels: now }]);
                skips.push(now);
            }
        }

        let res = Layer::Res { from: now, to: now };
        let middle = vec![res, Layer::Attention { channels: now }, res];

        let mut output = Vec::new();
        for (level, multiplier) in config.multipliers.iter().enumerate().rev() {
            let to = config.channels * multiplier;
            for block in 0..=config.blocks {
                let from = now + skips.pop().unwrap_or(0);
                let mut layers = with_attention(level, vec![Layer::Res { from, to }], to);
                if level > 0 && block == config.blocks {
                    layers.push(Layer::Up { channels: to });
                }
                output.push(layers);
                now = to;
            }
        }
        Ok(Self {
            input,
            middle,
            output,
            image_channels,
        })
    }

    /// Weights and biases of all layers, the time embedding and the last convolution.
    pub(crate) fn n_parameters(&self, config: &UnetConfig) -> usize {
        let groups = self.input.iter().chain(&self.output);
        let layers = groups.flatten().chain(&self.middle);
        let count: usize = layers.map(|layer| layer.n_parameters(config)).sum();
        let last = config.channels * config.multipliers[0];
        let time =
            linear(config.channels, config.d_time()) + linear(config.d_time(), config.d_time());
        let out = 2 * last + conv(last, config.outputs() * self.image_channels);
        count + time + out
    }
}

impl Layer {
    fn n_parameters(self, config: &UnetConfig) -> usize {
        match self {
            Self::Stem { from, to } => conv(from, to),
            Self::Res { from, to } => {
                let time = linear(config.d_time(), to * (1 + usize::from(config.scale_shift)));
                let skip = if from == to { 0 } else { linear(from, to) };
                2 * from + conv(from, to) + time + 2 * to + conv(to, to) + skip
            }
            Self::Attention { channels: c } => 2 * c + linear(c, 3 * c) + linear(c, c),
            Self::Down { channels } | Self::Up { channels } => conv(channels, channels),
        }
    }
}

fn linear(d_in: usize, d_out: usize) -> usize {
    (d_in + 1) * d_out
}

/// Of a 3×3 kernel.
fn conv(c_in: usize, c_out: usize) -> usize {
    (9 * c_in + 1) * c_out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_down_comes_up_again() {
        let config = UnetConfig {
            channels: 8,
            multipliers: vec![1, 3],
            blocks: 1,
            attention: vec![6],
            groups: 4,
            ..UnetConfig::default()
        };
        let plan = Plan::new(&config, [3, 8, 12]).unwrap();
        let res = |from, to| Layer::Res { from, to };
        let attention = Layer::Attention { channels: 24 };
        let input = vec![
            vec![Layer::Stem { from: 3, to: 8 }],
            vec![res(8, 8)],
            vec![Layer::Down { channels: 8 }],
            vec![res(8, 24), attention],
        ];
        assert_eq!(plan.input, input);
        assert_eq!(plan.middle, [res(24, 24), attention, res(24, 24)]);
        let output = vec![
            vec![res(24 + 24, 24), attention],
            vec![res(24 + 8, 24), attention, Layer::Up { channels: 24 }],
            vec![res(24 + 8, 8)],
            vec![res(8 + 8, 8)],
        ];
        assert_eq!(plan.output, output);
    }
}
