use std::ops::Range;

use crate::figure::Point;

/// Lines of samples in each row of pixels. Along a line coverage is exact.
const SAMPLES: usize = 5;

/// A picture of opaque colours on white, filled polygon by polygon with smooth edges.
#[derive(Debug)]
pub(crate) struct Raster {
    width: usize,
    height: usize,
    /// Red, green and blue of each pixel, row by row.
    colors: Vec<[f32; 3]>,
}

impl Raster {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            colors: vec![[255.0; 3]; width * height],
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let channels = self.colors.iter().flatten();
        channels.map(|channel| channel.round() as u8).collect()
    }

    /// Fills what the closed outlines wind around (the non-zero rule, by which overlaps of outlines that
    /// turn the same way are filled once and holes that turn the other way stay free).
    pub(crate) fn fill(&mut self, outlines: &[Vec<Point>], color: [u8; 3], opacity: f64) {
        let mut edges: Vec<Edge> = outlines.iter().flat_map(|outline| edges(outline)).collect();
        edges.sort_by(|a, b| a.top.total_cmp(&b.top));
        let bottom = edges.iter().map(|edge| edge.bottom).fold(0.0, f64::max);
        // Saturating casts: what lies outside the picture costs nothing.
        let first = edges.first().map_or(0, |edge| edge.top.floor() as usize);
        let last = (bottom.ceil() as usize).min(self.height);
        let mut coming = edges.into_iter().peekable();
        // The edges that cross the row.
        let mut crossing: Vec<Edge> = Vec::new();
        let mut coverage = vec![0.0; self.width];
        for row in first..last {
            let row_top = row as f64;
            crossing.retain(|edge| edge.bottom > row_top);
            while let Some(edge) = coming.next_if(|edge| edge.top < row_top + 1.0) {
                if edge.bottom > row_top {
                    crossing.push(edge);
                }
            }
            // The pixels of the row that are covered at all: most shapes are narrow.
            let mut touched = self.width..0;
            for sample in 0..SAMPLES {
                let y = row_top + (sample as f64 + 0.5) / SAMPLES as f64;
                add_line(&crossing, y, &mut coverage, &mut touched);
            }
            if touched.is_empty() {
                continue;
            }
            let covered_pixels = &mut coverage[touched.clone()];
            let pixels = &mut self.colors[row * self.width..][touched];
            for (pixel, covered) in pixels.iter_mut().zip(covered_pixels.iter()) {
                let share = (covered / SAMPLES as f64 * opacity) as f32;
                for (channel, ink) in pixel.iter_mut().zip(color) {
                    *channel += share * (f32::from(ink) - *channel);
                }
            }
            covered_pixels.fill(0.0);
        }
    }

    /// Draws a line of this width through points, with round joints.
    pub(crate) fn stroke(&mut self, points: &[Point], width: f64, color: [u8; 3]) {
        let radius = width / 2.0;
        let mut outlines = Vec::new();
        for pair in points.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let length = (x1 - x0).hypot(y1 - y0);
            if length == 0.0 {
                continue;
            }
            // Across the segment, a radius long.
            let (ax, ay) = (-(y1 - y0) / length * radius, (x1 - x0) / length * radius);
            // All pieces turn the same way, so that their overlaps are filled once.
            outlines.push(vec![
                (x0 - ax, y0 - ay),
                (x1 - ax, y1 - ay),
                (x1 + ax, y1 + ay),
                (x0 + ax, y0 + ay),
            ]);
        }
        let inner = points.get(1..points.len().saturating_sub(1));
        for &(x, y) in inner.unwrap_or_default() {
            let corner = |k: usize| {
                let angle = std::f64::consts::TAU * k as f64 / JOINT_CORNERS as f64;
                (x + radius * angle.cos(), y + radius * angle.sin())
            };
            outlines.push((0..JOINT_CORNERS).map(corner).collect());
        }
        self.fill(&outlines, color, 1.0);
    }
}

const JOINT_CORNERS: usize = 12;

/// A side of an outline, from `top` to `bottom`.
#[derive(Debug)]
struct Edge {
    top: f64,
    bottom: f64,
    x_at_top: f64,
    /// Change of x for each row down.
    slope: f64,
    /// +1 where the outline goes down here, −1 where it goes up.
    turn: i32,
}

fn edges(outline: &[Point]) -> impl Iterator<Item = Edge> {
    let next = outline.iter().cycle().skip(1);
    outline.iter().zip(next).filter_map(|(&from, &to)| {
        let (above, below, turn) = if from.1 < to.1 {
            (from, to, 1)
        } else {
            (to, from, -1)
        };
        // Level ones cross no line of samples; neither does one that is not a number.
        (above.1 < below.1).then(|| Edge {
            top: above.1,
            bottom: below.1,
            x_at_top: above.0,
            slope: (below.0 - above.0) / (below.1 - above.1),
            turn,
        })
    })
}

/// Adds to each pixel how much of it lies inside on the line `y`, and widens `touched` by these pixels.
fn add_line(edges: &[Edge], y: f64, coverage: &mut [f64], touched: &mut Range<usize>) {
    let mut crossings: Vec<(f64, i32)> = (edges.iter())
        .filter(|edge| edge.top <= y && y < edge.bottom)
        .map(|edge| (edge.x_at_top + edge.slope * (y - edge.top), edge.turn))
        .collect();
    crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut winding = 0;
    for pair in crossings.windows(2) {
        winding += pair[0].1;
        if winding != 0 {
            add_span(pair[0].0, pair[1].0, coverage, touched);
        }
    }
}

fn add_span(from: f64, to: f64, coverage: &mut [f64], touched: &mut Range<usize>) {
    let (from, to) = (from.max(0.0), to.min(coverage.len() as f64));
    if from >= to {
        return; // outside
    }
    let mut pixel = from.floor() as usize;
    touched.start = touched.start.min(pixel);
    while (pixel as f64) < to {
        let left = from.max(pixel as f64);
        let right = to.min(pixel as f64 + 1.0);
        coverage[pixel] += right - left;
        pixel += 1;
    }
    touched.end = touched.end.max(pixel);
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: [u8; 3] = [0; 3];

    /// How much ink there is, in pixels.
    fn ink(raster: &Raster) -> f64 {
        let channels = raster
            .colors
            .iter()
            .map(|pixel| f64::from(255.0 - pixel[0]));
        channels.sum::<f64>() / 255.0
    }

    fn square(from: f64, to: f64) -> Vec<Point> {
        vec![(from, from), (to, from), (to, to), (from, to)]
    }

    #[test]
    fn a_polygon_has_the_ink_of_its_area() {
        let mut raster = Raster::new(20, 12);
        raster.fill(&[vec![(2.0, 1.0), (17.0, 4.0), (6.0, 11.0)]], BLACK, 1.0);
        // ½ |15·10 − 4·3| = 69; sampled lines miss less than a hundredth of it.
        assert!((ink(&raster) - 69.0).abs() < 0.5, "{}", ink(&raster));
        let mut raster = Raster::new(20, 12);
        raster.fill(&[square(1.25, 8.75)], BLACK, 0.5);
        assert!(
            (ink(&raster) - 0.5 * 7.5 * 7.6).abs() < 0.3,
            "{}",
            ink(&raster)
        );
    }

    #[test]
    fn overlaps_are_filled_once_and_holes_stay_free() {
        let mut raster = Raster::new(12, 12);
        raster.fill(&[square(1.0, 6.0), square(3.0, 9.0)], BLACK, 0.5);
        assert!((ink(&raster) - 0.5 * (25.0 + 36.0 - 9.0)).abs() < 1e-3);
        let mut hole = square(3.0, 6.0);
        hole.reverse();
        let mut raster = Raster::new(12, 12);
        raster.fill(&[square(1.0, 9.0), hole], BLACK, 1.0);
        assert!((ink(&raster) - (64.0 - 9.0)).abs() < 1e-3);
    }

    #[test]
    fn a_line_has_the_ink_of_its_length_and_width() {
        let mut raster = Raster::new(40, 40);
        raster.stroke(&[(5.0, 5.0), (35.0, 5.0), (35.0, 30.0)], 2.0, BLACK);
        // Two pieces of 30 × 2 and 25 × 2 share a quarter of the joint; its disc adds the other corner.
        assert!((ink(&raster) - 110.0).abs() < 1.0, "{}", ink(&raster));
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        let mut raster = Raster::new(4, 3);
        raster.fill(&[square(-1e9, 1e9)], BLACK, 1.0);
        assert!(raster.bytes().iter().all(|&channel| channel == 0));
        raster.fill(&[square(9.0, 11.0), square(-9.0, -1.0)], BLACK, 1.0);
        raster.fill(&[vec![(9.0, 0.0), (11.0, 0.0), (11.0, 3.0)]], BLACK, 1.0);
        raster.fill(&[square(f64::NAN, 2.0)], BLACK, 1.0);
        raster.stroke(&[], 1.0, BLACK);
        raster.stroke(&[(1.0, 1.0), (1.0, 1.0)], 1.0, BLACK);
    }
}
