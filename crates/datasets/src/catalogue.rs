use std::path::PathBuf;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::{Dataset, DatasetError, Pin, Roots, closest, fashion_mnist, hash, npz};

/// ADBench's files: folder, file, shape where published, SHA-256 where known, and the id that git
/// gives the file at [`ADBENCH_COMMIT`].
const ADBENCH: &str = include_str!("catalogue/adbench.csv");

/// The commit of Minqi824/ADBench that the catalogue describes.
pub const ADBENCH_COMMIT: &str = "3dac8221081e190f157d78e93bfa8867f90d0965";

/// All known data sets: ADBench's embeddings, ADBench's tables, Fashion-MNIST's pixels.
pub fn catalogue() -> &'static [Entry] {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        let adbench = ADBENCH.lines().skip(1).filter_map(Entry::adbench);
        adbench
            .chain((0..10).map(Entry::fashion_mnist_pixels))
            .collect()
    });
    &ENTRIES
}

/// The data set called `name`: a name or an alias.
///
/// # Errors
/// [`DatasetError::UnknownName`] with the most similar names.
///
/// # Example
/// ```
/// assert_eq!(datasets::find("cardio")?.name(), "6_cardio");
/// assert_eq!(datasets::find("MVTec-AD_tile@resnet18")?.name(), "MVTec-AD_tile");
/// # Ok::<(), datasets::DatasetError>(())
/// ```
pub fn find(name: &str) -> Result<&'static Entry, DatasetError> {
    let entries = catalogue();
    entries
        .iter()
        .find(|entry| entry.name == name)
        .or_else(|| {
            entries
                .iter()
                .find(|entry| entry.aliases.iter().any(|alias| alias == name))
        })
        .ok_or_else(|| {
            let names = entries.iter().flat_map(|entry| {
                let aliases = entry.aliases.iter().map(String::as_str);
                std::iter::once(entry.name.as_str()).chain(aliases)
            });
            DatasetError::UnknownName {
                name: name.to_owned(),
                closest: closest::to(name, names),
            }
        })
}

/// What the rows of a data set are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Representation {
    /// 512 features of an ImageNet ResNet-18 after its last pooling.
    ResNet18,
    /// 1000 outputs of an ImageNet vision transformer.
    Vit,
    /// The image itself.
    Pixels,
    /// The columns of a table.
    Table,
}

impl Representation {
    /// The word used in names: `NAME@vit`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResNet18 => "resnet18",
            Self::Vit => "vit",
            Self::Pixels => "pixels",
            Self::Table => "table",
        }
    }
}

/// One known data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    name: String,
    aliases: Vec<String>,
    family: &'static str,
    representation: Representation,
    shape: Option<(usize, usize)>,
    d: usize,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Adbench {
        folder: &'static str,
        file: &'static str,
        sha256: Option<&'static str>,
        git_blob: &'static str,
    },
    FashionMnistPixels {
        class: u8,
    },
}

impl Entry {
    /// A line of [`ADBENCH`]; `None` where it is not one, which a test excludes.
    fn adbench(line: &'static str) -> Option<Self> {
        let fields: Vec<&'static str> = line.split(',').collect();
        let [folder, file, n, d, anomalies, sha256, git_blob] = fields[..] else {
            return None;
        };
        let representation = match folder {
            "CV_by_ResNet18" => Representation::ResNet18,
            "CV_by_ViT" => Representation::Vit,
            "Classical" => Representation::Table,
            _ => return None,
        };
        let (name, alias, family) = match representation {
            Representation::Table => {
                let (_, without_number) = file.split_once('_')?;
                (file.to_owned(), without_number.to_owned(), "Classical")
            }
            Representation::Vit => {
                let name = format!("{file}@vit");
                (name, format!("CV_by_ViT/{file}"), family(file)?)
            }
            _ => {
                let alias = format!("{file}@{}", representation.as_str());
                (file.to_owned(), alias, family(file)?)
            }
        };
        Some(Self {
            name,
            aliases: vec![alias],
            family,
            representation,
            shape: n.parse().ok().zip(anomalies.parse().ok()),
            d: d.parse().ok()?,
            kind: Kind::Adbench {
                folder,
                file,
                sha256: Some(sha256).filter(|hash| !hash.is_empty()),
                git_blob,
            },
        })
    }

    fn fashion_mnist_pixels(class: u8) -> Self {
        Self {
            name: format!("FashionMNIST_{class}@pixels"),
            aliases: Vec::new(),
            family: "FashionMNIST",
            representation: Representation::Pixels,
            shape: Some((1053, 53)),
            d: 784,
            kind: Kind::FashionMnistPixels { class },
        }
    }

    /// The name: `NAME[@representation]`, without a representation for ResNet-18 embeddings and tables.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Other names that [`find`] takes: tables without their number, embeddings with `@resnet18`.
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// The sets that belong together: `CIFAR10`, `MVTec-AD`, `Classical`.
    pub fn family(&self) -> &'static str {
        self.family
    }

    /// What the rows are.
    pub fn representation(&self) -> Representation {
        self.representation
    }

    /// The number of rows; `None` where it was not published.
    pub fn n(&self) -> Option<usize> {
        self.shape.map(|(n, _)| n)
    }

    /// Values in a row, or in an image.
    pub fn d(&self) -> usize {
        self.d
    }

    /// The number of anomalies; `None` where it was not published.
    pub fn n_anomalies(&self) -> Option<usize> {
        self.shape.map(|(_, anomalies)| anomalies)
    }

    /// Where the data come from.
    pub fn source(&self) -> &'static str {
        match self.kind {
            Kind::Adbench { .. } => {
                "Minqi824/ADBench, Han et al., ADBench: Anomaly Detection Benchmark, NeurIPS 2022 (arXiv 2206.09426)"
            }
            Kind::FashionMnistPixels { .. } => {
                "Fashion-MNIST test set, Xiao, Rasul and Vollgraf 2017 (arXiv 1708.07747); class x normal, 53 rows of the other classes anomalous"
            }
        }
    }

    /// The terms of use.
    pub fn licence(&self) -> &'static str {
        match (&self.kind, self.family) {
            (Kind::FashionMnistPixels { .. }, _) => "MIT (Zalando SE)",
            (_, "MVTec-AD") => {
                "CC BY-NC-SA 4.0 (MVTec AD), not for commercial use; ADBench BSD-2-Clause"
            }
            (_, "FashionMNIST") => "MIT (Fashion-MNIST); ADBench BSD-2-Clause",
            _ => "ADBench BSD-2-Clause; the underlying data keep their own terms",
        }
    }

    /// The files, relative to a data root.
    pub fn files(&self) -> Vec<String> {
        match self.kind {
            Kind::Adbench { folder, file, .. } => vec![format!("adbench/{folder}/{file}.npz")],
            Kind::FashionMnistPixels { .. } => fashion_mnist::FILES
                .map(|(file, _)| format!("fashion-mnist/{file}"))
                .to_vec(),
        }
    }

    /// Where the [`files`](Self::files) can be downloaded, one address each.
    pub fn urls(&self) -> Vec<String> {
        match self.kind {
            Kind::Adbench { folder, file, .. } => vec![format!(
                "https://raw.githubusercontent.com/Minqi824/ADBench/{ADBENCH_COMMIT}/adbench/datasets/{folder}/{file}.npz"
            )],
            Kind::FashionMnistPixels { .. } => fashion_mnist::FILES
                .map(|(file, _)| {
                    format!("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/{file}")
                })
                .to_vec(),
        }
    }

    /// The known hash of each of the [`files`](Self::files).
    pub fn pins(&self) -> Vec<Pin> {
        match self.kind {
            Kind::Adbench {
                sha256: Some(hash), ..
            } => vec![Pin::Sha256(hash)],
            Kind::Adbench { git_blob, .. } => vec![Pin::GitBlob(git_blob)],
            Kind::FashionMnistPixels { .. } => fashion_mnist::FILES
                .map(|(_, hash)| Pin::Sha256(hash))
                .to_vec(),
        }
    }

    /// The paths of the [`files`](Self::files), in the first root that has them all.
    pub fn locate(&self, roots: &Roots) -> Option<Vec<PathBuf>> {
        roots.locate(&self.files())
    }

    /// Reads the data set.
    ///
    /// # Errors
    /// [`DatasetError::NotAtHand`] where no root has it, [`DatasetError::UnexpectedShape`] where a
    /// file whose hash is known has other numbers of rows, columns or anomalies than published, and
    /// the loaders' errors.
    pub fn load(&self, roots: &Roots) -> Result<Dataset, DatasetError> {
        let paths = self.located(roots)?;
        let set = match self.kind {
            Kind::Adbench { .. } => npz::load_named(&paths[0], &self.name)?,
            Kind::FashionMnistPixels { class } => fashion_mnist::load(&paths, class, &self.name)?,
        };
        // Shapes of files that we never held come from a table that rounds classes together.
        let verified = self.pins().iter().all(|pin| matches!(pin, Pin::Sha256(_)));
        let expected = self.shape.map(|(n, anomalies)| (n, self.d, anomalies));
        let found = (set.n(), set.d(), set.n_anomalies());
        match expected {
            Some(expected) if verified && expected != found => {
                let text = |(n, d, a)| format!("{n} rows of {d} values with {a} anomalies");
                Err(DatasetError::UnexpectedShape {
                    path: paths[0].clone(),
                    name: self.name.clone(),
                    found: text(found),
                    expected: text(expected),
                })
            }
            _ => Ok(set),
        }
    }

    /// The hash of the files at hand, as in [`Dataset::sha256`].
    ///
    /// # Errors
    /// [`DatasetError::NotAtHand`] or [`DatasetError::Io`].
    pub fn sha256(&self, roots: &Roots) -> Result<String, DatasetError> {
        hash::sha256_of_files(&self.located(roots)?)
    }

    /// Compares the files at hand with their known hashes.
    ///
    /// # Errors
    /// [`DatasetError::Hash`] where one differs, [`DatasetError::NotAtHand`] or [`DatasetError::Io`].
    pub fn verify(&self, roots: &Roots) -> Result<(), DatasetError> {
        let paths = self.located(roots)?;
        paths
            .iter()
            .zip(self.pins())
            .try_for_each(|(path, pin)| pin.verify(path))
    }

    fn located(&self, roots: &Roots) -> Result<Vec<PathBuf>, DatasetError> {
        self.locate(roots).ok_or_else(|| DatasetError::NotAtHand {
            name: self.name.clone(),
            files: self.files(),
            searched: roots
                .folders()
                .iter()
                .map(|folder| folder.display().to_string())
                .collect(),
        })
    }
}

/// The family of an embedding: its file's name up to the class.
fn family(file: &'static str) -> Option<&'static str> {
    ["CIFAR10", "FashionMNIST", "MNIST-C", "MVTec-AD", "SVHN"]
        .into_iter()
        .find(|family| {
            file.strip_prefix(family)
                .is_some_and(|rest| rest.starts_with('_'))
        })
}
