use crate::failure::{Failure, exit};

/// What `--mean` says, by channel: three numbers or one for all, of pixels from 0 to 1.
pub(crate) fn mean(text: &str) -> Result<[f32; 3], Failure> {
    channels("--mean", text, "from 0 to 1", |v| (0.0..=1.0).contains(&v))
}

/// What `--std` says, likewise.
pub(crate) fn std(text: &str) -> Result<[f32; 3], Failure> {
    channels("--std", text, "above 0", |v| v.is_finite() && v > 0.0)
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
        assert_eq!(mean("0.5").unwrap(), [0.5; 3]);
        assert_eq!(std("0.1, 0.2,3").unwrap(), [0.1, 0.2, 3.0]);
    }

    #[test]
    fn other_values_are_told() {
        for text in [
            "",
            "0.5,0.5",
            "0.1,0.2,0.3,0.4",
            "grey",
            "nan",
            "123.675",
            "-0.1",
        ] {
            let failure = mean(text).unwrap_err();
            assert_eq!(failure.code, exit::USAGE);
            assert!(
                failure.message.starts_with(&format!("--mean {text:?}")),
                "{failure}"
            );
        }
        for text in ["0", "-1", "inf", "0.2,0,0.2"] {
            let failure = std(text).unwrap_err();
            assert!(failure.message.starts_with("--std"), "{failure}");
        }
    }
}
