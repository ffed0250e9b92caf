use detector::settings::{Setting, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::histogram::{Binned, Histogram};

/// More bins than this only fill the memory.
const MAX_BINS: usize = 100_000;

/// Bins of each column's histogram: a number or `"auto"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Raw", into = "Raw")]
#[schemars(!try_from, !into, rename_all = "kebab-case")]
pub enum Bins {
    /// A number, 2 to 100,000.
    Count(usize),
    /// The number below `√n` that Birgé & Rozenholc 2006 choose.
    ///
    /// It maximises their penalised likelihood, as in PyOD, which takes the penalty once for each bin.
    Auto,
}

impl Bins {
    /// # Errors
    /// [`Setting`] outside the range.
    pub(super) fn check(self) -> Result<(), Setting> {
        match self {
            Self::Count(bins) => {
                let valid = (2..=MAX_BINS).contains(&bins);
                check("bins", bins, valid, "2 to 100000 or \"auto\"")
            }
            Self::Auto => Ok(()),
        }
    }

    /// For the `n` values of one column.
    pub(super) fn resolve<T: Binned>(self, parts: &[&[T]], n: usize) -> usize {
        match self {
            Self::Count(bins) => bins,
            Self::Auto => {
                let n = n as f64;
                let mut best = (f64::NEG_INFINITY, 1);
                for bins in 1..(n.sqrt() as usize).max(2) {
                    let b = bins as f64;
                    let penalty = b - 1.0 + b.ln().powf(2.5);
                    let mut histogram = Histogram::over(parts, bins);
                    parts.iter().for_each(|part| histogram.add(part));
                    let terms = histogram.counts().iter().map(|count| {
                        let count = f64::from(*count);
                        count * (b * count / n + 1.0).ln() - penalty
                    });
                    let likelihood = terms.sum::<f64>();
                    if likelihood > best.0 {
                        best = (likelihood, bins);
                    }
                }
                best.1
            }
        }
    }
}

/// How bins are written in a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Raw {
    Count(usize),
    Name(String),
}

impl TryFrom<Raw> for Bins {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        match raw {
            Raw::Count(bins) => Ok(Self::Count(bins)),
            Raw::Name(name) if name == "auto" => Ok(Self::Auto),
            Raw::Name(name) => Err(format!("bins = {name:?}: expected \"auto\" or a number")),
        }
    }
}

impl From<Bins> for Raw {
    fn from(bins: Bins) -> Self {
        match bins {
            Bins::Count(bins) => Self::Count(bins),
            Bins::Auto => Self::Name("auto".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_read_as_they_are_written() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct File {
            bins: Bins,
        }
        for (text, bins) in [
            ("bins = 12\n", Bins::Count(12)),
            ("bins = \"auto\"\n", Bins::Auto),
        ] {
            let file: File = toml::from_str(text).unwrap();
            assert_eq!(file, File { bins });
            assert_eq!(toml::to_string(&file).unwrap(), text);
        }
        assert!(toml::from_str::<File>("bins = \"some\"").is_err());
        assert!(toml::from_str::<File>("bins = -3").is_err());
    }

    #[test]
    fn two_heaps_ask_for_more_bins_than_one_level() {
        let level: Vec<f32> = (0..400).map(|i| i as f32).collect();
        let heaps: Vec<f32> = (0..400).map(|i| (i % 2 * 1000 + i % 7) as f32).collect();
        assert_eq!(Bins::Auto.resolve(&[&level], 400), 1);
        assert!(Bins::Auto.resolve(&[&heaps], 400) > 3);
        assert_eq!(Bins::Auto.resolve(&[&[4.0f32]], 1), 1);
    }
}
