//! Images of classes: `MNIST_3@pixels` makes class 3 of MNIST stand out.

use std::path::{Path, PathBuf};

use super::facts::{Facts, Place, Representation};
use crate::cifar::Cifar;
use crate::class_images::{ClassImages, Others, anomalies_beside};
use crate::hash::Watched;
use crate::{Dataset, DatasetError, Loading, Pin, folders, mnist, svhn};

/// Images of classes that a data root may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClassSet {
    FashionMnist,
    Mnist,
    Cifar10,
    Cifar100,
    Svhn,
    Imagenette,
}

const ALL: [ClassSet; 6] = [
    ClassSet::FashionMnist,
    ClassSet::Mnist,
    ClassSet::Cifar10,
    ClassSet::Cifar100,
    ClassSet::Svhn,
    ClassSet::Imagenette,
];

/// Test images of every class, as published.
const MNIST_TEST: [usize; 10] = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
const SVHN_TEST: [usize; 10] = [1744, 5099, 4149, 2882, 2523, 2384, 1977, 2019, 1660, 1595];

/// Images and labels of the test part, with their SHA-256.
const FASHION_FILES: [(&str, &str); 2] = [
    (
        "t10k-images-idx3-ubyte.gz",
        "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
    ),
];
const MNIST_FILES: [(&str, &str); 2] = [
    (
        "t10k-images-idx3-ubyte.gz",
        "fa1df4cb74e6e16586f395ed87c5759f799135c5fd1515996bc02340fba92f5f",
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        "604e4e0dcbdf2b978afd53c607ab784f8c99e680fd61d7983bc70839ed6528bb",
    ),
];

/// The 13,000 images of CIFAR-10 that stand in for the archive where it is absent.
const CIFAR10_NPZ: &str = "f2d2b9d3dc892f92bdcabde38b6b939150851585b1a8bd799ab8c2e8c34dcc55";

/// The class that stands out, with its set.
pub(super) fn entries() -> impl Iterator<Item = (Facts, ClassSet, usize)> {
    ALL.into_iter()
        .flat_map(|set| (0..set.n_classes()).map(move |class| (set.facts(class), set, class)))
}

impl ClassSet {
    fn facts(self, class: usize) -> Facts {
        Facts {
            name: format!("{}_{class}@pixels", self.family()),
            aliases: Vec::new(),
            family: self.family(),
            representation: Representation::Pixels,
            shape: self.n_normal(class).map(|normals| {
                let anomalies = anomalies_beside(normals);
                (normals + anomalies, anomalies)
            }),
            d: self
                .channels()
                .zip(self.side())
                .map(|(c, side)| c * side * side),
        }
    }

    fn family(self) -> &'static str {
        match self {
            Self::FashionMnist => "FashionMNIST",
            Self::Mnist => "MNIST",
            Self::Cifar10 => "CIFAR10",
            Self::Cifar100 => "CIFAR100",
            Self::Svhn => "SVHN",
            Self::Imagenette => "Imagenette",
        }
    }

    fn n_classes(self) -> usize {
        match self {
            Self::Cifar100 => Cifar::Hundred.n_classes(),
            _ => 10,
        }
    }

    /// Images of the class in the test part, where that alone is read.
    fn n_normal(self, class: usize) -> Option<usize> {
        match self {
            Self::FashionMnist => Some(1000),
            Self::Mnist => MNIST_TEST.get(class).copied(),
            Self::Svhn => SVHN_TEST.get(class).copied(),
            Self::Cifar10 | Self::Cifar100 | Self::Imagenette => None,
        }
    }

    /// 1 or 3; `None` where the files decide.
    pub(super) fn channels(self) -> Option<usize> {
        match self {
            Self::FashionMnist | Self::Mnist => Some(1),
            Self::Cifar10 | Self::Cifar100 | Self::Svhn => Some(3),
            Self::Imagenette => None,
        }
    }

    fn side(self) -> Option<usize> {
        match self {
            Self::FashionMnist | Self::Mnist => Some(28),
            Self::Cifar10 | Self::Cifar100 | Self::Svhn => Some(32),
            Self::Imagenette => None,
        }
    }

    pub(super) fn source(self) -> &'static str {
        match self {
            Self::FashionMnist => {
                "Fashion-MNIST test set, Xiao, Rasul and Vollgraf 2017 (arXiv 1708.07747)"
            }
            Self::Mnist => "MNIST test set, LeCun, Cortes and Burges 1998",
            Self::Cifar10 => {
                "CIFAR-10, Krizhevsky 2009: the binary archive, or an .npz of images, labels, split"
            }
            Self::Cifar100 => {
                "CIFAR-100 by its 20 coarse classes, Krizhevsky 2009: the binary archive"
            }
            Self::Svhn => "SVHN test set, cropped digits, Netzer et al. 2011",
            Self::Imagenette => {
                "Imagenette, Howard 2019 (fastai/imagenette), train and val: 10 classes of ImageNet by the order of their WordNet ids"
            }
        }
    }

    pub(super) fn licence(self) -> &'static str {
        match self {
            Self::FashionMnist => "MIT (Zalando SE)",
            Self::Mnist => "CC BY-SA 3.0",
            Self::Cifar10 | Self::Cifar100 => "none stated; cite the report",
            Self::Svhn => "for non-commercial use only",
            Self::Imagenette => {
                "Apache-2.0 (the selection); the images are ImageNet's, for non-commercial research"
            }
        }
    }

    pub(super) fn places(self) -> Vec<Place> {
        match self {
            Self::FashionMnist => idx_places(
                "fashion-mnist",
                "FashionMNIST",
                FASHION_FILES,
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
            ),
            Self::Mnist => idx_places(
                "mnist",
                "MNIST",
                MNIST_FILES,
                "https://ossci-datasets.s3.amazonaws.com/mnist",
            ),
            Self::Cifar10 => {
                let mut places = cifar_places(Cifar::Ten, "cifar10", "cifar-10-batches-bin");
                places.push(Place {
                    files: vec!["cifar10/cifar10_13k.npz".to_owned()],
                    pins: vec![Pin::Sha256(CIFAR10_NPZ)],
                    urls: Vec::new(),
                });
                places
            }
            Self::Cifar100 => cifar_places(Cifar::Hundred, "cifar100", "cifar-100-binary"),
            Self::Svhn => ["svhn", "SVHN", "."]
                .map(|folder| unpinned(format!("{folder}/test_32x32.mat")))
                .to_vec(),
            Self::Imagenette => [
                "imagenette224",
                "imagenette2",
                "imagenette2-320",
                "imagenette2-160",
            ]
            .map(|folder| unpinned(folder.to_owned()))
            .to_vec(),
        }
    }

    pub(super) fn load(
        self,
        paths: &[PathBuf],
        class: usize,
        name: &str,
        loading: &Loading,
    ) -> Result<Dataset, DatasetError> {
        let divided = loading.protocol.is_official();
        let need = |training: &[PathBuf]| {
            let absent = divided && !training.iter().all(|path| path.is_file());
            not_at_hand(absent, name, training)
        };
        let watched = Watched::of(paths)?;
        let images: ClassImages = match self {
            Self::FashionMnist | Self::Mnist => {
                need(&mnist::training_files(paths))?;
                mnist::read(paths, divided)?
            }
            Self::Cifar10 => Cifar::Ten.read(paths)?,
            Self::Cifar100 => Cifar::Hundred.read(paths)?,
            Self::Svhn => {
                need(&[svhn::training_file(&paths[0])])?;
                svhn::read(&paths[0], divided)?
            }
            Self::Imagenette => {
                return folders::load_known_classes(&paths[0], class, name, loading);
            }
        };
        images.one_against_others(
            class,
            Others::FivePercent,
            name,
            &paths[0].display().to_string(),
            &watched,
            loading,
        )
    }
}

fn not_at_hand(absent: bool, name: &str, files: &[PathBuf]) -> Result<(), DatasetError> {
    if !absent {
        return Ok(());
    }
    let folder = files[0].parent().unwrap_or(Path::new(""));
    Err(DatasetError::NotAtHand {
        name: format!("the training part of {name}"),
        files: files
            .iter()
            .filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()))
            .collect(),
        searched: vec![folder.display().to_string()],
        fetchable: false,
        instead: None,
    })
}

fn unpinned(file: String) -> Place {
    Place {
        files: vec![file],
        ..Place::default()
    }
}

/// Gzipped as published; then, of the same files, every mixture of gzipped and unpacked under the names that archives
/// and torchvision give them.
fn idx_places(
    folder: &str,
    torchvision: &str,
    files: [(&'static str, &'static str); 2],
    url: &str,
) -> Vec<Place> {
    let mut places = vec![Place {
        files: files.map(|(file, _)| format!("{folder}/{file}")).to_vec(),
        pins: files.map(|(_, hash)| Pin::Sha256(hash)).to_vec(),
        urls: files.map(|(file, _)| format!("{url}/{file}")).to_vec(),
    }];
    let [images, labels] = files.map(|(file, _)| mnist::names(file));
    for folder in [
        folder.to_owned(),
        format!("{torchvision}/raw"),
        torchvision.to_owned(),
    ] {
        for images in &images {
            for labels in &labels {
                let files = vec![format!("{folder}/{images}"), format!("{folder}/{labels}")];
                if files != places[0].files {
                    places.push(Place {
                        files,
                        ..Place::default()
                    });
                }
            }
        }
    }
    places
}

fn cifar_places(cifar: Cifar, folder: &str, archive: &str) -> Vec<Place> {
    [
        format!("{folder}/{archive}"),
        archive.to_owned(),
        folder.to_owned(),
    ]
    .map(|folder| Place {
        files: cifar
            .files()
            .iter()
            .map(|file| format!("{folder}/{file}"))
            .collect(),
        ..Place::default()
    })
    .to_vec()
}
