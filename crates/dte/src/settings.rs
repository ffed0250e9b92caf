use diffusion_core::ScheduleConfig;

use crate::DteError;

/// Bins of diffusion time under a schedule.
pub(crate) fn check_bins(
    bins: usize,
    schedule: &ScheduleConfig,
    steps: usize,
) -> Result<(), DteError> {
    let steps = schedule.build(steps)?.steps(); // fewer where respaced
    if (2..=steps).contains(&bins) {
        return Ok(());
    }
    Err(DteError::Config {
        name: "bins",
        value: bins.to_string(),
        expected: "expected 2 to the number of steps",
    })
}

/// A share of units that dropout leaves out.
pub(crate) fn check_dropout(dropout: f64) -> Result<(), DteError> {
    if (0.0..1.0).contains(&dropout) {
        return Ok(());
    }
    Err(DteError::Config {
        name: "dropout",
        value: dropout.to_string(),
        expected: "expected a share from 0 up to 1, 1 excluded",
    })
}
