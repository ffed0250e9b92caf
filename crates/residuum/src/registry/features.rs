//! Methods on patches of pretrained feature maps.

use detector::DetectorError;

use super::diffusion::{TRAIN, torch};
use super::{AS_IMAGES, Method, Settings, defaults, make};
use crate::Runtime;

pub(super) const PADIM: Method = Method {
    name: "padim",
    title: "PaDiM (Lite0)",
    source: "Defard et al. 2021 (arXiv 2011.08785) on EfficientNet-Lite0: a Gaussian of patches at each place",
    rows: AS_IMAGES,
    defaults: defaults::<patches::PadimConfig>,
    settings: &[PATCHES, SHRINKAGE],
    build: |config, runtime| {
        make(config, |config| {
            patches::Padim::new(config, over(runtime)).map_err(DetectorError::from)
        })
    },
};

pub(super) const PATCH_KNN: Method = Method {
    name: "patch-knn",
    title: "patch memory (Lite0)",
    source: "Roth et al. 2022 (PatchCore, arXiv 2106.08265) on EfficientNet-Lite0: distance to the nearest remembered patch",
    rows: AS_IMAGES,
    defaults: defaults::<patches::PatchKnnConfig>,
    settings: &[
        PATCHES,
        &[
            ("share", "share of the training patches that is remembered"),
            ("subset", "which: random, or coreset (greedy, slow)"),
        ],
    ],
    build: |config, runtime| {
        make(config, |config| {
            patches::PatchKnn::new(config, over(runtime)).map_err(DetectorError::from)
        })
    },
};

pub(super) const PATCH_DDPM: Method = Method {
    name: "patch-ddpm",
    title: "DDPM on patches (Lite0)",
    source: "ours: diffusion on single patches of EfficientNet-Lite0 whose place is known, white at each place (position, PaDiM untrained) or together (pca)",
    rows: AS_IMAGES,
    defaults: defaults::<patches::PatchDdpmConfig>,
    settings: &[
        PATCHES,
        SHRINKAGE,
        TRAIN,
        &[
            (
                "whitening",
                "of the patches: pca (all together) or position (each place by its own Gaussian)",
            ),
            ("steps", "diffusion steps T"),
            (
                "schedule",
                "β of each step: kind = cosine, linear with first and last, …",
            ),
            (
                "places",
                "places of an image in an optimiser step; they share a noise level",
            ),
            ("network.width", "width between the blocks"),
            ("network.hidden", "width inside a block"),
            ("network.depth", "blocks"),
            (
                "score.levels",
                "noise levels, from 0 below T, at which the network is asked",
            ),
            (
                "score.draws",
                "noise vectors, half of them the negatives of the others",
            ),
        ],
    ],
    build: |config, runtime| {
        make(config, |config| {
            patches::PatchDdpm::new(config, over(runtime)).map_err(DetectorError::from)
        })
    },
};

const PATCHES: Settings = &[
    (
        "patches.blocks",
        "blocks of EfficientNet-Lite0, 0 to 15, whose outputs make a patch",
    ),
    ("patches.grid", "patches along each side of an image"),
    ("patches.components", "principal components of a patch"),
    (
        "patches.sample",
        "training patches that the components are found on",
    ),
    (
        "map.smoothing",
        "standard deviation in pixels of the Gaussian over a map",
    ),
];
const SHRINKAGE: Settings = &[(
    "shrinkage",
    "share of the covariance of all patches in that of a place",
)];

fn over(runtime: &Runtime) -> patches::PatchRuntime {
    patches::PatchRuntime {
        training: torch(runtime),
        weights: crate::embedding::weights_folder(),
    }
}
