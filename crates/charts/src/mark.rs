use crate::figure::{Figure, Point};
use crate::palette::Ink;

/// Draws the mark of a series at a point. Neighbouring series have different marks.
pub fn mark(figure: &mut Figure, at: Point, series: usize, radius: f64) {
    let corners: &[Point] = match series % 6 {
        0 => &CIRCLE,
        1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        2 => &[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
        3 => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        4 => &[(-1.1, -0.8), (1.1, -0.8), (0.0, 1.2)],
        _ => &PLUS,
    };
    let points = (corners.iter()).map(|(x, y)| (at.0 + radius * x, at.1 + radius * y));
    let points: Vec<Point> = points.collect();
    figure.area(points.clone(), Ink::Series(series), 1.0);
    // A rim of paper keeps marks apart that lie on each other.
    let closed = points.iter().chain(points.first()).copied().collect();
    figure.line(closed, Ink::Paper, 0.75);
}

/// A circle as the 12 corners of a polygon, round enough at this size.
const CIRCLE: [Point; 12] = [
    (1.0, 0.0),
    (0.866, 0.5),
    (0.5, 0.866),
    (0.0, 1.0),
    (-0.5, 0.866),
    (-0.866, 0.5),
    (-1.0, 0.0),
    (-0.866, -0.5),
    (-0.5, -0.866),
    (0.0, -1.0),
    (0.5, -0.866),
    (0.866, -0.5),
];

const PLUS: [Point; 12] = [
    (-0.4, -1.2),
    (0.4, -1.2),
    (0.4, -0.4),
    (1.2, -0.4),
    (1.2, 0.4),
    (0.4, 0.4),
    (0.4, 1.2),
    (-0.4, 1.2),
    (-0.4, 0.4),
    (-1.2, 0.4),
    (-1.2, -0.4),
    (-0.4, -0.4),
];
