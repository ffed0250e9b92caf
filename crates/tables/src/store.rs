//! Bytes that several readers read at places of their own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

/// A file or bytes in memory.
#[derive(Debug)]
pub(crate) struct Store {
    length: u64,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Memory(Vec<u8>),
    File(Mutex<File>),
}

impl Store {
    pub(crate) fn memory(bytes: Vec<u8>) -> Self {
        Self {
            length: bytes.len() as u64,
            bytes: Bytes::Memory(bytes),
        }
    }

    pub(crate) fn file(file: File) -> io::Result<Self> {
        Ok(Self {
            length: file.metadata()?.len(),
            bytes: Bytes::File(Mutex::new(file)),
        })
    }

    /// How many bytes there were when it was opened.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Reads some bytes from `offset` on; 0 at the end.
    pub(crate) fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        match &self.bytes {
            Bytes::Memory(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                bytes.get(from..).unwrap_or_default().read(into)
            }
            Bytes::File(file) => {
                let mut file = file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                file.seek(SeekFrom::Start(offset))?;
                file.read(into)
            }
        }
    }
}

/// Reads a store from a place on.
#[derive(Debug)]
pub(crate) struct ReadFrom {
    store: Arc<Store>,
    offset: u64,
}

impl ReadFrom {
    pub(crate) fn new(store: &Arc<Store>, offset: u64) -> Self {
        let store = Arc::clone(store);
        Self { store, offset }
    }
}

impl Read for ReadFrom {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.store.read_at(self.offset, into)?;
        self.offset += read as u64;
        Ok(read)
    }
}
