//! Photographs of products with and without defects: MVTec AD and VisA.

use std::path::Path;

use super::facts::{Facts, Place, Representation};
use crate::{Dataset, DatasetError, Loading, folders};

/// One category, looked for as a folder in MVTec AD's layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DefectSet {
    MvtecAd(&'static str),
    Visa(&'static str),
}

/// Categories with images and defective images as published (Bergmann et al. 2021, table 1).
const MVTEC_AD: [(&str, usize, usize); 15] = [
    ("bottle", 292, 63),
    ("cable", 374, 92),
    ("capsule", 351, 109),
    ("carpet", 397, 89),
    ("grid", 342, 57),
    ("hazelnut", 501, 70),
    ("leather", 369, 92),
    ("metal_nut", 335, 93),
    ("pill", 434, 141),
    ("screw", 480, 119),
    ("tile", 347, 84),
    ("toothbrush", 102, 30),
    ("transistor", 313, 40),
    ("wood", 326, 60),
    ("zipper", 391, 119),
];

const VISA: [&str; 12] = [
    "candle",
    "capsules",
    "cashew",
    "chewinggum",
    "fryum",
    "macaroni1",
    "macaroni2",
    "pcb1",
    "pcb2",
    "pcb3",
    "pcb4",
    "pipe_fryum",
];

pub(super) fn entries() -> impl Iterator<Item = (Facts, DefectSet)> {
    let mvtec = MVTEC_AD
        .into_iter()
        .map(|(category, n, anomalies)| (DefectSet::MvtecAd(category), Some((n, anomalies))));
    let visa = VISA
        .into_iter()
        .map(|category| (DefectSet::Visa(category), None));
    mvtec
        .chain(visa)
        .map(|(set, shape)| (set.facts(shape), set))
}

impl DefectSet {
    fn facts(self, shape: Option<(usize, usize)>) -> Facts {
        let (family, category) = match self {
            Self::MvtecAd(category) => ("MVTec-AD", category),
            Self::Visa(category) => ("VisA", category),
        };
        Facts {
            name: format!("{family}_{category}@pixels"),
            aliases: Vec::new(),
            family,
            representation: Representation::Pixels,
            shape,
            d: None,
        }
    }

    pub(super) fn source(self) -> &'static str {
        match self {
            Self::MvtecAd(_) => {
                "MVTec AD, Bergmann et al., CVPR 2019: https://www.mvtec.com/company/research/datasets/mvtec-ad"
            }
            Self::Visa(_) => {
                "VisA, Zou et al., ECCV 2022, one-class layout: https://github.com/amazon-science/spot-diff"
            }
        }
    }

    pub(super) fn licence(self) -> &'static str {
        match self {
            Self::MvtecAd(_) => "CC BY-NC-SA 4.0, not for commercial use",
            Self::Visa(_) => "CC BY 4.0",
        }
    }

    pub(super) fn places(self) -> Vec<Place> {
        let (category, parents): (_, &[&str]) = match self {
            Self::MvtecAd(category) => (
                category,
                &["mvtec256", "mvtec_anomaly_detection", "mvtec", "MVTecAD"],
            ),
            Self::Visa(category) => (
                category,
                &[
                    "visa",
                    "VisA_pytorch/1cls",
                    "visa/1cls",
                    "visa/visa_pytorch",
                ],
            ),
        };
        let place = |parent: &&str| Place {
            files: vec![format!("{parent}/{category}")],
            ..Place::default()
        };
        parents.iter().map(place).collect()
    }

    pub(super) fn load(
        self,
        folder: &Path,
        name: &str,
        loading: &Loading,
    ) -> Result<Dataset, DatasetError> {
        folders::load_mvtec(folder, name, loading)
    }
}
