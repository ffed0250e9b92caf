use crate::figure::{Anchor, Figure, Point, TICK_TEXT};
use crate::font;
use crate::palette::Ink;

/// A linear or logarithmic scale over a range of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Scale {
    /// Exactly from `low` to `high`.
    pub fn exact(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            logarithmic: false,
        }
    }

    /// Over `values` and a little more; without values, or with a single one, a range around them.
    pub fn around(values: &[f64]) -> Self {
        let (low, high) = range(values).unwrap_or((0.0, 1.0));
        let margin = match high - low {
            width if width > 0.0 => 0.06 * width,
            _ => (0.05 * high.abs()).max(0.5),
        };
        Self::exact(low - margin, high + margin)
    }

    /// Logarithmic over the positive `values`, from and to a power of ten where they are near.
    pub fn logarithmic(values: &[f64]) -> Self {
        let positive: Vec<f64> = values.iter().copied().filter(|&v| v > 0.0).collect();
        let (low, high) = range(&positive).unwrap_or((1.0, 10.0));
        Self {
            low: low / 1.5,
            high: (high * 1.5).max(low * 4.0),
            logarithmic: true,
        }
    }

    /// 0 at the low end, 1 at the high end.
    fn share(self, value: f64) -> f64 {
        if self.logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// Values to name, with their names; about as many as `wanted`.
    fn ticks(self, wanted: usize) -> Vec<(f64, String)> {
        if self.logarithmic {
            return self.decades();
        }
        let rough = (self.high - self.low) / wanted as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = power
            * match rough / power {
                r if r <= 1.0 => 1.0,
                r if r <= 2.0 => 2.0,
                r if r <= 5.0 => 5.0,
                _ => 10.0,
            };
        let digits = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
        // A hair beyond the ends, where a tick belongs that rounding put outside.
        let (first, last) = (
            (self.low / step - 1e-9).ceil() as i64,
            (self.high / step + 1e-9).floor() as i64,
        );
        (first..=last)
            .map(|k| {
                let value = k as f64 * step;
                (value, minus(&format!("{value:.digits$}")))
            })
            .collect()
    }

    /// Powers of ten, and 2 and 5 times them where there are few.
    fn decades(self) -> Vec<(f64, String)> {
        let (first, last) = (
            self.low.log10().floor() as i32,
            self.high.log10().ceil() as i32,
        );
        let factors: &[f64] = match (self.high / self.low).log10() {
            decades if decades < 1.6 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        // Every second or third power where there are many.
        let every = ((last - first) / 6 + 1).max(1);
        (first..=last)
            .filter(|power| power.rem_euclid(every) == 0)
            .flat_map(|power| factors.iter().map(move |f| f * 10f64.powi(power)))
            .filter(|value| (self.low..=self.high).contains(value))
            .map(|value| (value, plain(value)))
            .collect()
    }
}

fn range(values: &[f64]) -> Option<(f64, f64)> {
    let low = values.iter().copied().reduce(f64::min)?;
    Some((low, values.iter().copied().fold(low, f64::max)))
}

/// A number of a logarithmic scale: as it is where that is short, else as a power.
fn plain(value: f64) -> String {
    if (1e-3..1e5).contains(&value) {
        return value.to_string();
    }
    minus(&format!("{value:e}"))
}

fn minus(text: &str) -> String {
    text.replace('-', "−")
}

/// The frame of a plot inside a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plot {
    /// Of the frame, in CSS pixels.
    pub left: f64,
    /// Of the frame, in CSS pixels.
    pub top: f64,
    /// Of the frame, in CSS pixels.
    pub width: f64,
    /// Of the frame, in CSS pixels.
    pub height: f64,
    /// The scale of the horizontal axis.
    pub x: Scale,
    /// The scale of the vertical axis.
    pub y: Scale,
}

/// Room between a tick's text and the axis.
const GAP: f64 = 6.0;

impl Plot {
    /// Where a point with these values stands in the figure.
    pub fn at(&self, x: f64, y: f64) -> Point {
        (self.x_at(x), self.y_at(y))
    }

    /// Where a value of the horizontal axis stands.
    pub fn x_at(&self, x: f64) -> f64 {
        self.left + self.width * self.x.share(x)
    }

    /// Where a value of the vertical axis stands.
    pub fn y_at(&self, y: f64) -> f64 {
        self.top + self.height * (1.0 - self.y.share(y))
    }

    /// The lower edge of the frame.
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The right edge of the frame.
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Grid, frame, ticks and the names of both axes.
    pub fn draw(&self, figure: &mut Figure, x_name: &str, y_name: &str) {
        self.draw_x(figure, x_name, 6);
        let mut widest = 0f64;
        for (value, text) in self.y.ticks(5) {
            let y = self.y_at(value);
            figure.line(vec![(self.left, y), (self.right(), y)], Ink::Grid, 0.75);
            widest = widest.max(font::width(&text, TICK_TEXT));
            let at = (self.left - GAP, y + 0.36 * TICK_TEXT);
            figure.sized_text(at, text, TICK_TEXT, Anchor::End, Ink::Faint);
        }
        let middle = self.top + self.height / 2.0;
        figure.upwards((self.left - GAP - widest - 10.0, middle), y_name);
        self.frame(figure);
    }

    /// Grid, ticks and name of the horizontal axis.
    pub fn draw_x(&self, figure: &mut Figure, name: &str, wanted: usize) {
        let baseline = self.bottom() + TICK_TEXT + 4.0;
        let mut free_from = f64::NEG_INFINITY;
        for (value, text) in self.x.ticks(wanted) {
            let x = self.x_at(value);
            figure.line(vec![(x, self.top), (x, self.bottom())], Ink::Grid, 0.75);
            let half = font::width(&text, TICK_TEXT) / 2.0;
            // A text that would touch its neighbour is left out; its line stays.
            if x - half > free_from + 4.0 {
                free_from = x + half;
                figure.sized_text((x, baseline), text, TICK_TEXT, Anchor::Middle, Ink::Faint);
            }
        }
        let at = (self.left + self.width / 2.0, baseline + 18.0);
        figure.text(at, name, Anchor::Middle, Ink::Text);
    }

    /// The lines of both axes.
    pub fn frame(&self, figure: &mut Figure) {
        let corners = vec![
            (self.left, self.top),
            (self.left, self.bottom()),
            (self.right(), self.bottom()),
        ];
        figure.line(corners, Ink::Text, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(scale: Scale) -> Vec<String> {
        scale.ticks(5).into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        assert_eq!(
            names(Scale::exact(0.0, 1.0)),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(names(Scale::exact(-7.0, 12.0)), ["−5", "0", "5", "10"]);
        assert_eq!(names(Scale::exact(49.0, 101.0)), ["60", "80", "100"]);
        assert_eq!(
            names(Scale::logarithmic(&[0.02, 300.0])),
            ["0.1", "1", "10", "100"]
        );
        assert_eq!(names(Scale::logarithmic(&[1.0, 3.0])), ["1", "2"]);
    }

    #[test]
    fn one_value_or_none_still_has_a_range() {
        for scale in [
            Scale::around(&[]),
            Scale::around(&[3.0]),
            Scale::around(&[0.0; 2]),
        ] {
            assert!(scale.low < scale.high);
            assert!(!scale.ticks(5).is_empty());
        }
        assert!((0.0..=1.0).contains(&Scale::logarithmic(&[5.0]).share(5.0)));
        assert!(!Scale::logarithmic(&[]).ticks(5).is_empty());
    }
}
