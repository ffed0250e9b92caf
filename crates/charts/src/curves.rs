//! Curves over a common abscissa, with bands around them.

use crate::axes::Plot;
use crate::figure::{Figure, Point};
use crate::legend::{self, Key};
use crate::palette::{Ink, dashes};

/// One curve with its name for the legend, in the units of the plot's axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What the legend says.
    pub name: String,
    /// The number of its series, which decides about its colour and dashes.
    pub series: usize,
    /// Its points from left to right.
    pub points: Vec<Point>,
    /// The lower and the upper edge of the band around it, from left to right.
    pub band: Option<(Vec<Point>, Vec<Point>)>,
}

/// Adds all bands, the curves above them, and the legend below the plot.
pub fn draw(figure: &mut Figure, plot: &Plot, curves: &[Curve]) {
    let placed =
        |points: &[Point]| simplified(points.iter().map(|&(x, y)| plot.at(x, y)).collect());
    for curve in curves {
        if let Some((low, high)) = &curve.band {
            let mut outline = placed(low);
            outline.extend(placed(high).into_iter().rev());
            figure.area(outline, Ink::Series(curve.series), 0.18);
        }
    }
    for curve in curves {
        let (ink, dashes) = (Ink::Series(curve.series), dashes(curve.series));
        figure.dashed(placed(&curve.points), ink, 1.75, dashes);
    }
    let entries = curves.iter().map(|c| (c.series, c.name.clone(), Key::Line));
    let entries: Vec<_> = entries.collect();
    legend::draw(figure, 16.0, plot.bottom() + 44.0, &entries);
}

/// Without the points that lie on the line between their neighbours to a twentieth of a pixel: curves
/// have long straight parts, and a page must stay small.
fn simplified(points: Vec<Point>) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for (index, &point) in points.iter().enumerate() {
        if let (Some(&before), Some(&after)) = (kept.last(), points.get(index + 1)) {
            let share = (point.0 - before.0) / (after.0 - before.0);
            let on_line = before.1 + share * (after.1 - before.1);
            if (point.1 - on_line).abs() < 0.05 {
                continue;
            }
        }
        kept.push(point);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_points_on_a_line_are_dropped() {
        let line = vec![(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 0.0), (4.0, 0.0)];
        assert_eq!(
            simplified(line),
            [(0.0, 0.0), (2.0, 2.0), (3.0, 0.0), (4.0, 0.0)]
        );
        let vertical = vec![(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
        assert_eq!(simplified(vertical.clone()), vertical);
    }
}
