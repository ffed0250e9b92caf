//! Diffusion time estimation and its relative, flow matching in one step.

use residuum::RowScaling;
use residuum::{Method, Numbers, Takes, defaults, make, settings};

use crate::torch::torch;

pub(super) fn categorical() -> Method {
    Method {
        name: "dte-c",
        title: "DTE-C",
        source: "Livernoche et al. 2023 (arXiv 2305.18593), the authors' network and settings, the softmax applied twice included",
        takes: Takes::Rows(RowScaling::Standard, Numbers::Float32),
        defaults: defaults::<dte::DteCategoricalConfig>(),
        settings: settings::<dte::DteCategoricalConfig>(),
        needs_libtorch: true,
        seconds: None,
        build: Some(|config, runtime| {
            make(config, |config| {
                dte::DteCategorical::new(config, torch(runtime))
            })
        }),
    }
}

pub(super) fn inverse_gamma() -> Method {
    Method {
        name: "dte-ig",
        title: "DTE-IG",
        source: "Livernoche et al. 2023 (arXiv 2305.18593); the released score is a number whose sign is arbitrary, ours its square, as the loss asks for",
        takes: Takes::Rows(RowScaling::Standard, Numbers::Float32),
        defaults: defaults::<dte::DteInverseGammaConfig>(),
        settings: settings::<dte::DteInverseGammaConfig>(),
        needs_libtorch: true,
        seconds: None,
        build: Some(|config, runtime| {
            make(config, |config| {
                dte::DteInverseGamma::new(config, torch(runtime))
            })
        }),
    }
}

pub(super) fn tccm() -> Method {
    Method {
        name: "tccm",
        title: "TCCM",
        source: "Time-conditioned contraction matching, NeurIPS 2025, the authors' settings (ZhongLIFR/TCCM-NIPS)",
        takes: Takes::Rows(RowScaling::Standard, Numbers::Float32),
        defaults: defaults::<deep::TccmConfig>(),
        settings: settings::<deep::TccmConfig>(),
        needs_libtorch: true,
        seconds: None,
        build: Some(|config, runtime| {
            make(config, |config| deep::Tccm::new(config, torch(runtime)))
        }),
    }
}
