//! `score --follow`: each line of standard input as it comes.

use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use columns::Kind;
use conformal::{ConformalError, Drift};
use detector::Silent;
use residuum::data::{Data, Layout, UnknownCategories};
use residuum::{Model, RowScore};

use crate::failure::{Failure, exit};
use crate::interrupt;
use crate::own::bad_rows::BadRows;
use crate::own::counts::Counts;
use crate::own::decided::Decided;
use crate::own::input::{check_interrupt, options};
use crate::own::output::{More, Names, Output};
use crate::own::unknown::warn_of_unknown;
use crate::own_args::Score;

pub(super) fn follow(args: &Score, model: &Model) -> Result<(), Failure> {
    if args.input != Path::new("-") || args.out.is_some() {
        let message = "--follow scores standard input (DATA is -) and writes to standard output";
        return Err(Failure::new(exit::USAGE, message)
            .hint("tail -f FILE | residuum score MODEL - --follow"));
    }
    let Layout::Table(layout) = &model.manifest().layout else {
        let message = "--follow needs a model of a table";
        return Err(Failure::new(exit::USAGE, message));
    };
    // A column that was whole so far may not stay so.
    let kind = |kind| match kind {
        Kind::Integer => Kind::Float64,
        other => other,
    };
    let columns = layout.columns.iter();
    let wanted: Vec<(String, Kind)> = columns
        .map(|column| (column.name.clone(), kind(column.kind)))
        .collect();
    let options = tables::Options {
        keep_bad_rows: true,
        ..options(&args.reading)?
    };
    let rows = tables::follow(Stdin::start()?, NAME, &wanted, &options).map_err(stopped)?;
    let header = rows.header().unwrap_or_default();
    let taken = header.split(char::from(rows.style().delimiter));
    let names = Names::beside(taken.map(|name| name.trim_matches('"')), false, false);
    let output = Output::beside(None, rows.style(), rows.header(), names)?;
    Stream {
        bad: BadRows::new(model, NAME, args.skip_bad_rows),
        output,
        counts: Counts::default(),
        drift: watched(model)?,
        unknown: Some(UnknownCategories::new(&model.manifest().layout)),
        decided: Decided::new(args, model)?,
    }
    .run(rows)
}

/// The name of the stream in messages.
const NAME: &str = "standard input";
/// Categories that the model does not know are warned of after so many values.
const ENOUGH: u64 = 100;
/// A change is looked for in so many rows: each takes 8 bytes.
const MOST_WATCHED: u64 = 10_000_000;

/// Looks for a change of the stream; where every row is scored by several detectors there is nothing that its
/// scores could be ranked among.
fn watched(model: &Model) -> Result<Option<Drift>, Failure> {
    match model.manifest().cross {
        Some(_) => Ok(None),
        None => Drift::new(model.calibration()?, Drift::LEVEL, model.manifest().seed)
            .map(Some)
            .map_err(internal),
    }
}

pub(super) fn internal(error: ConformalError) -> Failure {
    Failure::new(exit::INTERNAL, error.to_string())
}

struct Stream<'a> {
    bad: BadRows<'a>,
    output: Output,
    counts: Counts,
    drift: Option<Drift>,
    /// Until it was said.
    unknown: Option<UnknownCategories>,
    decided: Decided,
}

impl Stream<'_> {
    fn run(mut self, rows: tables::Follow<Stdin>) -> Result<(), Failure> {
        self.output.flush()?;
        let ended = self.answer(rows);
        if ended.is_err() && interrupt::asked() {
            return ended;
        }
        // What came before an error is answered.
        self.decided.end()?;
        self.write_decided()?;
        self.warn_of_unknown();
        self.output.finish()?;
        ended?;
        tracing::info!("{}", self.counts);
        self.counts.with_bad(self.bad.count()).warn();
        Ok(())
    }

    /// Up to the end, or to the first row that cannot be read or scored.
    fn answer(&mut self, rows: tables::Follow<Stdin>) -> Result<(), Failure> {
        for chunk in rows {
            let chunk = chunk.map_err(stopped)?;
            let data = Data::Columns(&chunk.columns);
            let first = chunk.first_row + 1;
            let (scored, bad) = self.bad.score(data, first, chunk.bad, &Silent)?;
            if let Some(unknown) = &mut self.unknown {
                unknown.add(&chunk.columns);
                if unknown.values() >= ENOUGH {
                    self.warn_of_unknown();
                }
            }
            self.watch(chunk.first_row, &scored)?;
            let lines = chunk.lines.map(|lines| lines.first(scored.len()));
            self.decided.take(chunk.first_row, lines, scored)?;
            self.write_decided()?;
            if let Some(bad) = bad {
                return Err(bad);
            }
            if self.output.is_gone {
                break;
            }
        }
        Ok(())
    }

    /// Warns of categories that the model does not know, once.
    fn warn_of_unknown(&mut self) {
        if let Some(unknown) = self.unknown.take() {
            warn_of_unknown(NAME, &unknown);
        }
    }

    fn write_decided(&mut self) -> Result<(), Failure> {
        while let Some((lines, rows)) = self.decided.next() {
            self.counts.add(&rows);
            self.output
                .write(lines.as_ref(), Vec::new(), &rows, More::default())?;
            self.output.flush()?;
        }
        Ok(())
    }

    /// Warns once where the stream has changed.
    fn watch(&mut self, first: u64, rows: &[Option<RowScore>]) -> Result<(), Failure> {
        for (row, scored) in rows.iter().enumerate() {
            let (Some(drift), Some(scored)) = (&mut self.drift, scored) else {
                continue;
            };
            let row = first + row as u64 + 1;
            let alarm = drift.push(scored.score).map_err(internal)?.alarm;
            if alarm {
                tracing::warn!(
                    "row {row}: the stream is unlike the rows that the model was calibrated on: it changed, its order \
                     matters, or it has strong anomalies (one stream in {:.0} says so by chance)",
                    1.0 / Drift::LEVEL
                );
            }
            if alarm || row >= MOST_WATCHED {
                self.drift = None;
            }
        }
        Ok(())
    }
}

/// The failure of reading, or that of a signal that ended it.
fn stopped(error: tables::TablesError) -> Failure {
    match check_interrupt() {
        Ok(()) => error.into(),
        Err(failure) => failure,
    }
}

/// Standard input that ends with an error once a signal has come: a read that waits would not see it.
struct Stdin {
    pieces: Receiver<io::Result<Vec<u8>>>,
    rest: Vec<u8>,
    used: usize,
}

/// How long a signal may wait.
const PAUSE: Duration = Duration::from_millis(50);

impl Stdin {
    fn start() -> Result<Self, Failure> {
        let (send, pieces) = sync_channel(4);
        let read = move || {
            let mut input = io::stdin().lock();
            loop {
                let mut piece = vec![0; 1 << 16];
                let read = input.read(&mut piece).map(|n| {
                    piece.truncate(n);
                    piece
                });
                let is_end = !matches!(&read, Ok(piece) if !piece.is_empty());
                if send.send(read).is_err() || is_end {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("stdin".to_owned());
        thread.spawn(read).map_err(|error| {
            Failure::new(exit::RETRY, format!("cannot read standard input: {error}"))
        })?;
        Ok(Self {
            pieces,
            rest: Vec::new(),
            used: 0,
        })
    }
}

impl Read for Stdin {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.used == self.rest.len() {
            match self.pieces.recv_timeout(PAUSE) {
                Ok(piece) => {
                    self.rest = piece?;
                    self.used = 0;
                    if self.rest.is_empty() {
                        return Ok(0);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if interrupt::asked() => {
                    return Err(io::Error::other("interrupted"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        let n = into.len().min(self.rest.len() - self.used);
        into[..n].copy_from_slice(&self.rest[self.used..self.used + n]);
        self.used += n;
        Ok(n)
    }
}
