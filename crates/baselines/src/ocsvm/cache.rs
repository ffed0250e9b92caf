//! Kernel rows in bounded memory.

use detector::DetectorError;

use super::kernel::{RbfKernel, copy_as_f32, tiles};

/// Most rows computed at once: their product with a tile runs at full speed.
const MAX_LOAD: usize = 256;

const ABSENT: u32 = u32::MAX;

/// The most recently used rows of the kernel matrix, in f32.
pub(super) struct RowCache<'a> {
    kernel: &'a RbfKernel,
    /// Most rows held at once, at least 2 (or n).
    capacity: usize,
    /// `[slots, n]`.
    data: Vec<f32>,
    /// Of each row of the kernel matrix.
    slot_of: Vec<u32>,
    /// Of each slot: its row and when it was last asked for.
    row_of: Vec<u32>,
    used: Vec<u64>,
    clock: u64,
}

impl<'a> RowCache<'a> {
    /// At most `bytes` of rows, but at least two rows (or n).
    ///
    /// # Errors
    /// [`DetectorError::Method`] where the memory cannot be had.
    pub(super) fn new(kernel: &'a RbfKernel, bytes: usize) -> Result<Self, DetectorError> {
        let n = kernel.n();
        let capacity = (bytes / (n * size_of::<f32>())).max(2).min(n);
        let mut data = Vec::new();
        if n >= ABSENT as usize || data.try_reserve_exact(capacity * n).is_err() {
            return Err(DetectorError::method(format!(
                "no memory for {capacity} kernel rows of {n} values: lower cache-mib"
            )));
        }
        Ok(Self {
            kernel,
            capacity,
            data,
            slot_of: vec![ABSENT; n],
            row_of: Vec::new(),
            used: Vec::new(),
            clock: 0,
        })
    }

    /// Rows of the kernel matrix.
    pub(super) fn n(&self) -> usize {
        self.kernel.n()
    }

    /// The most rows to [`load`](Self::load) at once: those of the call before stay.
    pub(super) fn max_load(&self) -> usize {
        MAX_LOAD.min(self.capacity / 2).max(1)
    }

    pub(super) fn holds(&self, row: usize) -> bool {
        self.slot_of[row] != ABSENT
    }

    /// Row `row` of the kernel matrix, n values, which [`load`](Self::load) has brought in.
    pub(super) fn row(&self, row: usize) -> &[f32] {
        let n = self.n();
        let slot = self.slot_of[row] as usize;
        &self.data[slot * n..(slot + 1) * n]
    }

    /// Makes `rows`, distinct and at most [`max_load`](Self::max_load), present, in place of
    /// those not asked for longest.
    pub(super) fn load(&mut self, rows: &[usize]) {
        self.clock += 1;
        let mut missing = Vec::new();
        for &row in rows {
            match self.slot_of[row] {
                ABSENT => missing.push(row),
                slot => self.used[slot as usize] = self.clock,
            }
        }
        if missing.is_empty() {
            return;
        }
        let n = self.n();
        let slots = self.free_slots(missing.len());
        for (&row, &slot) in missing.iter().zip(&slots) {
            self.slot_of[row] = slot as u32;
            self.row_of[slot] = row as u32;
            self.used[slot] = self.clock;
        }
        for (columns, tile) in tiles(n).zip(self.kernel.row_tiles(&missing)) {
            for (&slot, k) in slots.iter().zip(tile.chunks(columns.len())) {
                let row = &mut self.data[slot * n..(slot + 1) * n];
                copy_as_f32(k, &mut row[columns.clone()]);
            }
        }
    }

    /// `count` slots: new ones while there is room, then the least recently used, emptied.
    fn free_slots(&mut self, count: usize) -> Vec<usize> {
        let len = self.row_of.len();
        let new = count.min(self.capacity - len);
        self.data.resize((len + new) * self.n(), 0.0);
        self.row_of.resize(len + new, ABSENT);
        self.used.resize(len + new, self.clock);
        let mut slots: Vec<usize> = (len..len + new).collect();

        let evicted = count - new;
        if evicted > 0 {
            let mut oldest: Vec<usize> = (0..len)
                .filter(|&slot| self.used[slot] < self.clock)
                .collect();
            oldest.select_nth_unstable_by_key(evicted - 1, |&slot| (self.used[slot], slot));
            oldest.truncate(evicted);
            for &slot in &oldest {
                self.slot_of[self.row_of[slot] as usize] = ABSENT;
            }
            slots.extend(oldest);
        }
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::super::triangle::Triangle;
    use super::*;
    use detector::Silent;
    use ndarray::Array2;

    fn kernel(n: usize) -> RbfKernel {
        let x = Array2::from_shape_fn((n, 2), |(r, c)| ((r * 2 + c) as f64 * 78.233).sin());
        RbfKernel::new(x, 0.5)
    }

    #[test]
    fn the_bound_holds_and_what_was_used_last_stays() {
        let n = 600; // more than one tile
        let kernel = kernel(n);
        let matrix = Triangle::new(&kernel, &Silent).unwrap();
        let mut expected = vec![0.0; n];
        let mut cache = RowCache::new(&kernel, 10 * n * 4).unwrap();
        let mut before = Vec::new();
        for step in 0..60 {
            let rows: Vec<usize> = (0..cache.max_load())
                .map(|r| (step * 37 + r * 111) % n)
                .collect();
            cache.load(&rows);
            assert_eq!(cache.max_load(), 5);
            assert!(cache.data.len() <= 10 * n);
            for &row in rows.iter().chain(&before) {
                assert!(cache.holds(row), "step {step}");
                matrix.copy_row(row, &mut expected);
                for (a, b) in cache.row(row).iter().zip(&expected) {
                    assert!((a - b).abs() <= 1e-7);
                }
            }
            assert_eq!(
                (0..n).filter(|&r| cache.holds(r)).count(),
                (step * 5 + 5).min(10)
            );
            before = rows;
        }
    }

    #[test]
    fn two_rows_are_held_whatever_the_bound() {
        let kernel = kernel(5);
        let mut cache = RowCache::new(&kernel, 1).unwrap();
        for pair in [[0, 1], [1, 4], [4, 2]] {
            cache.load(&pair[..1]);
            cache.load(&pair[1..]);
            assert!(cache.holds(pair[0]) && cache.holds(pair[1]));
        }
        assert_eq!((0..5).filter(|&r| cache.holds(r)).count(), 2);
    }
}
