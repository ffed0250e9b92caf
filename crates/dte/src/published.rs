//! What the authors' estimators have in common.

use diffusion_core::ScheduleConfig;

/// `β = linspace(1e-4, 0.01, T)` for every `T` (vicliv/DTE).
pub(crate) const SCHEDULE: ScheduleConfig = ScheduleConfig::Linear {
    first: 1e-4,
    last: 0.01,
};
