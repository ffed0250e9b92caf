//! Progress on stderr: bars on a terminal, a line at most every ten seconds elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Time between two plain lines.
const INTERVAL: Duration = Duration::from_secs(10);

/// The state of a sweep as the user sees it.
#[derive(Debug)]
pub(crate) struct Progress {
    bars: Option<Bars>,
    done: usize,
    failed: usize,
    total: usize,
    doing: Vec<String>,
    last_line: Instant,
}

#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    cells: ProgressBar,
    workers: Vec<ProgressBar>,
}

impl Progress {
    /// `done` of `total` cells were there before.
    pub(crate) fn new(done: usize, total: usize, jobs: usize) -> Self {
        let bars = std::io::stderr()
            .is_terminal()
            .then(|| Bars::new(done, total, jobs));
        Self {
            bars,
            done,
            failed: 0,
            total,
            doing: vec![String::new(); jobs],
            last_line: Instant::now(),
        }
    }

    /// What a worker is at.
    pub(crate) fn worker(&mut self, slot: usize, cell: &str, doing: &str) {
        self.doing[slot] = format!("{cell} {doing}").trim_end().to_owned();
        if let Some(bars) = &self.bars {
            bars.workers[slot].set_message(self.doing[slot].clone());
        }
    }

    /// A worker has ended.
    pub(crate) fn idle(&mut self, slot: usize) {
        self.doing[slot].clear();
        if let Some(bars) = &self.bars {
            bars.workers[slot].set_message("");
        }
    }

    /// One more cell is finished.
    pub(crate) fn advance(&mut self) {
        self.done += 1;
        if let Some(bars) = &self.bars {
            bars.cells.set_position((self.done + self.failed) as u64);
        }
    }

    /// One more cell has failed.
    pub(crate) fn failed(&mut self, cell: &str, why: &str) {
        self.failed += 1;
        self.say(&format!("failed: {cell}: {why}"));
        if let Some(bars) = &self.bars {
            bars.cells.set_position((self.done + self.failed) as u64);
        }
    }

    /// A line that stays.
    pub(crate) fn say(&self, line: &str) {
        match &self.bars {
            Some(bars) => drop(bars.all.println(line)),
            None => line_to_stderr(line),
        }
    }

    /// Called often; shows the time left.
    pub(crate) fn tick(&mut self, seconds_left: f64) {
        let left = human(Duration::from_secs_f64(seconds_left.clamp(1.0, 1e8)));
        let failed = if self.failed > 0 {
            format!(", {} failed", self.failed)
        } else {
            String::new()
        };
        match &self.bars {
            Some(bars) => bars
                .cells
                .set_message(format!("cells{failed}, about {left} left")),
            None if self.last_line.elapsed() >= INTERVAL => {
                let doing: Vec<&str> = self
                    .doing
                    .iter()
                    .map(String::as_str)
                    .filter(|d| !d.is_empty())
                    .collect();
                let (done, total) = (self.done, self.total);
                let doing = doing.join("; ");
                line_to_stderr(&format!(
                    "{done}/{total} cells{failed}, about {left} left: {doing}"
                ));
                self.last_line = Instant::now();
            }
            None => {}
        }
    }

    /// Takes the bars away.
    pub(crate) fn finish(&self) {
        if let Some(bars) = &self.bars {
            let _ = bars.all.clear();
        }
    }
}

impl Bars {
    fn new(done: usize, total: usize, jobs: usize) -> Self {
        let style = |template| {
            ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar())
        };
        let all = MultiProgress::new();
        let cells = all.add(ProgressBar::new(total as u64));
        cells.set_style(style("{elapsed_precise} {wide_bar} {pos}/{len} {msg}"));
        cells.set_position(done as u64);
        let worker = |_| {
            let bar = all.add(ProgressBar::new_spinner());
            bar.set_style(style("  {spinner} {wide_msg}"));
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        };
        let workers = (0..jobs).map(worker).collect();
        Self {
            all,
            cells,
            workers,
        }
    }
}

/// A standard error that is closed is no reason to stop.
fn line_to_stderr(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", files::visible_lines(line));
}

/// A duration as one says it: `4 s`, `3 min 12 s`, `2 h 5 min`.
pub fn human(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..60 => format!("{s} s"),
        s @ 60..3600 => format!("{} min {} s", s / 60, s % 60),
        s => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_one_says_them() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (192, "3 min 12 s"),
            (7500, "2 h 5 min"),
        ] {
            assert_eq!(human(Duration::from_secs(seconds)), text);
        }
    }
}
