//! How wide each start is, beside tch's own default: `cargo run -p layers --release --example starts`.
#![allow(clippy::print_stdout)] // an example prints

use layers::{Linear, LinearInit};
use tch::{Device, Tensor, nn};

fn main() {
    tch::manual_seed(0);
    let (d_in, d_out) = (128, 256);
    let vs = nn::VarStore::new(Device::Cpu);
    let print = |name: &str, weight: &Tensor, bias: &Tensor| {
        println!(
            "{name:<14} weight std {:.4}, largest {:.4}; bias largest {:.4}",
            weight.std(true).double_value(&[]),
            weight.abs().max().double_value(&[]),
            bias.abs().max().double_value(&[]),
        );
    };
    for (name, init) in [
        ("pytorch", LinearInit::Pytorch),
        ("xavier-uniform", LinearInit::XavierUniform),
        ("normal", LinearInit::Normal { std: 0.02 }),
        ("zero", LinearInit::Zero),
    ] {
        let layer = Linear::with_init(&(vs.root() / name), d_in, d_out, init);
        print(name, layer.weight(), layer.bias());
    }
    let path = vs.root() / "tch";
    let theirs = nn::linear(path, d_in as i64, d_out as i64, nn::LinearConfig::default());
    if let Some(bias) = &theirs.bs {
        print("tch's default", &theirs.ws, bias);
    }
}
