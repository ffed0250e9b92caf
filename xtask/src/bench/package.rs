//! The Python package beside scikit-learn and PyOD in one process, and beside the calls of the program that it makes.

use std::fmt::Write;
use std::process::Command;

use super::peer::{Peer, Times};
use super::python::{Export, JOBS, Options, environment, example, faster, jobs_word, made_on};
use crate::wheel;
use crate::workspace::Workspace;

/// Rows, as peers.py exports them, and the detectors that fit and score them, each with its peer.
type Bout = (
    Option<&'static str>,
    &'static [(&'static str, &'static str)],
);

const BOUTS: [Bout; 2] = [
    (
        None,
        &[
            ("ocsvm", "scikit-learn OneClassSVM"),
            ("iforest", "scikit-learn IsolationForest"),
            ("copod", "PyOD COPOD"),
            ("ecod", "PyOD ECOD"),
            ("hbos", "PyOD HBOS"),
            ("knn", "scikit-learn NearestNeighbors, brute force"),
            ("lof", "scikit-learn LocalOutlierFactor, brute force"),
            ("pca", "PyOD PCA"),
        ],
    ),
    (
        Some("100000x30"),
        &[
            ("iforest", "scikit-learn IsolationForest"),
            ("copod", "PyOD COPOD"),
            ("ecod", "PyOD ECOD"),
            ("hbos", "PyOD HBOS"),
            ("pca", "PyOD PCA"),
        ],
    ),
];
/// Rows of the calls whose overhead is measured, and their detectors; each call takes a few milliseconds at most.
const CALLS: (&str, [&str; 7]) = (
    "1000x30",
    ["norm", "hbos", "pca", "iforest", "copod", "ecod", "knn"],
);

/// Runs the comparison and returns the table.
pub(super) fn compare(workspace: &Workspace, arguments: &Options) -> anyhow::Result<String> {
    let python = match &arguments.python {
        Some(python) => python.clone(),
        None => {
            let python = environment(workspace, false)?;
            wheel::install(workspace, &python)?;
            python
        }
    };
    let ours = example(workspace, "residuum", "calls")?;
    let count = arguments.rounds;
    let mut text = String::from(
        "# The Python package beside its peers\n\nMade by `cargo xtask bench --wheel --write`.\n",
    );
    for (rows, methods) in BOUTS {
        let rows = Export::new(workspace, &python, rows)?;
        let mut theirs = rows.serve(workspace, &python)?;
        let mut ours = Peer::start(Command::new(&ours).arg(rows.folder.path()))?;
        writeln!(
            text,
            "\nFit on {}; seconds, median of {count} alternating rounds (least–most), all sides warm; package and peer in one process, the peer at the faster of one and two jobs. Program: the same calls with the same settings from Rust. Kept: the package's ratio over the program's.\n",
            rows.shape()
        )?;
        text.push_str(
            "| method | peer | peer, s | program, s | times as fast | package, s | times as fast | kept |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        );
        for (method, peer) in methods {
            let sides = Sides::time(method, &mut ours, &mut theirs, count)?;
            let row = sides.row(method, peer);
            eprintln!("{row}");
            writeln!(text, "{row}")?;
        }
    }
    let (rows, methods) = CALLS;
    let rows = Export::new(workspace, &python, Some(rows))?;
    let mut theirs = rows.serve(workspace, &python)?;
    let mut ours = Peer::start(Command::new(&ours).arg(rows.folder.path()))?;
    writeln!(
        text,
        "\nA call on 1,000 rows of 30 columns; milliseconds, the median of {count} rounds of each round's median of 101 calls.\n\n| call | program, ms | package, ms | overhead, ms |\n| --- | ---: | ---: | ---: |"
    )?;
    for word in methods
        .iter()
        .flat_map(|m| [format!("fit-{m}"), format!("score-{m}")])
    {
        let (mut program, mut package) = (Times::default(), Times::default());
        for _ in 0..count {
            program.push(1e3 * ours.time(&word, 1)?);
            package.push(1e3 * theirs.time(&format!("package-{word}"), 1)?);
        }
        let (program, package) = (program.median(), package.median());
        let row = format!(
            "| {} | {program:.3} | {package:.3} | {:.3} |",
            word.replace('-', " of "),
            package - program
        );
        eprintln!("{row}");
        writeln!(text, "{row}")?;
    }
    write!(text, "\n{}", made_on(&theirs.greeting))?;
    Ok(text)
}

/// The times of one method.
struct Sides {
    program: Times,
    package: Times,
    peer: [Times; JOBS.len()],
}

impl Sides {
    /// One warm-up each, then all in turn.
    fn time(method: &str, ours: &mut Peer, theirs: &mut Peer, rounds: u32) -> anyhow::Result<Self> {
        let class = format!("package-{method}");
        let mut sides = Self {
            program: Times::default(),
            package: Times::default(),
            peer: <[Times; JOBS.len()]>::default(),
        };
        ours.time(method, 1)?;
        theirs.time(method, 1)?;
        theirs.time(&class, 1)?;
        for _ in 0..rounds {
            sides.program.push(ours.time(method, 1)?);
            sides.package.push(theirs.time(&class, 1)?);
            for (times, jobs) in sides.peer.iter_mut().zip(JOBS) {
                times.push(theirs.time(method, jobs)?);
            }
        }
        Ok(sides)
    }

    fn row(self, method: &str, peer: &str) -> String {
        let (jobs, times) = faster(self.peer);
        let ratio = |ours: &Times| times.median() / ours.median();
        format!(
            "| {method} | {peer}, {} | {} | {} | {:.1} | {} | {:.1} | {:.2} |",
            jobs_word(jobs),
            times.show(),
            self.program.show(),
            ratio(&self.program),
            self.package.show(),
            ratio(&self.package),
            ratio(&self.package) / ratio(&self.program)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_share_of_the_ratio_that_is_kept() {
        let times = |time| {
            let mut times = Times::default();
            times.push(time);
            times
        };
        let sides = Sides {
            program: times(0.1),
            package: times(0.125),
            peer: [times(2.0), times(1.0)],
        };
        let row = sides.row("knn", "PyOD KNN");
        assert!(
            row.starts_with("| knn | PyOD KNN, two jobs | 1.000"),
            "{row}"
        );
        assert!(
            row.contains("| 10.0 |") && row.ends_with("| 8.0 | 0.80 |"),
            "{row}"
        );
    }
}
