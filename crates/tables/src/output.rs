use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use files::Pending;

use crate::TablesError;

/// Where a table goes.
pub enum Target {
    /// A file: there is the whole table or what was there before.
    Path(PathBuf),
    /// Standard output.
    Stdout,
    /// Anything else.
    Stream {
        /// Its name in messages.
        name: String,
        /// What is written to.
        stream: Box<dyn Write + Send>,
    },
}

impl From<&Path> for Target {
    /// A file, or standard output for `-`.
    fn from(path: &Path) -> Self {
        match path == Path::new("-") {
            true => Self::Stdout,
            false => Self::Path(path.to_owned()),
        }
    }
}

impl From<&PathBuf> for Target {
    fn from(path: &PathBuf) -> Self {
        path.as_path().into()
    }
}

/// An open target.
pub(crate) struct Output {
    name: String,
    sink: Sink,
}

enum Sink {
    File(BufWriter<Pending>),
    Stream(BufWriter<Box<dyn Write + Send>>),
}

const BUFFER: usize = 1 << 18;

impl Output {
    pub(crate) fn open(target: Target) -> Result<Self, TablesError> {
        let stream = |stream| Sink::Stream(BufWriter::with_capacity(BUFFER, stream));
        let (name, sink) = match target {
            Target::Path(path) => {
                let name = path.display().to_string();
                let pending = Pending::create(&path);
                let pending = pending.map_err(|source| refused(&name, source))?;
                (name, Sink::File(BufWriter::with_capacity(BUFFER, pending)))
            }
            Target::Stdout => ("standard output".to_owned(), stream(Box::new(io::stdout()))),
            Target::Stream {
                name,
                stream: given,
            } => (name, stream(given)),
        };
        Ok(Self { name, sink })
    }

    /// The error of the system, with the name.
    pub(crate) fn refused(&self, source: io::Error) -> TablesError {
        refused(&self.name, source)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A mistake of the caller, with the name.
    pub(crate) fn wrong(&self, what: String) -> TablesError {
        TablesError::File {
            file: self.name.clone(),
            what,
        }
    }

    /// Writes what is buffered and gives a file its name.
    pub(crate) fn finish(self) -> Result<(), TablesError> {
        let Self { name, sink } = self;
        let done = match sink {
            Sink::File(buffered) => match buffered.into_inner() {
                Ok(pending) => pending.commit(),
                Err(error) => Err(error.into_error()),
            },
            Sink::Stream(mut buffered) => buffered.flush(),
        };
        done.map_err(|source| refused(&name, source))
    }
}

fn refused(name: &str, source: io::Error) -> TablesError {
    TablesError::Write {
        file: name.to_owned(),
        source,
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::File(file) => file.write(bytes),
            Sink::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::File(file) => file.flush(),
            Sink::Stream(stream) => stream.flush(),
        }
    }
}
