//! pip, as a downloader of wheels: it knows the user's index, proxy and certificates.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use files::pip::{self, Cause};

use crate::failure::{Failure, code};

/// Wheels for this platform, whatever Python runs pip.
const PLATFORMS: [&str; 4] = [
    "manylinux_2_28_x86_64",
    "manylinux_2_25_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
];

/// A pip that answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pip {
    pub(super) command: Vec<String>,
    /// Major and minor version.
    pub(crate) version: (u32, u32),
}

impl Pip {
    /// `RESIDUUM_PIP` where set (used by the tests), else `python3 -I -m pip` and its like.
    ///
    /// # Errors
    /// Missing, where none answers.
    pub(crate) fn find() -> Result<Self, Failure> {
        let candidates = pip::candidates();
        candidates.into_iter().find_map(Self::ask).ok_or_else(|| {
            let python = Command::new("python3")
                .args(["-I", "--version"])
                .output()
                .is_ok_and(|o| o.status.success());
            let what = if python {
                "python3 has no pip"
            } else {
                "there is no python3"
            };
            Failure::new(code::MISSING, format!("{what}, which downloads libtorch")).hint(
                "apt-get install python3-pip, or set LIBTORCH to a libtorch 2.11.0, \
                 or pip install torch==2.11.0 elsewhere and export LIBTORCH_USE_PYTORCH=1",
            )
        })
    }

    fn ask(command: Vec<String>) -> Option<Self> {
        let out = pip::command(&command).arg("--version").output().ok()?;
        let version = parse_version(&String::from_utf8_lossy(&out.stdout))?;
        out.status.success().then_some(Self { command, version })
    }

    /// The command, as it would be typed.
    pub(crate) fn name(&self) -> String {
        self.command.join(" ")
    }

    /// Starts `pip download` into `dir`; unfinished files lie under `temporary`. What pip writes to standard
    /// error is read by the caller.
    pub(super) fn start(
        &self,
        what: &[String],
        with_dependencies: bool,
        dir: &Path,
        temporary: &Path,
    ) -> anyhow::Result<Child> {
        self.download(what, with_dependencies, dir, temporary)
            .spawn()
            .with_context(|| format!("cannot start {}", self.name()))
    }

    fn download(
        &self,
        what: &[String],
        with_dependencies: bool,
        dir: &Path,
        temporary: &Path,
    ) -> Command {
        let mut command = pip::command(&self.command);
        command
            .args(self.arguments(what, with_dependencies))
            .arg("-d")
            .arg(dir)
            .env("TMPDIR", temporary)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// Downloads a wheel and throws it away: what set-up will do, with the same command.
    ///
    /// # Errors
    /// Missing, with what pip says.
    pub(crate) fn try_out(&self, requirement: &str) -> Result<(), Failure> {
        let failed = |what: String| Failure::new(code::MISSING, what);
        let dir = tempfile::tempdir().map_err(|e| failed(format!("no temporary folder: {e}")))?;
        let what = [requirement.to_owned()];
        let out = self
            .download(&what, false, dir.path(), dir.path())
            .args(["--retries", "1"])
            .output()
            .map_err(|e| failed(format!("cannot start {}: {e}", self.name())))?;
        if out.status.success() {
            return Ok(());
        }
        let (cause, line) = pip::cause(&String::from_utf8_lossy(&out.stderr));
        let line = line.unwrap_or_else(|| out.status.to_string());
        let message = format!("{} cannot download {}: {line}", self.name(), what[0]);
        Err(failed(message).hint(hint(cause)))
    }

    fn arguments(&self, what: &[String], with_dependencies: bool) -> Vec<String> {
        // No copy in pip's own cache: it would hold half a gigabyte that is never asked for again.
        let mut arguments: Vec<String> =
            "download --disable-pip-version-check --no-input --no-cache-dir \
             --progress-bar off --only-binary=:all: --python-version 3.12"
                .split_whitespace()
                .map(String::from)
                .collect();
        for platform in PLATFORMS {
            arguments.extend(["--platform".into(), platform.into()]);
        }
        if !with_dependencies {
            arguments.push("--no-deps".into());
        }
        // Within one run, pip 25.1 and later take up a broken transfer; none does across runs,
        // so a file that is not whole when pip ends is started again.
        if self.version >= (25, 1) {
            arguments.extend(["--resume-retries".into(), "5".into()]);
        }
        arguments.extend(what.iter().cloned());
        arguments
    }
}

/// The way out of a download that failed.
pub(super) fn hint(cause: Cause) -> String {
    let first = match cause {
        Cause::Network | Cause::NotFound => "check the network and pip's index",
        Cause::Refused => "see to what pip says (`pip config list` shows its settings)",
    };
    format!(
        "{first}, or set LIBTORCH to a libtorch 2.11.0, or pip install torch==2.11.0 elsewhere and export \
         LIBTORCH_USE_PYTORCH=1"
    )
}

/// `pip 25.1.1 from …` to `(25, 1)`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let version = text.strip_prefix("pip ")?.split_whitespace().next()?;
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    Some((parts.next()??, parts.next().flatten().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_what_they_can_do() {
        assert_eq!(
            parse_version("pip 23.2.1 from /usr/lib (python 3.11)\n"),
            Some((23, 2))
        );
        assert_eq!(parse_version("pip 26 from x"), Some((26, 0)));
        assert_eq!(parse_version("No module named pip"), None);
        let arguments = |version| {
            let command = vec!["pip".into()];
            Pip { command, version }.arguments(&["torch==2.11.0".into()], false)
        };
        assert!(!arguments((25, 0)).contains(&"--resume-retries".to_owned()));
        assert!(arguments((25, 1)).contains(&"--resume-retries".to_owned()));
        assert!(arguments((25, 1)).contains(&"--no-deps".to_owned()));
        assert_eq!(arguments((26, 0)).last().unwrap(), "torch==2.11.0");
    }
}
