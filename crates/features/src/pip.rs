//! pip, as a downloader of wheels: it knows the user's index, proxy and certificates.

use std::path::Path;
use std::process::{Command, Stdio};

use files::pip::{self, Cause};

/// Why pip brought nothing.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// In its words.
    pub(crate) reason: String,
    /// The index may not have been reached.
    pub(crate) network: bool,
}

/// A pip that answers.
#[derive(Debug, Clone)]
pub(crate) struct Pip {
    command: Vec<String>,
}

impl Pip {
    /// `RESIDUUM_PIP` where set, else `python3 -I -m pip` and its like; `None` where none answers.
    pub(crate) fn find() -> Option<Self> {
        let candidates = pip::candidates().into_iter().map(Self::of);
        candidates.into_iter().find(Self::answers)
    }

    pub(crate) fn of<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Self {
        Self {
            command: words.into_iter().map(Into::into).collect(),
        }
    }

    /// The command, as it would be typed.
    pub(crate) fn name(&self) -> String {
        self.command.join(" ")
    }

    fn answers(&self) -> bool {
        self.start()
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Downloads one wheel for any platform into `dir`.
    ///
    /// # Errors
    /// What pip says.
    pub(crate) fn download(&self, requirement: &str, dir: &Path) -> Result<(), Refusal> {
        let out = self
            .start()
            .args(["download", "--disable-pip-version-check", "--no-input"])
            .args(["--no-cache-dir", "--progress-bar", "off"])
            .args(["--only-binary=:all:", "--no-deps", requirement, "-d"])
            .arg(dir)
            .env("TMPDIR", dir)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Refusal {
                reason: error.to_string(),
                network: false,
            })?;
        if out.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&out.stderr);
        let (cause, reason) = pip::cause(&text);
        Err(Refusal {
            reason: reason.unwrap_or_else(|| out.status.to_string()),
            network: cause != Cause::Refused,
        })
    }

    fn start(&self) -> Command {
        pip::command(&self.command)
    }
}
