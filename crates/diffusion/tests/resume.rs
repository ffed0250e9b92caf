//! Trainings that are interrupted, killed, damaged or run twice end with the bits of one that is not.
//!
//! Other processes are this very test program, started again to run `child` alone.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use detector::{Detector, Input, Progress, Silent, State};
use diffusion::{Denoising, DiffusionConfig, DiffusionDetector};
use diffusion_core::{Objective, Process, Schedule, ScoreConfig, ScoreWalk, StepSampling};
use mlp::{ResidualMlp, ResidualMlpConfig};
use ndarray::Array2;
use sha2::{Digest, Sha256};
use tch::{Device, Kind, Tensor, nn};
use training::{
    Decay, History, Optimizer, Precision, Purpose, Run, Runtime, Session, TrainConfig,
    TrainingError, train,
};

/// Batches of 11 to 4 rows, three of them to a step, two steps to an epoch: batch statistics, dropout,
/// a part of a batch and a part of a group all matter.
fn config() -> TrainConfig {
    TrainConfig {
        epochs: 12,
        steps: 23,
        batch_size: 11,
        accumulate: 3,
        drop_last: false,
        optimizer: Optimizer::AdamW,
        learning_rate: 1e-3,
        weight_decay: 1e-2,
        warm_up: 5,
        decay: Decay::Cosine,
        clip: 1.0,
        ema: 0.9,
        early_stop_after: 8,
        early_stop_lag: 3,
        ..TrainConfig::default()
    }
}

/// Hash of the weights and buffers of a training in `models`, and its history.
fn trained(
    models: Option<&Path>,
    checkpoint_every: Duration,
    progress: &dyn Progress,
) -> Result<(String, History), TrainingError> {
    trained_by(&config(), models, checkpoint_every, progress)
}

fn trained_by(
    config: &TrainConfig,
    models: Option<&Path>,
    checkpoint_every: Duration,
    progress: &dyn Progress,
) -> Result<(String, History), TrainingError> {
    let session = Session::begin(Device::Cpu)?;
    session.seed(5, Purpose::Weights, 0);
    let vs = nn::VarStore::new(Device::Cpu);
    let network = ResidualMlpConfig {
        d_main: 16,
        d_hidden: 16,
        d_time: 8,
        ..ResidualMlpConfig::default()
    };
    let network = ResidualMlp::new(&vs.root(), 6, &network).unwrap();
    let x = Tensor::arange(48 * 6, (Kind::Float, Device::Cpu)).view([48, 6]);
    let x = (x * 0.7).sin();
    let runtime = Runtime {
        models: models.map(Path::to_owned),
        ..Runtime::new(Device::Cpu)
    };
    let folder = runtime.folder(config, 5, &x, progress)?;
    let folder = folder.map(|folder| folder.checkpoint_every(checkpoint_every));
    let process = Process::new(Schedule::linear(8, 1e-3, 0.5).unwrap(), Device::Cpu).unwrap();
    let sampling = StepSampling::LossSecondMoment;
    let objective = Objective {
        min_snr_gamma: Some(5.0),
        ..Objective::default()
    };
    let denoising = Denoising::new(Box::new(network), process, objective, sampling);
    let mut objective = denoising.unwrap();
    let run = Run {
        session: &session,
        progress,
        folder: folder.as_ref(),
    };
    let history = train(&vs, &mut objective, &x, config, 5, &run)?;
    let mut variables: Vec<(String, Tensor)> = vs.variables().into_iter().collect();
    variables.sort_by(|a, b| a.0.cmp(&b.0));
    let mut hash = Sha256::new();
    for (_, variable) in variables {
        let values = Vec::<f32>::try_from(variable.reshape([-1])).unwrap();
        values.iter().for_each(|v| hash.update(v.to_le_bytes()));
    }
    Ok((format!("{:x?}", hash.finalize()), history))
}

/// Interrupted when asked for the `left`-th time; counts epochs.
struct Stops {
    left: AtomicU64,
    epochs: AtomicU64,
}

impl Stops {
    fn after(asked: u64) -> Self {
        Self {
            left: AtomicU64::new(asked),
            epochs: AtomicU64::new(0),
        }
    }
}

impl Progress for Stops {
    fn update(&self, _stage: &str, _done: u64, _total: u64, _note: &str) {
        self.epochs.fetch_add(1, Ordering::Relaxed);
    }

    fn interrupted(&self) -> bool {
        let left = self.left.fetch_sub(1, Ordering::Relaxed);
        left == 0
    }
}

const SELDOM: Duration = Duration::from_secs(3600);

fn in_one_go() -> (String, History) {
    trained(None, SELDOM, &Silent).unwrap()
}

fn interrupted_after(steps: u64, models: &Path) {
    let error = trained(Some(models), SELDOM, &Stops::after(steps)).unwrap_err();
    assert!(matches!(error, TrainingError::Interrupted), "{error}");
}

/// The only model's folder.
fn folder(models: &Path) -> PathBuf {
    let mut entries = std::fs::read_dir(models).unwrap();
    let path = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none());
    path
}

#[test]
fn interrupted_at_any_step_it_ends_with_the_same_bits() {
    let expected = in_one_go();
    assert!(expected.1.steps > 15, "{:?}", expected.1);
    for step in [0, 1, 2, 3, 7, 15] {
        let models = tempfile::tempdir().unwrap();
        interrupted_after(step, models.path());
        let resumed = trained(Some(models.path()), SELDOM, &Silent).unwrap();
        assert_eq!(resumed, expected, "interrupted at step {step}");
    }
}

#[test]
fn a_long_training_in_bf16_resumes_with_the_same_bits() {
    // Past step 50, where numbers that are too small to matter are dropped.
    let config = TrainConfig {
        epochs: 60,
        steps: 0,
        precision: Precision::Bf16,
        early_stop_after: 60,
        ..config()
    };
    let expected = trained_by(&config, None, SELDOM, &Silent).unwrap();
    assert_eq!(expected.1.steps, 120);
    for step in [7, 49, 50, 51, 103] {
        let models = Some(tempfile::tempdir().unwrap());
        let models = models.as_ref().map(tempfile::TempDir::path);
        let error = trained_by(&config, models, SELDOM, &Stops::after(step)).unwrap_err();
        assert!(matches!(error, TrainingError::Interrupted), "{error}");
        let resumed = trained_by(&config, models, SELDOM, &Silent).unwrap();
        assert_eq!(resumed, expected, "interrupted at step {step}");
    }
}

#[test]
fn interrupted_again_and_again_it_gets_there() {
    let models = tempfile::tempdir().unwrap();
    let mut interruptions = 0;
    let resumed = loop {
        match trained(Some(models.path()), SELDOM, &Stops::after(1)) {
            Err(TrainingError::Interrupted) => interruptions += 1,
            other => break other.unwrap(),
        }
    };
    let expected = in_one_go();
    assert_eq!(resumed, expected);
    assert_eq!(interruptions, expected.1.steps - 1);
}

#[test]
fn a_finished_training_is_loaded_and_leaves_one_state_and_its_log() {
    let models = tempfile::tempdir().unwrap();
    interrupted_after(9, models.path());
    let first = trained(Some(models.path()), SELDOM, &Silent).unwrap();
    let watch = Stops::after(u64::MAX);
    assert_eq!(trained(Some(models.path()), SELDOM, &watch).unwrap(), first);
    assert_eq!(watch.epochs.into_inner(), 0, "trained a second time");

    let mut names: Vec<String> = std::fs::read_dir(folder(models.path()))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    // The lock's number says how often it was taken.
    let [lock, log, state] = &names[..] else {
        panic!("{names:?}");
    };
    assert!(lock.starts_with("lock."), "{names:?}");
    assert_eq!([log, state], ["train.jsonl", "training.safetensors"]);

    let log = std::fs::read_to_string(folder(models.path()).join("train.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let losses: Vec<f64> = lines.iter().map(|l| l["loss"].as_f64().unwrap()).collect();
    assert_eq!(losses, first.1.losses);
    let last = lines.last().unwrap();
    assert_eq!(last["step"], first.1.steps);
    assert!(last["rows-per-second"].as_f64().unwrap() > 0.0);
    assert!(lines[0]["learning-rate"].as_f64().unwrap() < 1e-3);
}

#[test]
fn what_is_damaged_is_left_aside_and_training_starts_anew() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 7] = [
        ("truncated", |path| {
            let bytes = std::fs::read(path).unwrap();
            std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("truncated within the header", |path| {
            let file = std::fs::File::options().write(true).open(path);
            file.unwrap().set_len(1000).unwrap();
        }),
        ("something else", |path| {
            std::fs::write(path, "{\"format\": 1}").unwrap();
        }),
        ("another model's", |path| {
            let mut state = read(path);
            assert_eq!(state.config["seed"], 5);
            state.config["seed"] = 6.into();
            std::fs::write(path, state.to_bytes().unwrap()).unwrap();
        }),
        ("another kind", |path| {
            let mut state = read(path);
            state.kind = "network".to_owned();
            std::fs::write(path, state.to_bytes().unwrap()).unwrap();
        }),
        ("a flipped bit", |path| {
            let mut bytes = std::fs::read(path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(path, bytes).unwrap();
        }),
        ("gone", |path| std::fs::remove_file(path).unwrap()),
    ];
    let expected = in_one_go();
    for (name, damage) in damages {
        let models = tempfile::tempdir().unwrap();
        interrupted_after(9, models.path());
        damage(&kept(models.path()));
        let watch = Stops::after(u64::MAX);
        let again = trained(Some(models.path()), SELDOM, &watch).unwrap();
        assert_eq!(again, expected, "{name}");
        let epochs = watch.epochs.into_inner();
        assert_eq!(epochs as usize, expected.1.losses.len(), "{name}: resumed");
    }
}

/// The state of the training in `models`.
fn kept(models: &Path) -> PathBuf {
    folder(models).join("training.safetensors")
}

fn read(path: &Path) -> State {
    State::from_bytes(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let models = tempfile::NamedTempFile::new().unwrap(); // a file where a folder should be
    let error = trained(Some(models.path()), SELDOM, &Silent).unwrap_err();
    let path = models.path().display().to_string();
    assert!(error.to_string().contains(&path), "{error}");
}

const CHILD_MODELS: &str = "RESIDUUM_TEST_MODELS";

/// This program again, running [`child`] only.
fn child_process(models: Option<&Path>) -> Command {
    child_running("child", models)
}

/// This program again, running `test` only.
fn child_running(test: &str, models: Option<&Path>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture"])
        .env(CHILD_MODELS, models.unwrap_or(Path::new("")))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// In a child process: a training with a checkpoint at every step.
#[test]
fn child() {
    let Some(models) = std::env::var_os(CHILD_MODELS) else {
        return;
    };
    let models = Some(Path::new(&models)).filter(|m| !m.as_os_str().is_empty());
    let watch = Stops::after(u64::MAX);
    let result = trained(models, Duration::ZERO, &watch).map(|(hash, _)| hash);
    let mut out = std::io::stdout();
    match result {
        Ok(hash) => writeln!(out, "\nhash {hash}\nepochs {}", watch.epochs.into_inner()),
        Err(error) => writeln!(out, "\nerror {error}"),
    }
    .unwrap();
}

/// What follows `key` in the output of a child.
fn answer(child: std::process::Child, key: &str) -> String {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix(key));
    line.unwrap_or_else(|| panic!("no {key:?} in {text}"))
        .to_owned()
}

#[test]
fn two_processes_train_the_same_bytes() {
    let (first, second) = (child_process(None).spawn(), child_process(None).spawn());
    let first = answer(first.unwrap(), "hash ");
    assert_eq!(first, answer(second.unwrap(), "hash "));
    assert_eq!(first, in_one_go().0);
}

/// Bits of the scores of a detector that is trained for them, by a rule that draws noise.
fn scores() -> String {
    let config = DiffusionConfig {
        steps: 50,
        train: TrainConfig {
            epochs: 3,
            batch_size: 16,
            ..TrainConfig::default()
        },
        score: ScoreConfig {
            start: vec![20],
            walk: ScoreWalk::Ancestral,
            ..ScoreConfig::default()
        },
        ..DiffusionConfig::default()
    };
    let runtime = Runtime::new(Device::Cpu);
    let detector = DiffusionDetector::new(config, "residual-mlp", runtime, |vs, d| {
        let network = ResidualMlpConfig::default();
        Ok(Box::new(ResidualMlp::new(vs, d, &network)?))
    });
    let x = Array2::from_shape_fn((40, 6), |(i, j)| ((i * 6 + j) as f32 * 0.7).sin());
    let scorer = detector
        .unwrap()
        .fit(Input::Rows(x.view()), 5, &Silent)
        .unwrap();
    let scores = scorer.score(Input::Rows(x.view()), &Silent).unwrap();
    let bits: Vec<String> = scores
        .iter()
        .map(|score| format!("{:x}", score.to_bits()))
        .collect();
    bits.join(" ")
}

/// In a child process: the scores alone.
#[test]
fn scoring_child() {
    if std::env::var_os(CHILD_MODELS).is_some() {
        writeln!(std::io::stdout(), "\nscores {}", scores()).unwrap();
    }
}

#[test]
fn two_processes_score_the_same_bytes() {
    let start = || child_running("scoring_child", None).spawn().unwrap();
    let children = [start(), start()];
    let [first, second] = children.map(|child| answer(child, "scores "));
    assert_eq!(first, second);
    assert_eq!(first, scores());
}

#[test]
fn two_processes_never_train_one_model_twice() {
    let models = tempfile::tempdir().unwrap();
    let start = || child_process(Some(models.path())).spawn().unwrap();
    let children = [start(), start()];
    let mut epochs: Vec<String> = children.map(|c| answer(c, "epochs ")).to_vec();
    epochs.sort();
    assert_eq!(epochs[0], "0", "the second trained too: {epochs:?}");
    assert_ne!(epochs[1], "0");
}

#[test]
fn killed_at_any_time_it_ends_with_the_same_bits() {
    let expected = in_one_go().0;
    let models = tempfile::tempdir().unwrap();
    let mut kills = 0;
    for pause in [20u64, 35, 50, 65, 80].map(Duration::from_millis) {
        let mut child = child_process(Some(models.path())).spawn().unwrap();
        // The clock starts once the folder is there: starting libtorch takes far longer.
        while std::fs::read_dir(models.path()).unwrap().next().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(pause);
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap(); // SIGKILL
            kills += 1;
        }
        child.wait().unwrap();
    }
    assert!(kills > 0, "every child was done before it was killed");
    let last = child_process(Some(models.path())).spawn().unwrap();
    assert_eq!(answer(last, "hash "), expected);
}

#[cfg(unix)]
#[test]
fn a_disk_without_room_is_an_error_and_nothing_is_lost() {
    let models = tempfile::tempdir().unwrap();
    interrupted_after(9, models.path());
    let before = std::fs::read(kept(models.path())).unwrap();
    // No file may grow above 4 or 8 kB, and the signal for it is ignored: writing fails.
    let limited = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 8; exec \"$0\" --exact child --nocapture",
        ])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD_MODELS, models.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let error = answer(limited, "error ");
    assert!(error.contains("too large"), "{error}");
    assert!(error.contains(models.path().to_str().unwrap()), "{error}");
    let after = std::fs::read(kept(models.path())).unwrap();
    assert_eq!(before, after);
    let resumed = trained(Some(models.path()), SELDOM, &Silent).unwrap();
    assert_eq!(resumed, in_one_go());
}
