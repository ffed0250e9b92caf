//! The whole kernel matrix.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use detector::{DetectorError, Progress};
use rayon::prelude::*;

use super::kernel::{RbfKernel, copy_as_f32, tiles};

/// Rows computed by one task.
const BLOCK: usize = 128;

/// The lower half of the symmetric kernel matrix with its diagonal, row by row, in f32. Half the
/// memory and half the work of the whole; reading a row costs a walk down a column, little beside a
/// step of the solver.
pub(super) struct Triangle {
    n: usize,
    data: Vec<f32>,
}

impl Triangle {
    /// Bytes for n rows.
    pub(super) fn bytes(n: usize) -> usize {
        offset(n).saturating_mul(size_of::<f32>())
    }

    /// # Errors
    /// [`DetectorError::Method`] where the memory cannot be had.
    pub(super) fn new(kernel: &RbfKernel, progress: &dyn Progress) -> Result<Self, DetectorError> {
        let n = kernel.n();
        let mut data = Vec::new();
        if data.try_reserve_exact(offset(n)).is_err() {
            return Err(DetectorError::method(format!(
                "no memory for the kernel matrix of {n} rows: lower cache-mib"
            )));
        }
        data.resize(offset(n), 0.0);

        let mut rest = data.as_mut_slice();
        let mut blocks = Vec::new();
        for first in (0..n).step_by(BLOCK) {
            let rows = first..n.min(first + BLOCK);
            let (block, after) = rest.split_at_mut(offset(rows.end) - offset(rows.start));
            blocks.push((rows, block));
            rest = after;
        }
        let done = AtomicU64::new(0);
        // The longest first, so that the threads finish together.
        let fill = |(rows, block): (Range<usize>, &mut [f32])| {
            if progress.interrupted() {
                return Err(DetectorError::Interrupted);
            }
            let mut buffer = Vec::new();
            for columns in tiles(rows.end) {
                let tile = kernel.own_tile(rows.clone(), columns.clone(), &mut buffer);
                for (r, k) in rows.clone().zip(tile.rows()) {
                    let row = &mut block[offset(r) - offset(rows.start)..][..=r];
                    let end = columns.end.min(r + 1);
                    if columns.start < end {
                        copy_as_f32(k, &mut row[columns.start..end]);
                    }
                }
            }
            let count = rows.len() as u64;
            let done = done.fetch_add(count, Ordering::Relaxed) + count;
            progress.update("kernel rows", done, n as u64, "");
            Ok(())
        };
        blocks.into_par_iter().rev().try_for_each(fill)?;
        Ok(Self { n, data })
    }

    /// Row `row` of the symmetric matrix, n values, into `to`.
    pub(super) fn copy_row(&self, row: usize, to: &mut [f32]) {
        let (left, right) = to.split_at_mut(row + 1);
        left.copy_from_slice(&self.data[offset(row)..offset(row + 1)]);
        for (k, r) in right.iter_mut().zip(row + 1..self.n) {
            *k = self.data[offset(r) + row];
        }
    }
}

/// Where row `row` begins.
fn offset(row: usize) -> usize {
    row * (row + 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use detector::Silent;
    use ndarray::Array2;

    #[test]
    fn rows_hold_the_kernel_on_both_sides_of_the_diagonal() {
        for n in [1, 2, BLOCK, BLOCK + 1, 5 * BLOCK + 3] {
            let x = Array2::from_shape_fn((n, 3), |(r, c)| ((r * 3 + c) as f64 * 12.9898).sin());
            let kernel = RbfKernel::new(x, 0.3);
            let triangle = Triangle::new(&kernel, &Silent).unwrap();
            let mut row = vec![f32::NAN; n];
            let mut buffer = Vec::new();
            for r in 0..n {
                triangle.copy_row(r, &mut row);
                assert_eq!(row[r], 1.0);
                for columns in tiles(n) {
                    let expected = kernel.own_tile(r..r + 1, columns.clone(), &mut buffer);
                    for (k, expected) in row[columns].iter().zip(expected) {
                        // Half a unit of f32, as k ≤ 1, and the rounding of the product.
                        assert!((f64::from(*k) - expected).abs() < 6.1e-8);
                    }
                }
            }
            assert_eq!(Triangle::bytes(n), triangle.data.len() * 4);
        }
    }
}
