#![doc = include_str!("../README.md")]

mod config;
mod plan;

mod unet;

mod attention;
mod layout;
mod res_block;
mod resample;
mod stage;

pub use config::UnetConfig;
pub use unet::Unet;
