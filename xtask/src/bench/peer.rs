//! A warm process that times what it is told, and the figures that come of it.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context;

/// One side of the comparison: "METHOD JOBS" in, seconds out.
#[derive(Debug)]
pub(super) struct Peer {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it said when it was ready.
    pub(super) greeting: String,
}

impl Peer {
    pub(super) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let name = command.get_program().to_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name:?}"))?;
        let stdin = child.stdin.take().context("no stdin")?;
        let stdout = child.stdout.take().context("no stdout")?;
        let mut lines = BufReader::new(stdout).lines();
        let greeting = lines
            .next()
            .with_context(|| format!("{name:?} ended at once (see above)"))??;
        Ok(Self {
            child,
            stdin,
            lines,
            greeting,
        })
    }

    /// Seconds of one fit and score.
    pub(super) fn time(&mut self, method: &str, jobs: usize) -> anyhow::Result<f64> {
        writeln!(self.stdin, "{method} {jobs}")?;
        let line = self
            .lines
            .next()
            .with_context(|| format!("it ended in {method} (see above)"))??;
        line.trim()
            .parse()
            .with_context(|| format!("expected seconds, got {line:?}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Times of several rounds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Times(Vec<f64>);

impl Times {
    pub(super) fn push(&mut self, time: f64) {
        self.0.push(time);
        self.0.sort_by(f64::total_cmp);
    }

    /// The mean of the two in the middle where the number is even.
    pub(super) fn median(&self) -> f64 {
        let n = self.0.len();
        (self.0[(n - 1) / 2] + self.0[n / 2]) / 2.0
    }

    /// `median (min–max)` with three digits.
    pub(super) fn show(&self) -> String {
        let (min, max) = (self.0[0], self.0[self.0.len() - 1]);
        format!("{:.3} ({min:.3}–{max:.3})", self.median())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_and_even_numbers() {
        let mut times = Times::default();
        for time in [5.0, 1.0, 3.0] {
            times.push(time);
        }
        assert_eq!(times.show(), "3.000 (1.000–5.000)");
        times.push(4.0);
        assert_eq!(times.median(), 3.5);
    }

    #[test]
    fn a_peer_answers_line_by_line() {
        let script = "echo ready; while read -r method jobs; do echo 0.$jobs; done";
        let mut peer = Peer::start(Command::new("sh").args(["-c", script])).unwrap();
        assert_eq!(peer.greeting, "ready");
        assert_eq!(peer.time("ocsvm", 5).unwrap(), 0.5);
        let broken = Peer::start(Command::new("sh").args(["-c", "exit 3"]));
        assert!(broken.unwrap_err().to_string().contains("ended at once"));
    }
}
