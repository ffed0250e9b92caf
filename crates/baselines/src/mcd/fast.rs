//! FAST-MCD: many short searches in pieces of the rows, few long ones from the best of them.

use detector::{DetectorError, Progress};
use ndarray::{Array2, Axis};
use numpy_random::RandomState;
use rayon::prelude::*;

use super::c_step::{Estimate, Start, concentrate};
use super::scatter::Scatter;

/// Up to this many rows are not cut into pieces.
const SMALL: usize = 500;
/// Rows of one piece, about.
const PIECE: usize = 300;
/// Searches over all pieces, and the least for one of them.
const SEARCHES: usize = 500;
const LEAST_SEARCHES: usize = 10;
/// Searches where rows are few.
const SMALL_SEARCHES: usize = 30;
/// Estimates kept of each stage.
const KEPT: usize = 10;
/// Rows of the second stage.
const MERGED: usize = 1500;
/// Steps of a short and of a long search.
const SHORT: usize = 2;
const LONG: usize = 30;

/// The best half that was found.
pub(super) struct Raw {
    pub(super) scatter: Scatter,
    /// Squared, of each row.
    pub(super) distances: Vec<f64>,
    /// Rows of the half.
    pub(super) support: usize,
}

/// The stages and numbers, and so the draws, of scikit-learn's `fast_mcd`.
pub(super) fn minimum_determinant(
    x: &Array2<f64>,
    state: &mut RandomState,
    progress: &dyn Progress,
) -> Result<Raw, DetectorError> {
    let (n, d) = x.dim();
    let support = (n + d + 1).div_ceil(2).min(n);
    if d == 1 {
        return Ok(shortest_half(x, support));
    }
    let best = if n <= SMALL {
        let starts = draws(state, n, support, SMALL_SEARCHES);
        let kept = short_searches(x, support, &starts, progress)?;
        long_searches(x, support, &kept, 1, progress)?
    } else {
        let share = support as f64 / n as f64;
        let of_share = |rows: usize| (rows as f64 * share).ceil() as usize;
        let pieces = n / PIECE;
        let size = n / pieces;
        let shuffled = state.permutation(n);
        let searches = LEAST_SEARCHES.max(SEARCHES / pieces);
        let mut kept = Vec::new();
        for rows in shuffled.chunks_exact(size).take(pieces) {
            let piece = x.select(Axis(0), rows);
            let h = of_share(size);
            let starts = draws(state, size, h, searches);
            kept.extend(short_searches(&piece, h, &starts, progress)?);
        }
        let merged = MERGED.min(n);
        let mut rows = state.permutation(n);
        rows.truncate(merged);
        let most = if n > MERGED { KEPT } else { 1 };
        let sample = x.select(Axis(0), &rows);
        let mut best = long_searches(&sample, of_share(merged), &kept, most, progress)?;
        if n < MERGED {
            // All rows, in another order.
            let mut distances = vec![0.0; n];
            for (row, distance) in rows.iter().zip(&best[0].distances) {
                distances[*row] = *distance;
            }
            best[0].distances = distances;
            best
        } else {
            let kept: Vec<Scatter> = best.into_iter().map(|estimate| estimate.scatter).collect();
            long_searches(x, support, &kept, 1, progress)?
        }
    };
    let best = best.into_iter().next().expect("at least one search");
    Ok(Raw {
        scatter: best.scatter,
        distances: best.distances,
        support,
    })
}

fn draws(state: &mut RandomState, n: usize, h: usize, searches: usize) -> Vec<Vec<usize>> {
    let draw = |_| {
        let mut rows = state.permutation(n);
        rows.truncate(h);
        rows
    };
    (0..searches).map(draw).collect()
}

fn short_searches(
    x: &Array2<f64>,
    h: usize,
    starts: &[Vec<usize>],
    progress: &dyn Progress,
) -> Result<Vec<Scatter>, DetectorError> {
    let starts: Vec<Start<'_>> = starts.iter().map(|rows| Start::Rows(rows)).collect();
    let best = best_of(x, h, SHORT, &starts, KEPT, progress)?;
    Ok(best.into_iter().map(|estimate| estimate.scatter).collect())
}

fn long_searches(
    x: &Array2<f64>,
    h: usize,
    from: &[Scatter],
    most: usize,
    progress: &dyn Progress,
) -> Result<Vec<Estimate>, DetectorError> {
    let starts: Vec<Start<'_>> = from.iter().map(Start::Scatter).collect();
    best_of(x, h, LONG, &starts, most, progress)
}

/// The estimates of smallest determinant, at most `most` of them, in this order.
fn best_of(
    x: &Array2<f64>,
    h: usize,
    steps: usize,
    starts: &[Start<'_>],
    most: usize,
    progress: &dyn Progress,
) -> Result<Vec<Estimate>, DetectorError> {
    if progress.interrupted() {
        return Err(DetectorError::Interrupted);
    }
    let mut found: Vec<Estimate> = starts
        .par_iter()
        .map(|start| concentrate(x, h, steps, start))
        .collect();
    found.sort_by(|a, b| a.log_determinant.total_cmp(&b.log_determinant));
    found.truncate(most);
    Ok(found)
}

/// The exact answer of one column: the middle of the shortest interval that holds a half, the mean of
/// the middles where several are as short.
fn shortest_half(x: &Array2<f64>, support: usize) -> Raw {
    let n = x.nrows();
    let all: Vec<usize> = (0..n).collect();
    let (location, half) = if support < n {
        let mut sorted = x.column(0).to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let length = |i: usize| sorted[i + support] - sorted[i];
        let shortest = (0..n - support).map(length).fold(f64::INFINITY, f64::min);
        let starts: Vec<usize> = (0..n - support)
            .filter(|i| length(*i) == shortest)
            .collect();
        let middles = starts
            .iter()
            .map(|i| (sorted[*i] + sorted[i + support]) / 2.0);
        let location = middles.sum::<f64>() / starts.len() as f64;
        let mut half = all;
        half.sort_by(|a, b| {
            let off = |i: &usize| (x[(*i, 0)] - location).abs();
            off(a).total_cmp(&off(b))
        });
        half.truncate(support);
        (location, half)
    } else {
        (x.column(0).sum() / n as f64, all)
    };
    let mut scatter = Scatter::of(x, &half);
    scatter.location = vec![location];
    let (precision, _) = scatter.precision();
    Raw {
        distances: scatter.distances(x, &precision),
        scatter,
        support,
    }
}
