use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use columns::{Column, Values};
use datasets::{Label, OnBadFile, Roots, Split};
use experiment::{Experiment, Machine};
use record::Seeds;
use residuum::Config;
use serde::de::DeserializeOwned;

use crate::failure::{Failure, exit};
use crate::networks::hand_over;
use crate::output::print_data;
use crate::place::{apart, write_atomically, write_parquet};
use crate::progress::Bar;
use crate::protocol::protocol;
use crate::{args, cell, maps, sheet};

/// `residuum run`: one experiment, its JSON on stdout.
pub(crate) fn run(args: &args::Run, roots: &Roots, machine: &Machine) -> Result<(), Failure> {
    if let Some(path) = &args.scores {
        ScoreFormat::of(path)?;
    }
    check_outputs(args, roots)?;
    let experiment = experiment(args)?;
    if machine.networks.is_none() && experiment.needs_networks() {
        return Err(hand_over());
    }
    let bar = Bar::new();
    let result = experiment
        .run(None, roots, machine, &bar)
        .map(|mut outcome| {
            let wanted = args.pictures.is_some();
            let sheet = wanted.then(|| sheet::draw(&mut outcome, &bar)).flatten();
            (outcome, sheet)
        });
    bar.finish();
    let (outcome, sheet) =
        result.map_err(|error| Failure::from(error).of_training(trains(&experiment.config)))?;
    let cell = &outcome.cell;
    let json = cell::to_json(cell)?;
    // Files come before anything that is printed, and what cannot be written costs nothing else.
    let written = [
        args.out.as_deref().map(|path| cell::write(cell, path)),
        args.scores
            .as_deref()
            .map(|path| write_scores(path, &outcome.split, &outcome.scores)),
        args.pictures.as_deref().map(|path| {
            sheet
                .as_ref()
                .ok_or_else(|| maps::none("pictures", &outcome))?
                .write(path)
        }),
    ];
    print_data(&json);
    for warning in &cell.warnings {
        tracing::warn!("{warning}");
    }
    written.into_iter().flatten().collect::<Result<(), _>>()?;
    if let Some(folder) = &args.maps {
        let written = maps::write(folder, &outcome, &bar);
        bar.finish();
        written?;
    }
    Ok(())
}

/// Outputs are files of their own, and none is an input.
fn check_outputs(args: &args::Run, roots: &Roots) -> Result<(), Failure> {
    let options = [
        ("--out", &args.out),
        ("--scores", &args.scores),
        ("--pictures", &args.pictures),
    ];
    let outputs: Vec<(&str, &Path)> = options
        .iter()
        .filter_map(|(option, path)| Some((*option, path.as_deref()?)))
        .collect();
    let data = data_files(&args.dataset, roots);
    let mut inputs: Vec<(&str, &Path)> =
        data.iter().map(|path| ("the data set", &**path)).collect();
    inputs.extend(args.config.as_deref().map(|path| ("--config", path)));
    apart(&outputs, &inputs)
}

/// The files and folders that a data set is read from: `FILE`, `FOLDER:CLASS@pixels64` or a known name.
fn data_files(name: &str, roots: &Roots) -> Vec<PathBuf> {
    if let Some(paths) = datasets::find(name)
        .ok()
        .and_then(|entry| entry.locate(roots))
    {
        return paths;
    }
    let ends = name
        .char_indices()
        .filter(|&(_, c)| c == '@' || c == ':')
        .map(|(at, _)| at);
    let ends = ends.chain([name.len()]);
    let paths = ends.map(|end| PathBuf::from(&name[..end]));
    paths.filter(|path| path.exists()).collect()
}

fn experiment(args: &args::Run) -> Result<Experiment, Failure> {
    let config = residuum::find(&args.method)?.config();
    let mut config = with_settings(config, args.config.as_deref(), &args.set)?;
    if let Some(rule) = &args.score_rule {
        config.set("score.rule", rule.as_str().into())?;
    }
    let protocol = match &args.protocol {
        Some(name) => protocol(name)?,
        None => datasets::usual_protocol(&args.dataset),
    };
    let seed = args.seed.unwrap_or_else(|| protocol.default_seed());
    Ok(Experiment {
        dataset: args.dataset.clone(),
        protocol,
        seed: Seeds {
            data: seed,
            model: args.model_seed.unwrap_or(seed),
        },
        config,
        perturb: args
            .perturb
            .as_deref()
            .map(|text| table("--perturb", text))
            .transpose()?,
        attack: args
            .attack
            .as_deref()
            .map(|text| table("--attack", text))
            .transpose()?,
        on_bad_file: on_bad_file(args.skip_bad_files),
    })
}

/// Whether a method trains a network, which `--models` keeps.
pub(crate) fn trains(config: &Config) -> bool {
    config.values().contains_key("train")
}

/// `config` with what `--config` and `--set` say.
pub(crate) fn with_settings(
    mut config: Config,
    file: Option<&Path>,
    settings: &[String],
) -> Result<Config, Failure> {
    if let Some(path) = file {
        let text = datasets::read_text(path).map_err(|error| Failure {
            code: exit::USAGE,
            ..Failure::from(error)
        })?;
        config.set_toml(&text).map_err(|error| {
            let failure = Failure::from(error);
            Failure {
                message: format!("{}: {}", path.display(), failure.message),
                ..failure
            }
        })?;
    }
    for text in settings {
        config.set_text(text)?;
    }
    Ok(config)
}

/// What `--skip-bad-files` asks for.
pub(crate) fn on_bad_file(skip: bool) -> OnBadFile {
    match skip {
        true => OnBadFile::Skip,
        false => OnBadFile::Fail,
    }
}

/// The inside of an inline TOML table, such as `epsilon = 0.1, steps = 10`.
fn table<T: DeserializeOwned>(option: &str, text: &str) -> Result<T, Failure> {
    let wrong = |why: String| {
        Failure::new(exit::USAGE, format!("{option} {text:?}: {why}"))
            .hint("the inside of a TOML table: key = value, key = \"word\"")
    };
    if residuum::is_too_deep(text) {
        return Err(wrong("too many tables inside of tables".to_owned()));
    }
    toml::from_str::<toml::Table>(&format!("v = {{ {text} }}"))
        .map_err(|error| wrong(error.message().to_owned()))?
        .remove("v")
        .ok_or_else(|| wrong("no table".to_owned()))?
        .try_into()
        .map_err(|error: toml::de::Error| wrong(error.message().to_owned()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScoreFormat {
    Csv,
    Parquet,
}

impl ScoreFormat {
    fn of(path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(|e| e.to_str()) {
            Some("csv") => Ok(Self::Csv),
            Some("parquet") => Ok(Self::Parquet),
            _ => Err(Failure::new(
                exit::USAGE,
                format!(
                    "scores go to a .csv or .parquet file, not {}",
                    path.display()
                ),
            )),
        }
    }
}

/// A line for each row of the test set: `row` of the data set's file, from 0, `label` (1 is an anomaly) and
/// `score`.
fn write_scores(path: &Path, split: &Split, scores: &[f64]) -> Result<(), Failure> {
    let labels = split
        .test_labels
        .iter()
        .map(|&label| i64::from(label == Label::Anomaly));
    match ScoreFormat::of(path)? {
        ScoreFormat::Csv => {
            let mut text = String::from("row,label,score\n");
            for ((row, label), score) in split.test_rows.iter().zip(labels).zip(scores) {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{row},{label},{score}");
            }
            write_atomically(path, text.as_bytes())
        }
        ScoreFormat::Parquet => {
            let rows = split.test_rows.iter().map(|&row| row as i64).collect();
            let columns = vec![
                Column::new("row", Values::Integer(rows)),
                Column::new("label", Values::Integer(labels.collect())),
                Column::new("score", Values::Float64(scores.to_vec())),
            ];
            write_parquet(path, columns)
        }
    }
}
