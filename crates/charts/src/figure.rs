use crate::numbers::Numbers;
use crate::palette::Ink;

/// One figure as a list of shapes, drawn in their order. Lengths are CSS pixels; `y` grows downwards.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The stem of its files and its id on a page: letters, digits, `-` and `_`.
    pub id: String,
    /// What it shows, in a few words.
    pub title: String,
    /// What can be read from it: the caption, and the description for those who do not see it.
    pub caption: String,
    /// CSS pixels.
    pub width: f64,
    /// CSS pixels.
    pub height: f64,
    pub(crate) shapes: Vec<Shape>,
    /// The numbers behind it, where they stand nowhere else.
    pub numbers: Option<Numbers>,
}

/// `(x, y)`.
pub type Point = (f64, f64);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// A line through points.
    Line {
        points: Vec<Point>,
        ink: Ink,
        width: f64,
        /// Lengths of dashes and gaps; empty for a solid line.
        dashes: &'static [f64],
    },
    /// A filled polygon.
    Area {
        points: Vec<Point>,
        ink: Ink,
        opacity: f64,
    },
    /// One line of text.
    Text {
        at: Point,
        text: String,
        size: f64,
        ink: Ink,
        anchor: Anchor,
        /// Whether it reads upwards, turned about `at`.
        upwards: bool,
    },
}

/// Which part of a text stands at its point, on its baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Where it begins.
    Start,
    /// Its middle.
    Middle,
    /// Where it ends.
    End,
}

/// The size of text, in CSS pixels.
pub const TEXT: f64 = 12.0;
/// The size of text at ticks, in CSS pixels.
pub const TICK_TEXT: f64 = 11.0;
/// The width of most figures, in CSS pixels.
pub const WIDTH: f64 = 480.0;

impl Figure {
    /// An empty figure of the usual width and no height.
    pub fn new(id: String, title: &str, caption: String) -> Self {
        Self {
            id,
            title: title.to_owned(),
            caption,
            width: WIDTH,
            height: 0.0,
            shapes: Vec::new(),
            numbers: None,
        }
    }

    /// Adds a solid line through `points`, `width` wide.
    pub fn line(&mut self, points: Vec<Point>, ink: Ink, width: f64) {
        self.dashed(points, ink, width, &[]);
    }

    /// Adds a line with dashes and gaps of the lengths `dashes`; solid where they are none.
    pub fn dashed(&mut self, points: Vec<Point>, ink: Ink, width: f64, dashes: &'static [f64]) {
        self.shapes.push(Shape::Line {
            points,
            ink,
            width,
            dashes,
        });
    }

    /// Adds a filled polygon with `points` as corners; `opacity` is 1 for an opaque one.
    pub fn area(&mut self, points: Vec<Point>, ink: Ink, opacity: f64) {
        self.shapes.push(Shape::Area {
            points,
            ink,
            opacity,
        });
    }

    /// Adds a filled rectangle with two opposite corners.
    pub fn rectangle(&mut self, from: Point, to: Point, ink: Ink, opacity: f64) {
        let points = vec![from, (to.0, from.1), to, (from.0, to.1)];
        self.area(points, ink, opacity);
    }

    /// Adds a line of text in the usual size.
    pub fn text(&mut self, at: Point, text: impl Into<String>, anchor: Anchor, ink: Ink) {
        self.sized_text(at, text, TEXT, anchor, ink);
    }

    /// Adds a line of text, `size` pixels high.
    pub fn sized_text(
        &mut self,
        at: Point,
        text: impl Into<String>,
        size: f64,
        anchor: Anchor,
        ink: Ink,
    ) {
        self.shapes.push(Shape::Text {
            at,
            text: text.into(),
            size,
            ink,
            anchor,
            upwards: false,
        });
    }

    /// Adds a line of text that reads upwards, centred at `at`.
    pub fn upwards(&mut self, at: Point, text: impl Into<String>) {
        self.shapes.push(Shape::Text {
            at,
            text: text.into(),
            size: TEXT,
            ink: Ink::Text,
            anchor: Anchor::Middle,
            upwards: true,
        });
    }
}
