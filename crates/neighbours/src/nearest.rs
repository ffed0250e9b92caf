use detector::{DetectorError, needs_memory};

/// Checks that each of `n` training rows has another for a neighbour.
///
/// # Errors
/// [`DetectorError::Method`] for fewer than two rows.
pub fn needs_two_rows(n: usize) -> Result<(), DetectorError> {
    if n >= 2 {
        return Ok(());
    }
    Err(DetectorError::method(
        "1 training row has no neighbour: at least 2 are needed",
    ))
}

/// The nearest rows of a table to each of some rows, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    k: usize,
    /// `[m, k]`
    rows: Vec<u32>,
    /// `[m, k]`
    squared_distances: Vec<f64>,
}

impl Nearest {
    /// Room for `k` neighbours of `m` rows.
    ///
    /// # Errors
    /// [`DetectorError::Memory`] where there is not enough.
    pub(crate) fn new(k: usize, m: usize) -> Result<Self, DetectorError> {
        let bytes = 12 * k as u128 * m as u128;
        let what = format!("{k} neighbours of {m} rows; fewer of either need less");
        needs_memory(bytes, &what)?;
        let (mut rows, mut squared_distances) = (Vec::new(), Vec::new());
        let n = k.saturating_mul(m);
        let room = rows.try_reserve_exact(n);
        room.and_then(|()| squared_distances.try_reserve_exact(n))
            .map_err(|_| DetectorError::Memory(format!("out of memory: {what}")))?;
        Ok(Self {
            k,
            rows,
            squared_distances,
        })
    }

    pub(crate) fn extend(&mut self, nearest: impl Iterator<Item = (f64, u32)>) {
        for (squared_distance, row) in nearest {
            self.squared_distances.push(squared_distance);
            self.rows.push(row);
        }
    }

    /// How many rows each has: what was asked for, or all there are.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The places in the table of the rows nearest to row `i`, nearest first; of equally near rows
    /// the first of the table.
    pub fn rows(&self, i: usize) -> &[u32] {
        &self.rows[i * self.k..(i + 1) * self.k]
    }

    /// Their squared distances, ascending.
    pub fn squared_distances(&self, i: usize) -> &[f64] {
        &self.squared_distances[i * self.k..(i + 1) * self.k]
    }
}
