//! Canny's edges (1986) as `skimage.feature.canny` finds them with its defaults.

use super::filter::{Beyond, gaussian};
use super::grey::{Grey, SIDE};

const SIGMA: f64 = 1.0;
const LOW: f64 = 0.1;
const HIGH: f64 = 0.2;

/// White where an edge is, else black.
///
/// A Gaussian of σ 1 (divided by the share of its weight inside the image), Sobel's gradient, pixels
/// at least as steep as both neighbours along the gradient, and of those the connected ones above 0.1
/// of which one is above 0.2.
pub(super) fn canny_edges(x: &Grey) -> Grey {
    let inside = gaussian(&Grey::ones(x.dim()), SIGMA, Beyond::Zero);
    let smooth = gaussian(x, SIGMA, Beyond::Zero) / (inside + f64::EPSILON);
    let (down, right) = gradient(&smooth);
    let steep = Grey::from_shape_fn(x.dim(), |at| down[at].hypot(right[at]));
    let ridge = Grey::from_shape_fn(x.dim(), |at| {
        if is_ridge(&steep, down[at], right[at], at) {
            steep[at]
        } else {
            0.0
        }
    });
    connected(&ridge)
}

/// Sobel's derivatives along rows and columns, the image mirrored at its border.
fn gradient(x: &Grey) -> (Grey, Grey) {
    let last = SIDE as isize - 1;
    let at = |row: usize, column: usize, by: (isize, isize)| {
        let place = |at: usize, by: isize| (at as isize + by).clamp(0, last) as usize;
        x[[place(row, by.0), place(column, by.1)]]
    };
    let weights = [(-1, 1.0), (0, 2.0), (1, 1.0)];
    let down = Grey::from_shape_fn(x.dim(), |(row, column)| {
        let sum = |by: isize| -> f64 {
            weights
                .iter()
                .map(|&(side, w)| w * at(row, column, (by, side)))
                .sum()
        };
        sum(1) - sum(-1)
    });
    let right = Grey::from_shape_fn(x.dim(), |(row, column)| {
        let sum = |by: isize| -> f64 {
            weights
                .iter()
                .map(|&(side, w)| w * at(row, column, (side, by)))
                .sum()
        };
        sum(1) - sum(-1)
    });
    (down, right)
}

/// Whether a pixel off the border is above the low threshold and no less steep than the two places one
/// step along its gradient, between whose pixels the steepness is interpolated.
fn is_ridge(steep: &Grey, down: f64, right: f64, (row, column): (usize, usize)) -> bool {
    let border = |place: usize| place == 0 || place == SIDE - 1;
    if border(row) || border(column) || steep[[row, column]] < LOW {
        return false;
    }
    let at = |by: (isize, isize)| {
        steep[[
            row.wrapping_add_signed(by.0),
            column.wrapping_add_signed(by.1),
        ]]
    };
    // Towards the gradient: the diagonal neighbour and the straight one nearer to its direction.
    let (d, r) = (down.signum() as isize, right.signum() as isize);
    let diagonal = if down * right == 0.0 {
        None
    } else {
        Some((d, r))
    };
    let (straight, share) = if down.abs() >= right.abs() {
        ((d, 0), right.abs() / down.abs())
    } else {
        ((0, r), down.abs() / right.abs())
    };
    let there = |sign: isize| {
        let by = |(a, b): (isize, isize)| at((sign * a, sign * b));
        let oblique = diagonal.map_or(0.0, |diagonal| share * by(diagonal));
        oblique + (1.0 - share) * by(straight)
    };
    steep[[row, column]] >= there(1) && steep[[row, column]] >= there(-1)
}

/// The pixels connected, over any of eight neighbours, with one above the high threshold.
fn connected(ridge: &Grey) -> Grey {
    let mut edges = Grey::zeros(ridge.dim());
    let mut open: Vec<(usize, usize)> = ridge
        .indexed_iter()
        .filter(|&(_, &v)| v >= HIGH)
        .map(|(at, _)| at)
        .collect();
    while let Some((row, column)) = open.pop() {
        if edges[[row, column]] == 1.0 {
            continue;
        }
        edges[[row, column]] = 1.0;
        // A ridge is never on the border.
        for r in row - 1..=row + 1 {
            for c in column - 1..=column + 1 {
                if ridge[[r, c]] > 0.0 {
                    open.push((r, c));
                }
            }
        }
    }
    edges
}
