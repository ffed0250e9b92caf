use tch::{Kind, Tensor};

use crate::PatchesError;

/// The rows of a greedy coreset: each next one is the row farthest from those taken (Roth et al. 2022,
/// PatchCore, arXiv:2106.08265, algorithm 1).
///
/// # Shapes
/// `x`: `[n, k]`; `first` and the result are numbers of rows.
pub(crate) fn greedy(
    x: &Tensor,
    first: i64,
    count: usize,
    mut interrupted: impl FnMut(usize) -> bool,
) -> Result<Option<Vec<i64>>, PatchesError> {
    let squares = x.f_square()?.f_sum_dim_intlist(1, false, Kind::Float)?; // [n]
    let mut nearest = Tensor::f_full_like(&squares, f64::INFINITY)?;
    let (mut rows, mut next) = (Vec::with_capacity(count), first);
    while rows.len() < count {
        if interrupted(rows.len()) {
            return Ok(None);
        }
        rows.push(next);
        let row = x.f_get(next)?; // [k]
        // |x|² − 2·x·row + |row|²
        let distance = squares
            .f_sub(&x.f_mv(&row)?.f_mul_scalar(2.0)?)?
            .f_add(&squares.f_get(next)?)?;
        nearest = nearest.f_minimum(&distance)?;
        next = nearest.f_argmax(None, false)?.f_int64_value(&[])?;
    }
    Ok(Some(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farthest_row_comes_next() {
        let x = Tensor::from_slice(&[0.0f32, 1.0, 10.0, 4.0, 11.0]).view([5, 1]);
        let rows = greedy(&x, 0, 4, |_| false).unwrap().unwrap();
        // From 0: 11; then 4 (4 away); then 1 and 10 are both 1 away, the first wins.
        assert_eq!(rows, [0, 4, 3, 1]);
        assert_eq!(greedy(&x, 0, 4, |n| n == 2).unwrap(), None);
    }
}
