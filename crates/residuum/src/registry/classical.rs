//! The classical methods.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meaning::settings;
use crate::method::{Method, Takes, defaults, make};
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

fn isolation_forest() -> Method {
    Method {
        name: "iforest",
        title: "Isolation Forest",
        source: "Liu, Ting, Zhou 2008; defaults of PyOD and of the original paper: 100 trees of 256 rows",
        takes: Takes::Rows(RowScaling::Standard, Numbers::File),
        defaults: defaults::<baselines::IsolationForestConfig>(),
        settings: settings::<baselines::IsolationForestConfig>(),
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
        settings: settings::<baselines::OneClassSvmConfig>(),
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
        settings: settings::<baselines::CopodConfig>(),
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
        settings: settings::<baselines::EcodConfig>(),
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
        settings: settings::<baselines::HbosConfig>(),
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
        settings: settings::<baselines::KnnConfig>(),
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
        settings: settings::<baselines::LofConfig>(),
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
        settings: settings::<baselines::FeatureBaggingConfig>(),
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
        settings: settings::<baselines::PcaConfig>(),
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
        settings: settings::<NoSettings>(),
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
        settings: settings::<analytic::LinearDenoiserConfig>(),
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
        settings: settings::<analytic::WienerConfig>(),
        needs_libtorch: false,
        seconds: Some(1.0),
        build: Some(|config, _| make(config, analytic::Wiener::new)),
    }
}

fn masked_wiener() -> Method {
    Method {
        name: "masked-wiener",
        title: "Masked Wiener denoiser",
        source: "this project: each column beside its prediction by the others, around the nearest training rows, in three views; for tables",
        takes: Takes::Rows(RowScaling::Raw, Numbers::File),
        defaults: defaults::<analytic::MaskedWienerConfig>(),
        settings: settings::<analytic::MaskedWienerConfig>(),
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
        settings: settings::<analytic::ViewsAndPairsConfig>(),
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
        settings: settings::<NoSettings>(),
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
        settings: settings::<baselines::DteNonParametricConfig>(),
        needs_libtorch: false,
        seconds: Some(1.0),
        build: Some(|config, _| make(config, baselines::DteNonParametric::new)),
    }
}

/// A method without settings of its own.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoSettings {}
