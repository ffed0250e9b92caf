//! The formulas against `scripts/golden/corruptions.py` (numpy, scipy, scikit-image).

use serde_json::Value;

use super::grey::Grey;
use super::*;

pub(super) fn golden() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/corruptions.json")).unwrap()
}

/// A slanted bright bar on a dark gradient, asymmetric; the script has the same.
fn picture() -> Grey {
    Grey::from_shape_fn((SIDE, SIDE), |(row, column)| {
        let bar = (4..24).contains(&row) && (column * 3 + row).abs_diff(45) < 9;
        let value = if bar {
            230 - 3 * row
        } else {
            (row * column) % 23
        };
        value as f64 / 255.0
    })
}

#[track_caller]
fn compare(name: &str, found: &Grey, tolerance: f64) {
    let golden = golden();
    let expected: Vec<f64> = serde_json::from_value(golden[name].clone()).unwrap();
    assert_eq!(expected.len(), SIDE * SIDE, "{name}");
    for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert!(
            (255.0 * found - expected).abs() <= tolerance,
            "{name}, row {}, column {}: {} for {expected}",
            at / SIDE,
            at % SIDE,
            255.0 * found
        );
    }
}

/// The script prints three decimals.
const PRINTED: f64 = 6e-4;

#[test]
fn formulas_without_chance_are_those_of_the_reference() {
    let x = picture();
    compare("picture", &x, PRINTED);
    compare("scale", &affine::scale(&x), PRINTED);
    compare("brightness", &tone::brightness(&x), PRINTED);
    compare("stripe", &tone::stripe(&x), PRINTED);
    compare("canny_edges", &canny_edges::canny_edges(&x), PRINTED);
    for (sign, word) in [(1.0, "plus"), (-1.0, "minus")] {
        compare(&format!("shear_{word}"), &affine::shear(&x, sign), PRINTED);
        compare(
            &format!("rotate_{word}"),
            &affine::rotate(&x, sign),
            PRINTED,
        );
    }
    compare("translate", &affine::translate(&x, 1.0, -1.0), PRINTED);
}

#[test]
fn formulas_with_their_chance_given_are_those_of_the_reference() {
    let x = picture();
    compare(
        "dotted_line",
        &lines::dotted(&x, 3.0, 21.0).mapv(|v| v.min(1.0)),
        PRINTED,
    );
    compare("zigzag_up", &lines::zigzag(&x, 20.0, 16.0), PRINTED);
    compare("zigzag_down", &lines::zigzag(&x, 2.0, 5.0), PRINTED);
    compare("glass_blurred", &glass_blur::blurred(&x), PRINTED);
    compare("motion_blur", &motion_blur::motion_blur(&x, 30.0), PRINTED);
    let wave = Grey::from_shape_fn((SIDE, SIDE), |(row, column)| {
        0.5 + 0.5 * ((row as f64) * 0.3 + (column as f64) * 0.2).sin()
    });
    compare("fog", &fog::through(&x, &wave), PRINTED);
    compare("spatter", &spatter::over(&x, &wave), PRINTED);
}

#[test]
fn noise_has_the_statistics_of_its_law() {
    let grey = Array4::from_elem((400, 1, SIDE, SIDE), 102u8); // 0.4
    let streams: Vec<usize> = (0..400).collect();
    let n = grey.len() as f64;
    // Poisson of mean 1.2 in steps of 85, cut at 3: P(0) = 0.3012, P(1) = 0.3614, P(2) = 0.2169.
    let shot = corrupt(&grey, Corruption::ShotNoise, 0, &streams).unwrap();
    for (value, share) in [(0, 0.3012), (85, 0.3614), (170, 0.2169), (255, 0.1205)] {
        let found = shot.iter().filter(|&&v| v == value).count() as f64 / n;
        // Four standard errors over 313,600 pixels are 0.0034.
        assert!((found - share).abs() < 0.0035, "{value}: {found}");
    }
    let impulse = corrupt(&grey, Corruption::ImpulseNoise, 0, &streams).unwrap();
    for (value, share) in [(0, 0.085), (255, 0.085), (102, 0.83)] {
        let found = impulse.iter().filter(|&&v| v == value).count() as f64 / n;
        assert!((found - share).abs() < 0.0027, "{value}: {found}");
    }
}

#[test]
fn every_corruption_is_seeded_and_leaves_its_mark() {
    let image = picture().mapv(|v| (255.0 * v).round() as u8);
    let images = Array4::from_shape_fn((6, 1, SIDE, SIDE), |(_, _, r, c)| image[[r, c]]);
    let streams = [0, 1, 2, 3, 4, 5];
    for corruption in Corruption::all() {
        let first = corrupt(&images, corruption, 0, &streams).unwrap();
        assert_eq!(first, corrupt(&images, corruption, 0, &streams).unwrap());
        assert_eq!(
            corruption.as_str().parse::<Corruption>().unwrap(),
            corruption
        );
        if corruption == Corruption::Identity {
            assert_eq!(first, images);
            continue;
        }
        assert!(
            first
                .outer_iter()
                .all(|one| one != images.index_axis(Axis(0), 0)),
            "{corruption}"
        );
        // An image comes out the same alone.
        let alone = corrupt(&images.select(Axis(0), &[3]), corruption, 0, &[3]).unwrap();
        assert_eq!(
            alone.index_axis(Axis(0), 0),
            first.index_axis(Axis(0), 3),
            "{corruption}"
        );
        let fixed = [
            Corruption::Scale,
            Corruption::Brightness,
            Corruption::Stripe,
            Corruption::CannyEdges,
        ];
        let other = corrupt(&images, corruption, 1, &streams).unwrap();
        assert_eq!(first == other, fixed.contains(&corruption), "{corruption}");
    }
    let colour = Array4::zeros((1, 3, SIDE, SIDE));
    assert!(corrupt(&colour, Corruption::Fog, 0, &[0]).is_err());
    assert!("fogg".parse::<Corruption>().is_err());
}
