//! Names of series below a plot.

use crate::figure::{Anchor, Figure, TEXT};
use crate::font;
use crate::mark::mark;
use crate::palette::{Ink, dashes};

/// What stands before a name in a legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A line with the dashes of the series.
    Line,
    /// The mark of the series.
    Mark,
    /// A patch of its colour.
    Patch,
}

const KEY_WIDTH: f64 = 24.0;
const ROW_HEIGHT: f64 = 19.0;
const GAP: f64 = 14.0;

/// Draws the entries in rows from `top` down, as many beside each other as fit, and gives the height of
/// the figure at least its end.
pub fn draw(figure: &mut Figure, left: f64, top: f64, entries: &[(usize, String, Key)]) {
    let limit = figure.width - 8.0;
    let (mut x, mut y) = (left, top);
    for (series, name, key) in entries {
        let name = font::fitted(name, TEXT, limit - left - KEY_WIDTH - 6.0);
        let width = KEY_WIDTH + 6.0 + font::width(&name, TEXT);
        if x > left && x + width > limit {
            x = left;
            y += ROW_HEIGHT;
        }
        let middle = y + ROW_HEIGHT / 2.0;
        let ink = Ink::Series(*series);
        match key {
            Key::Line => {
                let line = vec![(x, middle), (x + KEY_WIDTH, middle)];
                figure.dashed(line, ink, 2.0, dashes(*series));
            }
            Key::Mark => mark(figure, (x + KEY_WIDTH / 2.0, middle), *series, 4.5),
            Key::Patch => {
                let (from, to) = ((x + 6.0, middle - 5.0), (x + KEY_WIDTH, middle + 5.0));
                figure.rectangle(from, to, ink, 0.75);
            }
        }
        let at = (x + KEY_WIDTH + 6.0, middle + 0.36 * TEXT);
        figure.text(at, name, Anchor::Start, Ink::Text);
        x += width + GAP;
    }
    figure.height = figure.height.max(y + ROW_HEIGHT + 4.0);
}
