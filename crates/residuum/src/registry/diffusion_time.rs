//! Diffusion time estimation and its relative, flow matching in one step.

use detector::DetectorError;

use super::diffusion::{TRAIN, torch};
use super::{FLOAT32, Method, Settings, defaults, make};

pub(super) const CATEGORICAL: Method = Method {
    name: "dte-c",
    title: "DTE-C",
    source: "Livernoche et al. 2023 (arXiv 2305.18593), the authors' network and settings, the softmax applied twice included",
    rows: "standard",
    numbers: FLOAT32,
    defaults: defaults::<dte::DteCategoricalConfig>,
    settings: &[
        NETWORK,
        TRAIN,
        &[
            ("bins", "bins of diffusion time, the classes of the network"),
            (
                "softmax",
                "double: as released, a softmax before the loss that applies it again; single: cross-entropy as defined",
            ),
            DROPOUT,
        ],
        SCHEDULE,
    ],
    build: |config, runtime| {
        make(config, |config| {
            dte::DteCategorical::new(config, torch(runtime)).map_err(DetectorError::from)
        })
    },
};

pub(super) const INVERSE_GAMMA: Method = Method {
    name: "dte-ig",
    title: "DTE-IG",
    source: "Livernoche et al. 2023 (arXiv 2305.18593); the released score is a number whose sign is arbitrary, ours its square, as the loss asks for",
    rows: "standard",
    numbers: FLOAT32,
    defaults: defaults::<dte::DteInverseGammaConfig>,
    settings: &[NETWORK, TRAIN, &[DROPOUT], SCHEDULE],
    build: |config, runtime| {
        make(config, |config| {
            dte::DteInverseGamma::new(config, torch(runtime)).map_err(DetectorError::from)
        })
    },
};

pub(super) const TCCM: Method = Method {
    name: "tccm",
    title: "TCCM",
    source: "Time-conditioned contraction matching, NeurIPS 2025, the authors' settings (ZhongLIFR/TCCM-NIPS)",
    rows: "standard",
    numbers: FLOAT32,
    defaults: defaults::<deep::TccmConfig>,
    settings: &[
        NETWORK,
        TRAIN,
        &[("d-time", "width of the time embedding, even")],
    ],
    build: |config, runtime| {
        make(config, |config| {
            deep::Tccm::new(config, torch(runtime)).map_err(DetectorError::from)
        })
    },
};

const NETWORK: Settings = &[("widths", "widths of the hidden layers")];
const DROPOUT: (&str, &str) = ("dropout", "after every hidden layer but the first");
const SCHEDULE: Settings = &[
    ("steps", "diffusion steps T"),
    (
        "schedule",
        "β of each step: kind = linear with first and last, cosine, …",
    ),
];
