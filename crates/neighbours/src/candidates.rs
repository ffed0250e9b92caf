use crate::smallest::Smallest;

/// Half the distance from 1 to the next f32.
const UNIT: f64 = 0.5 * f32::EPSILON as f64;
/// Rows looked at together: one comparison passes over all of them.
const LANES: usize = 16;
/// Beyond this the sums below could overflow in f32.
const LONGEST: f64 = 1e17;

/// Rows of a table as the search sees them: lengths in f32.
pub(crate) struct Lengths {
    /// ‖y‖
    pub(crate) norms: Vec<f32>,
    /// ‖y‖²
    pub(crate) squares: Vec<f32>,
    longest: f64,
    d: f64,
}

impl Lengths {
    /// Of rows of these lengths and `d` columns.
    pub(crate) fn new(norms: &[f64], d: usize) -> Self {
        Self {
            norms: norms.iter().map(|norm| *norm as f32).collect(),
            squares: norms.iter().map(|norm| norm.powi(2) as f32).collect(),
            longest: norms.iter().copied().fold(0.0, f64::max),
            d: d as f64,
        }
    }
}

/// Rows that may be among the `k` nearest to one row `x`, by products in f32.
///
/// `‖y‖² − 2x·y` orders rows as the squared distance does. A product of `d` terms in f32, added in any
/// order, is off by at most `γ = d·u/(1 − d·u)` times both lengths (Higham, *Accuracy and Stability of
/// Numerical Algorithms*, section 3.1), and by a subnormal for each term that underflows. Rounding
/// both rows to f32 moves the squared distance by at most `2u` times the square of the sum of their
/// lengths, and the few operations here by less than `4u` times it. All of it is doubled.
pub(crate) struct Candidates {
    /// The smallest upper bounds so far.
    uppers: Smallest<f32>,
    /// Lower bound and place in the table.
    rows: Vec<(f32, u32)>,
    /// No row with a lower bound beyond it is among the `k` nearest.
    limit: f32,
    length: f32,
    /// The error is `per_norm·‖y‖ + per_square·(‖x‖ + ‖y‖)² + constant`.
    per_norm: f32,
    per_square: f32,
    constant: f32,
}

impl Candidates {
    /// For a row of this length; `None` where the bounds do not hold and all rows are candidates.
    pub(crate) fn new(k: usize, length: f64, lengths: &Lengths) -> Option<Self> {
        let gamma = lengths.d * UNIT / (1.0 - lengths.d * UNIT);
        let valid = length < LONGEST && lengths.longest < LONGEST && (0.0..0.5).contains(&gamma);
        valid.then(|| Self {
            uppers: Smallest::new(k),
            rows: Vec::new(),
            limit: f32::INFINITY,
            length: length as f32,
            per_norm: (4.0 * gamma * length) as f32,
            per_square: (16.0 * UNIT) as f32,
            constant: (lengths.d * f64::from(f32::MIN_POSITIVE)) as f32,
        })
    }

    /// Adds the rows from `first` on, whose products with `x` these are, without the row `skip`.
    pub(crate) fn scan(
        &mut self,
        products: &[f32],
        first: usize,
        lengths: &Lengths,
        skip: Option<usize>,
    ) {
        let norms = &lengths.norms[first..first + products.len()];
        let squares = &lengths.squares[first..first + products.len()];
        let chunks = products.chunks(LANES).zip(norms.chunks(LANES));
        for (chunk, ((products, norms), squares)) in chunks.zip(squares.chunks(LANES)).enumerate() {
            let mut lowers = [f32::INFINITY; LANES];
            for (lower, ((product, norm), square)) in lowers
                .iter_mut()
                .zip(products.iter().zip(norms).zip(squares))
            {
                *lower = square - 2.0 * product - self.error(*norm);
            }
            let least = |a: f32, b: &f32| if a < *b { a } else { *b };
            if lowers.iter().fold(f32::INFINITY, least) > self.limit {
                continue;
            }
            let from = first + chunk * LANES;
            for (i, (lower, norm)) in lowers.iter().zip(norms).enumerate() {
                if *lower <= self.limit && skip != Some(from + i) {
                    self.rows.push((*lower, (from + i) as u32));
                    self.uppers.push(lower + 2.0 * self.error(*norm));
                    self.limit = self.uppers.bound().unwrap_or(f32::INFINITY);
                }
            }
        }
    }

    /// The places in the table of the rows that are left.
    pub(crate) fn rows(&self) -> impl Iterator<Item = u32> {
        let left = self.rows.iter().filter(|(lower, _)| *lower <= self.limit);
        left.map(|(_, row)| *row)
    }

    fn error(&self, norm: f32) -> f32 {
        let both = self.length + norm;
        self.per_norm * norm + self.per_square * both * both + self.constant
    }
}
