//! The classical methods.

use serde::Serialize;

use crate::method::{Method, Setting, Takes, defaults, make, settings};
use crate::pipeline::Numbers;
use crate::scaling::RowScaling;

pub(super) fn methods() -> Vec<Method> {
    vec![
        isolation_forest(),
        one_class_svm(),
        copod(),
        ecod(),
        hbos(),
        knn(),
        lof(),
        feature_bagging(),
        pca(),
        mcd(),
        linear_denoiser(),
        wiener(),
        masked_wiener(),
        views_and_pairs(),
        norm(),
        non_parametric(),
    ]
}

/// Settings of COPOD and ECOD.
const TAILS: &[Setting] = &[
    (
        "ecdf",
        "train: distribution functions of the training rows; train-and-test: as PyOD, where a score depends on the rows scored with it",
    ),
    (
        "constant-columns",
        "zero-skewness, or nan-to-zero: the published artefact that makes every score 0",
    ),
];

/// Of the closed-form denoisers.
const NOISE: Setting = (
    "noise",
    "noise level in units of that of the training rows: 1 is the median distance to the fifth neighbour over √d",
);

fn isolation_forest() -> Method {
    Method {
        name: "iforest",
        title: "Isolation Forest",
        source: "Liu, Ting, Zhou 2008; defaults of PyOD and of the original paper: 100 trees of 256 rows",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<baselines::IsolationForestConfig>(),
        settings: settings(&[&[
            ("trees", "number of trees"),
            ("sample-size", "rows drawn for each tree, at most all"),
            (
                "rng",
                "fast, or the very trees of scikit-learn, which see rows in 32 bits: sklearn of RandomState(seed), sklearn-integer of random_state = seed",
            ),
        ]]),
        needs_libtorch: false,
        seconds: Some(0.5),
        build: Some(|config, _| make(config, baselines::IsolationForest::new)),
    }
}

fn one_class_svm() -> Method {
    Method {
        name: "ocsvm",
        title: "One-Class SVM",
        source: "Schölkopf et al. 2001; defaults of PyOD: RBF, nu = 0.5, gamma = 1/d",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<baselines::OneClassSvmConfig>(),
        settings: settings(&[&[
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
        ]]),
        needs_libtorch: false,
        seconds: Some(1.5),
        build: Some(|config, _| make(config, baselines::OneClassSvm::new)),
    }
}

fn copod() -> Method {
    Method {
        name: "copod",
        title: "COPOD",
        source: "Li et al. 2020; inductive by default, PyOD's transductive score on request",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<baselines::CopodConfig>(),
        settings: settings(&[TAILS]),
        needs_libtorch: false,
        seconds: Some(0.3),
        build: Some(|config, _| make(config, |config| Ok(baselines::Copod::new(config)))),
    }
}

fn ecod() -> Method {
    Method {
        name: "ecod",
        title: "ECOD",
        source: "Li et al. 2022 as in PyOD; inductive by default, PyOD's transductive score on request",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<baselines::EcodConfig>(),
        settings: settings(&[TAILS]),
        needs_libtorch: false,
        seconds: Some(0.3),
        build: Some(|config, _| make(config, |config| Ok(baselines::Ecod::new(config)))),
    }
}

fn hbos() -> Method {
    Method {
        name: "hbos",
        title: "HBOS",
        source: "Goldstein & Dengel 2012; defaults of PyOD, ten static bins, but for values on an edge",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<baselines::HbosConfig>(),
        settings: settings(&[&[
            (
                "bins",
                "bins of each column: a number, or auto (Birgé & Rozenholc)",
            ),
            (
                "alpha",
                "added to a density before its logarithm, in (0, 1)",
            ),
            (
                "tolerance",
                "widths of a bin beyond the training range that still count as the outermost bin",
            ),
            (
                "on-edge",
                "density of a value on an edge between bins: same-bin (the one it is counted in), or published: the bin below, as PyOD",
            ),
        ]]),
        needs_libtorch: false,
        seconds: Some(0.3),
        build: Some(|config, _| make(config, baselines::Hbos::new)),
    }
}

fn knn() -> Method {
    Method {
        name: "knn",
        title: "kNN",
        source: "Ramaswamy et al. 2000; defaults of PyOD: distance to the fifth nearest training row",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<baselines::KnnConfig>(),
        settings: settings(&[&[
            (
                "neighbours",
                "nearest training rows, all where there are fewer",
            ),
            (
                "score",
                "largest, mean or median of their distances, or mean-of-squares as in DTE's tables",
            ),
        ]]),
        needs_libtorch: false,
        seconds: Some(1.0),
        build: Some(|config, _| make(config, baselines::Knn::new)),
    }
}

fn lof() -> Method {
    Method {
        name: "lof",
        title: "LOF",
        source: "Breunig et al. 2000; defaults of PyOD and scikit-learn: 20 neighbours, novelty detection",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<baselines::LofConfig>(),
        settings: settings(&[&[("neighbours", "nearest training rows, at most all but one")]]),
        needs_libtorch: false,
        seconds: Some(1.0),
        build: Some(|config, _| make(config, baselines::Lof::new)),
    }
}

fn feature_bagging() -> Method {
    Method {
        name: "feature-bagging",
        title: "Feature bagging",
        source: "Lazarevic & Kumar 2005; defaults and draws of PyOD: ten LOFs in random sets of columns",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<baselines::FeatureBaggingConfig>(),
        settings: settings(&[&[
            (
                "estimators",
                "sets of columns drawn, each half of them to all",
            ),
            (
                "neighbours",
                "nearest training rows of each local outlier factor",
            ),
        ]]),
        needs_libtorch: false,
        seconds: Some(10.0),
        build: Some(|config, _| make(config, baselines::FeatureBagging::new)),
    }
}

fn pca() -> Method {
    Method {
        name: "pca",
        title: "PCA",
        source: "Shyu et al. 2003; PyOD's weighted score over all components",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<baselines::PcaConfig>(),
        settings: settings(&[&[
            (
                "score",
                "weighted: distances to the components over their shares of the variance; reconstruction: what the first components leave",
            ),
            (
                "variance-share",
                "for the reconstruction: variance that the kept components have at least",
            ),
        ]]),
        needs_libtorch: false,
        seconds: Some(0.3),
        build: Some(|config, _| make(config, baselines::Pca::new)),
    }
}

fn mcd() -> Method {
    Method {
        name: "mcd",
        title: "MCD",
        source: "Rousseeuw & Van Driessen 1999; the algorithm and draws of scikit-learn, as in PyOD; for at most about 100 columns",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<NoSettings>(),
        settings: settings(&[]),
        needs_libtorch: false,
        seconds: Some(20.0),
        build: Some(|config, _| make(config, |NoSettings {}| Ok(baselines::Mcd))),
    }
}

fn linear_denoiser() -> Method {
    Method {
        name: "linear-denoiser",
        title: "Linear denoiser",
        source: "the exact denoiser of one Gaussian in closed form; rows = \"l2\" for embeddings, \"standard\" for tables",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<analytic::LinearDenoiserConfig>(),
        settings: settings(&[&[NOISE]]),
        needs_libtorch: false,
        seconds: Some(1.0),
        build: Some(|config, _| make(config, analytic::LinearDenoiser::new)),
    }
}

fn wiener() -> Method {
    Method {
        name: "wiener",
        title: "Local Wiener denoiser",
        source: "this project: one denoising step in closed form around the nearest training rows; rows = \"l2\" for embeddings, \"standard\" for tables",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<analytic::WienerConfig>(),
        settings: settings(&[&[
            (
                "neighbours",
                "numbers K of nearest training rows whose mean a row is denoised towards",
            ),
            NOISE,
            (
                "local-weight",
                "weight of the comparison with training rows close by; 0 leaves it out",
            ),
            (
                "local-neighbours",
                "training rows close by that are compared with",
            ),
        ]]),
        needs_libtorch: false,
        seconds: Some(1.0),
        build: Some(|config, _| make(config, analytic::Wiener::new)),
    }
}

/// Of the methods that see rows in three views.
const VIEW_ROWS: Setting = (
    "view-rows",
    "training rows that the views are made of, drawn where there are more",
);

fn masked_wiener() -> Method {
    Method {
        name: "masked-wiener",
        title: "Masked Wiener denoiser",
        source: "this project: each column beside its prediction by the others, around the nearest training rows, in three views; for tables",
        takes: Takes::Rows(RowScaling::Raw, Numbers::File),
        defaults: defaults::<analytic::MaskedWienerConfig>(),
        settings: settings(&[&[
            (
                "neighbours",
                "numbers K of nearest training rows whose mean a row is compared with",
            ),
            NOISE,
            (
                "local-weight",
                "weight of the comparison with training rows close by; 0 leaves it out",
            ),
            (
                "local-neighbours",
                "training rows close by that are compared with",
            ),
            VIEW_ROWS,
        ]]),
        needs_libtorch: false,
        seconds: Some(6.0),
        build: Some(|config, _| make(config, analytic::MaskedWiener::new)),
    }
}

fn views_and_pairs() -> Method {
    Method {
        name: "views-and-pairs",
        title: "Views and pairs",
        source: "this project: the masked Wiener denoiser's views, and how rare single values and pairs of values are; for tables",
        takes: Takes::Rows(RowScaling::Raw, Numbers::File),
        defaults: defaults::<analytic::ViewsAndPairsConfig>(),
        settings: settings(&[&[
            (
                "weight",
                "of single values and pairs beside the views: a number, or repeats: min(1, 2r), r the mean share of repeated values of a column",
            ),
            VIEW_ROWS,
        ]]),
        needs_libtorch: false,
        seconds: Some(8.0),
        build: Some(|config, _| make(config, analytic::ViewsAndPairs::new)),
    }
}

fn norm() -> Method {
    Method {
        name: "norm",
        title: "squared norm",
        source: "the floor every table shows: ‖x‖² of the scaled row, nothing is learned",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<NoSettings>(),
        settings: settings(&[]),
        needs_libtorch: false,
        seconds: Some(0.05),
        build: Some(|config, _| make(config, |NoSettings {}| Ok(baselines::Norm))),
    }
}

fn non_parametric() -> Method {
    Method {
        name: "dte-np",
        title: "DTE-NP",
        source: "Livernoche et al. 2023 (arXiv 2305.18593): the most probable diffusion time given the nearest training rows",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<baselines::DteNonParametricConfig>(),
        settings: settings(&[&[
            ("steps", "diffusion steps T"),
            (
                "schedule",
                "β of each step: kind = linear with first and last, cosine, …",
            ),
            ("neighbours", "nearest training rows that are averaged"),
            (
                "score",
                "argmax: as published, whole numbers with many ties; posterior-mean or distance: the same order without them",
            ),
        ]]),
        needs_libtorch: false,
        seconds: Some(1.0),
        build: Some(|config, _| make(config, baselines::DteNonParametric::new)),
    }
}

/// A method without settings of its own.
#[derive(Default, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NoSettings {}
