use std::path::Path;

use columns::{Column, Kind, Values};
use experiment::Machine;
use residuum::data::Data;
use residuum::{Model, ModelError, RowScore, Stored};
use tables::{Format, Style, Table};

use crate::failure::Failure;
use crate::own::calibrate::{restore, side};
use crate::own::choices::FOLDS_AND_FDR;
use crate::own::counts::Counts;
use crate::own::input::{Input, Pictures, array, check_interrupt, learned, located, no_images};
use crate::own::maps::Maps;
use crate::own::output::{Names, Output, format};
use crate::own::stream::follow;
use crate::own_args::Score;
use crate::place::{apart, check_place};
use crate::progress::{After, Bar};

/// Images that are read, scored and drawn together.
pub(super) const IMAGES: usize = 64;

/// `residuum score`: a score for each row of data of one's own.
pub(crate) fn run(args: &Score, machine: &Machine) -> Result<(), Failure> {
    let out = args.out.as_deref();
    format(out)?;
    if let Some(out) = out {
        let inputs = [
            ("the model", args.model.as_path()),
            ("the data", &args.input),
        ];
        apart(&[("--out", out)], &inputs)?;
    }
    let model = restore(Stored::read(&args.model)?, machine)?;
    if let Some(out) = out {
        check_place(out)?;
    }
    if args.follow {
        return follow(args, &model);
    }
    let bar = Bar::new();
    let scored = match Input::open(&args.input, &args.reading)? {
        Input::Table(table) => Job {
            args,
            model: &model,
            progress: &bar,
        }
        .table(&table),
        Input::Array(data) => Job {
            args,
            model: &model,
            progress: &bar,
        }
        .array(&data),
        Input::Images(pictures) => Job {
            args,
            model: &model,
            progress: &bar,
        }
        .images(&pictures),
    };
    bar.finish();
    let counts = scored?;
    tracing::info!("{counts}");
    if counts.left_out() > 0 {
        tracing::warn!(
            "{} rows have no score: a value is missing",
            counts.left_out()
        );
    }
    Ok(())
}

struct Job<'a> {
    args: &'a Score,
    model: &'a Model,
    progress: &'a Bar,
}

impl Job<'_> {
    fn out(&self) -> Option<&Path> {
        self.args.out.as_deref()
    }

    /// The columns of `table` to read for scoring alone, and those that are written too.
    fn table(&self, table: &Table) -> Result<Counts, Failure> {
        let schema = table.schema();
        let learned = learned(&self.model.manifest().layout, schema);
        let all = self.args.fdr.map(|rate| self.all(table, &learned, rate));
        let mut all = all.transpose()?.map(Vec::into_iter);
        let names = Names::beside(
            schema.iter().map(|(name, _)| name.as_str()),
            self.args.explain.is_some(),
        );
        let kept = self.kept(schema, &learned);
        let is_beside = table.format() == Format::Csv
            && format(self.out())? == Format::Csv
            && !self.args.only_scores;
        let wanted = match is_beside {
            true => learned,
            false => {
                let others = learned.into_iter().filter(|column| !kept.contains(column));
                kept.iter().cloned().chain(others).collect()
            }
        };
        let open = || match is_beside {
            true => Output::beside(self.out(), table.style(), table.header(), names.clone()),
            false => Output::of(self.out(), table.style(), &kept, names.clone()),
        };
        // Nothing is written where the first rows cannot be scored.
        let mut output = None;
        let mut counts = Counts::default();
        for chunk in table.rows(Some(&wanted))? {
            check_interrupt()?;
            let chunk = chunk?;
            let n = chunk.columns.rows();
            let rows = match &mut all {
                Some(all) => all.by_ref().take(n).collect(),
                None => self.rows(table, &chunk)?,
            };
            counts.add(&rows);
            let whys = self.whys(Data::Columns(&chunk.columns));
            let whys = whys.map_err(|error| located(table.file(), chunk.first_row + 1, error))?;
            let mut before = chunk.columns.into_columns();
            before.truncate(kept.len());
            let output = match &mut output {
                Some(output) => output,
                None => output.insert(open()?),
            };
            output.write(chunk.lines.as_ref(), before, &rows, whys)?;
            if output.is_gone {
                break;
            }
        }
        output.map_or_else(open, Ok)?.finish()?;
        Ok(counts)
    }

    /// The columns of the input that are written, as they are read.
    fn kept(&self, schema: &[(String, Kind)], learned: &[(String, Kind)]) -> Vec<(String, Kind)> {
        let key = self.model.manifest().columns.key.as_deref();
        let columns = schema
            .iter()
            .filter(|(name, _)| !self.args.only_scores || key == Some(name.as_str()));
        let as_learned = |column: &(String, Kind)| {
            let same = learned.iter().find(|(name, _)| *name == column.0);
            same.unwrap_or(column).clone()
        };
        columns.map(as_learned).collect()
    }

    fn rows(&self, table: &Table, chunk: &tables::Chunk) -> Result<Vec<Option<RowScore>>, Failure> {
        let after = After {
            progress: self.progress,
            done: chunk.first_row,
            total: table.row_count(),
        };
        self.model
            .score(Data::Columns(&chunk.columns), &after)
            .map_err(|error| located(table.file(), chunk.first_row + 1, error))
    }

    /// The scores of all rows, decided together.
    fn all(
        &self,
        table: &Table,
        learned: &[(String, Kind)],
        rate: f64,
    ) -> Result<Vec<Option<RowScore>>, Failure> {
        let mut all = Vec::new();
        for chunk in table.rows(Some(learned))? {
            check_interrupt()?;
            all.extend(self.rows(table, &chunk?)?);
        }
        self.decide(&mut all, rate)?;
        Ok(all)
    }

    fn decide(&self, rows: &mut [Option<RowScore>], rate: f64) -> Result<(), Failure> {
        let n = self.model.calibration().n();
        let m = rows.iter().flatten().count();
        Model::false_discovery_rate(rows, rate)?;
        if self.model.manifest().cross.is_some() {
            tracing::warn!("{FOLDS_AND_FDR}");
        }
        match conformal::can_reject(n, m.max(1), rate) {
            Ok(None) => tracing::warn!(
                "with {n} calibration rows and {m} scored ones a false discovery rate of {rate} \
                 allows no anomalies at all: more calibration rows or a larger rate would"
            ),
            Ok(Some(least @ 2..)) => tracing::warn!(
                "with {n} calibration rows and {m} scored ones a false discovery rate of {rate} \
                 allows no fewer than {least} anomalies: more calibration rows make single ones visible"
            ),
            _ => {}
        }
        Ok(())
    }

    /// For each row the columns that make its score high; `None` where nobody asks.
    fn whys(&self, data: Data<'_>) -> Result<Option<Vec<Option<String>>>, ModelError> {
        let Some(top) = self.args.explain else {
            return Ok(None);
        };
        let reasons = self.model.explain(data, self.progress)?;
        let whys = reasons.rows.into_iter().map(|why| {
            let shown = why?
                .into_iter()
                .take(top.get())
                .filter(|why| why.share > 0.0);
            let words = shown.map(|why| format!("{} {:.0} %", why.column, 100.0 * why.share));
            Some(words.collect::<Vec<_>>().join("; "))
        });
        Ok(Some(whys.collect()))
    }

    fn array(&self, data: &datasets::Data) -> Result<Counts, Failure> {
        let file = self.args.input.display().to_string();
        let mut rows = self
            .model
            .score(array(data), self.progress)
            .map_err(|error| located(&file, 0, error))?;
        if let Some(rate) = self.args.fdr {
            self.decide(&mut rows, rate)?;
        }
        let before = [("row".to_owned(), Kind::Integer)];
        let names = Names::beside(["row"].into_iter(), self.args.explain.is_some());
        let mut output = Output::of(self.out(), Style::default(), &before, names)?;
        let numbers = (0..rows.len() as i64).collect();
        let whys = self.whys(array(data));
        let whys = whys.map_err(|error| located(&file, 0, error))?;
        let numbers = vec![Column::new("row", Values::Integer(numbers))];
        output.write(None, numbers, &rows, whys)?;
        output.finish()?;
        let mut counts = Counts::default();
        counts.add(&rows);
        Ok(counts)
    }

    fn images(&self, pictures: &Pictures) -> Result<Counts, Failure> {
        if self.args.explain.is_some() {
            return Err(ModelError::NoReasons.into());
        }
        pictures.warn();
        let side = side(self.model);
        let mut maps = match &self.args.maps {
            Some(folder) => Some(Maps::new(folder, self.model)?),
            None => None,
        };
        let (mut files, mut rows) = (Vec::new(), Vec::new());
        let total = pictures.paths.len();
        for (part, paths) in pictures.paths.chunks(IMAGES).enumerate() {
            check_interrupt()?;
            let Some((images, kept)) = pictures.read(paths, side)? else {
                continue;
            };
            let after = After {
                progress: self.progress,
                done: (part * IMAGES) as u64,
                total: total as u64,
            };
            let file = self.args.input.display().to_string();
            let scored = self
                .model
                .score(Data::Images(images.view()), &after)
                .map_err(|error| located(&file, 0, error))?;
            if let Some(maps) = &mut maps {
                let scores = scored
                    .iter()
                    .map(|row| row.map_or(f64::NAN, |row| row.score));
                let scores: Vec<f64> = scores.collect();
                let names: Vec<&Path> = kept.iter().map(|&at| paths[at].as_path()).collect();
                maps.write(images.view(), &names, &scores, &after)?;
            }
            files.extend(kept.iter().map(|&at| paths[at].display().to_string()));
            rows.extend(scored);
        }
        if files.is_empty() {
            return Err(no_images(&self.args.input));
        }
        if let Some(maps) = maps {
            maps.finish()?;
        }
        if let Some(rate) = self.args.fdr {
            self.decide(&mut rows, rate)?;
        }
        let before = [("file".to_owned(), Kind::Text)];
        let names = Names::beside(["file"].into_iter(), false);
        let mut output = Output::of(self.out(), Style::default(), &before, names)?;
        let files = vec![Column::new("file", Values::Text(files))];
        output.write(None, files, &rows, None)?;
        output.finish()?;
        let mut counts = Counts::default();
        counts.add(&rows);
        Ok(counts)
    }
}
