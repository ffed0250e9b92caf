//! `score --follow`: each line of standard input as it comes.

use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use columns::Kind;
use detector::Silent;
use residuum::Model;
use residuum::data::{Data, Layout};

use crate::failure::{Failure, exit};
use crate::interrupt;
use crate::own::input::{check_interrupt, located, options};
use crate::own::output::{Names, Output};
use crate::own::score::Counts;
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
    let name = "standard input";
    let options = options(&args.reading)?;
    let mut rows = tables::follow(Stdin::start()?, name, &wanted, &options).map_err(stopped)?;
    let names = Names::beside(wanted.iter().map(|(name, _)| name.as_str()), false);
    let mut output = Output::beside(None, rows.style(), rows.header(), names)?;
    output.flush()?;
    let mut counts = Counts::default();
    for chunk in rows.by_ref() {
        let chunk = chunk.map_err(stopped)?;
        let scored = model
            .score(Data::Columns(&chunk.columns), &Silent)
            .map_err(|error| located(name, chunk.first_row + 1, error))?;
        counts.add(&scored);
        output.write(chunk.lines.as_ref(), Vec::new(), &scored, None)?;
        output.flush()?;
        if output.is_gone {
            break;
        }
    }
    output.finish()?;
    tracing::info!("{counts}");
    Ok(())
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
