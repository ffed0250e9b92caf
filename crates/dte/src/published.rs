//! What the authors' estimators have in common.

use diffusion_core::ScheduleConfig;
use training::TrainConfig;

/// `β = linspace(1e-4, 0.01, T)` for every `T` (vicliv/DTE).
pub(crate) const SCHEDULE: ScheduleConfig = ScheduleConfig::Linear {
    first: 1e-4,
    last: 0.01,
};

/// Adam with a constant rate, batches of 64, the last one however small, no early stop.
pub(crate) fn train(epochs: usize, learning_rate: f64, weight_decay: f64) -> TrainConfig {
    TrainConfig {
        epochs,
        batch_size: 64,
        drop_last: false,
        learning_rate,
        weight_decay,
        early_stop_after: TrainConfig::NO_LIMIT,
        ..TrainConfig::default()
    }
}
