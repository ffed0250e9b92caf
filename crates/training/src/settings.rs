use crate::TrainingError;

/// The widest layer that is built; beyond it a typo is likelier than a wish.
const MAX_WIDTH: usize = 1 << 20;

/// The most weights that are allocated: 8 GiB, and Adam's two moments besides.
const MAX_PARAMETERS: u64 = 1 << 31;

/// A setting's name, its value, whether it is valid, and what would be.
pub type Rule<'a> = (&'static str, &'a dyn ToString, bool, &'static str);

/// The first rule that is broken, as an error.
///
/// # Errors
/// [`TrainingError::Config`].
pub fn check_settings(rules: &[Rule<'_>]) -> Result<(), TrainingError> {
    match rules.iter().find(|(_, _, valid, _)| !valid) {
        None => Ok(()),
        Some((name, value, _, expected)) => Err(TrainingError::Config {
            name,
            value: value.to_string(),
            expected,
        }),
    }
}

/// Checks the widths of hidden layers, or the channels of convolutions, the setting `name`.
///
/// # Errors
/// [`TrainingError::Config`] where there is none, or where one or the weights between two are too many.
pub fn check_widths(name: &'static str, widths: &[usize]) -> Result<(), TrainingError> {
    let value = format!("{widths:?}");
    let pairs = widths
        .windows(2)
        .map(|pair| pair[0] as u64 * pair[1] as u64);
    check_settings(&[
        (
            name,
            &value,
            !widths.is_empty() && widths.iter().all(|width| (1..=MAX_WIDTH).contains(width)),
            "expected at least one hidden layer, each of 1 to 1048576",
        ),
        (
            name,
            &value,
            pairs.fold(0u64, u64::saturating_add) <= MAX_PARAMETERS,
            "expected at most 2147483648 weights between the hidden layers",
        ),
    ])
}
