//! Classes of values in common bins, each by its own total.

use crate::axes::{Plot, Scale};
use crate::figure::{Anchor, Figure, Point, TICK_TEXT};
use crate::font;
use crate::legend::{self, Key};
use crate::palette::Ink;

/// The counts of one class in equal bins from the lowest to the highest value.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// What the legend says.
    pub name: String,
    /// The number of its series, which decides about its colour.
    pub series: usize,
    /// How many values lie in each bin.
    pub counts: Vec<u64>,
}

/// A value that is marked by a line with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The value.
    pub value: f64,
    /// What it is.
    pub name: &'static str,
}

/// Adds the axes, the outline of each class from `low` to `high`, the mark and the legend below. The horizontal
/// axis holds the mark too.
pub fn draw(
    figure: &mut Figure,
    axis: &str,
    (low, high): (f64, f64),
    classes: &[Class],
    mark: Option<&Mark>,
) {
    let highest = classes.iter().flat_map(shares).fold(0.0, f64::max);
    let ends = [Some(low), Some(high), mark.map(|mark| mark.value)];
    let ends: Vec<f64> = ends.into_iter().flatten().collect();
    let plot = Plot {
        left: 58.0,
        top: 18.0,
        width: 400.0,
        height: 220.0,
        x: Scale::around(&ends),
        y: Scale::exact(0.0, if highest > 0.0 { 105.0 * highest } else { 1.0 }),
    };
    figure.height = plot.bottom() + 46.0;
    plot.draw(figure, axis, "percent of the class");
    for class in classes {
        let outline = outline(&plot, (low, high), &shares(class));
        figure.area(outline.clone(), Ink::Series(class.series), 0.35);
        figure.line(outline, Ink::Series(class.series), 1.25);
    }
    if let Some(mark) = mark {
        let x = plot.x_at(mark.value);
        figure.dashed(
            vec![(x, plot.top), (x, plot.bottom())],
            Ink::Text,
            1.25,
            &[4.0, 3.0],
        );
        // Within the figure, wherever the line stands.
        let half = font::width(mark.name, TICK_TEXT) / 2.0;
        let middle = x.clamp(plot.left + half, plot.right() - half);
        let at = (middle, plot.top - 5.0);
        figure.sized_text(at, mark.name, TICK_TEXT, Anchor::Middle, Ink::Text);
    }
    let entries = classes
        .iter()
        .map(|c| (c.series, c.name.clone(), Key::Patch));
    let entries: Vec<_> = entries.collect();
    legend::draw(figure, 16.0, plot.bottom() + 44.0, &entries);
}

/// What share of the class lies in each bin.
fn shares(class: &Class) -> Vec<f64> {
    let all = class.counts.iter().sum::<u64>().max(1) as f64;
    class.counts.iter().map(|&n| n as f64 / all).collect()
}

/// The tops of the bins from left to right, with both feet. One bin, of equal values, is a bar of some width.
fn outline(plot: &Plot, (low, high): (f64, f64), shares: &[f64]) -> Vec<Point> {
    let (mut from, mut to) = (plot.x_at(low), plot.x_at(high));
    if to - from < 1.0 {
        (from, to) = (from - 4.0, from + 4.0);
    }
    let bin = (to - from) / shares.len() as f64;
    let mut outline = vec![(from, plot.bottom())];
    for (index, &share) in shares.iter().enumerate() {
        let y = plot.y_at(100.0 * share);
        let left = from + bin * index as f64;
        outline.extend([(left, y), (left + bin, y)]);
    }
    outline.push((to, plot.bottom()));
    outline.dedup();
    outline
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Shape;

    fn areas(figure: &Figure) -> Vec<&Vec<Point>> {
        let shapes = figure.shapes.iter();
        let areas = shapes.filter_map(|shape| match shape {
            Shape::Area {
                points,
                ink: Ink::Series(_),
                opacity,
            } if *opacity < 0.5 => Some(points),
            _ => None,
        });
        areas.collect()
    }

    fn class(series: usize, counts: &[u64]) -> Class {
        Class {
            name: format!("class {series}"),
            series,
            counts: counts.to_vec(),
        }
    }

    #[test]
    fn bars_are_as_high_as_the_shares_of_their_class() {
        let mut figure = Figure::new("h".to_owned(), "Scores", String::new());
        let classes = [class(0, &[30, 10]), class(1, &[0, 4])];
        let mark = Mark {
            value: 3.0,
            name: "threshold",
        };
        draw(&mut figure, "score", (0.0, 2.0), &classes, Some(&mark));
        let areas = areas(&figure);
        let height = |points: &[Point]| {
            let top = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
            points[0].1 - top
        };
        assert_eq!(areas.len(), 2);
        let ratio = height(areas[0]) / height(areas[1]);
        assert!((ratio - 0.75).abs() < 1e-12, "{ratio}");
        // The mark lies beyond the bins, half as far as they reach, and within the figure.
        let line = figure.shapes.iter().find_map(|shape| match shape {
            Shape::Line { points, dashes, .. } if !dashes.is_empty() => Some(points[0].0),
            _ => None,
        });
        let (from, to) = (areas[0][0].0, areas[0][areas[0].len() - 1].0);
        assert!((line.unwrap() - (to + 0.5 * (to - from))).abs() < 1e-9);
        assert!(line.unwrap() < figure.width);
    }

    #[test]
    fn equal_values_are_a_bar_and_no_values_none() {
        let mut figure = Figure::new("h".to_owned(), "Scores", String::new());
        draw(&mut figure, "score", (2.0, 2.0), &[class(0, &[5])], None);
        let bar = areas(&figure)[0];
        assert_eq!(bar[bar.len() - 1].0 - bar[0].0, 8.0);
        let mut figure = Figure::new("h".to_owned(), "Scores", String::new());
        draw(&mut figure, "score", (0.0, 1.0), &[class(0, &[0, 0])], None);
        let text = crate::svg::file(&figure);
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }
}
