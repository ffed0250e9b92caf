//! One input read under watch.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::memory::MEMORY;
use crate::target::{Outcome, Target};

/// A reader takes no longer for one input.
pub(crate) const MOST_TIME: Duration = Duration::from_secs(2);
/// A reader allocates no more, or twice the decoded size where that is more.
const MOST_MEMORY: usize = 64 << 20;
/// How often a slow input is tried: another process may have had the processor.
const TRIES: usize = 2;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fault {
    /// The reader panicked.
    Panic {
        /// File and line.
        place: String,
        /// What it said.
        message: String,
    },
    /// It took more than two seconds, each time that it was tried.
    Slow {
        /// The shortest time.
        milliseconds: u128,
    },
    /// It allocated too much.
    Memory {
        /// At the peak.
        bytes: usize,
        /// What was allowed.
        allowed: usize,
    },
    /// The process ended: by a signal, or by itself.
    Ended {
        /// How.
        how: String,
    },
    /// A kept input that is refused and should be accepted, or the other way round.
    Outcome {
        /// What the reader said.
        found: String,
    },
}

impl Fault {
    /// Alike for faults with one cause.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Panic { place, .. } => place.clone(),
            Self::Slow { .. } => "slow".to_owned(),
            Self::Memory { .. } => "memory".to_owned(),
            Self::Ended { how } => how.clone(),
            Self::Outcome { .. } => "outcome".to_owned(),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Panic { place, message } => write!(f, "panic at {place}: {message}"),
            Self::Slow { milliseconds } => {
                write!(f, "{milliseconds} ms, at most {} ms", MOST_TIME.as_millis())
            }
            Self::Memory { bytes, allowed } => {
                write!(f, "{bytes} bytes allocated, at most {allowed}")
            }
            Self::Ended { how } => write!(f, "the process ended: {how}"),
            Self::Outcome { found } => write!(f, "{found}"),
        }
    }
}

/// What was seen of one input.
#[derive(Debug)]
pub(crate) struct Examined {
    pub(crate) outcome: Result<Outcome, Fault>,
    pub(crate) time: Duration,
    /// Bytes allocated at the peak, beside those that were allocated before.
    pub(crate) peak: usize,
}

/// Reads `input` in `folder`. Only one input is read at a time: the allocator counts for the process.
pub(crate) fn examine(target: &Target, folder: &Path, input: &[u8]) -> Examined {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut seen = once(target, folder, input);
    for _ in 1..TRIES {
        if seen.time <= MOST_TIME || seen.outcome.is_err() {
            return seen;
        }
        let again = once(target, folder, input);
        seen.time = seen.time.min(again.time);
    }
    if seen.time > MOST_TIME {
        seen.outcome = Err(Fault::Slow {
            milliseconds: seen.time.as_millis(),
        });
    }
    seen
}

fn once(target: &Target, folder: &Path, input: &[u8]) -> Examined {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.read)(folder, input)));
    let time = start.elapsed();
    let peak = MEMORY.peak_usage().saturating_sub(before);
    let outcome = match outcome {
        Err(_) => Err(last_panic()),
        Ok(outcome) => {
            let allowed = MOST_MEMORY.max(outcome.decoded.saturating_mul(2));
            if peak > allowed {
                Err(Fault::Memory {
                    bytes: peak,
                    allowed,
                })
            } else {
                Ok(outcome)
            }
        }
    };
    Examined {
        outcome,
        time,
        peak,
    }
}

static LAST_PANIC: Mutex<Option<Fault>> = Mutex::new(None);

/// Keeps panics for [`examine`] instead of printing them.
pub(crate) fn keep_panics() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or("no text");
        let place = info.location().map_or_else(String::new, |at| {
            // Without the folder of the registry, which differs between machines.
            let file = at.file();
            let file = file
                .split_once("/registry/src/")
                .map_or(file, |(_, rest)| rest);
            format!("{file}:{}", at.line())
        });
        let fault = Fault::Panic {
            place,
            message: text.to_owned(),
        };
        *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }));
}

fn last_panic() -> Fault {
    let mut last = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner);
    last.take().unwrap_or(Fault::Panic {
        place: "an unknown place".to_owned(),
        message: String::new(),
    })
}
