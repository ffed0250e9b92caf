//! A figure as PNG at 300 dots per inch.

use ttf_parser::OutlineBuilder;

use crate::figure::{Anchor, Figure, Point, Shape};
use crate::font;
use crate::raster::Raster;
use crate::text::one_line;

/// Pixels of the picture for each pixel of the figure: a figure 480 wide is 300 dots per inch at 12 cm.
const SCALE: f64 = 3.0;
/// Dots per metre, 300 per inch.
const RESOLUTION: u32 = 11_811;

/// The figure as PNG on white; `None` where it has no area.
pub fn encode(figure: &Figure) -> Option<Vec<u8>> {
    let pixels = |length: f64| (SCALE * length).ceil() as u32;
    let (width, height) = (pixels(figure.width), pixels(figure.height));
    let mut picture = Raster::new(width as usize, height as usize);
    for shape in &figure.shapes {
        draw(&mut picture, shape);
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    // Large areas of one colour are small in any case.
    encoder.set_compression(png::Compression::Fast);
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: RESOLUTION,
        yppu: RESOLUTION,
        unit: png::Unit::Meter,
    }));
    // Writing to memory cannot fail, and the picture has the size that the header says.
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&picture.bytes()).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

fn draw(picture: &mut Raster, shape: &Shape) {
    match shape {
        Shape::Line {
            points,
            ink,
            width,
            dashes,
        } => {
            let lengths: Vec<f64> = dashes.iter().map(|length| SCALE * length).collect();
            for piece in dashed(&scaled(points), &lengths) {
                picture.stroke(&piece, SCALE * width, ink.color());
            }
        }
        Shape::Area {
            points,
            ink,
            opacity,
        } => picture.fill(&[scaled(points)], ink.color(), *opacity),
        Shape::Text {
            at,
            text,
            size,
            ink,
            anchor,
            upwards,
        } => {
            let text = one_line(text);
            let back = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => font::width(&text, *size) / 2.0,
                Anchor::End => font::width(&text, *size),
            };
            let unit = SCALE * font::scale(*size);
            let place = |(x, y): Point| {
                let (along, up) = (unit * x - SCALE * back, unit * y);
                match upwards {
                    false => (SCALE * at.0 + along, SCALE * at.1 - up),
                    true => (SCALE * at.0 - up, SCALE * at.1 - along),
                }
            };
            let mut pen = Pen::default();
            for (x, glyph) in font::glyphs(&text) {
                pen.start = x;
                font::outline(glyph, &mut pen);
            }
            for outline in &mut pen.outlines {
                outline.iter_mut().for_each(|point| *point = place(*point));
            }
            picture.fill(&pen.outlines, ink.color(), 1.0);
        }
    }
}

fn scaled(points: &[Point]) -> Vec<Point> {
    points.iter().map(|(x, y)| (SCALE * x, SCALE * y)).collect()
}

/// The line cut into dashes of the given lengths, with gaps of the lengths between them.
fn dashed(points: &[Point], lengths: &[f64]) -> Vec<Vec<Point>> {
    if lengths.is_empty() {
        return vec![points.to_vec()];
    }
    let mut pieces = Vec::new();
    let mut piece: Vec<Point> = points.first().copied().into_iter().collect();
    let (mut index, mut left) = (0, lengths[0]);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            let is_dash = index % 2 == 0;
            if length <= left {
                left -= length;
                if is_dash {
                    piece.push(to);
                }
                break;
            }
            let share = left / length;
            from = (
                from.0 + share * (to.0 - from.0),
                from.1 + share * (to.1 - from.1),
            );
            if is_dash {
                piece.push(from);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![from];
            }
            index += 1;
            left = lengths[index % lengths.len()];
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

/// Straight pieces that stand for a curve of a glyph, which is a few pixels long.
const PIECES: usize = 5;

/// Takes the outlines of glyphs as polygons.
#[derive(Default)]
struct Pen {
    /// Where the glyph starts.
    start: f64,
    outlines: Vec<Vec<Point>>,
}

impl Pen {
    fn push(&mut self, x: f64, y: f64) {
        if let Some(outline) = self.outlines.last_mut() {
            outline.push((self.start + x, y));
        }
    }

    /// The point that was drawn last.
    fn last(&self) -> Point {
        let last = self.outlines.last().and_then(|outline| outline.last());
        last.map_or((0.0, 0.0), |&(x, y)| (x - self.start, y))
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.outlines.push(Vec::new());
        self.push(f64::from(x), f64::from(y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.push(f64::from(x), f64::from(y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (x0, y0) = self.last();
        let mix = |t: f64, a: f64, b: f32, c: f32| {
            let s = 1.0 - t;
            s * s * a + 2.0 * s * t * f64::from(b) + t * t * f64::from(c)
        };
        for k in 1..=PIECES {
            let t = k as f64 / PIECES as f64;
            self.push(mix(t, x0, x1, x), mix(t, y0, y1, y));
        }
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (x0, y0) = self.last();
        let mix = |t: f64, a: f64, b: f32, c: f32, d: f32| {
            let s = 1.0 - t;
            let ends = s * s * s * a + t * t * t * f64::from(d);
            ends + 3.0 * s * t * (s * f64::from(b) + t * f64::from(c))
        };
        for k in 1..=PIECES {
            let t = k as f64 / PIECES as f64;
            self.push(mix(t, x0, x1, x2, x), mix(t, y0, y1, y2, y));
        }
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_go_around_corners() {
        let line = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0)];
        assert_eq!(dashed(&line, &[]), [line.to_vec()]);
        assert_eq!(
            dashed(&line, &[5.0, 2.0]),
            [
                vec![(0.0, 0.0), (4.0, 0.0), (4.0, 1.0)],
                vec![(4.0, 3.0), (4.0, 4.0)]
            ]
        );
    }

    #[test]
    fn a_glyph_is_a_closed_shape_of_its_size() {
        let mut pen = Pen::default();
        for (x, glyph) in font::glyphs("1o") {
            pen.start = x;
            font::outline(glyph, &mut pen);
        }
        // A stroke, a ring and its hole.
        assert_eq!(pen.outlines.len(), 3);
        let right = pen
            .outlines
            .iter()
            .flatten()
            .map(|p| p.0)
            .fold(0.0, f64::max);
        assert!(right < font::width("1o", 1.0) / font::scale(1.0));
    }
}
