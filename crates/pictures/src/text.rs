use font8x8::UnicodeFonts;

use crate::picture::Picture;

/// Width and height of a letter in pixels, before it is enlarged.
pub(crate) const LETTER: usize = 8;

/// Draws `line` in black, its upper left corner at (`left`, `top`), each dot a square of `times` pixels.
/// Letters that the font lacks are drawn as `?`.
pub(crate) fn draw(picture: &mut Picture, line: &str, left: usize, top: usize, times: usize) {
    let width = picture.width();
    for (index, letter) in line.chars().enumerate() {
        for (row, dots) in glyph(letter).into_iter().enumerate() {
            for column in (0..LETTER).filter(|column| dots >> column & 1 == 1) {
                for y in 0..times {
                    let line = (top + row * times + y) * width;
                    let from = line + left + (index * LETTER + column) * times;
                    picture.pixels_mut()[from..from + times].fill([0; 3]);
                }
            }
        }
    }
}

/// Width and height of `line` as drawn.
pub(crate) fn size(line: &str, times: usize) -> (usize, usize) {
    (line.chars().count() * LETTER * times, LETTER * times)
}

/// Eight rows from the top; the lowest bit is the left dot.
fn glyph(letter: char) -> [u8; LETTER] {
    const UNKNOWN: char = '?';
    (font8x8::BASIC_FONTS.get(letter))
        .or_else(|| font8x8::LATIN_FONTS.get(letter))
        .or_else(|| font8x8::GREEK_FONTS.get(letter))
        .or_else(|| font8x8::BASIC_FONTS.get(UNKNOWN))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stand_upright() {
        let mut picture = Picture::filled(16, 8, [255; 3]).unwrap();
        draw(&mut picture, "L7", 0, 0, 1);
        let rows: Vec<String> = (picture.pixels().chunks(16))
            .map(|row| {
                row.iter()
                    .map(|p| if p[0] == 0 { '#' } else { '.' })
                    .collect()
            })
            .collect();
        let expected = [
            "####....######..",
            ".##.....##..##..",
            ".##.........##..",
            ".##........##...",
            ".##...#...##....",
            ".##..##...##....",
            "#######...##....",
            "................",
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn letters_without_a_glyph_are_questions() {
        assert_eq!(glyph('漢'), glyph('?'));
        assert_ne!(glyph('é'), glyph('?'));
        assert_ne!(glyph('σ'), glyph('?'));
        assert_eq!(size("σ = 4", 2), (80, 16));
    }
}
