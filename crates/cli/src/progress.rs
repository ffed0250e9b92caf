use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use detector::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::interrupt;
use crate::output::print_data;

/// A bar with rate and ETA on stderr where that is a terminal, else nothing.
pub(crate) struct Bar {
    bar: Mutex<ProgressBar>,
}

impl Bar {
    /// A bar whose work stops once a signal has come.
    pub(crate) fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template(
            "{prefix:>14} {wide_bar} {pos}/{len} {per_sec} ETA {eta} {msg}",
        ) {
            bar.set_style(style);
        }
        Self {
            bar: Mutex::new(bar),
        }
    }

    pub(crate) fn finish(&self) {
        if let Ok(bar) = self.bar.lock() {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Bar {
    fn update(&self, stage: &str, done: u64, total: u64, note: &str) {
        let Ok(bar) = self.bar.lock() else { return };
        if bar.prefix() != stage {
            bar.reset();
            bar.set_prefix(stage.to_owned());
        }
        bar.set_length(total);
        bar.set_position(done);
        bar.set_message(note.to_owned());
    }

    fn interrupted(&self) -> bool {
        interrupt::asked()
    }
}

/// Progress of a part of many.
pub(crate) struct After<'a> {
    pub(crate) progress: &'a dyn Progress,
    pub(crate) done: u64,
    pub(crate) total: u64,
}

impl Progress for After<'_> {
    fn update(&self, stage: &str, done: u64, _total: u64, note: &str) {
        self.progress
            .update(stage, self.done + done, self.total, note);
    }

    fn interrupted(&self) -> bool {
        self.progress.interrupted()
    }
}

/// A JSON line on stdout at most five times a second, for the process that started this one.
pub(crate) struct JsonLines<'a> {
    id: &'a str,
    last: Mutex<Option<Instant>>,
}

impl<'a> JsonLines<'a> {
    pub(crate) fn new(id: &'a str) -> Self {
        Self {
            id,
            last: Mutex::new(None),
        }
    }
}

const PAUSE: Duration = Duration::from_millis(200);

impl Progress for JsonLines<'_> {
    fn update(&self, stage: &str, done: u64, total: u64, note: &str) {
        let Ok(mut last) = self.last.lock() else {
            return;
        };
        if last.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        *last = Some(Instant::now());
        emit(&serde_json::json!({
            "event": "progress", "id": self.id, "stage": stage,
            "done": done, "total": total, "note": note,
        }));
    }

    fn interrupted(&self) -> bool {
        interrupt::asked()
    }
}

/// Prints one JSON line.
pub(crate) fn emit(event: &serde_json::Value) {
    print_data(&event.to_string());
}
