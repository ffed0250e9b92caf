use detector::settings::{Setting, check};

/// The widest layer that is built; beyond it a typo is likelier than a wish.
const MAX_WIDTH: usize = 1 << 20;

/// The most weights that are allocated: 8 GiB, and Adam's two moments besides.
const MAX_PARAMETERS: u64 = 1 << 31;

/// Checks the widths of hidden layers, or the channels of convolutions, the setting `name`.
///
/// # Errors
/// [`Setting`] where there is none, or where one or the weights between two are too many.
pub fn check_widths(name: &'static str, widths: &[usize]) -> Result<(), Setting> {
    let value = format!("{widths:?}");
    let pairs = widths
        .windows(2)
        .map(|pair| pair[0] as u64 * pair[1] as u64);
    check(
        name,
        &value,
        !widths.is_empty() && widths.iter().all(|width| (1..=MAX_WIDTH).contains(width)),
        "at least one hidden layer, each of 1 to 1048576",
    )?;
    check(
        name,
        &value,
        pairs.fold(0u64, u64::saturating_add) <= MAX_PARAMETERS,
        "at most 2147483648 weights between the hidden layers",
    )
}
