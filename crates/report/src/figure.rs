//! Figures as lists of shapes, drawn as SVG for the page and for files, and as PNG.
//!
//! One figure is made once: what the page shows, what the files hold and what a print shows agree.

pub(crate) mod axes;
pub(crate) mod font;
pub(crate) mod legend;
pub(crate) mod numbers;
pub(crate) mod palette;
pub(crate) mod png;
mod raster;
pub(crate) mod svg;

mod agreement;
mod bars;
mod cost;
mod curves;
mod histograms;
mod published;
mod ranks;
mod training;

mod table;

pub(crate) use table::{TableFigures, of_table};

use numbers::Numbers;
use palette::Ink;

/// One figure; lengths are CSS pixels, `y` grows downwards.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// The stem of its files and its id on the page: letters, digits, `-` and `_`.
    pub(crate) id: String,
    /// What it shows, in a few words.
    pub(crate) title: String,
    /// What can be read from it, for a caption and for who does not see it.
    pub(crate) caption: String,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) shapes: Vec<Shape>,
    /// The numbers behind it, where the tables of the report do not have them.
    pub(crate) numbers: Option<Numbers>,
}

pub(crate) type Point = (f64, f64);

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
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// The size of all text; the smaller one is for ticks.
pub(crate) const TEXT: f64 = 12.0;
pub(crate) const TICK_TEXT: f64 = 11.0;

impl Figure {
    pub(crate) fn line(&mut self, points: Vec<Point>, ink: Ink, width: f64) {
        self.dashed(points, ink, width, &[]);
    }

    pub(crate) fn dashed(
        &mut self,
        points: Vec<Point>,
        ink: Ink,
        width: f64,
        dashes: &'static [f64],
    ) {
        self.shapes.push(Shape::Line {
            points,
            ink,
            width,
            dashes,
        });
    }

    pub(crate) fn area(&mut self, points: Vec<Point>, ink: Ink, opacity: f64) {
        self.shapes.push(Shape::Area {
            points,
            ink,
            opacity,
        });
    }

    pub(crate) fn rectangle(&mut self, from: Point, to: Point, ink: Ink, opacity: f64) {
        let points = vec![from, (to.0, from.1), to, (from.0, to.1)];
        self.area(points, ink, opacity);
    }

    pub(crate) fn text(&mut self, at: Point, text: impl Into<String>, anchor: Anchor, ink: Ink) {
        self.sized_text(at, text, TEXT, anchor, ink);
    }

    pub(crate) fn sized_text(
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

    pub(crate) fn upwards(&mut self, at: Point, text: impl Into<String>) {
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
