//! CIFAR-10 and CIFAR-100 (Krizhevsky 2009): the binary archives, and an `.npz` of CIFAR-10.

use std::io::Read;
use std::path::{Path, PathBuf};

use ndarray::Array4;

use crate::class_images::{ClassImages, Pictures};
use crate::{DatasetError, OfficialPart, input, npz};

const SIDE: usize = 32;
const PIXELS: usize = 3 * SIDE * SIDE;
/// Above the largest file of the archives, CIFAR-100's training part of 154 MB.
const MAX_BYTES: u64 = 1 << 28;

/// Which of the archives; CIFAR-100 by its 20 coarse classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cifar {
    Ten,
    Hundred,
}

impl Cifar {
    pub(crate) fn n_classes(self) -> usize {
        match self {
            Self::Ten => 10,
            Self::Hundred => 20,
        }
    }

    /// Bytes before the pixels: the class, or the coarse and the fine one.
    fn label_bytes(self) -> usize {
        match self {
            Self::Ten => 1,
            Self::Hundred => 2,
        }
    }

    /// The files of the official archive, the test part last.
    pub(crate) fn files(self) -> &'static [&'static str] {
        match self {
            Self::Ten => &[
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_3.bin",
                "data_batch_4.bin",
                "data_batch_5.bin",
                "test_batch.bin",
            ],
            Self::Hundred => &["train.bin", "test.bin"],
        }
    }

    /// The archive's files, in the order of [`files`](Self::files), or one `.npz` of `images`
    /// `[n, 32, 32, 3]`, `labels` `[n]` and `split` `[n]` (0 train, 1 test).
    pub(crate) fn read(self, paths: &[PathBuf]) -> Result<ClassImages, DatasetError> {
        match paths {
            [path] if path.extension().is_some_and(|ending| ending == "npz") => self.read_npz(path),
            _ => self.read_binary(paths),
        }
    }

    fn read_binary(self, paths: &[PathBuf]) -> Result<ClassImages, DatasetError> {
        let (mut pixels, mut classes, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for (i, path) in paths.iter().enumerate() {
            let mut bytes = Vec::new();
            let io = |source| DatasetError::Io {
                path: path.clone(),
                source,
            };
            // One byte more, to notice what is not a batch.
            let mut file = input::open(path)?.take(MAX_BYTES + 1);
            file.read_to_end(&mut bytes).map_err(io)?;
            let record = self.label_bytes() + PIXELS;
            let too_long = bytes.len() as u64 > MAX_BYTES;
            if bytes.is_empty() || too_long || !bytes.len().is_multiple_of(record) {
                return Err(DatasetError::Malformed {
                    path: path.clone(),
                    place: "the records".to_owned(),
                    found: match too_long {
                        true => format!("more than {MAX_BYTES} bytes"),
                        false => format!("{} bytes", bytes.len()),
                    },
                    expected: format!("records of {record} bytes"),
                });
            }
            for (row, record) in bytes.chunks_exact(record).enumerate() {
                classes.push(self.class(path, row, f64::from(record[0]))?);
                pixels.extend_from_slice(&record[self.label_bytes()..]);
            }
            let part = if i + 1 == paths.len() {
                OfficialPart::Test
            } else {
                OfficialPart::Train
            };
            parts.resize(classes.len(), part);
        }
        let shape = (classes.len(), 3, SIDE, SIDE);
        let images =
            Array4::from_shape_vec(shape, pixels).map_err(|_| DatasetError::TooLarge { shape })?;
        Ok(self.class_images(images, classes, parts))
    }

    fn read_npz(self, path: &Path) -> Result<ClassImages, DatasetError> {
        let [images, labels, split] = npz::read_bytes(path, ["images", "labels", "split"])?;
        let [n, SIDE, SIDE, 3] = images.shape[..] else {
            return Err(npz::wrong_shape(
                path,
                "images",
                &images.shape,
                "[n, 32, 32, 3]",
            ));
        };
        for (array, found) in [("labels", &labels), ("split", &split)] {
            if found.shape != [n] {
                return Err(npz::wrong_shape(
                    path,
                    array,
                    &found.shape,
                    &format!("[{n}]"),
                ));
            }
        }
        let shape = (n, SIDE, SIDE, 3);
        let images = Array4::from_shape_vec(shape, images.values)
            .map_err(|_| DatasetError::TooLarge { shape })?
            .permuted_axes([0, 3, 1, 2]);
        let images = images.as_standard_layout().into_owned();
        let classes = labels.values.iter().enumerate();
        let classes = classes.map(|(row, &label)| self.class(path, row, f64::from(label)));
        let classes = classes.collect::<Result<Vec<_>, _>>()?;
        let parts = split.values.iter().enumerate();
        let parts = parts.map(|(row, &part)| match part {
            0 => Ok(OfficialPart::Train),
            1 => Ok(OfficialPart::Test),
            _ => Err(DatasetError::Malformed {
                path: path.to_owned(),
                place: format!("the part of image {row}"),
                found: part.to_string(),
                expected: "0 (train) or 1 (test)".to_owned(),
            }),
        });
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(self.class_images(images, classes, parts))
    }

    fn class(self, path: &Path, row: usize, label: f64) -> Result<usize, DatasetError> {
        let class = label as usize;
        if class < self.n_classes() {
            return Ok(class);
        }
        Err(DatasetError::Malformed {
            path: path.to_owned(),
            place: format!("the label of image {row}"),
            found: label.to_string(),
            expected: format!("a class below {}", self.n_classes()),
        })
    }

    fn class_images(
        self,
        images: Array4<u8>,
        classes: Vec<usize>,
        parts: Vec<OfficialPart>,
    ) -> ClassImages {
        ClassImages {
            classes,
            n_classes: self.n_classes(),
            parts: Some(parts),
            pictures: Pictures::Loaded(images),
        }
    }
}
