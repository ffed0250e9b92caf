use residuum::Normalisation;

use crate::failure::{Failure, exit};

/// What `--mean` and `--std` say, ImageNet's figures where they say nothing: three numbers or one for all,
/// of pixels from 0 to 1.
pub(crate) fn normalisation(
    mean: Option<&str>,
    std: Option<&str>,
) -> Result<Normalisation, Failure> {
    let mut found = Normalisation::default();
    if let Some(text) = mean {
        let within = |v: f32| (0.0..=1.0).contains(&v);
        found.mean = channels("--mean", text, "from 0 to 1", within)?;
    }
    if let Some(text) = std {
        let positive = |v: f32| v.is_finite() && v > 0.0;
        found.std = channels("--std", text, "above 0", positive)?;
    }
    Ok(found)
}

fn channels(
    option: &str,
    text: &str,
    range: &str,
    allowed: impl Fn(f32) -> bool,
) -> Result<[f32; 3], Failure> {
    let numbers: Option<Vec<f32>> = text
        .split(',')
        .map(|number| number.trim().parse().ok().filter(|&v| allowed(v)))
        .collect();
    match numbers.as_deref() {
        Some(&[all]) => Ok([all; 3]),
        Some(&[red, green, blue]) => Ok([red, green, blue]),
        _ => {
            let message = format!("{option} {text:?}: expected one number or three, {range}");
            Err(Failure::new(exit::USAGE, message)
                .hint("such as 0.5 or 0.485,0.456,0.406; figures for pixels to 255 divided by 255"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_for_all_channels_and_none_is_imagenets() {
        let found = normalisation(Some("0.5"), Some("0.1, 0.2,3")).unwrap();
        assert_eq!(found.mean, [0.5; 3]);
        assert_eq!(found.std, [0.1, 0.2, 3.0]);
        assert_eq!(normalisation(None, None).unwrap(), Normalisation::default());
    }

    #[test]
    fn other_values_are_told() {
        for mean in [
            "",
            "0.5,0.5",
            "0.1,0.2,0.3,0.4",
            "grey",
            "nan",
            "123.675",
            "-0.1",
        ] {
            let failure = normalisation(Some(mean), None).unwrap_err();
            assert_eq!(failure.code, exit::USAGE);
            assert!(
                failure.message.starts_with(&format!("--mean {mean:?}")),
                "{failure}"
            );
        }
        for std in ["0", "-1", "inf", "0.2,0,0.2"] {
            let failure = normalisation(None, Some(std)).unwrap_err();
            assert!(failure.message.starts_with("--std"), "{failure}");
        }
    }
}
