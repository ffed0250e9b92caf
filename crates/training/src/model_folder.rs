use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use detector::Progress;
use files::{TEMPORARY, Temporary, hex};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tch::Tensor;

use crate::TrainingError;

/// Raised when an older program could not read what is written now.
const FORMAT: u32 = 1;
const STATE: &str = "training.json";
const LOG: &str = "train.jsonl";
const LOCK: &str = "lock";
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);
/// How long to wait between two looks at a lock that another process holds.
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// The folder of one model: its checkpoint while it is trained, its weights afterwards, and the log of
/// its training. Locked for as long as this value lives.
///
/// `training.json` says how far the training is and names the safetensors file that belongs to it,
/// with its size and SHA-256. It is replaced last and at once, so a process that is killed, or a disk
/// that is full, leaves the state before. A state that is damaged or another model's is left aside
/// with a warning, and training starts anew: it ends with the same weights.
#[derive(Debug)]
pub struct ModelFolder {
    path: PathBuf,
    model: Value,
    checkpoint_every: Duration,
    _lock: File,
}

/// What is kept of a training besides its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) finished: bool,
    pub(crate) position: Position,
    /// What the objective has learned.
    pub(crate) objective: Value,
}

/// How far a training is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// The epoch under way.
    pub(crate) epoch: usize,
    /// Batches done in this epoch.
    pub(crate) batch: usize,
    /// The sum of their losses.
    pub(crate) loss_sum: f64,
    /// Batches done in all.
    pub(crate) batches: u64,
    /// Optimiser steps done in all.
    pub(crate) steps: u64,
    /// The mean loss of each finished epoch.
    pub(crate) losses: Vec<f64>,
    /// How often batches were halved for want of memory.
    #[serde(default)]
    pub(crate) halvings: u32,
}

/// The content of `training.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    model: Value,
    state: State,
    tensors: TensorFile,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TensorFile {
    name: String,
    bytes: u64,
    sha256: String,
}

pub(crate) type Tensors = HashMap<String, Tensor>;

impl ModelFolder {
    /// The folder of `model` below `models`, waiting for its lock.
    pub(crate) fn open(
        models: &Path,
        model: Value,
        progress: &dyn Progress,
    ) -> Result<Self, TrainingError> {
        let hash = hex(&Sha256::digest(model.to_string()));
        let path = models.join(&hash[..32]);
        fs::create_dir_all(&path).map_err(|e| file_error(&path, e))?;
        let lock = lock(&path.join(LOCK), progress)?;
        let folder = Self {
            path,
            model,
            checkpoint_every: CHECKPOINT_EVERY,
            _lock: lock,
        };
        folder.tidy("")?;
        Ok(folder)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same folder with another time between two checkpoints, 30 seconds by default: what a killed
    /// process loses at most.
    #[must_use]
    pub fn checkpoint_every(self, time: Duration) -> Self {
        Self {
            checkpoint_every: time,
            ..self
        }
    }

    /// Whether a checkpoint is due so long after the last.
    pub(crate) fn is_due(&self, since_last: Duration) -> bool {
        since_last >= self.checkpoint_every
    }

    /// Replaces the state that was kept before.
    pub(crate) fn save(
        &self,
        state: State,
        tensors: &[(String, Tensor)],
    ) -> Result<(), TrainingError> {
        let name = match state.finished {
            true => "weights.safetensors".to_owned(),
            false => format!("checkpoint-{}.safetensors", state.position.batches),
        };
        let temporary = self.temporary()?;
        Tensor::write_safetensors(tensors, temporary.path()).map_err(|e| {
            let reason = io::Error::other(e.to_string());
            file_error(temporary.path(), reason)
        })?;
        let (bytes, sha256) = checksum(temporary.path())?;
        let tensors = TensorFile {
            name,
            bytes,
            sha256,
        };
        self.put(temporary, &tensors.name)?;

        let manifest = Manifest {
            format: FORMAT,
            model: self.model.clone(),
            state,
            tensors,
        };
        let mut temporary = self.temporary()?;
        serde_json::to_vec_pretty(&manifest)
            .map_err(io::Error::from)
            .and_then(|text| temporary.file().write_all(&text))
            .map_err(|e| file_error(temporary.path(), e))?;
        self.put(temporary, STATE)?;
        self.tidy(&manifest.tensors.name)
    }

    /// What was kept, or `None` where there is nothing or nothing that can be used.
    pub(crate) fn load(&self) -> Result<Option<(State, Tensors)>, TrainingError> {
        let path = self.path.join(STATE);
        let text = match fs::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|e| file_error(&path, e))?,
        };
        match self.read(&text) {
            Ok(found) => Ok(Some(found)),
            Err(reason) => {
                tracing::warn!(path = %path.display(), reason, "kept training is unusable, starting anew");
                Ok(None)
            }
        }
    }

    fn read(&self, manifest: &[u8]) -> Result<(State, Tensors), String> {
        let manifest: Manifest =
            serde_json::from_slice(manifest).map_err(|e| format!("{STATE}: {e}"))?;
        if manifest.format != FORMAT {
            return Err(format!("format {}, expected {FORMAT}", manifest.format));
        }
        if manifest.model != self.model {
            return Err("it belongs to another model".to_owned());
        }
        let TensorFile {
            name,
            bytes,
            sha256,
        } = manifest.tensors;
        let path = self.path.join(&name);
        let found = checksum(&path).map_err(|e| e.to_string())?;
        if found != (bytes, sha256) {
            return Err(format!("{name} is not as it was written"));
        }
        let tensors = Tensor::read_safetensors(&path).map_err(|e| format!("{name}: {e}"))?;
        Ok((manifest.state, tensors.into_iter().collect()))
    }

    /// Starts the log with the lines of the first `epochs` epochs.
    pub(crate) fn keep_log(&self, epochs: usize) -> Result<(), TrainingError> {
        let path = self.path.join(LOG);
        let text = match fs::read_to_string(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(|e| file_error(&path, e))?,
        };
        let kept: String = text.split_inclusive('\n').take(epochs).collect();
        fs::write(&path, kept).map_err(|e| file_error(&path, e))
    }

    /// Adds a line to the log.
    pub(crate) fn log(&self, line: &Value) -> Result<(), TrainingError> {
        let path = self.path.join(LOG);
        let log = File::options().append(true).create(true).open(&path);
        log.and_then(|mut log| log.write_all(format!("{line}\n").as_bytes()))
            .map_err(|e| file_error(&path, e))
    }

    fn temporary(&self) -> Result<Temporary, TrainingError> {
        Temporary::beside(&self.path.join(STATE)).map_err(|e| file_error(&self.path, e))
    }

    /// Gives a written file its name, once its bytes are on the disk.
    fn put(&self, file: Temporary, name: &str) -> Result<(), TrainingError> {
        let path = self.path.join(name);
        file.put(&path).map_err(|e| file_error(&path, e))
    }

    /// Removes what a killed process left half written, and with `keep` every other tensor file.
    fn tidy(&self, keep: &str) -> Result<(), TrainingError> {
        let entries = fs::read_dir(&self.path).map_err(|e| file_error(&self.path, e))?;
        for entry in entries {
            let entry = entry.map_err(|e| file_error(&self.path, e))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let old = !keep.is_empty() && name != keep && name.ends_with(".safetensors");
            if old || name.starts_with(TEMPORARY) {
                fs::remove_file(entry.path()).map_err(|e| file_error(&entry.path(), e))?;
            }
        }
        Ok(())
    }
}

/// Waits for the lock at `path`.
fn lock(path: &Path, progress: &dyn Progress) -> Result<File, TrainingError> {
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|e| file_error(path, e))?;
    let mut reported = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(e)) => return Err(file_error(path, e)),
            Err(TryLockError::WouldBlock) if progress.interrupted() => {
                return Err(TrainingError::Interrupted);
            }
            Err(TryLockError::WouldBlock) => {
                if !reported {
                    tracing::info!(path = %path.display(), "another process trains this model, waiting");
                    reported = true;
                }
                std::thread::sleep(LOCK_PAUSE);
            }
        }
    }
}

/// Size and SHA-256 of a file.
fn checksum(path: &Path) -> Result<(u64, String), TrainingError> {
    let hash = || {
        let mut hash = Hashing(Sha256::new());
        let bytes = io::copy(&mut File::open(path)?, &mut hash)?;
        Ok((bytes, hex(&hash.0.finalize())))
    };
    hash().map_err(|e| file_error(path, e))
}

struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn file_error(path: &Path, source: io::Error) -> TrainingError {
    TrainingError::File {
        path: path.to_owned(),
        source,
    }
}
