//! The error of a matrix product in bf16 against f32: `cargo run -p tch-ext --release --example
//! precisions`.
#![allow(clippy::print_stdout)] // an example prints

use tch::{Device, Kind, Tensor};
use tch_ext::{Autocast, LowPrecision};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tch::manual_seed(0);
    let x = Tensor::randn([64, 512], (Kind::Float, Device::Cpu));
    let w = Tensor::randn([512, 128], (Kind::Float, Device::Cpu));
    let exact = x.matmul(&w);
    for precision in [LowPrecision::BFloat16, LowPrecision::Half] {
        let autocast = Autocast::begin(Device::Cpu, precision)?;
        let product = x.matmul(&w);
        drop(autocast);
        let error = (product.to_kind(Kind::Float) - &exact).norm() / exact.norm();
        let error = error.double_value(&[]);
        println!("{:?}: relative error {error:.1e}", product.kind());
    }
    Ok(())
}
