use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use detector::{Progress, State, StateError};
use files::{Lock, TEMPORARY, Waiting, hex};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tch::Tensor;

use crate::TrainingError;
use crate::tensors::with_tensor;

const KIND: &str = "training";
const LAYOUT: u32 = 1;
const STATE: &str = "training.safetensors";
const LOG: &str = "train.jsonl";
const LOCK: &str = "lock";
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);
/// How long to wait between two looks at a lock that another process holds.
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// The folder of one model: its checkpoint while it is trained, its weights afterwards, and the log of
/// its training. Locked for as long as this value lives.
///
/// `training.safetensors` is a [`State`] that says how far the training is and holds its tensors. It is
/// replaced at once, so a process that is killed, or a disk that is full, leaves the state before. A state
/// that is damaged or another model's is left aside with a warning, and training starts anew: it ends
/// with the same weights.
#[derive(Debug)]
pub struct ModelFolder {
    path: PathBuf,
    model: Value,
    checkpoint_every: Duration,
    _lock: Lock,
}

/// What is kept of a training besides its tensors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Checkpoint {
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

impl ModelFolder {
    /// The folder of `model` below `models`, waiting for its lock.
    pub(crate) fn open(
        models: &Path,
        model: Value,
        progress: &dyn Progress,
    ) -> Result<Self, TrainingError> {
        let path = models.join(Self::name(&model));
        fs::create_dir_all(&path).map_err(|e| file_error(&path, e))?;
        let lock = lock(&path.join(LOCK), progress)?;
        let folder = Self {
            path,
            model,
            checkpoint_every: CHECKPOINT_EVERY,
            _lock: lock,
        };
        folder.tidy()?;
        Ok(folder)
    }

    /// The name of the folder of `model`.
    pub(crate) fn name(model: &Value) -> String {
        let mut hash = hex(&Sha256::digest(model.to_string()));
        hash.truncate(32);
        hash
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

    /// Replaces the checkpoint that was kept before.
    pub(crate) fn save(
        &self,
        checkpoint: &Checkpoint,
        tensors: &[(String, Tensor)],
    ) -> Result<(), TrainingError> {
        let mut state = State::new(KIND, LAYOUT)
            .with_config(&self.model)
            .with_value("finished", checkpoint.finished)
            .with_value("position", &checkpoint.position)
            .with_value("objective", &checkpoint.objective);
        for (name, tensor) in tensors {
            state = with_tensor(state, name, tensor)?;
        }
        let bytes = state.to_bytes()?;
        let path = self.path.join(STATE);
        files::write(&path, &bytes).map_err(|e| file_error(&path, e))
    }

    /// The checkpoint that was kept and the state with its tensors, or `None` where there is nothing or
    /// nothing that can be used.
    pub(crate) fn load(&self) -> Result<Option<(Checkpoint, State)>, TrainingError> {
        let path = self.path.join(STATE);
        let bytes = match fs::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|e| file_error(&path, e))?,
        };
        match self.read(&bytes) {
            Ok(found) => Ok(Some(found)),
            Err(reason) => {
                let reason = reason.to_string();
                tracing::warn!(path = %path.display(), reason, "kept training is unusable, starting anew");
                Ok(None)
            }
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<(Checkpoint, State), StateError> {
        let state = State::from_bytes(bytes)?;
        state.expect(KIND, LAYOUT)?;
        if state.config != self.model {
            return Err(state.wrong("the settings", "it belongs to another model"));
        }
        let checkpoint = Checkpoint {
            finished: state.value("finished")?,
            position: state.value("position")?,
            objective: state.value("objective")?,
        };
        Ok((checkpoint, state))
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

    /// Removes what a killed process left half written.
    fn tidy(&self) -> Result<(), TrainingError> {
        let entries = fs::read_dir(&self.path).map_err(|e| file_error(&self.path, e))?;
        for entry in entries {
            let entry = entry.map_err(|e| file_error(&self.path, e))?;
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                fs::remove_file(entry.path()).map_err(|e| file_error(&entry.path(), e))?;
            }
        }
        Ok(())
    }
}

/// Waits for the lock at `path`.
fn lock(path: &Path, progress: &dyn Progress) -> Result<Lock, TrainingError> {
    let mut waiting = Waiting::new(path);
    let mut reported = false;
    loop {
        if let Ok(lock) = waiting.look().map_err(|e| file_error(path, e))? {
            return Ok(lock);
        }
        if progress.interrupted() {
            return Err(TrainingError::Interrupted);
        }
        if !reported {
            tracing::info!(path = %path.display(), "another process trains this model, waiting");
            reported = true;
        }
        std::thread::sleep(LOCK_PAUSE);
    }
}

fn file_error(path: &Path, source: io::Error) -> TrainingError {
    TrainingError::File {
        path: path.to_owned(),
        source,
    }
}
