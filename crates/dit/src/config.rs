use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use settings::{Setting, at_most, check, in_range, multiple_of_other};

/// Sizes of the transformer over images, [`Dit`](crate::Dit).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DitConfig {
    /// Side of a patch in pixels.
    ///
    /// An image of `h × w` becomes `(h/patch)·(w/patch)` tokens.
    pub patch: usize,
    /// Transformer blocks.
    pub depth: usize,
    /// Width of a token, a multiple of 4 and of `heads`.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width inside a block's MLP, in widths of a token.
    pub mlp_ratio: usize,
    /// Whether the network also predicts the variance.
    ///
    /// In as many channels again.
    pub learn_variance: bool,
}

/// Sizes of the transformer over vectors, [`VectorDit`](crate::VectorDit).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct VectorDitConfig {
    /// Numbers in a token.
    ///
    /// A vector of `d` becomes `⌈d/chunk⌉` tokens, the last one filled up with zeros.
    pub chunk: usize,
    /// Transformer blocks.
    pub depth: usize,
    /// Width of a token, a multiple of 2 and of `heads`.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width inside a block's MLP, in widths of a token.
    pub mlp_ratio: usize,
    /// Whether the network also predicts the variance.
    ///
    /// In as many numbers again.
    pub learn_variance: bool,
}

impl Default for DitConfig {
    /// DiT-S/2, the smallest published size.
    fn default() -> Self {
        Self::s(2)
    }
}

impl Default for VectorDitConfig {
    /// Ours, as none is published: an embedding of 512 numbers is 8 tokens.
    fn default() -> Self {
        Self {
            chunk: 64,
            depth: 2,
            width: 128,
            heads: 4,
            mlp_ratio: 4,
            learn_variance: false,
        }
    }
}

/// The published sizes (Peebles & Xie 2023, table 1). The paper takes patches of 2, 4 and 8, and
/// learns the variance.
impl DitConfig {
    /// DiT-S.
    pub fn s(patch: usize) -> Self {
        Self::published(patch, 12, 384, 6)
    }

    /// DiT-B.
    pub fn b(patch: usize) -> Self {
        Self::published(patch, 12, 768, 12)
    }

    /// DiT-L.
    pub fn l(patch: usize) -> Self {
        Self::published(patch, 24, 1024, 16)
    }

    /// DiT-XL.
    pub fn xl(patch: usize) -> Self {
        Self::published(patch, 28, 1152, 16)
    }

    fn published(patch: usize, depth: usize, width: usize, heads: usize) -> Self {
        Self {
            patch,
            depth,
            width,
            heads,
            mlp_ratio: 4,
            learn_variance: true,
        }
    }

    /// How many numbers [`Dit`](crate::Dit) trains for images of `channels`; to know before they are
    /// allocated.
    pub fn n_parameters(&self, channels: usize) -> usize {
        let d_in = channels.saturating_mul(self.patch * self.patch);
        self.size().n_parameters(d_in, d_in)
    }

    pub(crate) fn size(&self) -> Size {
        Size {
            depth: self.depth,
            width: self.width,
            heads: self.heads,
            mlp_ratio: self.mlp_ratio,
            learn_variance: self.learn_variance,
        }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Setting`] naming the first setting outside its range.
    pub fn check(&self) -> Result<(), Setting> {
        in_range("patch", self.patch, 1..=1024)?;
        // The halves of the width stand for column and row, the halves of those are sine and cosine.
        multiple_of_other("width", self.width, ("its sines and cosines", 4))?;
        self.size().check()?;
        self.check_parameters(1)
    }

    /// Whether a network for images of `channels` can be allocated.
    pub(crate) fn check_parameters(&self, channels: usize) -> Result<(), Setting> {
        check_parameters(self.n_parameters(channels))
    }
}

impl VectorDitConfig {
    /// How many numbers [`VectorDit`](crate::VectorDit) trains; vectors of any length share them.
    pub fn n_parameters(&self) -> usize {
        self.size().n_parameters(self.chunk, self.chunk)
    }

    pub(crate) fn size(&self) -> Size {
        Size {
            depth: self.depth,
            width: self.width,
            heads: self.heads,
            mlp_ratio: self.mlp_ratio,
            learn_variance: self.learn_variance,
        }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Setting`] naming the first setting outside its range.
    pub fn check(&self) -> Result<(), Setting> {
        in_range("chunk", self.chunk, 1..=MAX_WIDTH)?;
        multiple_of_other("width", self.width, ("its sines and cosines", 2))?;
        self.size().check()?;
        check_parameters(self.n_parameters())
    }
}

/// What both kinds of input share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) depth: usize,
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) mlp_ratio: usize,
    pub(crate) learn_variance: bool,
}

/// Width of the sinusoids that the time MLP reads.
pub(crate) const D_FREQUENCY: usize = 256;

/// The widest layer that is built; beyond it a typo is likelier than a wish.
const MAX_WIDTH: usize = 1 << 16;

impl Size {
    /// How many outputs stand for one predicted number: its mean, and its variance where learned.
    pub(crate) fn outputs(&self) -> usize {
        1 + usize::from(self.learn_variance)
    }

    fn check(&self) -> Result<(), Setting> {
        in_range("depth", self.depth, 1..=1000)?;
        in_range("width", self.width, 1..=MAX_WIDTH)?;
        let heads = (1..=self.width).contains(&self.heads);
        check("heads", self.heads, heads, "1 to the width")?;
        in_range("mlp-ratio", self.mlp_ratio, 1..=64)?;
        multiple_of_other("width", self.width, ("heads", self.heads))
    }

    /// Weights and biases of the network over tokens of `d_in` numbers.
    fn n_parameters(&self, d_in: usize, d_out: usize) -> usize {
        let w = self.width;
        let linear = |a: usize, b: usize| a.saturating_add(1).saturating_mul(b);
        let time = linear(D_FREQUENCY, w) + linear(w, w);
        let attention = linear(w, 3 * w) + linear(w, w);
        let mlp = linear(w, self.mlp_ratio * w) + linear(self.mlp_ratio * w, w);
        let block = attention + mlp + linear(w, 6 * w);
        let head = linear(w, d_out.saturating_mul(self.outputs()));
        let last = linear(w, 2 * w).saturating_add(head);
        let ends = linear(d_in, w).saturating_add(last);
        ends.saturating_add(time + self.depth * block)
    }
}

/// The most numbers of a network that are allocated: 8 GiB, and Adam's two moments besides.
const MAX_PARAMETERS: usize = 1 << 31;

fn check_parameters(n: usize) -> Result<(), Setting> {
    at_most("weights of the network", n, MAX_PARAMETERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_in_a_file() {
        let text = toml::to_string(&DitConfig::default()).unwrap();
        assert_eq!(
            text,
            "patch = 2\ndepth = 12\nwidth = 384\nheads = 6\nmlp-ratio = 4\nlearn-variance = true\n"
        );
        let text = toml::to_string(&VectorDitConfig::default()).unwrap();
        assert_eq!(
            text,
            "chunk = 64\ndepth = 2\nwidth = 128\nheads = 4\nmlp-ratio = 4\nlearn-variance = false\n"
        );
        DitConfig::default().check().unwrap();
        VectorDitConfig::default().check().unwrap();
    }

    #[test]
    fn impossible_settings_are_named() {
        for (text, message) in [
            ("chunk = 0", "chunk = 0: expected 1 to 65536"),
            ("depth = 0", "depth = 0: expected 1 to 1000"),
            ("width = 0", "width = 0: expected 1 to 65536"),
            ("heads = 0", "heads = 0: expected 1 to the width"),
            ("heads = 129", "heads = 129: expected 1 to the width"),
            ("heads = 3", "width = 128: expected a multiple of heads = 3"),
            (
                "width = 65536\nheads = 16",
                "weights of the network = 167531184192: expected at most 2147483648",
            ),
            ("mlp-ratio = 0", "mlp-ratio = 0: expected 1 to 64"),
            (
                "width = 7\nheads = 1",
                "width = 7: expected a multiple of its sines and cosines = 2",
            ),
        ] {
            let config: VectorDitConfig = toml::from_str(text).unwrap();
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
        let config: DitConfig = toml::from_str("width = 390").unwrap();
        assert_eq!(
            config.check().unwrap_err().to_string(),
            "width = 390: expected a multiple of its sines and cosines = 4"
        );
        assert!(toml::from_str::<VectorDitConfig>("mlp_ratio = 3").is_err());
    }
}
