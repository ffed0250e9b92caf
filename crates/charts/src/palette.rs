//! Colours that people with any colour vision tell apart (Okabe & Ito 2008), and what else tells
//! series apart: dashes and marks, since seven colours run out and a print may have one.

/// What a shape is drawn with; the colour itself depends on where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Text and frames.
    Text,
    /// Less important text.
    Faint,
    /// Lines of a grid.
    Grid,
    /// The background.
    Paper,
    /// The colour of a series, by its number.
    Series(usize),
}

/// Blue, vermilion, green, purple, orange, sky blue, black: Okabe and Ito's without the yellow, which
/// a white page swallows.
const COLORS: [[u8; 3]; 7] = [
    [0x00, 0x72, 0xb2],
    [0xd5, 0x5e, 0x00],
    [0x00, 0x9e, 0x73],
    [0xcc, 0x79, 0xa7],
    [0xe6, 0x9f, 0x00],
    [0x56, 0xb4, 0xe9],
    [0x1b, 0x1b, 0x1b],
];

const DASHES: [&[f64]; 6] = [
    &[],
    &[7.0, 3.0],
    &[2.0, 2.5],
    &[8.0, 3.0, 2.0, 3.0],
    &[14.0, 4.0],
    &[8.0, 2.5, 2.0, 2.5, 2.0, 2.5],
];

impl Ink {
    /// On white paper.
    pub(crate) fn color(self) -> [u8; 3] {
        match self {
            Self::Text => [0x1b, 0x1b, 0x1b],
            Self::Faint => [0x5c, 0x5c, 0x5c],
            Self::Grid => [0xd4, 0xd4, 0xd4],
            Self::Paper => [0xff, 0xff, 0xff],
            Self::Series(number) => COLORS[number % COLORS.len()],
        }
    }

    /// The name of the page's colour, which follows its light or dark theme.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Text => "ink",
            Self::Faint => "faint",
            Self::Grid => "line",
            Self::Paper => "paper",
            Self::Series(number) => {
                ["s0", "s1", "s2", "s3", "s4", "s5", "s6"][number % COLORS.len()]
            }
        }
    }
}

/// The dashes of a series: solid for the first seven, then others, so that no two of 42 look alike.
pub fn dashes(series: usize) -> &'static [f64] {
    DASHES[series / COLORS.len() % DASHES.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_of_42_series_look_alike() {
        let look = |series| (Ink::Series(series).color(), dashes(series));
        let looks: std::collections::HashSet<String> = (0..42)
            .map(|series| format!("{:?}", look(series)))
            .collect();
        assert_eq!(looks.len(), 42);
    }

    /// Brettel's simulation is coarse at best; that lightness alone tells neighbours apart is not.
    #[test]
    fn colours_differ_in_lightness_or_hue_from_the_page() {
        let lightness = |[r, g, b]: [u8; 3]| {
            0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)
        };
        let page = lightness(Ink::Paper.color());
        assert!((0..7).all(|s| page - lightness(Ink::Series(s).color()) > 60.0));
    }
}
