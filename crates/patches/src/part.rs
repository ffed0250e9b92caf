//! Which pixels of a photograph show the part that lies on it.

use std::collections::VecDeque;

use ndarray::{Array2, ArrayView3, Axis, Zip};

/// Standard deviation in pixels of the Gaussian that takes noise away.
const BLUR: f64 = 1.5;
/// Bins of the histogram.
const BINS: usize = 256;
/// Times that gaps are closed by a pixel from each side.
const CLOSED: usize = 2;

/// The pixels of the largest part that stands out from the background, holes filled; none where all pixels are
/// alike.
///
/// # Steps
/// Grey values, smoothed; their difference from their median, which is the background's; Otsu's threshold (1979);
/// gaps of up to four pixels closed; holes filled; the largest of the pieces that touch, also at corners.
///
/// # Shapes
/// `[c, h, w]` → `[h, w]`.
pub(crate) fn part(image: ArrayView3<'_, u8>) -> Option<Array2<bool>> {
    let grey = smoothed(&grey(image));
    let mut values: Vec<f32> = grey.iter().copied().collect();
    let middle = values.len() / 2;
    let (_, median, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    let median = *median;
    let off = grey.mapv(|v| (v - median).abs());
    let threshold = otsu(&off)?;
    let mut mask = off.mapv(|v| v > threshold);
    for _ in 0..CLOSED {
        mask = spread(&mask, true);
    }
    for _ in 0..CLOSED {
        mask = spread(&mask, false);
    }
    fill(&mut mask);
    largest(&mask)
}

fn grey(image: ArrayView3<'_, u8>) -> Array2<f32> {
    let n = image.len_of(Axis(0)) as f32;
    let mut grey = Array2::zeros((image.len_of(Axis(1)), image.len_of(Axis(2))));
    for channel in image.outer_iter() {
        Zip::from(&mut grey)
            .and(channel)
            .for_each(|sum, v| *sum += f32::from(*v) / n);
    }
    grey
}

/// By a Gaussian cut at four standard deviations, the borders repeated.
fn smoothed(x: &Array2<f32>) -> Array2<f32> {
    let radius = (4.0 * BLUR).ceil() as i64;
    let weights: Vec<f64> = (-radius..=radius)
        .map(|i| (-0.5 * (i as f64 / BLUR).powi(2)).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    let along = |x: &Array2<f32>| {
        // The transpose, so that twice is both axes.
        let (h, w) = x.dim();
        Array2::from_shape_fn((w, h), |(column, row)| {
            let at = |i: i64| x[[row, (column as i64 + i).clamp(0, w as i64 - 1) as usize]];
            let terms = (-radius..=radius).zip(&weights);
            let total: f64 = terms.map(|(i, weight)| weight * f64::from(at(i))).sum();
            (total / sum) as f32
        })
    };
    along(&along(x))
}

/// The threshold that divides the values, at least 0, into two classes whose means are farthest apart for their
/// sizes (Otsu 1979); `None` where all are 0.
fn otsu(x: &Array2<f32>) -> Option<f32> {
    let largest = x.iter().copied().fold(0.0, f32::max);
    if largest <= 0.0 {
        return None;
    }
    let mut counts = [0u64; BINS];
    for v in x {
        let bin = (v / largest * BINS as f32) as usize;
        counts[bin.min(BINS - 1)] += 1;
    }
    let total: u64 = counts.iter().sum();
    let moment = |(bin, count): (usize, &u64)| bin as f64 * *count as f64;
    let all: f64 = counts.iter().enumerate().map(moment).sum();
    let (mut below, mut sum) = (0u64, 0.0);
    let (mut best, mut at) = (-1.0, 0);
    for (bin, count) in counts.iter().enumerate() {
        below += count;
        sum += moment((bin, count));
        let above = total - below;
        if below == 0 || above == 0 {
            continue;
        }
        let apart = sum / below as f64 - (all - sum) / above as f64;
        let between = below as f64 * above as f64 * apart * apart;
        if between > best {
            (best, at) = (between, bin);
        }
    }
    Some(largest * (at + 1) as f32 / BINS as f32)
}

/// Each pixel with `value` gives it to the eight around it; what is outside gives nothing.
fn spread(mask: &Array2<bool>, value: bool) -> Array2<bool> {
    let (h, w) = mask.dim();
    Array2::from_shape_fn((h, w), |(row, column)| {
        let rows = row.saturating_sub(1)..(row + 2).min(h);
        let mut columns = column.saturating_sub(1)..(column + 2).min(w);
        let any = columns.any(|column| rows.clone().any(|row| mask[[row, column]] == value));
        any == value
    })
}

/// Sets what no way through unset pixels connects with the border.
fn fill(mask: &mut Array2<bool>) {
    let (h, w) = mask.dim();
    let is_border =
        |(row, column): (usize, usize)| row == 0 || column == 0 || row + 1 == h || column + 1 == w;
    let mut outside = Array2::from_elem((h, w), false);
    let mut queue = VecDeque::new();
    for (at, set) in mask.indexed_iter() {
        if is_border(at) && !set {
            outside[at] = true;
            queue.push_back(at);
        }
    }
    while let Some((row, column)) = queue.pop_front() {
        let beside = [
            (row.wrapping_sub(1), column),
            (row + 1, column),
            (row, column.wrapping_sub(1)),
            (row, column + 1),
        ];
        for at in beside {
            if mask.get(at) == Some(&false) && !outside[at] {
                outside[at] = true;
                queue.push_back(at);
            }
        }
    }
    *mask = outside.mapv(|outside| !outside);
}

/// The largest piece, of equally large ones the first; `None` without any.
fn largest(mask: &Array2<bool>) -> Option<Array2<bool>> {
    let (h, w) = mask.dim();
    let mut piece_of = Array2::from_elem((h, w), 0usize);
    let mut sizes = vec![0usize];
    for (start, set) in mask.indexed_iter() {
        if !set || piece_of[start] > 0 {
            continue;
        }
        let piece = sizes.len();
        sizes.push(0);
        piece_of[start] = piece;
        let mut queue = VecDeque::from([start]);
        while let Some((row, column)) = queue.pop_front() {
            sizes[piece] += 1;
            for row in row.saturating_sub(1)..(row + 2).min(h) {
                for column in column.saturating_sub(1)..(column + 2).min(w) {
                    if mask[[row, column]] && piece_of[[row, column]] == 0 {
                        piece_of[[row, column]] = piece;
                        queue.push_back((row, column));
                    }
                }
            }
        }
    }
    let of_size = |piece: &usize| (sizes[*piece], usize::MAX - *piece);
    let piece = (1..sizes.len()).max_by_key(of_size)?;
    Some(piece_of.mapv(|of| of == piece))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, s};

    use super::*;

    #[test]
    fn the_largest_thing_on_the_background_is_found_without_its_holes() {
        let mut image = Array3::from_elem((3, 60, 80), 180u8);
        image.slice_mut(s![.., 20..40, 10..70]).fill(40);
        image.slice_mut(s![.., 27..33, 30..36]).fill(180); // a hole
        image.slice_mut(s![.., 25..35, 50..52]).fill(180); // a gap within
        image.slice_mut(s![.., 50..54, 5..9]).fill(20); // another thing
        let mask = part(image.view()).unwrap();
        let expected =
            |row: usize, column: usize| (20..40).contains(&row) && (10..70).contains(&column);
        let wrong = mask
            .indexed_iter()
            .filter(|((r, c), set)| **set != expected(*r, *c));
        // Corners are rounded by the smoothing.
        assert!(wrong.count() < 40);
        assert!(mask[[30, 33]] && !mask[[52, 7]]);
    }

    #[test]
    fn a_bright_part_is_found_as_well_as_a_dark_one_and_nothing_on_an_even_image() {
        let mut image = Array3::from_elem((1, 30, 30), 50u8);
        assert_eq!(part(image.view()), None);
        image.slice_mut(s![.., 5..15, 5..25]).fill(200);
        let mask = part(image.view()).unwrap();
        let count = mask.iter().filter(|set| **set).count();
        assert!((180..220).contains(&count), "{count}");
    }

    #[test]
    fn a_threshold_divides_two_heaps() {
        let values = Array2::from_shape_fn((10, 10), |(i, j)| {
            let base = if i < 7 { 1.0 } else { 9.0 };
            base + 0.1 * (j as f32 % 3.0)
        });
        let threshold = otsu(&values).unwrap();
        assert!((1.2..9.0).contains(&threshold), "{threshold}");
        assert_eq!(otsu(&Array2::zeros((3, 3))), None);
    }
}
