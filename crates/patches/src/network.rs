use detector::settings::{Setting, at_least};
use diffusion_core::{Denoiser, Prediction};
use layers::{LayerNorm, Linear, LinearInit, TimestepEmbedding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Device, Kind, Tensor};

/// Width of the time's sinusoids.
const D_TIME: usize = 128;
/// Frequencies of a row's and of a column's position, the longest wavelength some 600 patches.
const N_FREQUENCIES: usize = 16;
const MAX_PERIOD: f64 = 100.0;

/// Size of a [`PatchMlp`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PatchMlpConfig {
    /// Width between the blocks.
    pub width: usize,
    /// Width inside a block.
    pub hidden: usize,
    /// Blocks.
    pub depth: usize,
}

impl Default for PatchMlpConfig {
    fn default() -> Self {
        Self {
            width: 192,
            hidden: 384,
            depth: 3,
        }
    }
}

impl PatchMlpConfig {
    pub(crate) fn check(&self) -> Result<(), Setting> {
        for (name, value) in [
            ("network.width", self.width),
            ("network.hidden", self.hidden),
            ("network.depth", self.depth),
        ] {
            at_least(name, value, 1)?;
        }
        Ok(())
    }
}

/// A denoiser of single patches that knows where in the image each one is: an MLP with adaLN-Zero, so
/// that no patch sees its neighbours and none can be explained away by them.
///
/// # Formula
/// `h = W_x·x_t + W_p·s(position)`, with `s` the sines and cosines of row and column; then blocks
/// `h ← h + γ·MLP(Norm(h)·(1 + α) + β)` with SiLU inside, `α, β, γ` linear in the time's embedding; at
/// last `W_o·(Norm(h)·(1 + α) + β)`. All modulations and `W_o` start at 0: the untrained network answers
/// 0.
///
/// # Shapes
/// As a [`Denoiser`]: `[b, g², k]`, all patches of an image row by row. [`at`](Self::at) takes any
/// places.
#[derive(Debug)]
pub struct PatchMlp {
    sinusoids: TimestepEmbedding,
    time: [Linear; 2],
    input: Linear,
    place: Linear,
    places: Tensor, // [g², 4·16]
    blocks: Vec<Block>,
    last: Modulation,
    output: Linear,
}

#[derive(Debug)]
struct Block {
    modulation: Modulation,
    inner: Linear,
    outer: Linear,
}

/// `α`, `β` and, inside a block, `γ`.
#[derive(Debug)]
struct Modulation {
    linear: Linear,
    norm: LayerNorm,
    parts: i64,
}

impl PatchMlp {
    /// A network for patches of `k` numbers on a grid of `grid` × `grid`.
    pub fn new(vs: &nn::Path<'_>, k: usize, grid: usize, config: &PatchMlpConfig) -> Self {
        let width = config.width;
        let block = |i: usize| {
            let vs = vs / "blocks" / i;
            Block {
                modulation: Modulation::new(&(&vs / "modulation"), width, 3),
                inner: Linear::new(&(&vs / "inner"), width, config.hidden),
                outer: Linear::new(&(&vs / "outer"), config.hidden, width),
            }
        };
        Self {
            sinusoids: TimestepEmbedding::new(D_TIME, vs.device()),
            time: [
                Linear::new(&(vs / "time" / 0), D_TIME, width),
                Linear::new(&(vs / "time" / 2), width, width),
            ],
            input: Linear::new(&(vs / "input"), k, width),
            place: Linear::new(&(vs / "place"), 4 * N_FREQUENCIES, width),
            places: places(grid, vs.device()),
            blocks: (0..config.depth).map(block).collect(),
            last: Modulation::new(&(vs / "last"), width, 2),
            output: Linear::with_init(&(vs / "output"), width, k, LinearInit::Zero),
        }
    }

    /// The prediction for patches at any places, each row of them at a noise level of its own.
    ///
    /// # Shapes
    /// `x_t`: `[b, m, k]`, `t`: `[b]` or `[1]`, `places`: `[b, m]` int64 in `0..g²` → `[b, m, k]`.
    pub fn at(&self, x_t: &Tensor, t: &Tensor, places: &Tensor) -> Tensor {
        let table = self.place.forward(&self.places); // [g², width]
        let (b, m, _) = x_t.size3().unwrap_or_default();
        let place = table.index_select(0, &places.flatten(0, -1));
        self.run(x_t, t, &place.view([b, m, -1]))
    }

    fn run(&self, x_t: &Tensor, t: &Tensor, place: &Tensor) -> Tensor {
        let [first, second] = &self.time;
        let time = first.forward(&self.sinusoids.forward(t)).silu();
        let time = second.forward(&time).silu().unsqueeze(1); // [b, 1, width]
        let mut h = self.input.forward(x_t) + place; // [b, m, width]
        for block in &self.blocks {
            let (inside, gate) = block.modulation.forward(&h, &time);
            let inside = block.outer.forward(&block.inner.forward(&inside).silu());
            h = match gate {
                Some(gate) => h.addcmul(&gate, &inside),
                None => h + inside,
            };
        }
        let (h, _) = self.last.forward(&h, &time);
        self.output.forward(&h) // [b, m, k]
    }
}

impl Denoiser for PatchMlp {
    fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
        Prediction::new(self.run(x_t, t, &self.place.forward(&self.places)))
    }
}

impl Modulation {
    fn new(vs: &nn::Path<'_>, width: usize, parts: usize) -> Self {
        Self {
            linear: Linear::with_init(vs, width, parts * width, LinearInit::Zero),
            norm: LayerNorm::new(width),
            parts: parts as i64,
        }
    }

    /// The modulated norm of `h`, and the gate of a block.
    fn forward(&self, h: &Tensor, time: &Tensor) -> (Tensor, Option<Tensor>) {
        let mut parts = self.linear.forward(time).chunk(self.parts, -1);
        let gate = (self.parts == 3).then(|| parts.pop()).flatten();
        let (scale, shift) = (&parts[0] + 1.0, &parts[1]);
        (shift.addcmul(&self.norm.forward(h), &scale), gate)
    }
}

/// `[g², 64]`: sines and cosines of the row, then of the column.
fn places(grid: usize, device: Device) -> Tensor {
    let of = |i: usize| -> Vec<f32> {
        let phase = |k: usize| i as f64 * MAX_PERIOD.powf(-(k as f64) / N_FREQUENCIES as f64);
        let sines = (0..N_FREQUENCIES).map(|k| phase(k).sin() as f32);
        let cosines = (0..N_FREQUENCIES).map(|k| phase(k).cos() as f32);
        sines.chain(cosines).collect()
    };
    let table: Vec<f32> = (0..grid)
        .flat_map(|row| (0..grid).map(move |column| (row, column)))
        .flat_map(|(row, column)| [of(row), of(column)].concat())
        .collect();
    Tensor::from_slice(&table)
        .view([(grid * grid) as i64, 4 * N_FREQUENCIES as i64])
        .to_device(device)
        .to_kind(Kind::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> (nn::VarStore, PatchMlp) {
        tch::manual_seed(1);
        let vs = nn::VarStore::new(Device::Cpu);
        let network = PatchMlp::new(&vs.root(), 6, 3, &PatchMlpConfig::default());
        (vs, network)
    }

    #[test]
    fn the_untrained_network_answers_zero() {
        let (_vs, network) = network();
        let x = Tensor::randn([2, 9, 6], (Kind::Float, Device::Cpu));
        let answer = network
            .predict(&x, &Tensor::from_slice(&[5.0f32]), false)
            .mean;
        assert_eq!(answer.size(), x.size());
        assert_eq!(answer.abs().max().double_value(&[]), 0.0);
    }

    #[test]
    fn a_patch_is_judged_by_itself_its_place_and_its_time() {
        let (vs, network) = network();
        let _no_grad = tch::no_grad_guard();
        for mut variable in vs.trainable_variables() {
            variable.copy_(&(variable.rand_like() * 0.2 - 0.1));
        }
        let x = Tensor::randn([2, 9, 6], (Kind::Float, Device::Cpu));
        let t = Tensor::from_slice(&[3.0f32, 400.0]);
        let whole = network.predict(&x, &t, false).mean;
        // Places 7 and 2 of the first image, 0 and 0 of the second.
        let places = Tensor::from_slice(&[7i64, 2, 0, 0]).view([2, 2]);
        let rows = Tensor::from_slice(&[7i64, 2, 9, 9]);
        let chosen = x.view([18, 6]).index_select(0, &rows).view([2, 2, 6]);
        let found = network.at(&chosen, &t, &places);
        let expected = whole.view([18, 6]).index_select(0, &rows).view([2, 2, 6]);
        assert!((found - expected).abs().max().double_value(&[]) < 1e-5); // f32 sums
        // The same numbers elsewhere, and at another time, are answered otherwise.
        let same = x.narrow(1, 0, 1).expand([2, 9, 6], false);
        let answers = network.predict(&same, &t, false).mean;
        let differ = |a: Tensor, b: Tensor| (a - b).abs().max().double_value(&[]) > 1e-4;
        assert!(differ(answers.select(1, 1), answers.select(1, 5)));
        let later = network.predict(&same, &(t + 200.0), false).mean;
        assert!(differ(answers, later));
    }
}
