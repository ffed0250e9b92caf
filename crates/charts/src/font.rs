//! The font of the figures, bundled so that a picture is the same on every machine.

use std::sync::LazyLock;

use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// A subset of DejaVu Sans 2.37: Latin, Greek letters and what a figure needs besides. Made by
/// the command in the crate's README.
static FONT: LazyLock<Face<'static>> = LazyLock::new(|| {
    let bytes = include_bytes!("../assets/DejaVuSans-subset.ttf");
    Face::parse(bytes, 0).expect("the bundled font is whole")
});

/// The width of a text at a size, in pixels.
pub fn width(text: &str, size: f64) -> f64 {
    let advance = |c| f64::from(FONT.glyph_hor_advance(glyph(c)).unwrap_or_default());
    text.chars().map(advance).sum::<f64>() * scale(size)
}

/// The glyphs of a text, each with where on the baseline it starts, in units of the font.
pub(crate) fn glyphs(text: &str) -> Vec<(f64, GlyphId)> {
    let mut x = 0.0;
    let mut glyphs = Vec::new();
    for c in text.chars() {
        glyphs.push((x, glyph(c)));
        x += f64::from(FONT.glyph_hor_advance(glyph(c)).unwrap_or_default());
    }
    glyphs
}

/// Draws a glyph, in units of the font with `y` upwards. One without an outline is a space.
pub(crate) fn outline(glyph: GlyphId, pen: &mut dyn OutlineBuilder) {
    let _ = FONT.outline_glyph(glyph, pen);
}

/// Pixels for each unit of the font.
pub(crate) fn scale(size: f64) -> f64 {
    size / f64::from(FONT.units_per_em())
}

/// The glyph of a character; the font's box where it has none.
fn glyph(c: char) -> GlyphId {
    FONT.glyph_index(c).unwrap_or_default()
}

/// As much of the text as fits, with an ellipsis where some does not.
pub fn fitted(text: &str, size: f64, limit: f64) -> String {
    if width(text, size) <= limit {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept, size) + width("…", size) > limit {
            kept.pop();
            break;
        }
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // DejaVu Sans has 2048 units to the em; its digits are 1303 wide, its space 651.
        assert_eq!(width("0 1", 2048.0), 1303.0 + 651.0 + 1303.0);
        assert_eq!(width("", 12.0), 0.0);
    }

    #[test]
    fn texts_are_cut_to_fit() {
        assert_eq!(fitted("short", 12.0, 100.0), "short");
        let cut = fitted("a name that is far too long", 12.0, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0) <= 60.0, "{cut}");
        assert_eq!(fitted("name", 12.0, 0.0), "…");
    }
}
