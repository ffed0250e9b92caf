//! One child process that computes a chunk of cells.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use serde::Deserialize;

use super::RunDir;
use crate::program::Program;

/// A line of the child's stdout.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(super) enum Event {
    Start {
        index: usize,
        id: String,
    },
    Progress {
        stage: String,
        done: u64,
        total: u64,
        #[serde(default)]
        note: String,
    },
    Done {
        id: String,
        seconds: Option<f64>,
    },
}

/// What the thread that reads the child's stdout passes on.
#[derive(Debug)]
pub(super) enum Message {
    Said(Event),
    Closed,
}

/// A running child.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) chunk: Range<usize>,
    pub(super) started: SystemTime,
    pub(super) log_path: PathBuf,
    /// Its stdout is read to the end.
    pub(super) closed: bool,
    pub(super) timed_out: bool,
    /// It has announced a cell.
    pub(super) began: bool,
    child: Child,
    /// Kept open: the child ends when it closes, that is, also when this process is killed.
    _stdin: Option<ChildStdin>,
    current: Option<(usize, Instant)>,
    log_from: u64,
    exited: Option<(ExitStatus, Instant)>,
}

impl Worker {
    /// Starts `residuum cells` on a chunk, in a process group of its own so that Ctrl-C reaches
    /// only us.
    pub(super) fn start(
        program: &Program,
        dir: &RunDir,
        slot: usize,
        chunk: Range<usize>,
        threads: usize,
        sender: &Sender<(usize, Message)>,
    ) -> anyhow::Result<Self> {
        let log_path = dir.path.join(format!("logs/worker-{}.log", slot + 1));
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log_path)
            .with_context(|| format!("cannot open {log_path:?}"))?;
        let log_from = log.metadata()?.len();
        let threads = threads.to_string();
        let mut command = program.command(&["cells", "--stdin-guard", "--threads", &threads]);
        command
            .args([
                "--from",
                &chunk.start.to_string(),
                "--to",
                &chunk.end.to_string(),
            ])
            .arg("--plan")
            .arg(dir.path.join("plan.jsonl"))
            .arg("--out")
            .arg(&dir.path)
            .arg("--models")
            .arg(dir.models())
            .env("OMP_NUM_THREADS", &threads)
            .env("RAYON_NUM_THREADS", &threads)
            .env("POLARS_MAX_THREADS", &threads)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {:?}", program.path))?;
        let stdout = child.stdout.take();
        let sender = sender.clone();
        std::thread::spawn(move || {
            // Bytes that are no event, such as a library's greeting, are passed over.
            for line in stdout
                .into_iter()
                .flat_map(|s| BufReader::new(s).split(b'\n'))
            {
                let Ok(line) = line else { break };
                if let Ok(event) = serde_json::from_slice(&line) {
                    let _ = sender.send((slot, Message::Said(event)));
                }
            }
            let _ = sender.send((slot, Message::Closed));
        });
        Ok(Self {
            chunk,
            started: SystemTime::now(),
            log_path,
            closed: false,
            timed_out: false,
            began: false,
            _stdin: child.stdin.take(),
            child,
            current: None,
            log_from,
            exited: None,
        })
    }

    /// Whether a cell is among those given to this child.
    pub(super) fn has(&self, index: usize) -> bool {
        self.chunk.contains(&index)
    }

    pub(super) fn begin(&mut self, index: usize) {
        self.began = true;
        self.current = Some((index, Instant::now()));
    }

    pub(super) fn end(&mut self) {
        self.current = None;
    }

    /// The cell in work.
    pub(super) fn current(&self) -> Option<usize> {
        self.current.map(|(index, _)| index)
    }

    /// The cell in work, and for how long.
    pub(super) fn running_for(&self) -> Option<(usize, Duration)> {
        self.current.map(|(index, since)| (index, since.elapsed()))
    }

    /// The exit status, once the child has ended and all it said is heard. A grandchild may hold
    /// stdout open; we do not wait for it for long.
    pub(super) fn ended(&mut self) -> std::io::Result<Option<ExitStatus>> {
        if self.exited.is_none() {
            self.exited = self
                .child
                .try_wait()?
                .map(|status| (status, Instant::now()));
        }
        Ok(self
            .exited
            .filter(|(_, at)| self.closed || at.elapsed() > Duration::from_secs(2))
            .map(|(status, _)| status))
    }

    /// Stops a child whose cell takes too long.
    pub(super) fn time_out(&mut self) {
        if !self.timed_out {
            self.timed_out = true;
            self.kill();
        }
    }

    /// Asks the child and its children to stop.
    pub(super) fn terminate(&mut self) {
        self.signal("TERM");
    }

    /// Ends the child and its children.
    pub(super) fn kill(&mut self) {
        self.signal("KILL");
    }

    /// Through the shell, whose `kill` is built in: signalling a group from here would need
    /// unsafe code or one more dependency.
    fn signal(&mut self, name: &str) {
        if self.exited.is_none() {
            let script = format!("kill -s {name} -- -{}", self.child.id());
            let sent = Command::new("sh")
                .args(["-c", &script])
                .stderr(Stdio::null())
                .status();
            if name == "KILL" && !sent.is_ok_and(|s| s.success()) {
                let _ = self.child.kill();
            }
        }
    }

    /// The last lines this child wrote to its log.
    pub(super) fn log_tail(&self) -> String {
        const BYTES: u64 = 2000;
        const LINES: usize = 12;
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(&self.log_path)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(
                self.log_from.max(length.saturating_sub(BYTES)),
            ))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let text = String::from_utf8_lossy(&read().unwrap_or_default()).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}
