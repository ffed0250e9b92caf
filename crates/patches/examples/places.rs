//! The network of `PatchDdpm` on made-up patches: untrained it answers 0 wherever a patch is.
//!
//! `cargo run -p patches --release --example places`

use diffusion_core::Denoiser;
use patches::{PatchMlp, PatchMlpConfig};
use tch::{Device, Kind, Tensor, nn};

#[allow(clippy::print_stdout)]
fn main() {
    tch::manual_seed(0);
    let vs = nn::VarStore::new(Device::Cpu);
    let network = PatchMlp::new(&vs.root(), 64, 32, &PatchMlpConfig::default());
    let n_params: usize = vs.trainable_variables().iter().map(Tensor::numel).sum();
    println!("{n_params} parameters");

    let patches = Tensor::randn([2, 1024, 64], (Kind::Float, Device::Cpu));
    let t = Tensor::from_slice(&[250.0f32]);
    let answer = network.predict(&patches, &t, false).mean;
    println!("{:?} → {:?}", patches.size(), answer.size());
    println!(
        "largest answer before training: {}",
        answer.abs().max().double_value(&[])
    );
}
