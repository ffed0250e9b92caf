use detector::DetectorError;
use detector::settings::{Setting, check};
use diffusion_core::{Schedule, ScheduleConfig};

/// A schedule that can be built.
pub(crate) fn check_schedule(
    schedule: &ScheduleConfig,
    steps: usize,
) -> Result<Schedule, DetectorError> {
    let built = schedule.build(steps);
    built.map_err(|error| DetectorError::method(format!("schedule: {error}")))
}

/// Bins of diffusion time under a schedule.
pub(crate) fn check_bins(
    bins: usize,
    schedule: &ScheduleConfig,
    steps: usize,
) -> Result<(), DetectorError> {
    let steps = check_schedule(schedule, steps)?.steps(); // fewer where respaced
    let valid = (2..=steps).contains(&bins);
    Ok(check("bins", bins, valid, "2 to the number of steps")?)
}

/// A share of units that dropout leaves out.
pub(crate) fn check_dropout(dropout: f64) -> Result<(), Setting> {
    let valid = (0.0..1.0).contains(&dropout);
    let expected = "a share from 0 up to 1, 1 excluded";
    check("dropout", dropout, valid, expected)
}
