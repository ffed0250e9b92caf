//! Sequential minimal optimisation for the one-class dual.

use detector::{DetectorError, Progress};

use super::rows::KernelRows;

/// Stands for the curvature 2 − 2K_ij of a pair of equal rows; libsvm's value.
const TAU: f64 = 1e-12;

/// Steps after which the search is given up, and the factor of n: libsvm's values. Real data take
/// fewer steps than rows.
const MAX_STEPS: u64 = 10_000_000;
const MAX_STEPS_PER_ROW: u64 = 100;

/// Share of Σα = νn, the bound of any gradient, below which a gap is rounding: few units of f64.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// Kernel rows computed at once on demand: enough for a fast product, few enough that a wrong guess
/// costs little.
const FETCH: usize = 32;

/// Steps between two reports of progress.
const REPORT: u64 = 1000;

/// The multipliers of the training rows.
pub(super) struct Solution {
    /// α, n values in [0, 1] that sum to νn.
    pub(super) alpha: Vec<f64>,
    pub(super) rho: f64,
    pub(super) steps: u64,
}

/// Minimises ½ αᵀQα under 0 ≤ α_i ≤ 1, Σα_i = νn, until no pair violates the optimality conditions
/// by `tolerance` or more.
///
/// # Errors
/// [`DetectorError::Method`] where rounding keeps the tolerance from being reached.
pub(super) fn solve(
    rows: KernelRows<'_>,
    nu: f64,
    tolerance: f64,
    shrinking: bool,
    progress: &dyn Progress,
) -> Result<Solution, DetectorError> {
    let n = rows.n();
    let max_steps = MAX_STEPS.max(MAX_STEPS_PER_ROW.saturating_mul(n as u64));
    let period = n.min(1000) as u64; // libsvm's
    let reachable = ROUNDING * nu * n as f64;
    let mut smo = Smo::new(rows, nu, progress)?;
    let mut steps = 0;
    let mut gap = f64::INFINITY;
    let mut next_shrink = period;
    let mut restored = false;
    loop {
        if shrinking && steps >= next_shrink {
            next_shrink = steps + period;
            // Close to the end everything comes back once, as what was left out too early would
            // otherwise be found out only after the last digits.
            if !restored && gap <= 10.0 * tolerance {
                restored = true;
                smo.restore();
            }
            smo.shrink();
        }
        let (pair, found) = smo.select(tolerance);
        gap = found;
        let Some((i, j)) = pair else {
            if smo.active.len() == n {
                break;
            }
            smo.restore();
            next_shrink = steps + 1;
            continue;
        };
        if steps == max_steps || gap < reachable || !smo.step(i, j) {
            return Err(DetectorError::method(format!(
                "the one-class SVM stops at a gap of {gap:e} after {steps} steps: \
                 a tolerance of {tolerance:e} is out of reach"
            )));
        }
        steps += 1;
        if progress.interrupted() {
            return Err(DetectorError::Interrupted);
        }
        if steps.is_multiple_of(REPORT) {
            progress.update("steps", steps, max_steps, &format!("gap {gap:.2e}"));
        }
    }
    Ok(Solution {
        rho: smo.rho(),
        alpha: smo.alpha,
        steps,
    })
}

struct Smo<'a> {
    rows: KernelRows<'a>,
    alpha: Vec<f64>,
    /// (Qα)_k, kept for the active rows.
    gradient: Vec<f64>,
    /// Σ Q_ki over the i with α_i = 1: where the gradient of the others is restored from.
    at_bound: Vec<f64>,
    /// Rows that take part, ascending.
    active: Vec<u32>,
    /// The kernel rows of the current pair.
    row_i: Vec<f32>,
    row_j: Vec<f32>,
}

impl<'a> Smo<'a> {
    /// libsvm's start: the first ⌊νn⌋ multipliers are 1, the next one takes the fraction.
    fn new(rows: KernelRows<'a>, nu: f64, progress: &dyn Progress) -> Result<Self, DetectorError> {
        let n = rows.n();
        let total = nu * n as f64;
        let ones = total.floor() as usize; // ν ≤ 1, so at most n
        let mut alpha = vec![0.0; n];
        alpha[..ones].fill(1.0);
        if ones < n {
            alpha[ones] = total - ones as f64;
        }
        let mut smo = Self {
            rows,
            gradient: vec![0.0; n],
            at_bound: vec![0.0; n],
            active: (0..n as u32).collect(),
            row_i: vec![0.0; n],
            row_j: vec![0.0; n],
            alpha,
        };
        let ones: Vec<usize> = (0..ones).collect();
        for block in ones.chunks(smo.rows.max_load()) {
            if progress.interrupted() {
                return Err(DetectorError::Interrupted);
            }
            smo.rows.load(block);
            for &i in block {
                smo.rows.copy_row(i, &mut smo.row_i);
                add(&mut smo.at_bound, 1.0, &smo.row_i);
            }
        }
        smo.gradient.copy_from_slice(&smo.at_bound);
        if ones.len() < n && smo.alpha[ones.len()] > 0.0 {
            let i = ones.len();
            smo.rows.load(&[i]);
            smo.rows.copy_row(i, &mut smo.row_i);
            add(&mut smo.gradient, smo.alpha[i], &smo.row_i);
        }
        Ok(smo)
    }

    /// The pair to move weight between, WSS 2 of Fan, Chen and Lin 2005, and the gap between the
    /// rows that may shrink and those that may grow. `None` where the gap is below `tolerance`.
    ///
    /// All labels of the one-class dual are +1, so the pair is: i, the row of smallest gradient that
    /// may grow; j, the row that may shrink whose step with i lowers the objective most, by
    /// (G_j − G_i)²/(2·(2 − 2K_ij)). Of equal candidates the last is taken, as in libsvm: which of two
    /// equal rows becomes a support vector depends on it.
    fn select(&mut self, tolerance: f64) -> (Option<(usize, usize)>, f64) {
        let mut smallest = (f64::INFINITY, usize::MAX);
        let mut largest = f64::NEG_INFINITY;
        for &k in &self.active {
            let k = k as usize;
            let (alpha, gradient) = (self.alpha[k], self.gradient[k]);
            if alpha < 1.0 && gradient <= smallest.0 {
                smallest = (gradient, k);
            }
            if alpha > 0.0 && gradient > largest {
                largest = gradient;
            }
        }
        let (lowest, i) = smallest;
        let gap = largest - lowest;
        // Also where one of the two sides is empty: the gap is −∞ then.
        if gap < tolerance {
            return (None, gap);
        }
        self.fetch(i);
        self.rows.copy_row(i, &mut self.row_i);
        // The best fraction so far; fractions are compared by their cross products.
        let (mut numerator, mut denominator, mut j) = (0.0, 1.0, usize::MAX);
        for &k in &self.active {
            let k = k as usize;
            let difference = self.gradient[k] - lowest;
            if self.alpha[k] > 0.0 && difference > 0.0 {
                let square = difference * difference;
                let curvature = curvature(self.row_i[k]);
                if square * denominator >= numerator * curvature {
                    (numerator, denominator, j) = (square, curvature, k);
                }
            }
        }
        ((j != usize::MAX).then_some((i, j)), gap)
    }

    /// Moves weight from j to i, the pair just selected, as far as the objective falls and the bounds
    /// allow. `false` where rounding leaves nothing to move.
    fn step(&mut self, i: usize, j: usize) -> bool {
        self.fetch(j);
        self.rows.copy_row(j, &mut self.row_j);
        let (row_i, row_j) = (&self.row_i, &self.row_j);
        let (old_i, old_j) = (self.alpha[i], self.alpha[j]);
        let sum = old_i + old_j;
        let wanted = old_i + (self.gradient[j] - self.gradient[i]) / curvature(row_i[j]);
        // Weight flows from j to i, which ends where α_j = 0 or α_i = 1.
        let upper = sum.min(1.0);
        let new_i = wanted.min(upper);
        // Exactly 0 where that bound decides, not what rounding leaves.
        let new_j = if new_i == upper && upper < 1.0 {
            0.0
        } else {
            (sum - new_i).min(1.0)
        };
        let (delta_i, delta_j) = (new_i - old_i, new_j - old_j);
        if delta_i == 0.0 && delta_j == 0.0 {
            return false;
        }
        for &k in &self.active {
            let k = k as usize;
            self.gradient[k] += delta_i * f64::from(row_i[k]) + delta_j * f64::from(row_j[k]);
        }
        for (old, new, row) in [(old_i, new_i, row_i), (old_j, new_j, row_j)] {
            match (old == 1.0, new == 1.0) {
                (false, true) => add(&mut self.at_bound, 1.0, row),
                (true, false) => add(&mut self.at_bound, -1.0, row),
                _ => {}
            }
        }
        (self.alpha[i], self.alpha[j]) = (new_i, new_j);
        true
    }

    /// Leaves out the rows that sit at a bound and would be pushed further against it by any row
    /// that could be their partner.
    fn shrink(&mut self) {
        let (mut lowest, mut largest) = (f64::INFINITY, f64::NEG_INFINITY);
        for &k in &self.active {
            let k = k as usize;
            if self.alpha[k] < 1.0 {
                lowest = lowest.min(self.gradient[k]);
            }
            if self.alpha[k] > 0.0 {
                largest = largest.max(self.gradient[k]);
            }
        }
        let (alpha, gradient) = (&self.alpha, &self.gradient);
        self.active.retain(|&k| {
            let k = k as usize;
            let stays_at_one = alpha[k] == 1.0 && gradient[k] < lowest;
            let stays_at_zero = alpha[k] == 0.0 && gradient[k] > largest;
            !(stays_at_one || stays_at_zero)
        });
    }

    /// Brings all rows back, with their gradient: Σ over the rows at 1, which is kept, and over the
    /// free ones.
    fn restore(&mut self) {
        let n = self.alpha.len();
        if self.active.len() == n {
            return;
        }
        let mut out = vec![true; n];
        for &k in &self.active {
            out[k as usize] = false;
        }
        let out: Vec<usize> = (0..n).filter(|&k| out[k]).collect();
        for &k in &out {
            self.gradient[k] = self.at_bound[k];
        }
        let free: Vec<usize> = (0..n).filter(|&k| is_free(self.alpha[k])).collect();
        for block in free.chunks(self.rows.max_load()) {
            self.rows.load(block);
            for &i in block {
                self.rows.copy_row(i, &mut self.row_i);
                for &k in &out {
                    self.gradient[k] += self.alpha[i] * f64::from(self.row_i[k]);
                }
            }
        }
        self.active = (0..n as u32).collect();
    }

    /// ρ, once all rows are active.
    fn rho(&self) -> f64 {
        let (mut sum, mut n_free) = (0.0, 0usize);
        let (mut lower, mut upper) = (f64::NEG_INFINITY, f64::INFINITY);
        for (&alpha, &gradient) in self.alpha.iter().zip(&self.gradient) {
            if is_free(alpha) {
                sum += gradient;
                n_free += 1;
            } else if alpha == 1.0 {
                lower = lower.max(gradient);
            } else {
                upper = upper.min(gradient);
            }
        }
        if n_free > 0 {
            sum / n_free as f64
        } else if lower == f64::NEG_INFINITY {
            upper
        } else if upper == f64::INFINITY {
            lower
        } else {
            f64::midpoint(lower, upper)
        }
    }

    /// Loads row `row` and, where that costs a computation, those likely to be asked for next: the
    /// rows that violate the optimality conditions most.
    fn fetch(&mut self, row: usize) {
        let mut rows = vec![row];
        if !self.rows.holds(row) {
            let more = FETCH.min(self.rows.max_load()) - 1;
            let absent = |k: &usize| *k != row && !self.rows.holds(*k);
            let candidates = || self.active.iter().map(|&k| k as usize).filter(absent);
            let gradient = |k: usize| self.gradient[k];
            let grow = candidates().filter(|&k| self.alpha[k] < 1.0);
            let grow = smallest(grow.map(|k| (gradient(k), k)).collect(), more.div_ceil(2));
            rows.extend(grow);
            let shrink = candidates().filter(|&k| self.alpha[k] > 0.0 && !rows.contains(&k));
            let shrink = smallest(shrink.map(|k| (-gradient(k), k)).collect(), more / 2);
            rows.extend(shrink);
        }
        self.rows.load(&rows);
    }
}

/// The indices that belong to the `count` smallest values.
fn smallest(mut values: Vec<(f64, usize)>, count: usize) -> Vec<usize> {
    if count < values.len() {
        values.select_nth_unstable_by(count, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        values.truncate(count);
    }
    values.into_iter().map(|(_, k)| k).collect()
}

/// The second derivative along the pair: K_ii + K_jj − 2K_ij with K_ii = 1.
fn curvature(k_ij: f32) -> f64 {
    (2.0 - 2.0 * f64::from(k_ij)).max(TAU)
}

fn is_free(alpha: f64) -> bool {
    alpha > 0.0 && alpha < 1.0
}

/// `to += factor · row`.
fn add(to: &mut [f64], factor: f64, row: &[f32]) {
    for (to, &k) in to.iter_mut().zip(row) {
        *to += factor * f64::from(k);
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernel::RbfKernel;
    use super::*;
    use detector::Silent;
    use ndarray::Array2;

    /// 90 rows of 2 values without pattern, the last third a copy of the first.
    fn kernel() -> RbfKernel {
        let x = Array2::from_shape_fn((90, 2), |(r, c)| ((r % 60 * 2 + c) as f64 * 78.233).sin());
        RbfKernel::new(x, 4.0)
    }

    fn smo(kernel: &RbfKernel) -> Smo<'_> {
        let rows = KernelRows::new(kernel, 1 << 20, &Silent).unwrap();
        Smo::new(rows, 0.33, &Silent).unwrap()
    }

    /// (Qα)_k from the definition.
    fn gradient(smo: &mut Smo<'_>) -> Vec<f64> {
        let mut gradient = vec![0.0; smo.alpha.len()];
        let mut row = vec![0.0; smo.alpha.len()];
        for (i, &alpha) in smo.alpha.iter().enumerate() {
            smo.rows.copy_row(i, &mut row);
            add(&mut gradient, alpha, &row);
        }
        gradient
    }

    #[test]
    fn every_step_lowers_the_objective_and_keeps_the_sum() {
        let kernel = kernel();
        let mut smo = smo(&kernel);
        let objective = |smo: &mut Smo<'_>| {
            let gradient = gradient(smo);
            let products = gradient.iter().zip(&smo.alpha).map(|(g, alpha)| g * alpha);
            0.5 * products.sum::<f64>()
        };
        let mut before = objective(&mut smo);
        let mut steps = 0;
        while let (Some((i, j)), _) = smo.select(1e-9) {
            assert!(smo.step(i, j));
            let after = objective(&mut smo);
            assert!(
                after < before + 1e-14 * before,
                "step {steps}: {before} to {after}"
            );
            assert!((smo.alpha.iter().sum::<f64>() - 0.33 * 90.0).abs() < 1e-12);
            assert!(smo.alpha.iter().all(|alpha| (0.0..=1.0).contains(alpha)));
            before = after;
            steps += 1;
        }
        assert!(steps > 30);
    }

    #[test]
    fn rows_left_out_come_back_with_their_gradient() {
        let kernel = kernel();
        let mut smo = smo(&kernel);
        let mut shrunk = 0;
        for step in 0.. {
            let (Some((i, j)), _) = smo.select(1e-9) else {
                break;
            };
            assert!(smo.step(i, j));
            if step % 10 == 9 {
                smo.shrink();
                shrunk = shrunk.max(90 - smo.active.len());
            }
        }
        assert!(shrunk > 20);
        smo.restore();
        assert_eq!(smo.active.len(), 90);
        let expected = gradient(&mut smo);
        for (g, expected) in smo.gradient.iter().zip(expected) {
            assert!((g - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn the_start_is_libsvms() {
        let kernel = kernel();
        let smo = smo(&kernel);
        // 0.33 · 90 = 29.7
        assert!(smo.alpha[..29].iter().all(|alpha| *alpha == 1.0));
        assert!((smo.alpha[29] - 0.7).abs() < 1e-12);
        assert!(smo.alpha[30..].iter().all(|alpha| *alpha == 0.0));
    }
}
