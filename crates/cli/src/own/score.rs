use std::num::NonZeroUsize;
use std::path::Path;

use columns::{Column, Columns, Kind, Values};
use conformal::Tail;
use experiment::Machine;
use residuum::data::{Data, UnknownCategories};
use residuum::{Model, ModelError, RowScore, Stored};
use tables::{Format, Style, Table};

use crate::failure::{Failure, exit};
use crate::own::bad_rows::{BadRows, with_rows};
use crate::own::calibrate::{restore, side};
use crate::own::choices::FOLDS_AND_FDR;
use crate::own::counts::Counts;
use crate::own::input::{Input, Pictures, array, check_interrupt, learned, located, no_images};
use crate::own::maps::Maps;
use crate::own::output::{More, Names, Output, format};
use crate::own::stream::follow;
use crate::own::table_options::check_maps;
use crate::own::unknown::warn_of_unknown;
use crate::own::why::whys;
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
    if model.manifest().calibrated == 0 && args.fdr.is_none() && !args.follow {
        tracing::warn!(
            "the model is not calibrated: its scores have no p-values and nothing is decided; \
             `residuum calibrate MODEL ROWS -o MODEL2` takes rows that it was not trained on"
        );
    }
    if args.follow {
        return follow(args, &model);
    }
    let input = Input::open_keeping(&args.input, &args.reading, args.skip_bad_rows)?;
    check_maps(args, &input)?;
    let bar = Bar::new();
    let job = Job {
        args,
        model: &model,
        tail: match args.tail {
            true => Some(tail(&model)?),
            false => None,
        },
        progress: &bar,
    };
    let scored = match input {
        Input::Table(table) => job.table(&table),
        Input::Array(data) => job.array(&data),
        Input::Images(_) if args.skip_bad_rows => {
            let message = "--skip-bad-rows is for tables and arrays";
            Err(Failure::new(exit::USAGE, message)
                .hint("--skip-bad-files leaves out files that are damaged or no images"))
        }
        Input::Images(pictures) => job.images(&pictures),
    };
    bar.finish();
    let counts = scored?;
    tracing::info!("{counts}");
    counts.warn();
    Ok(())
}

/// The tail of the calibration scores, whose fit is shown.
fn tail(model: &Model) -> Result<Tail, Failure> {
    if let Some(cross) = model.manifest().cross {
        let message = format!(
            "--tail needs scores of rows that were held out, and this model was calibrated in {} folds",
            cross.folds
        );
        return Err(Failure::new(exit::USAGE, message)
            .hint("fit with --calibration 0.2, or calibrate on other rows"));
    }
    let tail = Tail::fit(model.calibration()?)
        .map_err(|error| Failure::new(exit::BAD_DATA, format!("--tail: {error}")))?;
    let goodness = tail.goodness();
    tracing::warn!(
        "p_tail is extrapolated: a generalised Pareto distribution of shape {:.3} and scale {:.4} over the {} largest of \
         {} calibration scores; fits as badly by chance in {:.0} % of samples (below 5 % it does not fit)",
        tail.distribution().shape,
        tail.distribution().scale,
        tail.excesses(),
        model.calibration()?.n(),
        100.0 * goodness.p_value
    );
    Ok(tail)
}

struct Job<'a> {
    args: &'a Score,
    model: &'a Model,
    /// Where p-values below those of the calibration rows are asked for.
    tail: Option<Tail>,
    progress: &'a Bar,
}

impl Job<'_> {
    fn out(&self) -> Option<&Path> {
        self.args.out.as_deref()
    }

    /// The columns of `table` to read for scoring alone, and those that are written too.
    fn table(&self, table: &Table) -> Result<Counts, Failure> {
        let mut learned = learned(&self.model.manifest().layout, table.schema());
        self.check(table, &learned)?;
        if self.args.skip_bad_rows {
            // One bad value makes a column text: what its other numbers are is not known.
            let is_known = |column: &(String, Kind)| table.schema().contains(column);
            let unknown = learned.iter_mut().filter(|column| !is_known(column));
            for (_, kind) in unknown.filter(|(_, kind)| *kind == Kind::Integer) {
                *kind = Kind::Float64;
            }
        }
        let schema = &self.representable(table, &learned)?;
        let mut bad = BadRows::new(self.model, table.file(), self.args.skip_bad_rows);
        let all = self
            .args
            .fdr
            .map(|rate| self.all(table, &learned, rate, &mut bad));
        let mut all = all.transpose()?.map(Vec::into_iter);
        let names = self.names(schema.iter().map(|(name, _)| name.as_str()));
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
        let mut unknown = UnknownCategories::new(&self.model.manifest().layout);
        for chunk in table.rows(Some(&wanted))? {
            check_interrupt()?;
            let mut chunk = chunk?;
            let n = chunk.columns.rows();
            unknown.add(&chunk.columns);
            let rows = match &mut all {
                Some(all) => all.by_ref().take(n).collect(),
                None => self.rows(table, &mut chunk, &mut bad)?,
            };
            counts.add(&rows);
            let more = self.more(Data::Columns(&chunk.columns), &rows);
            let more = more.map_err(|error| located(table.file(), chunk.first_row + 1, error))?;
            let mut before = chunk.columns.into_columns();
            before.truncate(kept.len());
            let output = match &mut output {
                Some(output) => output,
                None => output.insert(open()?),
            };
            output.write(chunk.lines.as_ref(), before, &rows, more)?;
            if output.is_gone {
                break;
            }
        }
        output.map_or_else(open, Ok)?.finish()?;
        warn_of_unknown(table.file(), &unknown);
        Ok(counts.with_bad(bad.count()))
    }

    /// The columns of `table`, without those that the model does not use and that have values which cannot be written.
    fn representable(
        &self,
        table: &Table,
        learned: &[(String, Kind)],
    ) -> Result<Vec<(String, Kind)>, Failure> {
        let key = self.model.manifest().columns.key.as_deref();
        let is_used = |name: &str| {
            self.args.only_scores || key == Some(name) || learned.iter().any(|(own, _)| own == name)
        };
        let odd = table.not_representable(|name| !is_used(name))?;
        for (name, what) in &odd {
            tracing::warn!(
                "{}: column {name:?} is not read and is left out of the output too: {what}",
                table.file()
            );
        }
        let is_odd = |name: &str| odd.iter().any(|(other, _)| other == name);
        let schema = table.schema().iter();
        Ok(schema.filter(|(name, _)| !is_odd(name)).cloned().collect())
    }

    /// That the model takes such a table: one without rows as well.
    fn check(&self, table: &Table, learned: &[(String, Kind)]) -> Result<(), Failure> {
        let empty = |(name, kind): &(String, Kind)| Column::new(name.clone(), Values::none(*kind));
        let empty = Columns::new(learned.iter().map(empty).collect())
            .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))?;
        let encoded = self.model.manifest().layout.encode(Data::Columns(&empty));
        encoded
            .map(|_| ())
            .map_err(|error| located(table.file(), 1, error.into()))
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

    fn rows(
        &self,
        table: &Table,
        chunk: &mut tables::Chunk,
        bad: &mut BadRows<'_>,
    ) -> Result<Vec<Option<RowScore>>, Failure> {
        let after = After {
            progress: self.progress,
            done: chunk.first_row,
            total: table.row_count(),
        };
        let unread = std::mem::take(&mut chunk.bad);
        bad.all(
            Data::Columns(&chunk.columns),
            chunk.first_row + 1,
            unread,
            &after,
        )
    }

    /// The scores of all rows, decided together.
    fn all(
        &self,
        table: &Table,
        learned: &[(String, Kind)],
        rate: f64,
        bad: &mut BadRows<'_>,
    ) -> Result<Vec<Option<RowScore>>, Failure> {
        let mut all = Vec::new();
        for chunk in table.rows(Some(learned))? {
            check_interrupt()?;
            all.extend(self.rows(table, &mut chunk?, bad)?);
        }
        self.decide(&mut all, rate)?;
        Ok(all)
    }

    fn decide(&self, rows: &mut [Option<RowScore>], rate: f64) -> Result<(), Failure> {
        let n = self.model.calibration()?.n();
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

    fn names<'n>(&self, taken: impl Iterator<Item = &'n str>) -> Names {
        Names::beside(taken, self.args.tail, self.args.explain.is_some())
    }

    /// What is asked for beside the scores.
    fn more(&self, data: Data<'_>, rows: &[Option<RowScore>]) -> Result<More, ModelError> {
        let top = self.args.explain.map(NonZeroUsize::get);
        let whys = top.map(|top| self.whys(data, rows, top));
        Ok(More {
            tails: self.tails(rows)?,
            whys: whys.transpose()?,
        })
    }

    /// Why the rows that have a score have it.
    fn whys(
        &self,
        data: Data<'_>,
        rows: &[Option<RowScore>],
        top: usize,
    ) -> Result<Vec<Option<String>>, ModelError> {
        let scored: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].is_some()).collect();
        if !self.args.skip_bad_rows || scored.len() == rows.len() {
            return whys(self.model, data, top, self.progress);
        }
        let mut all = vec![None; rows.len()];
        if scored.is_empty() {
            return Ok(all);
        }
        let some = with_rows(data, &scored, |some| {
            whys(self.model, some, top, self.progress)
        })?;
        for (row, why) in scored.into_iter().zip(some) {
            all[row] = why;
        }
        Ok(all)
    }

    /// P-values by the tail of the calibration scores; `None` where nobody asks.
    fn tails(&self, rows: &[Option<RowScore>]) -> Result<Option<Vec<Option<f64>>>, ModelError> {
        let Some(tail) = &self.tail else {
            return Ok(None);
        };
        let calibration = self.model.calibration()?;
        let value = |row: &RowScore| Ok(tail.p_value(calibration, row.score)?.value());
        let all = rows.iter().map(|row| row.as_ref().map(value).transpose());
        all.collect::<Result<_, ModelError>>().map(Some)
    }

    fn array(&self, data: &datasets::Data) -> Result<Counts, Failure> {
        let file = self.args.input.display().to_string();
        let mut bad = BadRows::new(self.model, &file, self.args.skip_bad_rows);
        let mut rows = bad.all(array(data), 0, Vec::new(), self.progress)?;
        if let Some(rate) = self.args.fdr {
            self.decide(&mut rows, rate)?;
        }
        let before = [("row".to_owned(), Kind::Integer)];
        let names = self.names(["row"].into_iter());
        let mut output = Output::of(self.out(), Style::default(), &before, names)?;
        let numbers = (0..rows.len() as i64).collect();
        let more = self.more(array(data), &rows);
        let more = more.map_err(|error| located(&file, 0, error))?;
        let numbers = vec![Column::new("row", Values::Integer(numbers))];
        output.write(None, numbers, &rows, more)?;
        output.finish()?;
        let mut counts = Counts::default();
        counts.add(&rows);
        Ok(counts.with_bad(bad.count()))
    }

    fn images(&self, pictures: &Pictures) -> Result<Counts, Failure> {
        pictures.warn();
        let side = side(self.model);
        let mut maps = match &self.args.maps {
            Some(folder) => Some(Maps::new(folder, self.model)?),
            None => None,
        };
        let top = self.args.explain.map(NonZeroUsize::get);
        let (mut files, mut rows, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
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
            if let Some(top) = top {
                let why = whys(self.model, Data::Images(images.view()), top, &after);
                reasons.extend(why.map_err(|error| located(&file, 0, error))?);
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
        let more = More {
            tails: self.tails(&rows)?,
            whys: top.map(|_| reasons),
        };
        let names = self.names(["file"].into_iter());
        let mut output = Output::of(self.out(), Style::default(), &before, names)?;
        let files = vec![Column::new("file", Values::Text(files))];
        output.write(None, files, &rows, more)?;
        output.finish()?;
        let mut counts = Counts::default();
        counts.add(&rows);
        Ok(counts)
    }
}
