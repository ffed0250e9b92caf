use std::fmt;

use serde::{Deserialize, Serialize};

/// How a data set becomes training and test rows. A number without its protocol means nothing.
///
/// All draws are those of NumPy's legacy generator, so that the published splits come out row for
/// row. Scaling is a separate step, in front of each method: `standard` under all of
/// these, but `minmax` where ADBench's own numbers are to be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// The semi-supervised protocol of vicliv/DTE (`data_generator.py`), behind Table 1 of arXiv
    /// 2412.07539, to the letter.
    ///
    /// Below 1000 rows, 1000 are drawn with replacement; above 50,000, 50,000 without. Of the
    /// normals, in that order, the first half (rounded half to even) trains; the others and all
    /// anomalies test, normals first.
    ///
    /// The resampling comes before the split: below 1000 rows most normal test rows are exact copies
    /// of training rows. Use [`Semi`](Self::Semi) for anything but comparing with the paper.
    Paper,
    /// As [`Paper`](Self::Paper) without the resampling of small sets, so without its leak. Without
    /// more than 50,000 rows the seed changes nothing.
    Semi,
    /// As [`Semi`](Self::Semi), with a random half of the normals to train instead of the first half
    /// of the file, which in several tables is another population than the second.
    SemiRandom,
    /// The unsupervised setting of vicliv/DTE: resampled and capped as [`Paper`](Self::Paper); all
    /// rows test, and a bootstrap of them (as many rows, with replacement, anomalies among them)
    /// trains.
    ///
    /// DTE fits its scaler to all rows; here every scaler is fitted to the training rows.
    Unsup,
    /// ADBench's own: resampled below 1000, capped at 10,000 rows; 70 % train and 30 % test,
    /// stratified as scikit-learn's `train_test_split(stratify=y)`, anomalies in both.
    Adbench,
    /// The data's own division (an `.npz` with `X_train`, `X_test` and `y_test`): the normal rows of the training part
    /// train, all of the test part test. The seed changes nothing.
    Official,
    /// One class normal, all others anomalous, in the data's official division (MNIST, CIFAR-10,
    /// ImageFolder with `train` and `val`): the class's training images train, all test images test.
    /// The protocol of Ruff et al. 2018 (Deep SVDD). The seed changes nothing.
    OneClass,
    /// One class anomalous, all others normal, in the data's official division: the training images
    /// of the others train, all test images test. The seed changes nothing.
    LeaveOut,
    /// MVTec AD's own division (also VisA's): `train/good` trains, `test` tests. The seed changes
    /// nothing.
    Mvtec,
    /// As [`Mvtec`](Self::Mvtec), but every fifth image of `train/good`, by name, does not train and
    /// stands for `test/good` when testing, which is left out: where that was taken in another light
    /// (screw), a detector that sees the light is not wrong. The seed changes nothing.
    MvtecHeldout,
}

impl Protocol {
    /// All protocols.
    pub fn all() -> [Self; 10] {
        [
            Self::Paper,
            Self::Semi,
            Self::SemiRandom,
            Self::Unsup,
            Self::Adbench,
            Self::Official,
            Self::OneClass,
            Self::LeaveOut,
            Self::Mvtec,
            Self::MvtecHeldout,
        ]
    }

    /// The name used on the command line and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Semi => "semi",
            Self::SemiRandom => "semi-random",
            Self::Unsup => "unsup",
            Self::Adbench => "adbench",
            Self::Official => "official",
            Self::OneClass => "one-class",
            Self::LeaveOut => "leave-out",
            Self::Mvtec => "mvtec",
            Self::MvtecHeldout => "mvtec-heldout",
        }
    }

    /// Whether it follows an official division instead of making one.
    pub fn is_official(self) -> bool {
        matches!(
            self,
            Self::Official | Self::OneClass | Self::LeaveOut | Self::Mvtec | Self::MvtecHeldout
        )
    }

    /// The protocol whose division of the data it follows: its own, or that which it varies.
    pub(crate) fn division(self) -> Self {
        match self {
            Self::MvtecHeldout => Self::Mvtec,
            other => other,
        }
    }

    /// The data seed where none is given: the paper's 44 under [`Paper`](Self::Paper), else 0.
    pub fn default_seed(self) -> u64 {
        match self {
            Self::Paper => 44,
            _ => 0,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
