//! Equal rows.

use std::collections::HashMap;

use detector::Number;
use ndarray::ArrayView2;

/// The size of the largest set of equal rows.
pub(crate) fn most_copies<T: Number>(x: ArrayView2<'_, T>) -> usize {
    let mut counts: HashMap<Vec<u64>, usize> = HashMap::new();
    for row in x.rows() {
        // Adding zero makes one of the two zeros.
        let key = row.iter().map(|v| (v.wide() + 0.0).to_bits()).collect();
        *counts.entry(key).or_default() += 1;
    }
    counts.into_values().max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn zeros_of_either_sign_are_equal() {
        let x = array![[0.0, 1.0], [-0.0, 1.0], [0.0, 2.0], [1e-300, 1.0]];
        assert_eq!(most_copies(x.view()), 2);
    }
}
