use std::path::PathBuf;
use std::time::Instant;

use datasets::{Audit, Roots, Split};
use detector::{Detector, DetectorError, Input, Progress, Scorer, where_ok};
use record::{Cell, Measured, SCHEMA, Seconds, config_hash};

use crate::disguise::Disguise;
use crate::experiment::Experiment;
use crate::measure::measure;
use crate::recorded::{self, fields};
use crate::warnings::{disturbed, order, ties};
use crate::{ExperimentError, Machine, memory};

/// What comes of an experiment.
pub struct Outcome {
    /// The record.
    pub cell: Cell,
    /// The score of every test row.
    pub scores: Vec<f64>,
    /// As it was fitted and scored.
    pub split: Split,
    /// The image file of every test row; empty where rows are not files of their own.
    pub files: Vec<PathBuf>,
    /// The fitted method.
    pub scorer: Box<dyn Scorer>,
}

impl Experiment {
    /// Loads, splits, disturbs, fits, scores and measures. The cell is called `id`; the data set is looked for
    /// in `roots`.
    ///
    /// # Errors
    /// [`ExperimentError`]. What can be wrong with the method and the attack is found before anything is read.
    pub fn run(
        &self,
        id: Option<&str>,
        roots: &Roots,
        machine: &Machine,
        progress: &dyn Progress,
    ) -> Result<Outcome, ExperimentError> {
        memory::reset_peak();
        let detector = self.detector(machine)?;
        let loaded = Loaded::new(self, roots, machine, progress)?;
        let start = Instant::now();
        let scorer = detector.fit(loaded.split.train.input(), self.seed.model, progress)?;
        let seconds = start.elapsed().as_secs_f64();
        let fitted = loaded.fitted(scorer, seconds);
        fitted.measured(id, machine, progress)
    }
}

/// Fits the method of all of `experiments`, which have one configuration, loading their data first. Where replicas of its
/// network are trained as one (`train.replicas`), those that fit together are; each then counts an equal share of the
/// time.
///
/// # Errors
/// For each as [`Experiment::run`].
pub fn fit_together(
    experiments: &[Experiment],
    roots: &Roots,
    machine: &Machine,
    progress: &dyn Progress,
) -> Vec<Result<Fitted, ExperimentError>> {
    memory::reset_peak();
    let load = |experiment: &Experiment| {
        let detector = experiment.detector(machine)?;
        Ok((detector, Loaded::new(experiment, roots, machine, progress)?))
    };
    where_ok(experiments.iter().map(load).collect(), |all| {
        let (detectors, all): (Vec<_>, Vec<Loaded>) = all.into_iter().unzip();
        let Some(detector) = detectors.first() else {
            return Vec::new();
        };
        let sets: Vec<(Input<'_>, u64)> = (all.iter())
            .map(|loaded| (loaded.split.train.input(), loaded.experiment.seed.model))
            .collect();
        let start = Instant::now();
        let scorers = detector.fit_together(&sets, progress);
        let share = start.elapsed().as_secs_f64() / all.len() as f64;
        let fitted = all.into_iter().zip(scorers);
        fitted
            .map(|(loaded, scorer)| Ok(loaded.fitted(scorer?, share)))
            .collect()
    })
}

/// The rows of an experiment, divided and disturbed.
pub(crate) struct Loaded {
    experiment: Experiment,
    pub(crate) split: Split,
    files: Vec<PathBuf>,
    audit: Audit,
    warnings: Vec<String>,
    name: String,
    data_sha256: String,
    seconds: f64,
}

impl Loaded {
    pub(crate) fn new(
        experiment: &Experiment,
        roots: &Roots,
        machine: &Machine,
        progress: &dyn Progress,
    ) -> Result<Self, ExperimentError> {
        let start = Instant::now();
        let dataset = experiment.load(roots, machine, progress)?;
        let split = experiment.split(&dataset)?;
        let seconds = start.elapsed().as_secs_f64();
        let audit = datasets::audit_split(&split);
        let mut warnings = audit.warnings();
        warnings.extend(dataset.notes());
        let file = |&row: &usize| dataset.files().get(row).cloned();
        let files = split.test_rows.iter().filter_map(file).collect();
        warnings.extend(disturbed("rows disturbed", experiment.perturb.as_ref()));
        warnings.extend(disturbed("test rows attacked", experiment.attack.as_ref()));
        // The split holds copies of the rows that it needs: the data set ends here.
        Ok(Self {
            name: dataset.name().to_owned(),
            data_sha256: dataset.sha256().unwrap_or_default().to_owned(),
            experiment: experiment.clone(),
            split,
            files,
            audit,
            warnings,
            seconds,
        })
    }

    pub(crate) fn fitted(self, scorer: Box<dyn Scorer>, seconds: f64) -> Fitted {
        Fitted {
            loaded: self,
            scorer,
            seconds,
        }
    }
}

/// An experiment whose method is fitted.
pub struct Fitted {
    loaded: Loaded,
    scorer: Box<dyn Scorer>,
    /// Of the fit.
    seconds: f64,
}

impl Fitted {
    /// Attacks, scores and measures. The cell is called `id`.
    ///
    /// # Errors
    /// As [`Experiment::run`].
    pub fn measured(
        self,
        id: Option<&str>,
        machine: &Machine,
        progress: &dyn Progress,
    ) -> Result<Outcome, ExperimentError> {
        let Self {
            loaded,
            scorer,
            seconds: fit_seconds,
        } = self;
        let Loaded {
            experiment,
            mut split,
            audit,
            mut warnings,
            name,
            ..
        } = loaded;
        let seed = experiment.seed;
        if let Some(attack) = &experiment.attack {
            attack.apply(&mut split, &*scorer, seed.model, machine, progress)?;
        }

        let start = Instant::now();
        let scores = scorer.score(split.test.input(), progress);
        let scores = scores.map_err(|error| in_the_file(error, &split.test_rows, &name))?;
        let scores = scores.to_vec();
        let score_seconds = start.elapsed().as_secs_f64();

        warnings.extend(scorer.warnings());
        let disguise = Disguise::of(&scores, &experiment.config, &split, seed.model, progress);
        warnings.extend(disguise.warning);
        let n_copies = audit.test.as_ref().map_or(0, |test| test.duplicates);
        warnings.extend(ties(&scores, scores.len() - n_copies));
        warnings.extend(order(experiment.protocol, &split, &scores));
        let measured = measure(&split, &scores, &*scorer, progress, &mut warnings)?;
        let measured = Measured {
            seconds: Some(Seconds {
                load: Some(loaded.seconds),
                fit: Some(fit_seconds),
                score: Some(score_seconds),
            }),
            norm_spearman: disguise.spearman,
            audit: Some(recorded::audit(&audit)),
            ..measured
        };
        let cell = Cell {
            schema: SCHEMA,
            id: id.map(str::to_owned),
            dataset: name,
            protocol: experiment.protocol.to_string(),
            method: experiment.config.method().to_owned(),
            seed,
            config: experiment.config.values().clone(),
            config_hash: Some(config_hash(experiment.config.values())),
            perturb: fields(experiment.perturb.as_ref())?,
            attack: fields(experiment.attack.as_ref())?,
            data_sha256: Some(loaded.data_sha256),
            outcome: Ok(measured),
            peak_rss_bytes: memory::peak_rss_bytes(),
            device: Some(machine.runtime.device.to_string()),
            host: Some(files::host_name()),
            threads: Some(machine.threads as u64),
            versions: recorded::versions(),
            warnings,
        };
        Ok(Outcome {
            cell,
            scores,
            split,
            files: loaded.files,
            scorer,
        })
    }
}

/// An error about a row of the split as one about the row of the file, `rows` being where they stand there.
fn in_the_file(error: DetectorError, rows: &[usize], name: &str) -> ExperimentError {
    let row_of = |row: usize| rows.get(row).copied();
    let source = match error {
        DetectorError::Score { row, score } => DetectorError::Score {
            row: row_of(row).unwrap_or(row),
            score,
        },
        DetectorError::NotFinite { row, column, value } => DetectorError::NotFinite {
            row: row_of(row).unwrap_or(row),
            column,
            value,
        },
        other => return other.into(),
    };
    let dataset = name.to_owned();
    ExperimentError::Row { dataset, source }
}
