//! MNIST-C, and the same done to Fashion-MNIST.

use std::path::PathBuf;

use super::class_sets::ClassSet;
use super::facts::{Facts, Place, Representation};
use crate::{Corruption, Dataset, DatasetError, Loading, corrupted};

/// The test images of a set with one corruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CorruptedSet {
    images: ClassSet,
    corruption: Corruption,
}

pub(super) fn entries() -> impl Iterator<Item = (Facts, CorruptedSet)> {
    let sets = [
        ("MNIST-C", ClassSet::Mnist),
        ("FashionMNIST-C", ClassSet::FashionMnist),
    ];
    sets.into_iter().flat_map(|(family, images)| {
        Corruption::all().into_iter().map(move |corruption| {
            let facts = Facts {
                name: format!("{family}_{corruption}@pixels"),
                aliases: Vec::new(),
                family,
                representation: Representation::Pixels,
                shape: Some((10_000, 500)),
                d: Some(784),
            };
            (facts, CorruptedSet { images, corruption })
        })
    })
}

impl CorruptedSet {
    pub(super) fn source(self) -> &'static str {
        match self.images {
            ClassSet::Mnist => {
                "MNIST test set, corrupted as MNIST-C, Mu and Gilmer 2019 (arXiv 1906.02337)"
            }
            _ => {
                "Fashion-MNIST test set, corrupted as MNIST-C, Mu and Gilmer 2019 (arXiv 1906.02337)"
            }
        }
    }

    pub(super) fn licence(self) -> &'static str {
        self.images.licence()
    }

    pub(super) fn places(self) -> Vec<Place> {
        self.images.places()
    }

    pub(super) fn load(
        self,
        paths: &[PathBuf],
        name: &str,
        loading: &Loading,
    ) -> Result<Dataset, DatasetError> {
        corrupted::load(paths, self.corruption, name, loading)
    }
}
