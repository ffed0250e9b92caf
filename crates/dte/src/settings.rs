use diffusion_core::ScheduleConfig;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use training::TrainConfig;

use crate::DteError;

/// The widest layer that is built; beyond it a typo is likelier than a wish.
const MAX_WIDTH: usize = 1 << 20;

/// The most weights that are allocated: 8 GiB, and Adam's two moments besides.
const MAX_PARAMETERS: u64 = 1 << 31;

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

/// Widths and dropout of a perceptron, or of convolutions by their channels.
pub(crate) fn check_network(widths: &[usize], dropout: f64) -> Result<(), DteError> {
    if widths.is_empty() || !widths.iter().all(|width| (1..=MAX_WIDTH).contains(width)) {
        return Err(DteError::Config {
            name: "widths",
            value: format!("{widths:?}"),
            expected: "expected at least one hidden layer, each of 1 to 1048576",
        });
    }
    let pairs = widths
        .windows(2)
        .map(|pair| pair[0] as u64 * pair[1] as u64);
    if pairs.fold(0u64, u64::saturating_add) > MAX_PARAMETERS {
        return Err(DteError::Config {
            name: "widths",
            value: format!("{widths:?}"),
            expected: "expected at most 2147483648 weights between the hidden layers",
        });
    }
    if !(0.0..1.0).contains(&dropout) {
        return Err(DteError::Config {
            name: "dropout",
            value: dropout.to_string(),
            expected: "expected a share from 0 up to 1, 1 excluded",
        });
    }
    Ok(())
}

/// The settings given under `train`, the method's own defaults for the others. Left to itself,
/// `TrainConfig` would fill them with those of another method.
pub(crate) fn train_over<'de, D: Deserializer<'de>>(
    given: D,
    defaults: &TrainConfig,
) -> Result<TrainConfig, D::Error> {
    let mut all = serde_json::to_value(defaults).map_err(D::Error::custom)?;
    if let Value::Object(all) = &mut all {
        all.extend(Map::<String, Value>::deserialize(given)?);
    }
    serde_json::from_value(all).map_err(D::Error::custom)
}
