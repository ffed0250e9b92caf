//! What is fuzzed: a reader, and how its inputs are made.

use std::io;
use std::path::Path;

use crate::corpus::{self, Seed};
use crate::random::Random;

/// One reader. An input is a file's bytes and depends on seed, target and number alone.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Its share of the inputs, in parts of the sum over all targets.
    pub(crate) weight: u64,
    /// Writes the files that its reader needs beside the input.
    pub(crate) prepare: fn(&Path) -> io::Result<()>,
    /// Makes an input.
    pub(crate) make: fn(&mut Random, &Seeds) -> Vec<u8>,
    /// Reads an input; the folder is its own.
    pub(crate) read: fn(&Path, &[u8]) -> Outcome,
}

/// What a reader said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Why the input was refused.
    pub(crate) refused: Option<String>,
    /// Bytes of what was decoded, by a size that was checked; twice as many may be allocated.
    pub(crate) decoded: usize,
}

impl Outcome {
    pub(crate) fn accepted(decoded: usize) -> Self {
        Self {
            refused: None,
            decoded,
        }
    }

    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self {
            refused: Some(why.into()),
            decoded: 0,
        }
    }

    /// What a result says; an error's text is made, as a program would.
    pub(crate) fn of<T, E: std::error::Error>(
        result: Result<T, E>,
        decoded: impl FnOnce(T) -> usize,
    ) -> Self {
        match result {
            Ok(value) => Self::accepted(decoded(value)),
            Err(error) => Self::refused(chain(&error)),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        text += &format!(": {error}");
        below = error.source();
    }
    text
}

/// Bytes of a large input.
const LARGE: usize = 8 << 10;

/// The kept inputs of a target, which new ones are made from.
#[derive(Debug, Default)]
pub(crate) struct Seeds(Vec<Seed>);

impl Seeds {
    pub(crate) fn of(target: &Target) -> anyhow::Result<Self> {
        Ok(Self(corpus::of(target.name)?))
    }

    /// One of them, four times of five one that is accepted; large ones seldom, they take long.
    pub(crate) fn pick(&self, random: &mut Random) -> &[u8] {
        let accepted = self.0.iter().filter(|seed| seed.accepted).count();
        let among = if accepted > 0 && !random.one_in(5) {
            accepted
        } else {
            self.0.len()
        };
        let large = random.one_in(50);
        let first = self.0.get(random.below(among));
        let small = |seed: &&Seed| large || seed.bytes.len() <= LARGE;
        let seed = first.filter(small).or_else(|| self.0.iter().find(small));
        seed.map_or(&[], |seed| &seed.bytes)
    }
}
