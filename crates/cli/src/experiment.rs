use std::path::PathBuf;
use std::time::Instant;

use datasets::{Dataset, Loading, OnBadFile, Perturbation, Protocol, Roots, Split};
use detector::{DetectorError, Progress, Scorer};
use metrics::{MetricError, Metrics, PixelMetrics};
use record::{Cell, Fields, Measured, SCHEMA, Seconds, Seeds, config_hash};
use residuum::{Config, Device, Method, RegistryError, Runtime};
use serde::Serialize;

use crate::attack::Attack;
use crate::curves::anomalies;
use crate::embed::lite0_set;
use crate::failure::{Failure, exit};
use crate::networks::Networks;
use crate::sheet::{Sheet, sheet};
use crate::{cell, curves, interval, memory};

/// One data set, protocol, method and pair of seeds: what becomes a cell.
#[derive(Debug, Clone)]
pub(crate) struct Experiment {
    pub(crate) dataset: String,
    pub(crate) protocol: Protocol,
    pub(crate) seed: Seeds,
    pub(crate) config: Config,
    /// Of the split, before anything is fitted.
    pub(crate) perturb: Option<Perturbation>,
    /// Of the test rows, before they are scored.
    pub(crate) attack: Option<Attack>,
    pub(crate) on_bad_file: OnBadFile,
}

/// What comes of an experiment.
pub(crate) struct Outcome {
    pub(crate) cell: Cell,
    pub(crate) sheet: Option<Sheet>,
    /// The score of every test row.
    pub(crate) scores: Vec<f64>,
    /// As it was fitted and scored.
    pub(crate) split: Split,
    /// The image file of every test row; empty where rows are no files of their own.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) scorer: Box<dyn Scorer>,
}

/// The machine a cell runs on, and where it keeps trained networks.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) runtime: Runtime,
    pub(crate) threads: usize,
    /// Where this program has them.
    pub(crate) networks: Option<&'static Networks>,
}

impl Machine {
    /// The method called `name`, with its detector where this program has it.
    pub(crate) fn find(&self, name: &str) -> Result<&'static Method, RegistryError> {
        let methods = self.networks.map_or(residuum::methods(), |n| (n.methods)());
        residuum::find_among(methods, name)
    }
}

impl Experiment {
    /// Whether its method, or the one that an attack follows, is a network.
    pub(crate) fn needs_networks(&self) -> bool {
        let surrogate = self.attack.iter().flat_map(|attack| &attack.surrogate);
        let methods = surrogate.map(|surrogate| &*surrogate.method);
        methods
            .chain([self.config.method()])
            .any(|name| residuum::find(name).is_ok_and(|method| method.needs_libtorch))
    }

    /// Loads, splits, fits, scores and measures; draws a sheet of test images where `draw` asks for it.
    pub(crate) fn run(
        &self,
        id: Option<&str>,
        roots: &Roots,
        machine: &Machine,
        draw: bool,
        progress: &dyn Progress,
    ) -> Result<Outcome, Failure> {
        memory::reset_peak();
        let method = machine.find(self.config.method())?;
        let detector = method.detector(&self.config, &machine.runtime)?;

        if let Some(attack) = &self.attack {
            attack.check(machine)?;
        }

        let loading = Loading::of(self.protocol).on_bad_file(self.on_bad_file);
        let start = Instant::now();
        let dataset = load(
            &self.dataset,
            &loading,
            roots,
            machine.networks,
            machine.runtime.device,
            progress,
        )?;
        let mut split = self.protocol.split(&dataset, self.seed.data)?;
        if let Some(perturb) = &self.perturb {
            perturb.apply(&mut split, self.seed.data)?;
        }
        let load_seconds = start.elapsed().as_secs_f64();
        let audit = datasets::audit_split(&split);
        let mut warnings = audit.warnings();
        warnings.extend(dataset.notes());
        warnings.extend(dataset.passed_over().warning());
        let name = dataset.name().to_owned();
        let data_sha256 = dataset.sha256().unwrap_or_default().to_owned();
        let file = |&row: &usize| dataset.files().get(row).cloned();
        let files = split.test_rows.iter().filter_map(file).collect();
        // The split holds copies of the rows that it needs.
        drop(dataset);
        warnings.extend(disturbed("rows disturbed", self.perturb.as_ref()));
        warnings.extend(disturbed("test rows attacked", self.attack.as_ref()));

        let start = Instant::now();
        let scorer = fit(&detector, &split, self.seed.model, progress)?;
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
        let norm_spearman = self.norm_spearman(&split, &scores, &mut warnings, progress);
        let n_copies = audit.test.as_ref().map_or(0, |test| test.duplicates);
        warnings.extend(ties(&scores, scores.len() - n_copies));
        let labels = anomalies(&split.test_labels);
        let metrics = Metrics::of(&scores, &labels)?;
        // What is measured by now is not lost over masks in which nothing is anomalous, nor over a picture.
        let pixels = match pixels(&split, &*scorer, progress)? {
            Some(Err(error)) => {
                warnings.push(format!("no pixel metrics: {error}"));
                None
            }
            Some(Ok(pixels)) => Some(pixels),
            None => None,
        };
        let sheet = match draw.then(|| sheet(&split, &*scorer, progress)) {
            Some(Err(failure)) => {
                warnings.push(format!("no picture: {}", failure.message));
                None
            }
            Some(Ok(sheet)) => sheet,
            None => None,
        };
        let n_anomalies = labels.iter().filter(|&&anomaly| anomaly).count();
        let measured = Measured {
            n_train: Some(split.train_rows.len() as u64),
            n_test: Some(labels.len() as u64),
            n_anomalies: Some(n_anomalies as u64),
            metrics: cell::metrics(&metrics),
            auroc_interval: interval::of(&scores, &labels),
            pixels: pixels.as_ref().map(cell::pixels),
            seconds: Some(Seconds {
                load: Some(load_seconds),
                fit: Some(fit_seconds),
                score: Some(score_seconds),
            }),
            params: scorer.n_params(),
            n_evaluations: scorer.n_evaluations(),
            norm_spearman,
            audit: Some(cell::audit(&audit)),
            curve: Some(curves::curve(&scores, &labels)?),
            histogram: curves::histogram(&scores, &labels),
            training: curves::training(scorer.losses()),
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
            threads: Some(machine.threads as u64),
            versions: cell::versions(),
            warnings,
        };
        Ok(Outcome {
            cell,
            sheet,
            scores,
            split,
            files,
            scorer,
        })
    }
}

/// A disturbance as it is recorded.
fn fields(done: Option<&impl Serialize>) -> Result<Option<Fields>, Failure> {
    let fields = done.map(Fields::of).transpose();
    fields.map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))
}

/// How well maps find the anomalous pixels, where the data have masks and the method has maps.
fn pixels(
    split: &Split,
    scorer: &dyn Scorer,
    progress: &dyn Progress,
) -> Result<Option<Result<PixelMetrics, MetricError>>, Failure> {
    let Some(masks) = &split.test_masks else {
        return Ok(None);
    };
    let Some(maps) = scorer.maps(split.test.input(), progress)? else {
        return Ok(None);
    };
    Ok(Some(PixelMetrics::of(maps.view(), masks.view())))
}

/// Above this rank correlation with `‖x‖²` a score says nothing of its own.
const IN_DISGUISE: f64 = 0.99;

/// Training rows above which OCSVM is not fitted for a comparison alone.
const MANY: usize = 5000;

impl Experiment {
    /// Spearman's correlation of the scores with `‖x‖²` of the rows as the method sees them, `None`
    /// where either is constant. Learned scores that are `‖x‖²` in disguise are warned of: a network
    /// that predicts zero gives just that.
    fn norm_spearman(
        &self,
        split: &Split,
        scores: &[f64],
        warnings: &mut Vec<String>,
        progress: &dyn Progress,
    ) -> Option<f64> {
        let norm = self.scores_of("norm", split, progress)?;
        let found = metrics::spearman(scores, &norm).ok()?;
        if self.config.method() != "norm" && found > IN_DISGUISE {
            // OCSVM beside itself says nothing, and beside many rows costs more than what is measured.
            let wanted = self.config.method() != "ocsvm" && split.train_rows.len() <= MANY;
            let ocsvm = wanted.then(|| self.scores_of("ocsvm", split, progress));
            let ocsvm = ocsvm
                .flatten()
                .and_then(|ocsvm| metrics::spearman(&ocsvm, &norm).ok());
            let beside = ocsvm.map_or_else(String::new, |r| {
                format!("; {r:.2} for OCSVM on the same rows")
            });
            warnings.push(format!(
                "the scores rank as the squared length of the row does (Spearman {found:.4}{beside})"
            ));
        }
        Some(found)
    }

    /// The test rows' scores by another method with its defaults, on rows scaled as here. They stand
    /// beside a result that is there already: what goes wrong with them is no failure of it.
    fn scores_of(&self, method: &str, split: &Split, progress: &dyn Progress) -> Option<Vec<f64>> {
        let method = residuum::find(method).ok()?;
        let mut config = method.config();
        if let Some(rows) = self.config.values().get("rows") {
            config.set("rows", rows.clone()).ok()?;
        }
        let detector = method.detector(&config, &Runtime::cpu()).ok()?;
        let scorer = fit(&detector, split, self.seed.model, progress).ok()?;
        let scores = scorer.score(split.test.input(), progress).ok()?;
        Some(scores.to_vec())
    }
}

/// A set of the catalogue, its images as vectors under `NAME@lite0`, or a file or a folder of images where
/// the text names one.
pub(crate) fn load(
    name: &str,
    loading: &Loading,
    roots: &Roots,
    networks: Option<&Networks>,
    device: Device,
    progress: &dyn Progress,
) -> Result<Dataset, Failure> {
    if let Some(set) = lite0_set(name, loading, roots, networks, device, progress)? {
        return Ok(set);
    }
    Ok(datasets::load(name, roots, loading)?)
}

/// Says what was done to the rows, so that the result is not taken for one of rows as they are.
fn disturbed(what: &str, how: Option<&impl Serialize>) -> Option<String> {
    let how = serde_json::to_string(how?).ok()?;
    Some(format!("{what}: {how}"))
}

/// Parses a protocol's name.
pub(crate) fn protocol(name: &str) -> Result<Protocol, Failure> {
    name.parse::<Protocol>().map_err(|_| {
        let known: Vec<String> = Protocol::all().iter().map(ToString::to_string).collect();
        Failure::new(exit::USAGE, format!("unknown protocol `{name}`"))
            .hint(format!("protocols are {}", known.join(", ")))
    })
}

fn fit(
    detector: &residuum::Pipeline,
    split: &Split,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Box<dyn Scorer>, Failure> {
    use detector::Detector;
    Ok(detector.fit(split.train.input(), seed, progress)?)
}

/// An error about a row of the split as one about the row of the file, `rows` being where they stand there.
fn in_the_file(error: DetectorError, rows: &[usize], name: &str) -> Failure {
    let row_of = |row: usize| rows.get(row).copied();
    let error = match error {
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
    let failure = Failure::from(error);
    Failure {
        message: format!("{name}: {}", failure.message),
        ..failure
    }
}

/// What ties in the scores do to a ranking metric, where there are enough to matter. Copies of a row
/// tie whatever the method; only `n_distinct` rows can have scores of their own.
fn ties(scores: &[f64], n_distinct: usize) -> Option<String> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n_scores = sorted.chunk_by(|a, b| a == b).count();
    if n_scores == 1 {
        return Some("all scores are equal: the AUROC of 0.5 says nothing".to_owned());
    }
    (10 * n_scores <= 9 * n_distinct)
        .then(|| format!("{n_distinct} different test rows have only {n_scores} different scores"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_told_unless_copies_of_rows_explain_them() {
        assert_eq!(ties(&[3.0, 1.0, 2.0, 4.0], 4), None);
        assert_eq!(ties(&[3.0, 1.0, 1.0, 4.0], 3), None);
        assert_eq!(
            ties(&[0.0; 5], 5).unwrap(),
            "all scores are equal: the AUROC of 0.5 says nothing"
        );
        assert_eq!(
            ties(&[1.0, 2.0, 2.0, 3.0], 4).unwrap(),
            "4 different test rows have only 3 different scores"
        );
    }
}
