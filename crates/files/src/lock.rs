//! A lock that needs nothing of the file system but names that are made once, so that it holds on network
//! file systems too.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::host::system_name;

/// How often a holder says that it lives.
const BEAT: Duration = Duration::from_secs(3);
/// A holder elsewhere that has said nothing for so long, by the clock of who waits, is gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at a holder elsewhere.
const LOOK: Duration = Duration::from_millis(500);
/// What a file says whose holder let go.
const FREE: &[u8] = b"free\n";

/// A lock that this process holds while the value lives.
///
/// The lock `L` is the file `L.N` with the highest number N. Taking it is making `L.N+1`, which one process
/// alone can do. The file names its holder and a count that grows every 3 seconds. Whoever finds it held asks
/// the system whether the holder lives, on the same machine, and elsewhere watches the count for 30 seconds of
/// its own time: no two clocks are compared. One file stays when the lock is free.
#[derive(Debug)]
pub struct Lock {
    held: Arc<Held>,
    stop: Option<Sender<()>>,
    beats: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Held {
    path: PathBuf,
    generation: u64,
    file: Mutex<File>,
    lost: AtomicBool,
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The name of its machine; empty where it has not said it yet.
    pub host: String,
    /// The number of the process.
    pub process: u32,
    /// The machine since it was started, and its space of processes.
    place: String,
    /// When the process was started, in ticks of that machine.
    started: String,
}

/// A look at a lock that may be held, and what earlier looks saw.
#[derive(Debug)]
pub struct Waiting {
    path: PathBuf,
    seen: Option<(u64, Vec<u8>, Instant)>,
    /// Its count has grown while we looked.
    alive: bool,
}

impl Lock {
    /// Takes the lock, or says who holds it. Where the holder is another machine's and says nothing, that takes
    /// 30 seconds.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn take(path: &Path) -> io::Result<Result<Self, Holder>> {
        let mut waiting = Waiting::new(path);
        loop {
            let holder = match waiting.look()? {
                Ok(lock) => return Ok(Ok(lock)),
                Err(holder) => holder,
            };
            if waiting.alive || holder.lives() == Some(true) {
                return Ok(Err(holder));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Whether another process has taken it meanwhile: this one did not run for half a minute.
    pub fn is_lost(&self) -> bool {
        self.held.lost.load(Ordering::Relaxed)
    }

    /// Makes the file of `generation`; `None` where another process was first.
    fn make(path: &Path, generation: u64) -> io::Result<Option<Self>> {
        let own = with_generation(path, generation);
        let made = OpenOptions::new().write(true).create_new(true).open(&own);
        let file = match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
            other => other?,
        };
        let held = Arc::new(Held {
            path: path.to_owned(),
            generation,
            file: Mutex::new(file),
            lost: AtomicBool::new(false),
        });
        let me = Holder::this_process();
        if let Err(error) = held.write(&me.line(0)) {
            let _ = fs::remove_file(&own);
            return Err(error);
        }
        let generations = generations(path)?;
        if generations.iter().any(|&other| other > generation) {
            // We looked at a file that is long gone.
            let _ = fs::remove_file(&own);
            return Ok(None);
        }
        for old in generations.into_iter().filter(|&old| old < generation) {
            let _ = fs::remove_file(with_generation(path, old));
        }
        let (stop, stopped) = channel();
        let beating = Arc::clone(&held);
        let beats = std::thread::Builder::new()
            .stack_size(256 << 10)
            .spawn(move || {
                let mut count = 0_u64;
                while stopped.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                    count += 1;
                    beating.beat(&me, count);
                }
            })?;
        Ok(Some(Self {
            held,
            stop: Some(stop),
            beats: Some(beats),
        }))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(beats) = self.beats.take() {
            let _ = beats.join();
        }
        if !self.is_lost() {
            let _ = self.held.write(FREE);
        }
    }
}

impl Held {
    /// In one write, over what is there.
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(|held| held.into_inner());
        file.rewind()?;
        file.write_all(bytes)?;
        file.set_len(bytes.len() as u64)?;
        file.sync_data()
    }

    fn beat(&self, me: &Holder, count: u64) {
        let newest = generations(&self.path).map(|all| all.into_iter().max());
        if newest.is_ok_and(|newest| newest > Some(self.generation)) {
            self.lost.store(true, Ordering::Relaxed);
        }
        // A disk that is full for a while is no reason to let go.
        let _ = self.write(&me.line(count));
    }
}

impl Waiting {
    /// Nothing was looked at yet.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            seen: None,
            alive: false,
        }
    }

    /// Takes the lock where nobody holds it or its holder is gone; else says who it is.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn look(&mut self) -> io::Result<Result<Lock, Holder>> {
        loop {
            let newest = generations(&self.path)?.into_iter().max();
            let generation = newest.unwrap_or(0);
            if newest.is_some() {
                let text = match fs::read(with_generation(&self.path, generation)) {
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    other => other?,
                };
                if let Some(holder) = self.holder(generation, text) {
                    return Ok(Err(holder));
                }
            }
            if let Some(lock) = Lock::make(&self.path, generation + 1)? {
                return Ok(Ok(lock));
            }
        }
    }

    /// Who holds it, by its file; `None` where nobody does.
    fn holder(&mut self, generation: u64, text: Vec<u8>) -> Option<Holder> {
        if text == FREE {
            return None;
        }
        let holder = Holder::parse(&text);
        if let Some(lives) = holder.lives() {
            return lives.then_some(holder);
        }
        match &self.seen {
            Some((then, before, since)) if *then == generation && *before == text => {
                (since.elapsed() < PATIENCE).then_some(holder)
            }
            before => {
                self.alive = before.as_ref().is_some_and(|seen| seen.0 == generation);
                self.seen = Some((generation, text, Instant::now()));
                Some(holder)
            }
        }
    }
}

impl Holder {
    fn this_process() -> Self {
        let process = std::process::id();
        Self {
            host: system_name().replace(char::is_whitespace, "_"),
            process,
            place: place(),
            started: started(process).unwrap_or_default(),
        }
    }

    /// Whether it lives, where this system can tell.
    fn lives(&self) -> Option<bool> {
        let here = !self.place.is_empty() && self.place == place();
        here.then(|| started(self.process).is_some_and(|started| started == self.started))
    }

    fn line(&self, count: u64) -> Vec<u8> {
        let Self {
            host,
            process,
            place,
            started,
        } = self;
        // Of one length, so that a write replaces all of it.
        format!("held {host} {process} {started} {place} {count:020}\n").into_bytes()
    }

    fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let mut words = text.split(' ').skip(1).map(str::to_owned);
        let mut next = || words.next().unwrap_or_default();
        Self {
            host: next(),
            process: next().parse().unwrap_or_default(),
            started: next(),
            place: next(),
        }
    }
}

/// As a message names it: `process 12 on node1`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.host.as_str() {
            "" => "another machine",
            host => host,
        };
        write!(f, "process {} on {host}", self.process)
    }
}

/// This machine since it was started, and this process's space of processes; empty where the system says
/// neither.
fn place() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    let space = fs::read_link("/proc/self/ns/pid");
    match (boot, space) {
        (Ok(boot), Ok(space)) => {
            format!("{}/{}", boot.trim(), space.display())
        }
        _ => String::new(),
    }
}

/// When a process of this machine was started, in ticks; `None` where there is none, or only its remains.
fn started(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name, which may hold anything: the state is field 3, the start field 22.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?;
    let start = fields.nth(18)?;
    (!matches!(state, "Z" | "X")).then(|| start.to_owned())
}

fn with_generation(path: &Path, generation: u64) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{generation}"));
    PathBuf::from(name)
}

/// The numbers of the files there are.
fn generations(path: &Path) -> io::Result<Vec<u64>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let start = format!("{name}.");
    let mut found = Vec::new();
    for entry in fs::read_dir(crate::folder_of(path))? {
        let entry = entry?.file_name();
        let number = entry.to_str().and_then(|entry| entry.strip_prefix(&start));
        found.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a holder on another machine leaves.
    fn elsewhere(path: &Path, generation: u64, count: u64) {
        let holder = Holder {
            host: "node9".to_owned(),
            process: 1,
            place: "another boot/pid".to_owned(),
            started: "5".to_owned(),
        };
        fs::write(with_generation(path, generation), holder.line(count)).unwrap();
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap().flatten();
        entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn one_holder_at_a_time_and_one_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        for _ in 0..3 {
            let lock = Lock::take(&path).unwrap().unwrap();
            let holder = Lock::take(&path).unwrap().unwrap_err();
            assert_eq!(holder.process, std::process::id());
            assert!(!lock.is_lost());
        }
        assert_eq!(names(dir.path()), ["lock.3"]);
    }

    #[test]
    fn of_many_that_wait_each_gets_it_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (path, count) = (dir.path().join("lock"), dir.path().join("count"));
        fs::write(&count, "0").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let mut waiting = Waiting::new(&path);
                        let _lock = loop {
                            match waiting.look().unwrap() {
                                Ok(lock) => break lock,
                                Err(_) => std::thread::sleep(Duration::from_millis(1)),
                            }
                        };
                        let n: u32 = fs::read_to_string(&count).unwrap().parse().unwrap();
                        fs::write(&count, (n + 1).to_string()).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_to_string(&count).unwrap(), "40");
        assert_eq!(names(dir.path()).len(), 2);
    }

    #[test]
    fn a_process_that_was_killed_holds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let process = child.id();
        let holder = Holder {
            process,
            started: started(process).unwrap(),
            ..Holder::this_process()
        };
        fs::write(with_generation(&path, 4), holder.line(0)).unwrap();
        assert_eq!(Lock::take(&path).unwrap().unwrap_err().process, process);
        child.kill().unwrap();
        child.wait().unwrap();
        let lock = Lock::take(&path).unwrap().unwrap();
        assert_eq!(names(dir.path()), ["lock.5"]);
        drop(lock);
    }

    #[test]
    fn elsewhere_a_count_that_grows_is_life_and_one_that_stands_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        elsewhere(&path, 1, 7);
        let mut waiting = Waiting::new(&path);
        assert_eq!(waiting.look().unwrap().unwrap_err().host, "node9");
        assert!(!waiting.alive);
        elsewhere(&path, 1, 8);
        assert!(waiting.look().unwrap().is_err() && waiting.alive);
        // Half a minute later.
        if let Some((_, _, since)) = &mut waiting.seen {
            *since = since.checked_sub(PATIENCE).unwrap();
        }
        assert!(waiting.look().unwrap().is_ok());
    }

    #[test]
    fn who_was_taken_for_dead_learns_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let lock = Lock::take(&path).unwrap().unwrap();
        elsewhere(&path, 2, 0);
        lock.held.beat(&Holder::this_process(), 1);
        assert!(lock.is_lost());
        drop(lock);
        let left = fs::read(with_generation(&path, 2)).unwrap();
        assert!(
            left.starts_with(b"held node9 "),
            "the other's is left alone"
        );
    }
}
