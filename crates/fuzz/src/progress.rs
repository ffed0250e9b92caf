//! How far a campaign is: a bar on a terminal, a line a minute elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Between two lines where there is no terminal.
const EVERY: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    inputs: u64,
    time: Option<Duration>,
    told: Instant,
}

impl Progress {
    pub(crate) fn new(inputs: u64, time: Option<Duration>) -> Self {
        let bar = ProgressBar::new(1000);
        let template = "{bar:24} {percent:>3} %  {msg}";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Self {
            bar,
            inputs,
            time,
            told: Instant::now(),
        }
    }

    /// `done` inputs after `elapsed`.
    pub(crate) fn at(&mut self, done: u64, elapsed: Duration, faults: u64) {
        let of_inputs = done as f64 / self.inputs.max(1) as f64;
        let of_time = self.time.map_or(0.0, |time| {
            elapsed.as_secs_f64() / time.as_secs_f64().max(1e-9)
        });
        let share = of_inputs.max(of_time).min(1.0);
        let left = elapsed.as_secs_f64() * (1.0 / share.max(1e-9) - 1.0);
        let rate = done as f64 / elapsed.as_secs_f64().max(1e-9);
        let faults = if faults == 0 {
            String::new()
        } else {
            format!(", {faults} FAULTS")
        };
        let text = format!("{done} inputs, {rate:.0}/s, {left:.0} s left{faults}");
        if self.bar.is_hidden() {
            if self.told.elapsed() >= EVERY {
                self.told = Instant::now();
                eprintln!("fuzz: {text}");
            }
        } else {
            self.bar.set_position((share * 1000.0) as u64);
            self.bar.set_message(text);
        }
    }

    /// A line beside the bar.
    pub(crate) fn say(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
