use crate::DatasetError;

/// Zeros for an array of `shape`, or an error instead of an abort where they do not fit.
pub(crate) fn reserve(shape: (usize, usize, usize, usize)) -> Result<Vec<u8>, DatasetError> {
    let (n, c, h, w) = shape;
    let too_large = || DatasetError::TooLarge { shape };
    let len = n.checked_mul(c * h * w).ok_or_else(too_large)?;
    let mut values = Vec::new();
    values.try_reserve_exact(len).map_err(|_| too_large())?;
    values.resize(len, 0);
    Ok(values)
}
