//! Both sides of the comparison with Python, in alternating rounds.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::peer::{Peer, Times};
use crate::failure::{Failure, code};
use crate::workspace::{Workspace, cache_dir, first_line};
use crate::{machine, setup};

/// How the comparison is made.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Leave DDPM beside PyTorch out.
    #[arg(long, requires = "against_python")]
    no_torch: bool,
    /// A Python that has the packages of scripts/bench/requirements*.txt, and `residuum` for --wheel, instead of an
    /// environment in the cache.
    #[arg(long, value_name = "PATH", requires = "comparison")]
    pub(super) python: Option<PathBuf>,
    /// Rounds; each side runs once in each.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) rounds: u32,
}

/// Detectors that fit and score the same rows, each with its peer.
struct Bout {
    /// Generated rows to train on and as many to score; else those of CIFAR10_4 under protocol `paper`.
    rows: Option<&'static str>,
    /// Each method, and who the peer is.
    methods: &'static [(&'static str, &'static str)],
}

const BOUTS: [Bout; 3] = [
    Bout {
        rows: None,
        methods: &[
            ("ocsvm", "scikit-learn OneClassSVM"),
            ("iforest", "scikit-learn IsolationForest"),
            ("copod", "PyOD COPOD"),
            ("ecod", "PyOD ECOD"),
            ("hbos", "PyOD HBOS"),
        ],
    },
    Bout {
        rows: Some("10000"),
        methods: &[
            ("knn", "scikit-learn NearestNeighbors, brute force"),
            ("lof", "scikit-learn LocalOutlierFactor, brute force"),
        ],
    },
    Bout {
        rows: Some("100000x30"),
        methods: &[
            ("iforest", "scikit-learn IsolationForest"),
            ("copod", "PyOD COPOD"),
            ("ecod", "PyOD ECOD"),
            ("hbos", "PyOD HBOS"),
        ],
    },
];
/// Jobs the peer is offered; the faster counts.
pub(super) const JOBS: [usize; 2] = [1, 2];

/// Runs the comparison and returns the table.
pub(super) fn compare(workspace: &Workspace, arguments: &Options) -> anyhow::Result<String> {
    let python = match &arguments.python {
        Some(python) => python.clone(),
        None => environment(workspace, !arguments.no_torch)?,
    };
    let ours = example(workspace, "baselines", "peers")?;
    let mut text =
        String::from("# Beside Python\n\nMade by `cargo xtask bench --against-python --write`.\n");
    let mut greeting = String::new();
    for bout in &BOUTS {
        let (table, versions) = bout.hold(workspace, &python, &ours, arguments.rounds)?;
        text.push_str(&table);
        greeting = versions;
    }
    if !arguments.no_torch {
        text.push_str(&networks(workspace, &python, arguments.rounds)?);
    }
    write!(text, "\n{}", made_on(&greeting))?;
    Ok(text)
}

/// The machine, the versions that the peer greets with, and the day.
pub(super) fn made_on(greeting: &str) -> String {
    let cpu = machine::cpu_model().unwrap_or_default();
    let rustc = first_line(Command::new("rustc").arg("--version")).unwrap_or_default();
    format!(
        "{cpu}, {} cores; {}; {rustc}; {}.\n",
        machine::cores(),
        versions(greeting),
        &machine::utc_now()[..10]
    )
}

/// Rows in a folder, and what is said of them: generated ones, or those of CIFAR10_4 under protocol `paper`.
pub(super) struct Export {
    pub(super) folder: tempfile::TempDir,
    pub(super) header: serde_json::Value,
}

impl Export {
    pub(super) fn new(
        workspace: &Workspace,
        python: &Path,
        rows: Option<&str>,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut export = Command::new(python);
        export
            .arg(peers(workspace))
            .arg("export")
            .arg(folder.path());
        match rows {
            Some(rows) => export.arg(rows),
            None => export.args(cifar10_4(workspace)),
        };
        anyhow::ensure!(
            export.status()?.success(),
            "peers.py export failed (see above)"
        );
        let header = std::fs::read_to_string(folder.path().join("header.json"))?;
        let header: serde_json::Value = serde_json::from_str(&header)?;
        eprintln!("data: {}", header["source"]);
        Ok(Self { folder, header })
    }

    /// The peer, which has read them.
    pub(super) fn serve(&self, workspace: &Workspace, python: &Path) -> anyhow::Result<Peer> {
        let mut serve = Command::new(python);
        Peer::start(
            serve
                .arg(peers(workspace))
                .arg("serve")
                .arg(self.folder.path()),
        )
    }

    /// `2500 and score of 2763 rows of 512 columns (…)`.
    pub(super) fn shape(&self) -> String {
        let (train, test, d) = (
            &self.header["train"],
            &self.header["test"],
            &self.header["d"],
        );
        let source = self.header["source"].as_str().unwrap_or_default();
        format!("{train} and score of {test} rows of {d} columns ({source})")
    }
}

fn peers(workspace: &Workspace) -> PathBuf {
    workspace.root.join("scripts/bench/peers.py")
}

impl Bout {
    /// The table of it, and the versions the peer greets with.
    fn hold(
        &self,
        workspace: &Workspace,
        python: &Path,
        ours: &Path,
        count: u32,
    ) -> anyhow::Result<(String, String)> {
        let rows = Export::new(workspace, python, self.rows)?;
        let mut theirs = rows.serve(workspace, python)?;
        let mut ours = Peer::start(Command::new(ours).arg(rows.folder.path()))?;
        let mut text = format!(
            "\nFit on {}; seconds, median of {count} alternating rounds (least–most), both sides warm; the peer at the faster of one and two jobs.\n\n",
            rows.shape()
        );
        text.push_str(
            "| method | peer | peer, s | ours, s | times as fast |\n| --- | --- | ---: | ---: | ---: |\n",
        );
        for (method, peer) in self.methods {
            let (our_times, their_times) = rounds(method, &mut ours, &mut theirs, count)?;
            let (jobs, their_times) = faster(their_times);
            let row = format!(
                "| {method} | {peer}, {} | {} | {} | {:.1} |",
                jobs_word(jobs),
                their_times.show(),
                our_times.show(),
                their_times.median() / our_times.median()
            );
            eprintln!("{row}");
            writeln!(text, "{row}")?;
        }
        Ok((text, theirs.greeting.clone()))
    }
}

pub(super) fn jobs_word(jobs: usize) -> &'static str {
    match jobs {
        1 => "one job",
        _ => "two jobs",
    }
}

/// `{"python": "3.11", …}` as `python 3.11, …`.
fn versions(greeting: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(greeting).unwrap_or_default();
    let pairs = value.as_object().into_iter().flatten();
    pairs
        .map(|(name, v)| format!("{name} {}", v.as_str().unwrap_or_default()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// One warm-up each, then ours and theirs in turn.
fn rounds(
    method: &str,
    ours: &mut Peer,
    theirs: &mut Peer,
    rounds: u32,
) -> anyhow::Result<(Times, [Times; JOBS.len()])> {
    let (mut our_times, mut their_times) = (Times::default(), <[Times; JOBS.len()]>::default());
    ours.time(method, 1)?;
    theirs.time(method, 1)?;
    for _ in 0..rounds {
        our_times.push(ours.time(method, 1)?);
        for (times, jobs) in their_times.iter_mut().zip(JOBS) {
            times.push(theirs.time(method, jobs)?);
        }
    }
    Ok((our_times, their_times))
}

/// How many jobs it was, and its times.
pub(super) fn faster(times: [Times; JOBS.len()]) -> (usize, Times) {
    let [one, two] = times;
    if two.median() < one.median() {
        (JOBS[1], two)
    } else {
        (JOBS[0], one)
    }
}

/// Work of a network that both sides do in a process of their own and print the time of.
struct Pair {
    what: &'static str,
    /// Package and example.
    ours: (&'static str, &'static str),
    script: &'static str,
    /// What each side is called with.
    arguments: [&'static [&'static str]; 2],
    /// What stands behind the figure that counts.
    unit: &'static str,
}

/// Rows are as many as of an MVTec-AD set under protocol `paper`, and of CIFAR10_4.
const PAIRS: [Pair; 5] = [
    Pair {
        what: "residual MLP, epoch of 394 × 512 at batch 64, ms",
        ours: ("diffusion", "epoch_time"),
        script: "ddpm_pytorch.py",
        arguments: [&["394", "512", "30"]; 2],
        unit: " ms per epoch",
    },
    Pair {
        what: "residual MLP, epoch of 2500 × 512 at batch 64, ms",
        ours: ("diffusion", "epoch_time"),
        script: "ddpm_pytorch.py",
        arguments: [&["2500", "512", "15"]; 2],
        unit: " ms per epoch",
    },
    Pair {
        what: "transformer over 8 chunks, training step of 64 × 512, ms",
        ours: ("dit", "step_time"),
        script: "dit_pytorch.py",
        arguments: [&[]; 2],
        unit: " ms per step",
    },
    Pair {
        what: "residual MLP, score of 2763 × 512 by the walk of 250 steps, s",
        ours: ("mlp", "walk_time"),
        script: "ddpm_pytorch.py",
        arguments: [&[], &["walk"]],
        unit: " s, mean-only walk",
    },
    Pair {
        what: "the same by ten DDIM steps, s (the peer walks its 250)",
        ours: ("mlp", "walk_time"),
        script: "ddpm_pytorch.py",
        arguments: [&[], &["walk"]],
        unit: DDIM,
    },
];
/// A short cut that the peer does not have: its walk stands beside it.
const DDIM: &str = " s, ten DDIM steps";

/// A process a round on each side, one thread each.
fn networks(workspace: &Workspace, python: &Path, rounds: u32) -> anyhow::Result<String> {
    setup::ensure(workspace)?;
    let mut text = String::from(
        "\nNetworks, one thread each, random rows; PyTorch eager with its default optimiser:\n\n\
         | work | PyTorch | ours | times as fast |\n| --- | ---: | ---: | ---: |\n",
    );
    for pair in PAIRS {
        let (package, name) = pair.ours;
        let example = example(workspace, package, name)?;
        let script = workspace.root.join("scripts/bench").join(pair.script);
        let [our_arguments, their_arguments] = pair.arguments;
        let their_unit = if pair.unit == DDIM {
            " s, mean-only walk"
        } else {
            pair.unit
        };
        let (mut ours, mut theirs) = (Times::default(), Times::default());
        for _ in 0..rounds {
            let mut command = Command::new(&example);
            command.env("LD_LIBRARY_PATH", workspace.library_path());
            ours.push(figure(command.args(our_arguments), pair.unit)?);
            let mut command = Command::new(python);
            theirs.push(figure(
                command.arg(&script).args(their_arguments),
                their_unit,
            )?);
        }
        let ratio = theirs.median() / ours.median();
        let row = format!(
            "| {} | {} | {} | {ratio:.2} |",
            pair.what,
            theirs.show(),
            ours.show()
        );
        eprintln!("{row}");
        writeln!(text, "{row}")?;
    }
    Ok(text)
}

/// The first figure before `unit` in what a command prints; PyTorch's default optimiser comes first.
fn figure(command: &mut Command, unit: &str) -> anyhow::Result<f64> {
    command
        .env("OMP_NUM_THREADS", "1")
        .env("MKL_NUM_THREADS", "1")
        .env("RAYON_NUM_THREADS", "1");
    let out = command.stderr(std::process::Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let mut figures = text.lines().filter_map(|line| {
        let (before, _) = line.split_once(unit)?;
        before.rsplit(' ').next()?.parse::<f64>().ok()
    });
    figures.next().with_context(|| {
        let program = command.get_program();
        format!("{program:?} printed no figure before {unit:?}: {text:?}")
    })
}

/// Builds an example and returns its path.
pub(super) fn example(workspace: &Workspace, package: &str, name: &str) -> anyhow::Result<PathBuf> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "-p", package, "--example", name]);
    cargo
        .arg("--message-format=json-render-diagnostics")
        .stderr(std::process::Stdio::inherit());
    let out = cargo.output().context("cannot start cargo")?;
    anyhow::ensure!(
        out.status.success(),
        "the example {name} of {package} does not build"
    );
    crate::program::executable(&out.stdout, name)
        .with_context(|| format!("cargo built no example {name}"))
}

/// The Python of a virtual environment in the cache, with the pinned packages.
pub(super) fn environment(workspace: &Workspace, has_torch: bool) -> anyhow::Result<PathBuf> {
    let dir = cache_dir()?.join("bench-python");
    let python = dir.join("bin/python");
    let hint = "apt-get install python3-venv, or name a Python that has the packages by --python";
    let missing = |what: &str| Failure::new(code::MISSING, what).hint(hint);
    if !python.exists() {
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&dir)
            .status();
        if !made.is_ok_and(|status| status.success()) {
            return Err(missing("cannot make a virtual environment for Python").into());
        }
    }
    for file in ["requirements.txt", "requirements-torch.txt"] {
        if !has_torch && file.contains("torch") {
            continue;
        }
        let path = workspace.root.join("scripts/bench").join(file);
        let mut pip = Command::new(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(&path);
        if !pip.status().is_ok_and(|status| status.success()) {
            return Err(missing(&format!("cannot install {}", path.display())).into());
        }
    }
    Ok(python)
}

/// CIFAR10_4's file in one of the data roots.
fn cifar10_4(workspace: &Workspace) -> Option<PathBuf> {
    let given = std::env::var_os("RESIDUUM_DATA");
    let roots = given.iter().flat_map(std::env::split_paths);
    roots
        .chain([
            workspace.root.join("data/external"),
            workspace.root.join("data"),
        ])
        .map(|root: PathBuf| root.join(Path::new("adbench/CV_by_ResNet18/CIFAR10_4.npz")))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_first_figure_of_its_unit() {
        let read = |text: &str| {
            let mut command = Command::new("sh");
            figure(
                command.args(["-c", &format!("echo '{text}'")]),
                " ms per step",
            )
        };
        let text = "1.0 ms per epoch\n64 x 512: 4.125 ms per step\n3.5 ms per step, fused";
        assert_eq!(read(text).unwrap(), 4.125);
        assert!(read("nothing").is_err());
    }

    #[test]
    fn the_faster_peer_counts() {
        let times = |time| {
            let mut times = Times::default();
            times.push(time);
            times
        };
        assert_eq!(faster([times(2.0), times(1.0)]), (2, times(1.0)));
        assert_eq!(faster([times(1.0), times(2.0)]), (1, times(1.0)));
    }
}
