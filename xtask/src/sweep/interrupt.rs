//! Ctrl-C and TERM, heard without unsafe code.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};

/// The signals that arrived since `install`.
#[derive(Debug)]
pub(super) struct Interrupt {
    last: Arc<AtomicUsize>,
    count: usize,
    heard: Option<Instant>,
}

impl Interrupt {
    /// From here on INT and TERM no longer end this process.
    pub(super) fn install() -> std::io::Result<Self> {
        let last = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register_usize(signal, Arc::clone(&last), signal as usize)?;
        }
        Ok(Self {
            last,
            count: 0,
            heard: None,
        })
    }

    /// The exit code of the latest signal: 130 for INT, 143 for TERM.
    pub(super) fn code(&mut self) -> Option<u8> {
        let signal = self.last.swap(0, Ordering::SeqCst);
        if signal != 0 {
            // A terminal and its shell may both pass one key press on: that is one interrupt.
            if self
                .heard
                .is_none_or(|t| t.elapsed() > Duration::from_millis(500))
            {
                self.count += 1;
            }
            self.heard = Some(Instant::now());
            return Some(128 + signal as u8);
        }
        None
    }

    /// How often the user asked.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}
