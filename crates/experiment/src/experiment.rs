use std::path::PathBuf;
use std::time::Instant;

use datasets::{Dataset, Loading, OnBadFile, Perturbation, Protocol, Roots, Split};
use detector::{Detector, DetectorError, Progress, Scorer};
use record::{Cell, Measured, SCHEMA, Seconds, Seeds, config_hash};
use residuum::Config;

use crate::attack::Attack;
use crate::disguise::Disguise;
use crate::measure::measure;
use crate::recorded::{self, fields};
use crate::warnings::{disturbed, order, ties};
use crate::{ExperimentError, Machine, load, memory};

/// One data set, protocol, method and pair of seeds: what becomes a cell.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// A name as [`load`] takes it.
    pub dataset: String,
    /// Which rows are fitted to and which are scored.
    pub protocol: Protocol,
    /// Of the split and of the model.
    pub seed: Seeds,
    /// The method and its settings.
    pub config: Config,
    /// Of the split, before anything is fitted.
    pub perturb: Option<Perturbation>,
    /// Of the test rows, before they are scored.
    pub attack: Option<Attack>,
    /// What happens at a file of a folder that is not an image.
    pub on_bad_file: OnBadFile,
}

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
    /// Whether its method, or the one that an attack follows, is a network.
    pub fn needs_networks(&self) -> bool {
        let surrogate = self.attack.iter().flat_map(|attack| &attack.surrogate);
        let methods = surrogate.map(|surrogate| &*surrogate.method);
        methods
            .chain([self.config.method()])
            .any(|name| residuum::find(name).is_ok_and(|method| method.needs_libtorch))
    }

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
        let method = machine.find(self.config.method())?;
        let detector = method.detector(&self.config, &machine.runtime)?;
        if let Some(attack) = &self.attack {
            attack.check(machine)?;
        }

        let start = Instant::now();
        let dataset = self.load(roots, machine, progress)?;
        let mut split = self.split(&dataset)?;
        let load_seconds = start.elapsed().as_secs_f64();
        let audit = datasets::audit_split(&split);
        let mut warnings = audit.warnings();
        warnings.extend(dataset.notes());
        let name = dataset.name().to_owned();
        let data_sha256 = dataset.sha256().unwrap_or_default().to_owned();
        let file = |&row: &usize| dataset.files().get(row).cloned();
        let files = split.test_rows.iter().filter_map(file).collect();
        // The split holds copies of the rows that it needs.
        drop(dataset);
        warnings.extend(disturbed("rows disturbed", self.perturb.as_ref()));
        warnings.extend(disturbed("test rows attacked", self.attack.as_ref()));

        let start = Instant::now();
        let scorer = detector.fit(split.train.input(), self.seed.model, progress)?;
        let fit_seconds = start.elapsed().as_secs_f64();
        if let Some(attack) = &self.attack {
            let seed = self.seed.model;
            attack.apply(&mut split, &*scorer, seed, machine, progress)?;
        }

        let start = Instant::now();
        let scores = scorer.score(split.test.input(), progress);
        let scores = scores.map_err(|error| in_the_file(error, &split.test_rows, &name))?;
        let scores = scores.to_vec();
        let score_seconds = start.elapsed().as_secs_f64();

        warnings.extend(scorer.warnings());
        let disguise = Disguise::of(&scores, &self.config, &split, self.seed.model, progress);
        warnings.extend(disguise.warning);
        let n_copies = audit.test.as_ref().map_or(0, |test| test.duplicates);
        warnings.extend(ties(&scores, scores.len() - n_copies));
        warnings.extend(order(self.protocol, &split, &scores));
        let measured = measure(&split, &scores, &*scorer, progress, &mut warnings)?;
        let measured = Measured {
            seconds: Some(Seconds {
                load: Some(load_seconds),
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
            protocol: self.protocol.to_string(),
            method: self.config.method().to_owned(),
            seed: self.seed,
            config: self.config.values().clone(),
            config_hash: Some(config_hash(self.config.values())),
            perturb: fields(self.perturb.as_ref())?,
            attack: fields(self.attack.as_ref())?,
            data_sha256: Some(data_sha256),
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
            files,
            scorer,
        })
    }

    fn load(
        &self,
        roots: &Roots,
        machine: &Machine,
        progress: &dyn Progress,
    ) -> Result<Dataset, ExperimentError> {
        let loading = Loading::of(self.protocol).on_bad_file(self.on_bad_file);
        let (networks, device) = (machine.networks, machine.runtime.device);
        let networks = networks.map(|networks| networks as _);
        load(&self.dataset, &loading, roots, networks, device, progress)
    }

    fn split(&self, dataset: &Dataset) -> Result<Split, ExperimentError> {
        let mut split = self.protocol.split(dataset, self.seed.data)?;
        if let Some(perturb) = &self.perturb {
            perturb.apply(&mut split, self.seed.data)?;
        }
        Ok(split)
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
