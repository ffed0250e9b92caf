//! The classical methods.

use serde::Serialize;

use super::{Method, defaults, make};

pub(super) const ISOLATION_FOREST: Method = Method {
    name: "iforest",
    title: "Isolation Forest",
    source: "Liu, Ting, Zhou 2008; defaults of PyOD and of the original paper: 100 trees of 256 rows",
    defaults: defaults::<baselines::IsolationForestConfig>,
    settings: &[&[
        ("trees", "number of trees"),
        ("sample-size", "rows drawn for each tree, at most all"),
        ("rng", "fast, or sklearn: the very trees of scikit-learn"),
    ]],
    build: |config, _| make(config, baselines::IsolationForest::new),
};

pub(super) const ONE_CLASS_SVM: Method = Method {
    name: "ocsvm",
    title: "One-Class SVM",
    source: "Schölkopf et al. 2001; defaults of PyOD: RBF, nu = 0.5, gamma = 1/d",
    defaults: defaults::<baselines::OneClassSvmConfig>,
    settings: &[&[
        (
            "nu",
            "in (0, 1]: at most this share of the training rows lies outside",
        ),
        (
            "gamma",
            "width of the RBF kernel: auto (1/d), scale (1/(d·Var x)) or a number",
        ),
        (
            "tolerance",
            "largest violation of the optimality conditions when training stops",
        ),
        ("cache-mib", "memory for kernel rows, in MiB"),
        ("shrinking", "leave out of the search what stays at a bound"),
    ]],
    build: |config, _| make(config, baselines::OneClassSvm::new),
};

pub(super) const COPOD: Method = Method {
    name: "copod",
    title: "COPOD",
    source: "Li et al. 2020; inductive by default, PyOD's transductive score on request",
    defaults: defaults::<baselines::CopodConfig>,
    settings: &[&[
        (
            "ecdf",
            "train: distribution functions of the training rows; train-and-test: as PyOD, where a score depends on the rows scored with it",
        ),
        (
            "constant-columns",
            "zero-skewness, or nan-to-zero: the published artefact that makes every score 0",
        ),
    ]],
    build: |config, _| make(config, |config| Ok(baselines::Copod::new(config))),
};

pub(super) const NORM: Method = Method {
    name: "norm",
    title: "squared norm",
    source: "the floor every table shows: ‖x‖² of the scaled row, nothing is learned",
    defaults: defaults::<NoSettings>,
    settings: &[],
    build: |config, _| make(config, |NoSettings {}| Ok(baselines::Norm)),
};

/// A method without settings of its own.
#[derive(Default, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NoSettings {}
