//! Progress over bytes: a bar on a terminal, a line per tenth elsewhere.

use std::cell::Cell;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// Progress of one step.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: Option<ProgressBar>,
    what: String,
    total: u64,
    tenth: Cell<u64>,
}

impl Bar {
    pub(crate) fn new(what: &str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
            let style =
                ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar());
            ProgressBar::new(total)
                .with_style(style)
                .with_message(what.to_owned())
        });
        if bar.is_none() {
            eprintln!("{what} ({:.1} MB)", total as f64 / 1e6);
        }
        Self {
            bar,
            what: what.into(),
            total,
            tenth: Cell::new(0),
        }
    }

    /// `bytes` are done.
    pub(crate) fn set(&self, bytes: u64) {
        let bytes = bytes.min(self.total);
        match &self.bar {
            Some(bar) => bar.set_position(bytes),
            None => {
                let tenth = bytes * 10 / self.total.max(1);
                if tenth > self.tenth.get() && self.total > 100_000_000 {
                    self.tenth.set(tenth);
                    eprintln!("{}: {} %", self.what, tenth * 10);
                }
            }
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
