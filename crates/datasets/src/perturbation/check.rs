use crate::DatasetError;

/// An error that names the setting where its value is not valid.
pub(super) fn check(
    setting: &'static str,
    value: impl ToString,
    valid: bool,
    expected: &str,
) -> Result<(), DatasetError> {
    if valid {
        return Ok(());
    }
    Err(DatasetError::Perturbation {
        setting,
        value: value.to_string(),
        expected: expected.to_owned(),
    })
}
