use std::path::{Path, PathBuf};

use datasets::{Label, is_archive, load_npz};
use detector::Progress;
use residuum::data::{Data, anomalies};
use residuum::{Model, RowScore};
use tables::Table;

use super::misses::Misses;
use super::reasons::Candidates;
use crate::failure::{Failure, exit};
use crate::own::calibrate::side;
use crate::own::input::{Input, Pictures, array, check_interrupt, learned, located, no_images};
use crate::own::score::IMAGES;
use crate::own_args::Evaluate;
use crate::progress::After;
use crate::shell::option;

/// Rows or images with their labels and scores.
pub(super) struct Labelled {
    /// True is an anomaly.
    labels: Vec<bool>,
    /// `None` where a value is missing.
    scores: Vec<Option<RowScore>>,
    pub(super) names: Names,
    pub(super) candidates: Candidates,
}

/// What rows are called.
pub(super) enum Names {
    /// By their numbers, and by the values of a key where there is one.
    Rows(Vec<String>),
    Files(Vec<PathBuf>),
}

/// Folders of normal images.
const NORMAL: [&str; 3] = ["good", "normal", "ok"];
/// A folder of masks in the layout of MVTec AD.
const MASKS: &str = "ground_truth";

impl Labelled {
    pub(super) fn read(
        args: &Evaluate,
        model: &Model,
        progress: &dyn Progress,
    ) -> Result<Self, Failure> {
        let path = &args.input;
        let is_npz = |ending: &std::ffi::OsStr| ending.eq_ignore_ascii_case("npz");
        if path.is_file() && (path.extension().is_some_and(is_npz) || is_archive(path)) {
            return archive(args, model, progress);
        }
        match Input::open(path, &args.reading)? {
            Input::Table(table) => of_table(args, &table, model, progress),
            Input::Array(_) => Err(no_labels(args, "an array has none")
                .hint("give an .npz file with arrays X and y (0 normal, 1 anomaly)")),
            Input::Images(pictures) => images(args, &pictures, model, progress),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    /// How many of them have no score.
    pub(super) fn without_score(&self) -> usize {
        self.len() - self.scores.iter().flatten().count()
    }

    /// Those with a score: place, whether it is an anomaly, score.
    pub(super) fn scored(&self) -> impl Iterator<Item = (usize, bool, RowScore)> {
        scored(&self.labels, &self.scores)
    }

    /// The key of a row, where there is one.
    pub(super) fn key(&self, row: usize) -> Option<&str> {
        match &self.names {
            Names::Rows(keys) => keys.get(row).map(String::as_str),
            Names::Files(_) => None,
        }
    }

    /// The file of an image.
    pub(super) fn file(&self, row: usize) -> Option<&Path> {
        match &self.names {
            Names::Rows(_) => None,
            Names::Files(files) => files.get(row).map(PathBuf::as_path),
        }
    }

    /// What a row is called: its file, or its number from 1.
    pub(super) fn name(&self, row: usize) -> String {
        match self.file(row) {
            Some(file) => file.display().to_string(),
            None => format!("row {}", row + 1),
        }
    }
}

fn scored(
    labels: &[bool],
    scores: &[Option<RowScore>],
) -> impl Iterator<Item = (usize, bool, RowScore)> {
    let rows = labels.iter().zip(scores).enumerate();
    rows.filter_map(|(row, (&anomaly, score))| Some((row, anomaly, (*score)?)))
}

fn no_labels(args: &Evaluate, why: &str) -> Failure {
    let message = format!("{}: no labels: {why}", args.input.display());
    Failure::new(exit::BAD_DATA, message)
}

fn only_tables(args: &Evaluate) -> Result<(), Failure> {
    match args.label {
        None => Ok(()),
        Some(_) => {
            let message = "--label names a column of a table: arrays have y, images have folders";
            Err(Failure::new(exit::USAGE, message).hint("leave --label out"))
        }
    }
}

fn archive(args: &Evaluate, model: &Model, progress: &dyn Progress) -> Result<Labelled, Failure> {
    // Its labels have this name.
    if args.label.as_deref() != Some("y") {
        only_tables(args)?;
    }
    let set = load_npz(&args.input)?;
    let scores = model
        .score(array(set.data()), progress)
        .map_err(|error| located(&args.input.display().to_string(), 0, error))?;
    let labels = set.labels().iter().map(|&label| label == Label::Anomaly);
    let labels: Vec<bool> = labels.collect();
    let misses = Misses::of(scored(&labels, &scores));
    Ok(Labelled {
        candidates: Candidates::of_array(set.data(), &misses),
        labels,
        scores,
        names: Names::Rows(Vec::new()),
    })
}

fn of_table(
    args: &Evaluate,
    table: &Table,
    model: &Model,
    progress: &dyn Progress,
) -> Result<Labelled, Failure> {
    let manifest = model.manifest();
    let label = args.label.as_ref().or(manifest.columns.label.as_ref());
    let label = label.ok_or_else(|| {
        no_labels(args, "the model knows no column of them").hint("name it: --label COLUMN")
    })?;
    let mut wanted = learned(&manifest.layout, table.schema());
    if wanted.iter().any(|(name, _)| name == label) {
        let message =
            format!("the model has learned from the column `{label}`, which is the label");
        let hint = format!("fit again with {}", option("--label", label));
        return Err(Failure::new(exit::BAD_DATA, message).hint(hint));
    }
    let found = |name: &str| table.schema().iter().find(|(known, _)| known == name);
    let column = found(label).ok_or_else(|| no_column(table, label))?;
    wanted.push(column.clone());
    let key = manifest.columns.key.as_deref().and_then(found);
    if let Some(key) = key.filter(|key| !wanted.contains(key)) {
        wanted.push(key.clone());
    }
    let (mut labels, mut scores, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    let mut candidates = Candidates::default();
    for chunk in table.rows(Some(&wanted))? {
        check_interrupt()?;
        let chunk = chunk?;
        let after = After {
            progress,
            done: chunk.first_row,
            total: table.row_count(),
        };
        let located = |error| located(table.file(), chunk.first_row + 1, error);
        let of_chunk = anomalies(&chunk.columns, label).map_err(|error| located(error.into()))?;
        let scores_of_chunk = model.score(Data::Columns(&chunk.columns), &after);
        let scores_of_chunk = scores_of_chunk.map_err(located)?;
        let misses = Misses::of(scored(&of_chunk, &scores_of_chunk));
        candidates.add(&chunk.columns, labels.len(), &misses)?;
        labels.extend(of_chunk);
        scores.extend(scores_of_chunk);
        if let Some(column) = key.and_then(|(name, _)| chunk.columns.get(name)) {
            keys.extend((0..chunk.rows).map(|row| column.text(row).unwrap_or_default()));
        }
    }
    Ok(Labelled {
        labels,
        scores,
        names: Names::Rows(keys),
        candidates,
    })
}

fn no_column(table: &Table, name: &str) -> Failure {
    let known: Vec<&str> = (table.schema().iter().map(|(name, _)| name.as_str())).collect();
    let message = format!("{}: there is no column `{name}`", table.file());
    Failure::new(exit::BAD_DATA, message).hint(format!("columns are {}", known.join(", ")))
}

fn images(
    args: &Evaluate,
    pictures: &Pictures,
    model: &Model,
    progress: &dyn Progress,
) -> Result<Labelled, Failure> {
    only_tables(args)?;
    pictures.warn();
    let (mut labels, mut scores, mut files) = (Vec::new(), Vec::new(), Vec::new());
    // All labels first: no image is scored in vain.
    let of_paths = pictures.paths.iter().map(|path| label_of(args, path));
    let of_paths = of_paths.collect::<Result<Vec<bool>, _>>()?;
    for (part, paths) in pictures.paths.chunks(IMAGES).enumerate() {
        check_interrupt()?;
        let first = part * IMAGES;
        let Some((images, kept)) = pictures.read(paths, side(model))? else {
            continue;
        };
        let after = After {
            progress,
            done: first as u64,
            total: pictures.paths.len() as u64,
        };
        let scored = model
            .score(Data::Images(images.view()), &after)
            .map_err(|error| located(&args.input.display().to_string(), 0, error))?;
        scores.extend(scored);
        labels.extend(kept.iter().map(|&at| of_paths[first + at]));
        files.extend(kept.iter().map(|&at| paths[at].clone()));
    }
    if files.is_empty() {
        return Err(no_images(&args.input));
    }
    Ok(Labelled {
        labels,
        scores,
        names: Names::Files(files),
        candidates: Candidates::default(),
    })
}

/// By the folder that an image lies in.
fn label_of(args: &Evaluate, path: &Path) -> Result<bool, Failure> {
    let below = path.strip_prefix(&args.input).unwrap_or(path);
    let folders = || below.parent().into_iter().flat_map(Path::components);
    let names = || folders().map(|folder| folder.as_os_str().to_string_lossy().to_lowercase());
    if names().any(|name| name == MASKS) {
        return Err(no_labels(args, "it holds masks beside images")
            .hint("give the folder of the test images, such as DATA/test"));
    }
    if folders().next().is_none() {
        let file = below.display();
        return Err(no_labels(args, &format!("{file} lies in no sub-folder"))
            .hint("sort images into folders: good, normal or ok, and any others for anomalies"));
    }
    Ok(!names().any(|name| NORMAL.contains(&name.as_str())))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Evaluate,
    }

    fn args() -> Evaluate {
        Line::parse_from(["evaluate", "m.residuum", "set/test"]).args
    }

    #[test]
    fn folders_say_what_an_image_is() {
        let label = |path: &str| label_of(&args(), Path::new(path));
        assert_eq!(label("set/test/good/0.png"), Ok(false));
        assert_eq!(label("set/test/OK/day 1/0.png"), Ok(false));
        assert_eq!(label("set/test/scratch/0.png"), Ok(true));
        // The folder above the data says nothing.
        assert_eq!(label("set/test/goods/0.png"), Ok(true));
    }

    #[test]
    fn images_without_a_folder_and_masks_have_no_label() {
        for path in ["set/test/0.png", "set/test/ground_truth/scratch/0.png"] {
            let failure = label_of(&args(), Path::new(path)).unwrap_err();
            assert_eq!(failure.code, exit::BAD_DATA);
            assert!(failure.hint.is_some());
        }
    }
}
