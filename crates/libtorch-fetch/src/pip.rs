//! pip, as a downloader of wheels: it knows the user's index, proxy and certificates.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use files::pip;

use crate::error::FetchError;

/// Wheels for this platform, whatever Python runs pip.
const PLATFORMS: [&str; 4] = [
    "manylinux_2_28_x86_64",
    "manylinux_2_25_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
];

/// A pip that answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Pip {
    pub(crate) command: Vec<String>,
    /// Major and minor version.
    pub version: (u32, u32),
}

impl Pip {
    /// `RESIDUUM_PIP` where set (used by the tests), else `python3 -I -m pip` and its like.
    ///
    /// # Errors
    /// [`FetchError::NoPip`] where none answers.
    pub fn find() -> Result<Self, FetchError> {
        let candidates = pip::candidates();
        candidates.into_iter().find_map(Self::ask).ok_or_else(|| {
            let python = Command::new("python3")
                .args(["-I", "--version"])
                .output()
                .is_ok_and(|o| o.status.success());
            FetchError::NoPip(match python {
                true => "python3 has no pip",
                false => "there is no python3",
            })
        })
    }

    fn ask(command: Vec<String>) -> Option<Self> {
        let out = pip::command(&command).arg("--version").output().ok()?;
        let version = parse_version(&String::from_utf8_lossy(&out.stdout))?;
        out.status.success().then_some(Self { command, version })
    }

    /// The command, as it would be typed.
    pub fn name(&self) -> String {
        self.command.join(" ")
    }

    /// Starts `pip download` into `dir`; unfinished files lie under `temporary`. What pip writes to standard
    /// error is read by the caller.
    pub(crate) fn start(
        &self,
        what: &[String],
        with_dependencies: bool,
        dir: &Path,
        temporary: &Path,
    ) -> Result<Child, FetchError> {
        self.download(what, with_dependencies, dir, temporary)
            .spawn()
            .map_err(FetchError::files(|| {
                format!("cannot start {}", self.name())
            }))
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
    /// [`FetchError::Download`] with what pip says.
    pub fn try_out(&self, requirement: &str) -> Result<(), FetchError> {
        let dir =
            tempfile::tempdir().map_err(FetchError::files(|| "no temporary folder".to_owned()))?;
        let what = [requirement.to_owned()];
        let out = self
            .download(&what, false, dir.path(), dir.path())
            .args(["--retries", "1"])
            .output()
            .map_err(FetchError::files(|| {
                format!("cannot start {}", self.name())
            }))?;
        if out.status.success() {
            return Ok(());
        }
        let (cause, line) = pip::cause(&String::from_utf8_lossy(&out.stderr));
        Err(FetchError::Download {
            requirement: requirement.to_owned(),
            pip: self.name(),
            reason: line.unwrap_or_else(|| out.status.to_string()),
            cause,
        })
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
