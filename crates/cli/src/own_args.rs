use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::machine_args::Machine;

pub(crate) const FIT_EXAMPLES: &str = "\
Examples:
  residuum fit parts.csv -o parts.residuum
  residuum fit parts.parquet -o parts.residuum --key id --drop operator --missing mean
  residuum fit machines.csv -o machines.residuum --group machine --fpr 0.001 --confidence 0.95
  residuum fit vectors.npy -o vectors.residuum --method knn --set neighbours=10
  residuum fit photos/good -o photos.residuum

A share of the rows is held out of training and calibrates: what the model promises of false alarms
holds for new rows that are like them.";

pub(crate) const SCORE_EXAMPLES: &str = "\
Examples:
  residuum score parts.residuum new.csv
  residuum score parts.residuum new.parquet -o scored.parquet --fdr 0.05
  residuum score parts.residuum new.csv -o scored.csv --only-scores
  residuum score photos.residuum photos/new -o scored.csv --maps maps
  tail -f sensor.csv | residuum score sensor.residuum - --follow
  tail -f sensor.csv | residuum score sensor.residuum - --follow --skip-bad-rows
  tail -f sensor.csv | residuum score sensor.residuum - --follow --fdr 0.1 --window 1000
  residuum score parts.residuum new.csv -o scored.csv --tail

The output has the rows and columns of the input in their order, and score (higher is more
anomalous), p_value (of normal rows at most a share p has one of p or less) and anomaly.";

pub(crate) const EVALUATE_EXAMPLES: &str = "\
Examples:
  residuum evaluate parts.residuum checked.csv --label defect
  residuum evaluate parts.residuum checked.parquet --label defect --report checked
  residuum evaluate vectors.residuum vectors.npz --json
  residuum evaluate photos.residuum photos/test --report checked

Labels are 0 or 1, false or true, normal (good, ok) or anomaly. The model does not learn
from them.";

pub(crate) const SHOW_EXAMPLES: &str = "\
Examples:
  residuum show parts.residuum
  residuum show parts.residuum --json";

pub(crate) const CALIBRATE_EXAMPLES: &str = "\
Examples:
  residuum calibrate parts.residuum fresh.csv -o fresh.residuum
  residuum calibrate parts.residuum fresh.csv -o fresh.residuum --fpr 0.001 --confidence 0.95";

pub(crate) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  residuum explain parts.residuum new.csv
  residuum explain parts.residuum new.csv --rows 3,7 --top 10
  residuum explain parts.residuum new.csv --json";

/// How a file of data is read.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// What stands between two fields of a text [default: detected]
    #[arg(long, value_name = "CHARACTER")]
    pub(crate) delimiter: Option<String>,
    /// The first line of a text holds values, not names
    #[arg(long)]
    pub(crate) no_header: bool,
    /// Numbers of a text have a decimal comma
    #[arg(long, conflicts_with = "decimal_point")]
    pub(crate) decimal_comma: bool,
    /// Numbers of a text have a decimal point [default: detected]
    #[arg(long)]
    pub(crate) decimal_point: bool,
    /// Leave out and count files of a folder or a list that are damaged, no images or not there, instead of stopping
    #[arg(long)]
    pub(crate) skip_bad_files: bool,
}

/// What a threshold has to keep.
#[derive(Debug, Args)]
pub(crate) struct Rates {
    /// Share of normal rows that may be called anomalies [default: 0.01]
    #[arg(long, value_name = "RATE")]
    pub(crate) fpr: Option<f64>,
    /// How sure the rate is to hold; where the rows are too few it is an error [default: 0.95 where they suffice]
    #[arg(long, value_name = "SHARE")]
    pub(crate) confidence: Option<f64>,
    /// The same as --fpr N/M: so many false alarms a day …
    #[arg(
        long,
        value_name = "N",
        requires = "rows_per_day",
        conflicts_with = "fpr"
    )]
    pub(crate) alarms_per_day: Option<f64>,
    /// … among so many rows
    #[arg(long, value_name = "M", requires = "alarms_per_day")]
    pub(crate) rows_per_day: Option<f64>,
}

#[derive(Debug, Args)]
pub(crate) struct Fit {
    /// Examples of normal data: CSV or TSV, Parquet, .npy, .npz (array X; rows whose y is 1 are left out), IDX images, a
    /// folder of images or a .txt list of them, or - for CSV on standard input
    #[arg(value_name = "DATA")]
    pub(crate) input: PathBuf,
    /// Where the model goes
    #[arg(short, long, value_name = "FILE.residuum")]
    pub(crate) out: PathBuf,
    /// auto, or a method by name (residuum methods list)
    #[arg(long, default_value = "auto")]
    pub(crate) method: String,
    /// TOML file with settings of the method
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One setting of the method; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// What rows of numbers are: table (columns have units of their own) or embedding (vectors of a network)
    /// [default: detected]
    #[arg(long, value_name = "table|embedding")]
    pub(crate) kind: Option<String>,
    /// Learn from these columns alone. In this and other lists a name with a comma stands in quotes: '"A, B",C'
    #[arg(long, value_name = "A,B")]
    pub(crate) columns: Vec<String>,
    /// Do not learn from these columns
    #[arg(long, value_name = "A,B", conflicts_with = "columns")]
    pub(crate) drop: Vec<String>,
    /// Take these columns of dates, times or text as numbers; a value that is none is an error
    #[arg(long, value_name = "A,B")]
    pub(crate) as_number: Vec<String>,
    /// Take these columns of text or whole numbers as categories
    #[arg(long, value_name = "A,B")]
    pub(crate) as_category: Vec<String>,
    /// Column that names each row; not learned from
    #[arg(long, value_name = "COLUMN")]
    pub(crate) key: Option<String>,
    /// Column that says which rows are anomalies (1, true, anomaly), or y of an .npz: they are left out
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// Column of groups (one part measured twice, one machine): a group is held out as a whole
    #[arg(long, value_name = "COLUMN")]
    pub(crate) group: Option<String>,
    /// Column of time, numbers or dates as ISO 8601 writes them (2026-01-31): the last rows are held out
    #[arg(long, value_name = "COLUMN", conflicts_with = "group")]
    pub(crate) time: Option<String>,
    /// Where a value is missing: error, mean (of the training rows, with a column that says so) or drop (the row)
    #[arg(long, default_value = "error", value_name = "error|mean|drop")]
    pub(crate) missing: String,
    /// A share of the rows that is held out for calibration, such as 0.2, or a number of folds, such as 5: every row
    /// trains, and is scored by a detector that has not seen it [default: 0.2, or 5 where the rows are few]
    #[arg(long, value_name = "SHARE|FOLDS")]
    pub(crate) calibration: Option<String>,
    #[command(flatten)]
    pub(crate) rates: Rates,
    /// Seed of the division of the rows and of the method
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Side of the square that images become, in pixels: their middle, resized
    #[arg(long, value_name = "PIXELS", default_value = "256")]
    pub(crate) side: NonZeroUsize,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Debug, Args)]
pub(crate) struct Score {
    /// Model made by residuum fit
    pub(crate) model: PathBuf,
    /// Data like those it was fitted to, or - for CSV on standard input
    #[arg(value_name = "DATA")]
    pub(crate) input: PathBuf,
    /// Where the rows with their scores go [default: CSV on standard output]. .tsv has tabs, .csv the delimiter of the
    /// input
    #[arg(short, long, value_name = "FILE.csv|.tsv|.parquet|.jsonl")]
    pub(crate) out: Option<PathBuf>,
    /// Decide by the share of false ones among all anomalies instead of the model's threshold
    #[arg(long, value_name = "RATE")]
    pub(crate) fdr: Option<f64>,
    /// Leave the columns of the input out, but for the key
    #[arg(long)]
    pub(crate) only_scores: bool,
    /// Add a column why: the K columns that make a row's score high, with their shares
    #[arg(long, value_name = "K", conflicts_with = "follow")]
    pub(crate) explain: Option<NonZeroUsize>,
    /// Of files of images: write each with the map of its anomalies over it, and sheet.png with the worst
    #[arg(long, value_name = "DIR", conflicts_with = "follow")]
    pub(crate) maps: Option<PathBuf>,
    /// Score each line of standard input as it comes, and warn where the stream changes
    #[arg(long)]
    pub(crate) follow: bool,
    /// Go on after rows of tables and arrays that cannot be read or scored (another number of fields, no number, a
    /// missing or infinite value): they have no score, the first is named and all are counted
    #[arg(long)]
    pub(crate) skip_bad_rows: bool,
    /// With --follow and --fdr: decide whenever so many rows have come [default: 1000]
    #[arg(long, value_name = "ROWS", requires = "follow", requires = "fdr")]
    pub(crate) window: Option<NonZeroUsize>,
    /// With --follow and --fdr: decide about each row at once. Finds far less than windows do unless tens of thousands
    /// of rows were held out for calibration
    #[arg(
        long,
        value_name = "PROCEDURE",
        requires = "follow",
        requires = "fdr",
        conflicts_with = "window"
    )]
    pub(crate) online: Option<Online>,
    /// Add a column p_tail: a p-value below 1/(n + 1) for rows that score above all n calibration rows, by the tail of
    /// their scores. It is an extrapolation and promises nothing
    #[arg(long, conflicts_with = "follow")]
    pub(crate) tail: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

/// A procedure that decides about the rows of a stream one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Online {
    /// LORD++ (Ramdas, Yang, Wainwright and Jordan 2017)
    #[value(name = "lord++")]
    Lord,
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// Model made by residuum fit
    pub(crate) model: PathBuf,
    /// Data with labels, like those it was fitted to: a table, .npz (arrays X and y), or a folder of images in which
    /// the folders good, normal and ok hold the normal ones and all others anomalies; - for CSV on standard input
    #[arg(value_name = "DATA")]
    pub(crate) input: PathBuf,
    /// Column of a table that says which rows are anomalies [default: that of residuum fit --label; y of an .npz]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// Write a page with curves, the scores and the worst misses: DIR/index.html
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Model made by residuum fit
    pub(crate) model: PathBuf,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Calibrate {
    /// Model made by residuum fit
    pub(crate) model: PathBuf,
    /// Normal data that it has not seen. Rows that the label column of the model, or y of an .npz, calls anomalies are
    /// left out
    #[arg(value_name = "DATA")]
    pub(crate) input: PathBuf,
    /// Where the calibrated model goes
    #[arg(short, long, value_name = "FILE.residuum")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) rates: Rates,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Model made by residuum fit
    pub(crate) model: PathBuf,
    /// Data like those it was fitted to
    #[arg(value_name = "DATA")]
    pub(crate) input: PathBuf,
    /// Explain these rows, from 1 in tables and from 0 in arrays [default: the five with the highest scores]
    #[arg(long, value_name = "N,M", value_delimiter = ',')]
    pub(crate) rows: Vec<usize>,
    /// Show so many columns of each row
    #[arg(long, value_name = "K", default_value = "5")]
    pub(crate) top: NonZeroUsize,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) machine: Machine,
}
