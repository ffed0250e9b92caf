use detector::settings::Setting;

/// A seed for NumPy's legacy generator.
///
/// # Errors
/// [`Setting`] beyond 32 bits.
pub(crate) fn numpy_seed(seed: u64) -> Result<u32, Setting> {
    u32::try_from(seed).map_err(|_| Setting::new("seed", seed, "32 bits for NumPy's generator"))
}
