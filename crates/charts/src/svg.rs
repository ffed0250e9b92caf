//! A figure as SVG.

use crate::figure::{Anchor, Figure, Point, Shape};
use crate::markup::Markup;
use crate::palette::Ink;
use crate::text::one_line;

/// As part of a page, in the colours of its theme. `describedby` is the id of the caption.
pub fn inline(figure: &Figure, describedby: &str) -> Markup {
    let title_id = format!("{describedby}.title");
    let size = format!("0 0 {} {}", number(figure.width), number(figure.height));
    let mut markup = Markup::default();
    markup.open(
        "svg",
        &[
            ("viewBox", size.as_str()),
            ("role", "img"),
            ("aria-labelledby", &title_id),
            ("aria-describedby", describedby),
        ],
    );
    markup.element("title", &[("id", &title_id)], &one_line(&figure.title));
    for shape in &figure.shapes {
        draw(&mut markup, shape, &|ink| format!("var(--{})", ink.class()));
    }
    markup.raw("</svg>\n");
    markup
}

/// As a file of its own, on white.
pub fn file(figure: &Figure) -> String {
    let (width, height) = (number(figure.width), number(figure.height));
    let mut markup = Markup::default();
    markup.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    markup.open(
        "svg",
        &[
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("width", &width),
            ("height", &height),
            ("viewBox", &format!("0 0 {width} {height}")),
            ("font-family", "DejaVu Sans, Verdana, Arial, sans-serif"),
        ],
    );
    markup.raw("\n");
    markup.element("title", &[], &one_line(&figure.title));
    markup.element("desc", &[], &one_line(&figure.caption));
    markup.raw("\n");
    let color = |ink: Ink| {
        let [r, g, b] = ink.color();
        format!("#{r:02x}{g:02x}{b:02x}")
    };
    let (right, bottom) = (figure.width, figure.height);
    let paper = Shape::Area {
        points: vec![(0.0, 0.0), (right, 0.0), (right, bottom), (0.0, bottom)],
        ink: Ink::Paper,
        opacity: 1.0,
    };
    for shape in std::iter::once(&paper).chain(&figure.shapes) {
        draw(&mut markup, shape, &color);
        markup.raw("\n");
    }
    markup.raw("</svg>\n");
    markup.into_string()
}

fn draw(markup: &mut Markup, shape: &Shape, color: &dyn Fn(Ink) -> String) {
    match shape {
        Shape::Line {
            points,
            ink,
            width,
            dashes,
        } => {
            let (points, ink, width) = (coordinates(points), color(*ink), number(*width));
            let mut attributes = vec![
                ("points", points.as_str()),
                ("fill", "none"),
                ("stroke", &ink),
                ("stroke-width", &width),
                ("stroke-linejoin", "round"),
            ];
            let dashes: Vec<String> = dashes.iter().copied().map(number).collect();
            let dashes = dashes.join(" ");
            if !dashes.is_empty() {
                attributes.push(("stroke-dasharray", &dashes));
            }
            markup.empty("polyline", &attributes);
        }
        Shape::Area {
            points,
            ink,
            opacity,
        } => {
            let (points, ink) = (coordinates(points), color(*ink));
            let mut attributes = vec![("points", points.as_str()), ("fill", &ink)];
            let opacity_text = opacity.to_string();
            if *opacity < 1.0 {
                attributes.push(("fill-opacity", &opacity_text));
            }
            markup.empty("polygon", &attributes);
        }
        Shape::Text {
            at,
            text,
            size,
            ink,
            anchor,
            upwards,
        } => {
            let (x, y) = (number(at.0), number(at.1));
            let (size, ink) = (number(*size), color(*ink));
            let turn = format!("rotate(-90 {x} {y})");
            let mut attributes = vec![
                ("x", x.as_str()),
                ("y", &y),
                ("font-size", &size),
                ("fill", &ink),
            ];
            match anchor {
                Anchor::Start => {}
                Anchor::Middle => attributes.push(("text-anchor", "middle")),
                Anchor::End => attributes.push(("text-anchor", "end")),
            }
            if *upwards {
                attributes.push(("transform", &turn));
            }
            markup.element("text", &attributes, &one_line(text));
        }
    }
}

fn coordinates(points: &[Point]) -> String {
    let pairs: Vec<String> = (points.iter())
        .map(|&(x, y)| format!("{},{}", number(x), number(y)))
        .collect();
    pairs.join(" ")
}

/// To a tenth of a pixel, in as few characters as that takes.
fn number(value: f64) -> String {
    let tenths = (10.0 * value).round() / 10.0;
    // Not −0.
    (tenths + 0.0).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(12.04), "12");
        assert_eq!(number(-0.04), "0");
        assert_eq!(number(3.25), "3.3");
        assert_eq!(coordinates(&[(1.0, 2.5), (0.0, 3.0)]), "1,2.5 0,3");
    }
}
