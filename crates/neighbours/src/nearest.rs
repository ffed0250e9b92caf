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
    pub(crate) fn new(k: usize, m: usize) -> Self {
        Self {
            k,
            rows: Vec::with_capacity(k * m),
            squared_distances: Vec::with_capacity(k * m),
        }
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
