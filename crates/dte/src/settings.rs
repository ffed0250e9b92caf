use detector::settings::{Setting, check};
use diffusion_core::ScheduleConfig;

use crate::DteError;

/// Bins of diffusion time under a schedule.
pub(crate) fn check_bins(
    bins: usize,
    schedule: &ScheduleConfig,
    steps: usize,
) -> Result<(), DteError> {
    let steps = schedule.build(steps)?.steps(); // fewer where respaced
    let valid = (2..=steps).contains(&bins);
    Ok(check("bins", bins, valid, "2 to the number of steps")?)
}

/// A share of units that dropout leaves out.
pub(crate) fn check_dropout(dropout: f64) -> Result<(), Setting> {
    let valid = (0.0..1.0).contains(&dropout);
    let expected = "a share from 0 up to 1, 1 excluded";
    check("dropout", dropout, valid, expected)
}
