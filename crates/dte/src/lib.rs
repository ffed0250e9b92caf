#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod published;

mod categorical;
mod convolutional;
mod inverse_gamma;

mod conv_net;
mod draw;
mod settings;
mod time_mlp;

#[cfg(test)]
mod parity;

pub use categorical::{DteCategorical, DteCategoricalConfig, Softmax};
pub use convolutional::{DteConvolutional, DteConvolutionalConfig};
pub use inverse_gamma::{DteInverseGamma, DteInverseGammaConfig, InverseGammaScore};
