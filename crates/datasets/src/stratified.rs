//! scikit-learn's `train_test_split(.., test_size=0.3, shuffle=True, stratify=y)`, draw for draw.

use numpy_random::RandomState;

use crate::{DatasetError, Label};

const TEST_SHARE: f64 = 0.3;

/// Places of training and of test rows, both shuffled; each class is shared out in proportion.
pub(crate) fn split(
    labels: &[Label],
    state: &mut RandomState,
) -> Result<(Vec<usize>, Vec<usize>), DatasetError> {
    let n_test = (TEST_SHARE * labels.len() as f64).ceil() as usize;
    let n_train = labels.len() - n_test;
    let classes = [Label::Normal, Label::Anomaly]
        .map(|class| -> Vec<usize> { (0..labels.len()).filter(|&i| labels[i] == class).collect() });
    let sizes = [classes[0].len(), classes[1].len()];
    let to_train = shares(sizes, n_train, state)?;
    let left = [sizes[0] - to_train[0], sizes[1] - to_train[1]];
    let to_test = shares(left, n_test, state)?;
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for (class, places) in classes.iter().enumerate() {
        let order = state.permutation(places.len());
        let (first, rest) = order.split_at(to_train[class]);
        train.extend(first.iter().map(|&i| places[i]));
        test.extend(rest.iter().take(to_test[class]).map(|&i| places[i]));
    }
    state.shuffle(&mut train);
    state.shuffle(&mut test);
    Ok((train, test))
}

/// `draws` shared out in proportion to `sizes`: rounded down, what is missing goes to the largest
/// remainders, ties by a draw (scikit-learn's `_approximate_mode`).
fn shares(
    sizes: [usize; 2],
    draws: usize,
    state: &mut RandomState,
) -> Result<[usize; 2], DatasetError> {
    let total = (sizes[0] + sizes[1]) as f64;
    let exact = sizes.map(|size| size as f64 / total * draws as f64);
    let mut shares = exact.map(|share| share.floor() as usize);
    let mut missing = draws.saturating_sub(shares[0] + shares[1]);
    let remainders = exact.map(|share| share - share.floor());
    let mut values = remainders;
    values.sort_by(|a, b| b.total_cmp(a));
    let distinct = if values[0] == values[1] { 1 } else { 2 };
    for value in &values[..distinct] {
        if missing == 0 {
            break;
        }
        let ties: Vec<usize> = (0..2).filter(|&i| remainders[i] == *value).collect();
        let now = ties.len().min(missing);
        for i in state.choice_without_replacement(ties.len(), now)? {
            shares[ties[i]] += 1;
        }
        missing -= now;
    }
    Ok(shares)
}
