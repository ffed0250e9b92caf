#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod published;

mod non_parametric;
mod posterior;

#[cfg(feature = "torch")]
mod categorical;
#[cfg(feature = "torch")]
mod convolutional;
#[cfg(feature = "torch")]
mod inverse_gamma;
#[cfg(feature = "torch")]
mod tccm;

#[cfg(feature = "torch")]
mod conv_net;
#[cfg(feature = "torch")]
mod draw;
#[cfg(feature = "torch")]
mod settings;
#[cfg(feature = "torch")]
mod time_mlp;

#[cfg(all(test, feature = "torch"))]
mod parity;

pub use error::DteError;
pub use non_parametric::{DteNonParametric, DteNonParametricConfig, NonParametricScore};
pub use posterior::TimePosterior;

#[cfg(feature = "torch")]
pub use categorical::{DteCategorical, DteCategoricalConfig, Softmax};
#[cfg(feature = "torch")]
pub use convolutional::{DteConvolutional, DteConvolutionalConfig};
#[cfg(feature = "torch")]
pub use inverse_gamma::{DteInverseGamma, DteInverseGammaConfig};
#[cfg(feature = "torch")]
pub use tccm::{Tccm, TccmConfig};
