//! Ctrl-C and TERM, noticed without unsafe code.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};

/// Signals this close together are one: a terminal and its shell may both pass one key press on.
const ONE: Duration = Duration::from_millis(500);

/// The signals that arrived since `install`.
#[derive(Debug)]
pub struct Interrupt {
    last: Arc<AtomicUsize>,
    noticed: Option<Instant>,
}

/// That the user asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The exit code: 130 for INT, 143 for TERM.
    pub code: u8,
    /// Not for the first time: what runs is not waited for.
    pub again: bool,
}

impl Interrupt {
    /// From here on INT and TERM no longer end this process.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn install() -> io::Result<Self> {
        let last = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register_usize(signal, Arc::clone(&last), signal as usize)?;
        }
        let noticed = None;
        Ok(Self { last, noticed })
    }

    /// Whether a signal came since the last call.
    pub fn asked(&mut self) -> Option<Asked> {
        let signal = self.last.swap(0, Ordering::SeqCst);
        if signal == 0 {
            return None;
        }
        let again = self.noticed.is_some_and(|time| time.elapsed() > ONE);
        self.noticed = Some(Instant::now());
        Some(Asked {
            code: 128 + signal as u8,
            again,
        })
    }
}
