//! Level bars, one below the other.

use crate::axes::{Plot, Scale};
use crate::figure::{Anchor, Figure, TEXT, TICK_TEXT};
use crate::font;
use crate::palette::Ink;

/// The height of a bar with the gaps around it.
const BAR: f64 = 26.0;
/// Room for the names.
const NAMES: f64 = 168.0;

/// One bar with its name on the left.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Cut off where it is too long.
    pub name: String,
    /// The number of its series, which decides about its colour.
    pub series: usize,
    /// Where the bar ends; without one there is only the mark.
    pub value: Option<f64>,
    /// How far a whisker reaches from the value to either side.
    pub spread: Option<f64>,
    /// A second value, shown as a diamond.
    pub mark: Option<f64>,
}

/// Adds bars from 0 to 100 with a dashed line at `line`, and gives the figure its height. At its end each
/// bar has its value, or that of its mark, to two digits.
pub fn draw(figure: &mut Figure, axis: &str, bars: &[Bar], line: f64) {
    let plot = Plot {
        left: NAMES,
        top: 6.0,
        width: figure.width - NAMES - 62.0,
        height: BAR * bars.len() as f64,
        x: Scale::exact(0.0, 100.0),
        y: Scale::exact(0.0, 1.0),
    };
    figure.height = plot.bottom() + 42.0;
    plot.draw_x(figure, axis, 5);
    for (index, bar) in bars.iter().enumerate() {
        let middle = plot.top + BAR * (index as f64 + 0.5);
        let name = font::fitted(&bar.name, TEXT, NAMES - 14.0);
        let at = (NAMES - 8.0, middle + 0.36 * TEXT);
        figure.text(at, name, Anchor::End, Ink::Text);
        let end = one(figure, &plot, bar, middle);
        let shown = bar.value.or(bar.mark);
        let text = shown.map_or_else(String::new, |value| format!("{value:.2}"));
        let at = (end + 6.0, middle + 0.36 * TICK_TEXT);
        figure.sized_text(at, text, TICK_TEXT, Anchor::Start, Ink::Text);
    }
    let x = plot.x_at(line);
    let ends = vec![(x, plot.top), (x, plot.bottom())];
    figure.dashed(ends, Ink::Text, 1.0, &[4.0, 3.0]);
    plot.frame(figure);
}

/// The bar, its whisker and its mark; gives where they end.
fn one(figure: &mut Figure, plot: &Plot, bar: &Bar, middle: f64) -> f64 {
    let start = plot.x_at(0.0);
    let mut end = start;
    if let Some(value) = bar.value {
        end = plot.x_at(value);
        let (from, to) = ((start, middle - 8.0), (end, middle + 8.0));
        figure.rectangle(from, to, Ink::Series(bar.series), 1.0);
        if let Some(spread) = bar.spread {
            let ends = [value - spread, (value + spread).min(100.0)];
            let whisker = ends.map(|x| (plot.x_at(x), middle));
            figure.line(whisker.to_vec(), Ink::Paper, 3.0);
            figure.line(whisker.to_vec(), Ink::Text, 1.25);
            end = end.max(whisker[1].0);
        }
    }
    if let Some(value) = bar.mark {
        let x = plot.x_at(value);
        // Black on a rim of paper, unlike any bar.
        diamond(figure, (x, middle), 6.5, Ink::Paper);
        diamond(figure, (x, middle), 4.5, Ink::Text);
        end = end.max(x + 6.0);
    }
    end
}

fn diamond(figure: &mut Figure, (x, y): (f64, f64), r: f64, ink: Ink) {
    let corners = vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)];
    figure.area(corners, ink, 1.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Shape;

    #[test]
    fn a_bar_is_as_long_as_its_value_and_says_it() {
        let mut figure = Figure::new("bars".to_owned(), "Bars", String::new());
        let bar = |value, mark| Bar {
            name: "a".to_owned(),
            series: 0,
            value,
            spread: None,
            mark,
        };
        draw(
            &mut figure,
            "percent",
            &[bar(Some(40.0), None), bar(None, Some(75.0))],
            50.0,
        );
        let width = WIDTH_OF_PLOT;
        let bars: Vec<&Vec<(f64, f64)>> = (figure.shapes.iter())
            .filter_map(|shape| match shape {
                Shape::Area {
                    points,
                    ink: Ink::Series(0),
                    ..
                } => Some(points),
                _ => None,
            })
            .collect();
        assert_eq!(bars.len(), 1);
        assert_eq!(bars[0][1].0 - bars[0][0].0, 0.4 * width);
        let texts: Vec<&str> = (figure.shapes.iter())
            .filter_map(|shape| match shape {
                Shape::Text { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert!(
            texts.contains(&"40.00") && texts.contains(&"75.00"),
            "{texts:?}"
        );
    }

    const WIDTH_OF_PLOT: f64 = 480.0 - NAMES - 62.0;
}
