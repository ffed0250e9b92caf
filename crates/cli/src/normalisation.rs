use crate::failure::{Failure, exit};

/// What `--mean` and `--std` say, by channel: three numbers or one for all, of pixels from 0 to 1.
pub(crate) fn normalisation(
    mean: Option<&str>,
    std: Option<&str>,
) -> Result<(Option<[f32; 3]>, Option<[f32; 3]>), Failure> {
    let within = |v: f32| (0.0..=1.0).contains(&v);
    let mean = mean.map(|text| channels("--mean", text, "from 0 to 1", within));
    let positive = |v: f32| v.is_finite() && v > 0.0;
    let std = std.map(|text| channels("--std", text, "above 0", positive));
    Ok((mean.transpose()?, std.transpose()?))
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
    fn one_number_is_for_all_channels() {
        let (mean, std) = normalisation(Some("0.5"), Some("0.1, 0.2,3")).unwrap();
        assert_eq!((mean, std), (Some([0.5; 3]), Some([0.1, 0.2, 3.0])));
        assert_eq!(normalisation(None, None).unwrap(), (None, None));
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
