//! Anomalies among the training rows.

use ndarray::{Axis, concatenate};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::check::check;
use crate::{Data, DatasetError, Label, Split};

pub(super) fn contaminate(
    split: &mut Split,
    share: f64,
    copies: usize,
    rng: &mut ChaCha8Rng,
) -> Result<(), DatasetError> {
    check("share", share, (0.0..=0.5).contains(&share), "0 to 0.5")?;
    check("copies", copies, (1..=1000).contains(&copies), "1 to 1000")?;
    let mut tested = split.test_rows.clone();
    tested.sort_unstable();
    if tested.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(DatasetError::Perturbation {
            setting: "contamination",
            value: "a test set that holds a row more than once".to_owned(),
            expected: "a protocol that draws each row once: semi or semi-random".to_owned(),
        });
    }
    let mut anomalies: Vec<usize> = (0..split.test_labels.len())
        .filter(|&i| split.test_labels[i] == Label::Anomaly)
        .collect();
    // The order decides who is set aside and who of them joins first.
    for i in (1..anomalies.len()).rev() {
        anomalies.swap(i, rng.random_range(0..=i));
    }
    anomalies.truncate(anomalies.len() / 2);
    let wanted = (share / (1.0 - share) * split.train_rows.len() as f64).round() as usize;
    if wanted > anomalies.len() {
        return Err(DatasetError::Perturbation {
            setting: "share",
            value: format!("{share}, which takes {wanted} anomalies"),
            expected: format!("what the {} set aside suffice for", anomalies.len()),
        });
    }
    let joining: Vec<usize> = (0..copies)
        .flat_map(|_| &anomalies[..wanted])
        .copied()
        .collect();
    split.train = both(&split.train, &split.test.select(&joining))?;
    split
        .train_rows
        .extend(joining.iter().map(|&i| split.test_rows[i]));
    let stays: Vec<usize> = (0..split.test_rows.len())
        .filter(|i| !anomalies.contains(i))
        .collect();
    split.test = split.test.select(&stays);
    split.test_labels = stays.iter().map(|&i| split.test_labels[i]).collect();
    split.test_rows = stays.iter().map(|&i| split.test_rows[i]).collect();
    split.test_masks = split.test_masks.take().map(|m| m.select(Axis(0), &stays));
    Ok(())
}

/// One below the other.
fn both(a: &Data, b: &Data) -> Result<Data, DatasetError> {
    let joined = match (a, b) {
        (Data::Rows(a), Data::Rows(b)) => {
            concatenate(Axis(0), &[a.view(), b.view()]).map(Data::Rows)
        }
        (Data::Rows64(a), Data::Rows64(b)) => {
            concatenate(Axis(0), &[a.view(), b.view()]).map(Data::Rows64)
        }
        (Data::Images(a), Data::Images(b)) => {
            concatenate(Axis(0), &[a.view(), b.view()]).map(Data::Images)
        }
        _ => Err(ndarray::ShapeError::from_kind(
            ndarray::ErrorKind::IncompatibleShape,
        )),
    };
    joined.map_err(|_| DatasetError::Perturbation {
        setting: "contamination",
        value: "training and test samples of two shapes".to_owned(),
        expected: "samples of one shape".to_owned(),
    })
}
