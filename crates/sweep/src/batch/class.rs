//! What tasks ask for, in few sizes, so that those of one size share a submission.

use serde::{Deserialize, Serialize};

/// The resources of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Class {
    /// Cores.
    pub cores: usize,
    /// GPUs.
    pub gpus: usize,
    /// Memory.
    pub memory_mib: u64,
    /// The wall time after which it is ended.
    pub minutes: u64,
}

/// The least memory that is asked for.
const LEAST_MIB: u64 = 1024;

/// Memory in steps of a doubling.
pub(crate) fn memory_step(mib: u64) -> u64 {
    mib.max(LEAST_MIB).next_power_of_two()
}

/// The minutes for `seconds` of work, in steps of a doubling from `least` on, `most` at most: what a guess
/// misses by must not end a task, and a short limit is started sooner.
pub(crate) fn minutes_step(seconds: f64, least: u64, most: u64) -> u64 {
    let wanted = 4.0 * seconds / 60.0 + least as f64 / 2.0;
    let mut minutes = least.max(1);
    while (minutes as f64) < wanted && minutes < most {
        minutes *= 2;
    }
    minutes.min(most.max(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_steps_and_none_too_small() {
        assert_eq!(memory_step(3), 1024);
        assert_eq!(memory_step(1025), 2048);
        assert_eq!(minutes_step(0.5, 10, 120), 10);
        assert_eq!(
            minutes_step(240.0, 10, 120),
            40,
            "16 minutes and a half of ten"
        );
        assert_eq!(minutes_step(1e6, 10, 125), 125);
    }
}
