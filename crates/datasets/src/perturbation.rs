mod check;
mod contamination;

use detector::Number;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use self::check::check;
use self::contamination::contaminate;
use crate::{Data, DatasetError, Split};

/// What is done to the rows of a split before a method sees them, to learn how much it suffers. Labels
/// stay as they are. After the corruptions of ADBench (Han et al. 2022, arXiv:2206.09426, section 3.3.3);
/// where ours differ is said with each, and noise on the features is ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Perturbation {
    /// Gaussian noise on every number: `"feature-noise"`.
    FeatureNoise {
        /// Its standard deviation, in those of each column over the training rows; a column that is
        /// constant there gets none.
        sd: f64,
        /// Which rows.
        rows: NoisyRows,
    },
    /// New columns of uniform noise in training and test rows, behind the others, each between the
    /// least and the largest training value of an old column drawn for it: `"irrelevant-features"`.
    /// ADBench takes the range over all rows, and shuffles the columns.
    IrrelevantFeatures {
        /// Their share of all columns, 0 to 0.9; rounded down.
        share: f64,
    },
    /// Anomalies among the training rows: `"contamination"`. Half of the test's anomalies are set aside
    /// by the seed and no longer tested, whatever the share, so that all shares are judged by the same
    /// rows; some of them join the training rows. ADBench flips labels and duplicates anomalies before
    /// it splits, so that copies of a row stand on both sides; here they never do, and a split that draws a
    /// row more than once is refused.
    Contamination {
        /// Share of different anomalies among the different training rows, 0 to 0.5.
        share: f64,
        /// How often each of them stands among the training rows, 1 to 1000.
        copies: usize,
    },
}

/// Which rows of a split are disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoisyRows {
    /// The training rows.
    Train,
    /// The test rows.
    Test,
    /// Both.
    Both,
}

impl Perturbation {
    /// Disturbs `split` in place. The same seed does the same, to different shares and strengths as far
    /// as they have draws in common.
    ///
    /// # Errors
    /// [`DatasetError::Perturbation`] for a setting out of range, for images where rows are needed, and
    /// for a share that the anomalies set aside are too few for.
    pub fn apply(&self, split: &mut Split, seed: u64) -> Result<(), DatasetError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        match *self {
            Self::FeatureNoise { sd, rows } => {
                check("sd", sd, (0.0..=1e6).contains(&sd), "0 to 1000000")?;
                match rows_of(split)? {
                    Parts::F32(train, test) => noisy(train, test, sd, rows, &mut rng),
                    Parts::F64(train, test) => noisy(train, test, sd, rows, &mut rng),
                }
                Ok(())
            }
            Self::IrrelevantFeatures { share } => {
                check("share", share, (0.0..=0.9).contains(&share), "0 to 0.9")?;
                match rows_of(split)? {
                    Parts::F32(train, test) => add_irrelevant(train, test, share, &mut rng),
                    Parts::F64(train, test) => add_irrelevant(train, test, share, &mut rng),
                }
                Ok(())
            }
            Self::Contamination { share, copies } => contaminate(split, share, copies, &mut rng),
        }
    }
}

/// How many columns besides `d` have the share `share` of all, rounded down; a whole number is not lost to
/// the last bit.
fn n_irrelevant(share: f64, d: usize) -> usize {
    (share / (1.0 - share) * d as f64 + 1e-9) as usize
}

/// The standard deviation of every column (divisor n), 0 where it is constant.
pub fn column_spreads<T: Number>(x: ArrayView2<'_, T>) -> Vec<f64> {
    let n = x.nrows() as f64;
    let spread = |column: ArrayView1<'_, T>| {
        let first = column.first().copied();
        if column.iter().all(|&v| Some(v) == first) {
            return 0.0; // not left to rounding
        }
        let mean = column.iter().map(|v| v.wide()).sum::<f64>() / n;
        let squares = column.iter().map(|v| (v.wide() - mean).powi(2));
        (squares.sum::<f64>() / n).sqrt()
    };
    x.axis_iter(Axis(1)).map(spread).collect()
}

fn noisy<T: Number>(
    train: &mut Array2<T>,
    test: &mut Array2<T>,
    sd: f64,
    rows: NoisyRows,
    rng: &mut ChaCha8Rng,
) {
    let spreads = column_spreads(train.view());
    let noisy = |wanted| rows == NoisyRows::Both || rows == wanted;
    for (x, wanted) in [(train, NoisyRows::Train), (test, NoisyRows::Test)] {
        if noisy(wanted) {
            add_noise(x, &spreads, sd, rng);
        }
    }
}

fn add_noise<T: Number>(x: &mut Array2<T>, spreads: &[f64], sd: f64, rng: &mut ChaCha8Rng) {
    for mut row in x.rows_mut() {
        for (v, spread) in row.iter_mut().zip(spreads) {
            let z: f64 = StandardNormal.sample(rng); // drawn for constant columns too: one z a number
            *v += T::nearest(sd * spread * z);
        }
    }
}

fn add_irrelevant<T: Number>(
    train: &mut Array2<T>,
    test: &mut Array2<T>,
    share: f64,
    rng: &mut ChaCha8Rng,
) {
    let new = n_irrelevant(share, train.ncols());
    let columns = (0..new).map(|_| rng.random_range(0..train.ncols()));
    let ranges: Vec<[T; 2]> = columns.map(|j| range(train, j)).collect();
    for x in [train, test] {
        let noise = uniform(x.nrows(), &ranges, rng);
        *x = beside(x, &noise);
    }
}

/// The least and the largest value of column `j`.
fn range<T: Number>(x: &Array2<T>, j: usize) -> [T; 2] {
    x.column(j)
        .iter()
        .fold([T::infinity(), T::neg_infinity()], |[low, high], &v| {
            [low.min(v), high.max(v)]
        })
}

/// One draw of 32 bits for each number, whatever the type: rows of either type get the same noise.
fn uniform<T: Number>(n: usize, ranges: &[[T; 2]], rng: &mut ChaCha8Rng) -> Array2<T> {
    Array2::from_shape_fn((n, ranges.len()), |(_, j)| {
        let [low, high] = ranges[j];
        low + (high - low) * <T as From<f32>>::from(rng.random::<f32>())
    })
}

fn beside<T: Number>(x: &Array2<T>, columns: &Array2<T>) -> Array2<T> {
    let d = x.ncols();
    Array2::from_shape_fn((x.nrows(), d + columns.ncols()), |(i, j)| {
        if j < d {
            x[[i, j]]
        } else {
            columns[[i, j - d]]
        }
    })
}

/// Training and test rows of one type.
enum Parts<'a> {
    F32(&'a mut Array2<f32>, &'a mut Array2<f32>),
    F64(&'a mut Array2<f64>, &'a mut Array2<f64>),
}

fn rows_of(split: &mut Split) -> Result<Parts<'_>, DatasetError> {
    match (&mut split.train, &mut split.test) {
        (Data::Rows(train), Data::Rows(test)) => Ok(Parts::F32(train, test)),
        (Data::Rows64(train), Data::Rows64(test)) => Ok(Parts::F64(train, test)),
        _ => Err(DatasetError::Perturbation {
            setting: "the data",
            value: "images".to_owned(),
            expected: "rows of numbers".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Label;
    use crate::{Dataset, Protocol};

    /// `n` rows of 3 numbers, the last column constant in training; every third row is an anomaly.
    fn split(n: usize) -> Split {
        let labels = (0..n).map(|i| match i % 3 {
            2 => Label::Anomaly,
            _ => Label::Normal,
        });
        let x = Array2::from_shape_fn((n, 3), |(i, j)| match j {
            2 => 4.0,
            _ => ((i * 7 + j * 3) % 11) as f32 * 0.5,
        });
        let set = Dataset::new("made-up", Data::Rows(x), labels.collect()).unwrap();
        Protocol::Semi.split(&set, 0).unwrap()
    }

    fn rows(data: &Data) -> &Array2<f32> {
        match data {
            Data::Rows(x) => x,
            _ => unreachable!(),
        }
    }

    fn applied(text: &str, n: usize, seed: u64) -> Split {
        let mut split = split(n);
        perturbation(text).apply(&mut split, seed).unwrap();
        split
    }

    fn perturbation(text: &str) -> Perturbation {
        toml::from_str(text).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn noise_is_seeded_and_touches_only_what_it_should(n in 12usize..80, seed in 0u64..1000) {
            let before = split(n);
            for (part, train_stays, test_stays) in
                [("train", false, true), ("test", true, false), ("both", false, false)]
            {
                let text = format!("kind = 'feature-noise'\nsd = 0.5\nrows = '{part}'");
                let after = applied(&text, n, seed);
                prop_assert_eq!(&after, &applied(&text, n, seed));
                prop_assert_ne!(&after, &applied(&text, n, seed + 1));
                prop_assert_eq!(after.train == before.train, train_stays);
                prop_assert_eq!(after.test == before.test, test_stays);
                prop_assert_eq!(&after.test_labels, &before.test_labels);
                prop_assert_eq!(&after.test_rows, &before.test_rows);
                // What is constant in training stays.
                let constant = rows(&after.test).column(2).iter().all(|&v| v == 4.0);
                prop_assert!(constant);
            }
            let none = applied("kind = 'feature-noise'\nsd = 0.0\nrows = 'both'", n, seed);
            prop_assert_eq!(none, before);
        }

        #[test]
        fn contaminated_rows_leave_the_test(
            n in 30usize..120, seed in 0u64..1000, share in 0.0..0.2f64, copies in 1usize..5,
        ) {
            let before = split(n);
            let text = |share: f64| {
                format!("kind = 'contamination'\nshare = {share:?}\ncopies = {copies}")
            };
            let after = applied(&text(share), n, seed);
            let clean = applied(&text(0.0), n, seed);
            prop_assert_eq!(&after, &applied(&text(share), n, seed));
            // The same rows judge every share, and no normal row goes.
            prop_assert_eq!(&after.test_rows, &clean.test_rows);
            prop_assert_eq!(&clean.train, &before.train);
            let anomalies = before.n_anomalies();
            prop_assert_eq!(after.n_anomalies(), anomalies - anomalies / 2);
            let left = before.test_labels.len() - anomalies / 2;
            prop_assert_eq!(after.test_labels.len(), left);
            // What joined is anomalous, stands `copies` times and is tested no more.
            let joined = &after.train_rows[before.train_rows.len()..];
            let mut different = joined.to_vec();
            different.sort_unstable();
            different.dedup();
            prop_assert_eq!(joined.len(), copies * different.len());
            let expected = (share / (1.0 - share) * before.train_rows.len() as f64).round();
            prop_assert_eq!(different.len(), expected as usize);
            prop_assert!(different.iter().all(|row| row % 3 == 2));
            prop_assert!(different.iter().all(|row| !after.test_rows.contains(row)));
            prop_assert_eq!(rows(&after.train).nrows(), after.train_rows.len());
        }

        #[test]
        fn irrelevant_features_stand_behind_the_old_ones(
            n in 12usize..80, seed in 0u64..1000, share in 0.0..0.9f64,
        ) {
            let before = split(n);
            let text = format!("kind = 'irrelevant-features'\nshare = {share:?}");
            let after = applied(&text, n, seed);
            prop_assert_eq!(&after, &applied(&text, n, seed));
            prop_assert_eq!(&after.test_labels, &before.test_labels);
            let (train, test) = (rows(&after.train), rows(&after.test));
            let new = n_irrelevant(share, 3);
            prop_assert_eq!(train.ncols(), 3 + new);
            prop_assert_eq!(test.ncols(), 3 + new);
            let (old, _) = train.view().split_at(Axis(1), 3);
            prop_assert_eq!(old, rows(&before.train).view());
            let (old, new) = test.view().split_at(Axis(1), 3);
            prop_assert_eq!(old, rows(&before.test).view());
            let inside = |v: &f32| (0.0..=5.0).contains(v);
            prop_assert!(new.iter().all(inside));
        }
    }

    #[test]
    fn a_share_of_all_columns_is_counted_right() {
        let counts = [
            (0.0, 5, 0),
            (0.5, 3, 3),
            (0.6, 2, 3),
            (0.9, 10, 90),
            (0.3, 3, 1),
        ];
        for (share, d, expected) in counts {
            assert_eq!(n_irrelevant(share, d), expected, "{share} of {d}");
        }
    }

    #[test]
    fn noise_has_the_spread_asked_for() {
        let (before, after) = (
            split(9000),
            applied("kind = 'feature-noise'\nsd = 0.5\nrows = 'test'", 9000, 1),
        );
        let spread = column_spreads(rows(&before.train).view())[0];
        let noise = rows(&after.test) - rows(&before.test);
        let found = column_spreads(noise.view())[0];
        // 6000 draws: the standard error of a standard deviation is 0.9 % of it.
        assert!((found / spread - 0.5).abs() < 0.02, "{found} of {spread}");
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        for (text, message) in [
            (
                "kind = 'feature-noise'\nsd = -1.0\nrows = 'test'",
                "sd of a perturbation: found -1, expected 0 to 1000000",
            ),
            (
                "kind = 'feature-noise'\nsd = nan\nrows = 'test'",
                "sd of a perturbation: found NaN, expected 0 to 1000000",
            ),
            (
                "kind = 'irrelevant-features'\nshare = 1.0",
                "share of a perturbation: found 1, expected 0 to 0.9",
            ),
            (
                "kind = 'contamination'\nshare = 0.1\ncopies = 0",
                "copies of a perturbation: found 0, expected 1 to 1000",
            ),
            (
                "kind = 'contamination'\nshare = 0.5\ncopies = 1",
                "share of a perturbation: found 0.5, which takes 10 anomalies, expected what the 5 set \
                 aside suffice for",
            ),
        ] {
            let error = perturbation(text).apply(&mut split(30), 0).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert_eq!(error.kind(), crate::ErrorKind::Usage);
        }
        for text in ["kind = 'noise'", "kind = 'contamination'\nshare = 0.1"] {
            assert!(toml::from_str::<Perturbation>(text).is_err(), "{text}");
        }
        let mut images = split(30);
        images.test = Data::Images(ndarray::Array4::zeros((20, 1, 2, 2)));
        let noise = perturbation("kind = 'feature-noise'\nsd = 1.0\nrows = 'train'");
        assert_eq!(
            noise.apply(&mut images, 0).unwrap_err().to_string(),
            "the data of a perturbation: found images, expected rows of numbers"
        );
    }
}
