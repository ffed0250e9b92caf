//! Workers, one for each core, and what they say together.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::examine::Fault;
use crate::findings::Findings;
use crate::progress::Progress;
use crate::random::Random;
use crate::schedule::Schedule;
use crate::summary;
use crate::target::{Seeds, Target};
use crate::worker::{Counts, Message, POSITION};

/// An input that has not ended by then never will: a slow one is tried twice.
const HANGS_AFTER: Duration = Duration::from_secs(20);
/// Of addresses, in KiB: a reader that asks for all memory does not get it.
const MOST_ADDRESSES: u64 = 24 << 20;

/// What is to be done.
pub(crate) struct Plan {
    pub(crate) targets: Vec<&'static Target>,
    pub(crate) seed: u64,
    pub(crate) inputs: u64,
    /// Ends after so long, however many inputs are left.
    pub(crate) time: Option<Duration>,
    pub(crate) jobs: u64,
    /// Where inputs with a fault are kept.
    pub(crate) found: PathBuf,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Clean,
    Faults,
    Interrupted,
}

struct Worker {
    child: Child,
    folder: PathBuf,
    /// The position read last, and since when it has been the same.
    position: (u64, Instant),
}

enum Event {
    Said(Message),
    Closed(u64),
}

/// Runs the plan and prints a line for each target.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<End> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let scratch = scratch()?;
    let mut campaign = Campaign::new(plan)?;
    let (sender, receiver) = channel();
    let mut workers = Vec::new();
    for number in 0..plan.jobs {
        let folder = scratch.path().join(number.to_string());
        workers.push(Some(start(plan, number, number, &folder, &sender)?));
    }
    let ended = campaign.watch(plan, &mut workers, &sender, &receiver, &stop);
    for worker in workers.iter_mut().flatten() {
        // One that has ended by itself cannot be stopped.
        let _ = worker.child.kill();
        let _ = worker.child.wait();
    }
    let interrupted = ended?;
    campaign.progress.end();
    summary::print(
        &plan.targets,
        &campaign.counts,
        campaign.start.elapsed(),
        &campaign.findings,
    );
    Ok(match (interrupted, campaign.findings.n()) {
        (_, 1..) => End::Faults,
        (true, 0) => End::Interrupted,
        (false, 0) => End::Clean,
    })
}

struct Campaign {
    schedule: Schedule,
    seeds: Vec<Seeds>,
    counts: Vec<Counts>,
    findings: Findings,
    progress: Progress,
    start: Instant,
}

impl Campaign {
    fn new(plan: &Plan) -> anyhow::Result<Self> {
        Ok(Self {
            schedule: Schedule::of(&plan.targets),
            seeds: plan
                .targets
                .iter()
                .map(|target| Seeds::of(target))
                .collect::<Result<_, _>>()?,
            counts: vec![Counts::default(); plan.targets.len()],
            findings: Findings::new(&plan.found),
            progress: Progress::new(plan.inputs, plan.time),
            start: Instant::now(),
        })
    }

    /// Until all workers have ended; whether that was before the plan's end.
    fn watch(
        &mut self,
        plan: &Plan,
        workers: &mut [Option<Worker>],
        sender: &Sender<Event>,
        receiver: &Receiver<Event>,
        stop: &AtomicBool,
    ) -> anyhow::Result<bool> {
        while workers.iter().any(Option::is_some) {
            if stop.load(Ordering::Relaxed) {
                return Ok(true);
            }
            if plan.time.is_some_and(|time| self.start.elapsed() >= time) {
                return Ok(false);
            }
            match receiver.recv_timeout(Duration::from_millis(100)) {
                Ok(Event::Said(Message::Counts(more))) => {
                    for (counts, more) in self.counts.iter_mut().zip(&more) {
                        counts.add(more);
                    }
                    let done = self.counts.iter().map(|counts| counts.inputs).sum();
                    self.progress
                        .at(done, self.start.elapsed(), self.findings.n());
                }
                Ok(Event::Said(Message::Fault { position, fault })) => {
                    self.found(plan, position, &fault)?
                }
                Ok(Event::Closed(number)) => self.ended(plan, workers, number, sender)?,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            for worker in workers.iter_mut().flatten() {
                if worker.hangs() {
                    // Its end is seen as that of one that ends by itself.
                    worker.child.kill()?;
                }
            }
        }
        Ok(stop.load(Ordering::Relaxed))
    }

    /// A worker whose output has ended: done, or ended by an input. Then another goes on behind it.
    fn ended(
        &mut self,
        plan: &Plan,
        workers: &mut [Option<Worker>],
        number: u64,
        sender: &Sender<Event>,
    ) -> anyhow::Result<()> {
        let Some(mut worker) = workers.get_mut(number as usize).and_then(Option::take) else {
            return Ok(());
        };
        let status = worker.child.wait()?;
        // A signal to the whole group is no input's doing.
        if status.success() || stopped(status) {
            return Ok(());
        }
        let position = worker
            .read_position()
            .context("a worker ended before its first input")?;
        let how = if worker.hangs() {
            format!("no end after {} s", HANGS_AFTER.as_secs())
        } else {
            how(status)
        };
        self.found(plan, position, &Fault::Ended { how })?;
        if let Some(counts) = self.counts.get_mut(self.schedule.at(position).0) {
            counts.inputs += 1;
        }
        let next = position + plan.jobs;
        workers[number as usize] = Some(start(plan, number, next, &worker.folder, sender)?);
        Ok(())
    }

    fn found(&mut self, plan: &Plan, position: u64, fault: &Fault) -> anyhow::Result<()> {
        let (at, index) = self.schedule.at(position);
        let target = plan.targets[at];
        let input = (target.make)(
            &mut Random::of(plan.seed, target.name, index),
            &self.seeds[at],
        );
        if let Some(text) = self.findings.add(target.name, &input, fault)? {
            self.progress.say(&text);
        }
        Ok(())
    }
}

impl Worker {
    fn read_position(&self) -> Option<u64> {
        let bytes = fs::read(self.folder.join(POSITION)).ok()?;
        Some(u64::from_le_bytes(*bytes.first_chunk()?))
    }

    /// Whether it has been at one input for too long.
    fn hangs(&mut self) -> bool {
        match self.read_position() {
            Some(position) if position == self.position.0 => {
                self.position.1.elapsed() > HANGS_AFTER
            }
            Some(position) => {
                self.position = (position, Instant::now());
                false
            }
            None => false,
        }
    }
}

fn start(
    plan: &Plan,
    number: u64,
    first: u64,
    folder: &Path,
    sender: &Sender<Event>,
) -> anyhow::Result<Worker> {
    fs::create_dir_all(folder)?;
    // Of a worker before this one.
    let _ = fs::remove_file(folder.join(POSITION));
    let program = std::env::current_exe()?;
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            &format!("ulimit -v {MOST_ADDRESSES}; exec \"$0\" \"$@\""),
        ])
        .arg(program)
        .args(["--worker", &folder.to_string_lossy()])
        .args(["--seed", &plan.seed.to_string()])
        .args(["--first", &first.to_string()])
        .args(["--jobs", &plan.jobs.to_string()])
        .args(["--inputs", &plan.inputs.to_string()]);
    for target in &plan.targets {
        command.args(["--target", target.name]);
    }
    let mut child = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // Decoders print what they find odd.
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start a worker")?;
    let stdout = child.stdout.take().context("a worker has no output")?;
    let sender = sender.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // What libraries print is not a message.
            if let Ok(message) = serde_json::from_str(&line)
                && sender.send(Event::Said(message)).is_err()
            {
                return;
            }
        }
        let _ = sender.send(Event::Closed(number));
    });
    Ok(Worker {
        child,
        folder: folder.to_owned(),
        position: (u64::MAX, Instant::now()),
    })
}

/// In memory where there is a place for it: most inputs are files.
pub(crate) fn scratch() -> anyhow::Result<tempfile::TempDir> {
    let shared = Path::new("/dev/shm");
    let temporary = std::env::temp_dir();
    let place = if shared.is_dir() { shared } else { &temporary };
    let folder = tempfile::Builder::new()
        .prefix("residuum-fuzz-")
        .tempdir_in(place);
    Ok(folder.or_else(|_| tempfile::tempdir())?)
}

/// Whether it was asked to end.
fn stopped(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    let asked = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];
    status
        .signal()
        .is_some_and(|signal| asked.contains(&signal))
}

/// How a process ended.
pub(crate) fn how(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(signal) => format!("signal {signal}"),
        None => status.to_string(),
    }
}
