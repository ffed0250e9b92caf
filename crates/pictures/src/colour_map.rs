mod inferno;
mod viridis;

/// Colours for numbers: equal steps of the number look like equal steps of the colour, lightness grows
/// all the way, so that the order survives colour blindness and printing in grey.
///
/// Viridis and inferno are by Stéfan van der Walt and Nathaniel Smith (2015), CC0 1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourMap {
    /// Black, violet, red, yellow: for heat maps, dark where there is nothing.
    Inferno,
    /// Violet, green, yellow: without black and white, visible on any page.
    Viridis,
    /// Black to white.
    Grey,
}

impl ColourMap {
    /// The colour of a share: 0 is the dark end, 1 the light one. What lies outside is drawn as the end
    /// it is nearest to, NaN as the dark one; callers refuse NaN before.
    pub(crate) fn colour(self, share: f32) -> [u8; 3] {
        let index = (share.clamp(0.0, 1.0) * 255.0).round() as usize;
        let table = match self {
            Self::Inferno => &inferno::INFERNO,
            Self::Viridis => &viridis::VIRIDIS,
            Self::Grey => return [index as u8; 3],
        };
        let [_, red, green, blue] = table[index].to_be_bytes();
        [red, green, blue]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lightness of CIELAB, 0 to 100 (CIE 1976, white D65).
    fn lightness(colour: [u8; 3]) -> f64 {
        let linear = colour.map(|byte| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        });
        let y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
        if y > 0.008_856 {
            116.0 * y.cbrt() - 16.0
        } else {
            903.3 * y
        }
    }

    #[test]
    fn lightness_grows_evenly() {
        for (map, from, to) in [
            (ColourMap::Inferno, 0.0, 98.0),
            (ColourMap::Viridis, 14.0, 91.0),
        ] {
            let values: Vec<f64> = (0..256)
                .map(|index| lightness(map.colour(index as f32 / 255.0)))
                .collect();
            // Bytes round colours by up to half a step, which moves lightness by up to 0.2.
            let even = (values[255] - values[0]) / 255.0;
            for pair in values.windows(2) {
                assert!(pair[1] > pair[0] - 0.1, "{map:?} {pair:?}");
            }
            // Over 16 steps the rounding is small beside the change. Inferno starts slower, below the
            // lightness of 5 where CIELAB is no measure of what is seen.
            for window in values.windows(17).filter(|window| window[0] > 5.0) {
                let rise = (window[16] - window[0]) / 16.0;
                assert!(
                    (rise / even - 1.0).abs() < 0.3,
                    "{map:?}: {rise}, evenly {even}"
                );
            }
            assert!(
                (values[0] - from).abs() < 1.5,
                "{map:?} starts at {}",
                values[0]
            );
            assert!(
                (values[255] - to).abs() < 1.5,
                "{map:?} ends at {}",
                values[255]
            );
        }
    }

    #[test]
    fn ends_and_beyond() {
        assert_eq!(ColourMap::Viridis.colour(0.0), [0x44, 0x01, 0x54]);
        assert_eq!(ColourMap::Viridis.colour(1.0), [0xfd, 0xe7, 0x25]);
        assert_eq!(ColourMap::Inferno.colour(-3.0), [0x00, 0x00, 0x04]);
        assert_eq!(ColourMap::Grey.colour(7.0), [255; 3]);
        assert_eq!(ColourMap::Grey.colour(0.5), [128; 3]);
    }
}
