//! A process that reads every n-th input and says what it saw.
//!
//! A process of its own, because a reader may end it: by a full stack, by an allocation that fails.

use std::fs::{self, File};
use std::io::{Write, stdout};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::examine::{Fault, examine, keep_panics};
use crate::random::Random;
use crate::schedule::Schedule;
use crate::target::{Seeds, Target};

/// In the worker's folder: the position of the input that is read.
pub(crate) const POSITION: &str = "position";
/// Between two messages about the counts.
const EVERY: Duration = Duration::from_millis(250);

/// What a worker writes, one line each.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    /// Since the message before, one for each target.
    Counts(Vec<Counts>),
    /// An input with a fault.
    Fault { position: u64, fault: Fault },
}

/// What was seen of a target's inputs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) inputs: u64,
    pub(crate) accepted: u64,
    /// Spent in the reader and in making the inputs.
    pub(crate) seconds: f64,
    pub(crate) peak: usize,
    pub(crate) slowest: f64,
}

impl Counts {
    pub(crate) fn add(&mut self, more: &Self) {
        self.inputs += more.inputs;
        self.accepted += more.accepted;
        self.seconds += more.seconds;
        self.peak = self.peak.max(more.peak);
        self.slowest = self.slowest.max(more.slowest);
    }
}

/// Which inputs a worker reads: `first`, and then every `step`-th below `end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    pub(crate) seed: u64,
    pub(crate) first: u64,
    pub(crate) step: u64,
    pub(crate) end: u64,
}

/// The folder of a target.
pub(crate) fn prepare(target: &Target, folder: &Path) -> anyhow::Result<std::path::PathBuf> {
    let folder = folder.join(target.name);
    fs::create_dir_all(&folder)?;
    (target.prepare)(&folder)?;
    Ok(folder)
}

/// One thread for everything: the allocator counts for the process, and a pool's threads cost more than
/// the inputs do. Its stack has the size that threads have by default.
pub(crate) fn on_one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, || -> anyhow::Result<T> {
            rayon::ThreadPoolBuilder::new()
                .num_threads(1)
                .use_current_thread()
                .build_global()?;
            Ok(work())
        })?;
        thread
            .join()
            .map_err(|_| anyhow::anyhow!("the worker's thread panicked"))?
    })
}

/// Reads the share.
pub(crate) fn run(targets: &[&Target], share: Share, folder: &Path) -> anyhow::Result<()> {
    keep_panics();
    on_one_thread(|| read_all(targets, share, folder))?
}

fn read_all(targets: &[&Target], share: Share, folder: &Path) -> anyhow::Result<()> {
    let schedule = Schedule::of(targets);
    let mut seeds = Vec::new();
    let mut folders = Vec::new();
    for target in targets {
        seeds.push(Seeds::of(target)?);
        folders.push(prepare(target, folder)?);
    }
    let position_file = File::create(folder.join(POSITION))?;
    let mut counts = vec![Counts::default(); targets.len()];
    let mut told = Instant::now();
    let mut position = share.first;
    while position < share.end {
        position_file.write_all_at(&position.to_le_bytes(), 0)?;
        let (at, index) = schedule.at(position);
        let target = targets[at];
        let start = Instant::now();
        let input = (target.make)(&mut Random::of(share.seed, target.name, index), &seeds[at]);
        let seen = examine(target, &folders[at], &input);
        let counts_here = &mut counts[at];
        counts_here.inputs += 1;
        counts_here.seconds += start.elapsed().as_secs_f64();
        counts_here.peak = counts_here.peak.max(seen.peak);
        counts_here.slowest = counts_here.slowest.max(seen.time.as_secs_f64());
        match seen.outcome {
            Ok(outcome) => counts_here.accepted += u64::from(outcome.refused.is_none()),
            Err(fault) => say(&Message::Fault { position, fault })?,
        }
        if told.elapsed() >= EVERY {
            told = Instant::now();
            say(&Message::Counts(std::mem::replace(
                &mut counts,
                vec![Counts::default(); targets.len()],
            )))?;
        }
        position += share.step;
    }
    say(&Message::Counts(counts))
}

fn say(message: &Message) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(stdout().write_all(&line)?)
}
