//! Child processes on this machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{self, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::executor::{Ending, Event, Executor, Exit};
use crate::failure::Failure;
use crate::ledger::Ledger;
use crate::options::Options;
use crate::program::Program;

/// How long a child that has ended may leave its output open: a grandchild can hold it.
const LINGER: Duration = Duration::from_secs(2);

/// Runs `residuum cells` in child processes with a budget of threads each.
pub struct Local {
    program: Program,
    run: PathBuf,
    models: PathBuf,
    threads: usize,
    children: Vec<Option<Child>>,
    sender: Sender<(usize, Message)>,
    receiver: Receiver<(usize, Message)>,
}

/// A line of a child's output.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line {
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

/// What the thread that reads a child's output passes on.
enum Message {
    Said(Line),
    Closed,
}

struct Child {
    process: process::Child,
    /// Kept open: the child ends when it closes, that is, also when this process is killed.
    _stdin: Option<ChildStdin>,
    log: PathBuf,
    log_from: u64,
    /// Its output is read to the end.
    closed: bool,
    exited: Option<(ExitStatus, Instant)>,
}

impl Local {
    /// Cells of the plan in `ledger`, by the program.
    pub fn new(program: &Program, ledger: &Ledger, options: &Options) -> Self {
        let (sender, receiver) = channel();
        Self {
            program: program.clone(),
            run: ledger.path().to_owned(),
            models: ledger.models(),
            threads: options.threads,
            children: (0..options.jobs).map(|_| None).collect(),
            sender,
            receiver,
        }
    }

    fn event(&mut self, slot: usize, message: Message) -> Option<(usize, Event)> {
        let event = match message {
            Message::Closed => {
                if let Some(child) = &mut self.children[slot] {
                    child.closed = true;
                }
                return None;
            }
            Message::Said(Line::Start { index, id }) => Event::Start { index, id },
            Message::Said(Line::Progress {
                stage,
                done,
                total,
                note,
            }) => {
                let doing = format!("{stage} {done}/{total} {note}");
                let doing = doing.trim_end().to_owned();
                Event::Progress { doing }
            }
            Message::Said(Line::Done { id, seconds }) => Event::Done { id, seconds },
        };
        Some((slot, event))
    }
}

impl Executor for Local {
    /// In a process group of its own, so that Ctrl-C reaches only us.
    fn start(&mut self, slot: usize, chunk: Range<usize>) -> Result<(), Failure> {
        let log = self.run.join(format!("logs/worker-{}.log", slot + 1));
        let opened = OpenOptions::new().create(true).append(true).open(&log);
        let opened = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
        let (log_from, file) =
            opened.map_err(|e| Failure::refused(format!("cannot open {log:?}"), &e))?;
        let threads = self.threads.to_string();
        let mut command = self.program.command();
        command
            .args(["cells", "--stdin-guard", "--threads", &threads])
            .args(["--from", &chunk.start.to_string()])
            .args(["--to", &chunk.end.to_string()])
            .arg("--plan")
            .arg(self.run.join("plan.jsonl"))
            .arg("--out")
            .arg(&self.run)
            .arg("--models")
            .arg(&self.models)
            .env("OMP_NUM_THREADS", &threads)
            .env("RAYON_NUM_THREADS", &threads)
            .env("POLARS_MAX_THREADS", &threads)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .process_group(0);
        let mut process = command.spawn().map_err(|e| {
            let program = command.get_program();
            Failure::refused(format!("cannot start {program:?}"), &e)
        })?;
        let stdout = process.stdout.take();
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            let lines = stdout.into_iter();
            let lines = lines.flat_map(|out| BufReader::new(out).split(b'\n'));
            // Bytes that are not an event, such as a library's greeting, are passed over.
            for line in lines.map_while(Result::ok) {
                if let Ok(event) = serde_json::from_slice(&line) {
                    let _ = sender.send((slot, Message::Said(event)));
                }
            }
            let _ = sender.send((slot, Message::Closed));
        });
        self.children[slot] = Some(Child {
            _stdin: process.stdin.take(),
            process,
            log,
            log_from,
            closed: false,
            exited: None,
        });
        Ok(())
    }

    fn poll(&mut self, wait: Duration) -> Result<Vec<(usize, Event)>, Failure> {
        let mut events = Vec::new();
        // This process holds a sender: the channel never closes.
        if let Ok((slot, message)) = self.receiver.recv_timeout(wait) {
            events.extend(self.event(slot, message));
        }
        while let Ok((slot, message)) = self.receiver.try_recv() {
            events.extend(self.event(slot, message));
        }
        for (slot, place) in self.children.iter_mut().enumerate() {
            let Some(child) = place else { continue };
            let ended = child.ended();
            let ended = ended.map_err(|e| Failure::refused("cannot wait for a child", &e))?;
            if let Some(status) = ended {
                let ending = Ending {
                    exit: match (status.signal(), status.code()) {
                        (Some(signal), _) => Exit::Signal(signal),
                        (None, code) => Exit::Code(code.unwrap_or(-1)),
                    },
                    log_tail: log_tail(&child.log, child.log_from).unwrap_or_default(),
                    log: child.log.clone(),
                };
                *place = None;
                events.push((slot, Event::Ended(ending)));
            }
        }
        Ok(events)
    }

    fn stop(&mut self, slot: usize, now: bool) {
        if let Some(child) = &mut self.children[slot] {
            child.signal(if now { "KILL" } else { "TERM" });
        }
    }
}

/// No child is left behind.
impl Drop for Local {
    fn drop(&mut self) {
        for child in self.children.iter_mut().flatten() {
            child.signal("KILL");
        }
    }
}

impl Child {
    /// How it ended, once its output is read.
    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.exited.is_none() {
            let status = self.process.try_wait()?;
            self.exited = status.map(|status| (status, Instant::now()));
        }
        Ok(self
            .exited
            .filter(|(_, at)| self.closed || at.elapsed() > LINGER)
            .map(|(status, _)| status))
    }

    /// To it and its children, through the shell, whose `kill` is built in: signalling a group from here
    /// would need unsafe code or one more dependency.
    fn signal(&mut self, name: &str) {
        if self.exited.is_none() {
            let script = format!("kill -s {name} -- -{}", self.process.id());
            let sent = Command::new("sh")
                .args(["-c", &script])
                .stderr(Stdio::null())
                .status();
            if name == "KILL" && !sent.is_ok_and(|s| s.success()) {
                let _ = self.process.kill();
            }
        }
    }
}

/// The last lines of a log after `from`.
fn log_tail(log: &Path, from: u64) -> io::Result<String> {
    const BYTES: u64 = 2000;
    const LINES: usize = 12;
    let length = fs::metadata(log)?.len();
    let mut file = File::open(log)?;
    file.seek(SeekFrom::Start(from.max(length.saturating_sub(BYTES))))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(LINES)..].join("\n"))
}
