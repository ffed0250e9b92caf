//! Rows of the kernel matrix, all of them or the most recently used.

use detector::{DetectorError, Progress};

use super::cache::RowCache;
use super::kernel::RbfKernel;
use super::triangle::Triangle;

/// Rows of the kernel matrix.
pub(super) enum KernelRows<'a> {
    All { n: usize, matrix: Triangle },
    Recent(RowCache<'a>),
}

impl<'a> KernelRows<'a> {
    /// In at most `bytes` of memory, or two rows. A matrix that fits is computed now.
    ///
    /// # Errors
    /// [`DetectorError::Method`] where the memory cannot be had.
    pub(super) fn new(
        kernel: &'a RbfKernel,
        bytes: usize,
        progress: &dyn Progress,
    ) -> Result<Self, DetectorError> {
        let n = kernel.n();
        if Triangle::bytes(n) <= bytes {
            let matrix = Triangle::new(kernel, progress)?;
            Ok(Self::All { n, matrix })
        } else {
            Ok(Self::Recent(RowCache::new(kernel, bytes)?))
        }
    }

    /// Rows of the matrix.
    pub(super) fn n(&self) -> usize {
        match self {
            Self::All { n, .. } => *n,
            Self::Recent(cache) => cache.n(),
        }
    }

    /// The most rows to [`load`](Self::load) at once.
    pub(super) fn max_load(&self) -> usize {
        match self {
            Self::All { n, .. } => *n,
            Self::Recent(cache) => cache.max_load(),
        }
    }

    pub(super) fn holds(&self, row: usize) -> bool {
        match self {
            Self::All { .. } => true,
            Self::Recent(cache) => cache.holds(row),
        }
    }

    /// Makes `rows`, distinct and at most [`max_load`](Self::max_load), present.
    pub(super) fn load(&mut self, rows: &[usize]) {
        if let Self::Recent(cache) = self {
            cache.load(rows);
        }
    }

    /// Row `row`, n values, into `to`; it has to be present.
    pub(super) fn copy_row(&self, row: usize, to: &mut [f32]) {
        match self {
            Self::All { matrix, .. } => matrix.copy_row(row, to),
            Self::Recent(cache) => to.copy_from_slice(cache.row(row)),
        }
    }
}
