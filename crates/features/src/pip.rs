//! pip, as a downloader of wheels: it knows the user's index, proxy and certificates.

use std::path::Path;
use std::process::{Command, Stdio};

/// A pip that answers.
#[derive(Debug, Clone)]
pub(crate) struct Pip {
    command: Vec<String>,
}

impl Pip {
    /// `RESIDUUM_PIP` where set, else `python3 -m pip`, `pip3`, `pip`; `None` where none answers.
    pub(crate) fn find() -> Option<Self> {
        let given = std::env::var("RESIDUUM_PIP").ok().filter(|v| !v.is_empty());
        let candidates = match given {
            Some(path) => vec![Self::of([path])],
            None => vec![
                Self::of(["python3", "-m", "pip"]),
                Self::of(["pip3"]),
                Self::of(["pip"]),
            ],
        };
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

    /// Downloads one wheel for any platform into `dir`; the last line that pip wrote, where it fails.
    pub(crate) fn download(&self, requirement: &str, dir: &Path) -> Result<(), String> {
        let out = self
            .start()
            .args(["download", "--disable-pip-version-check", "--no-input"])
            .args(["--no-cache-dir", "--progress-bar", "off"])
            .args(["--only-binary=:all:", "--no-deps", requirement, "-d"])
            .arg(dir)
            .env("TMPDIR", dir)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if out.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&out.stderr);
        let last = text.lines().rfind(|line| !line.trim().is_empty());
        Err(last.map_or_else(|| out.status.to_string(), str::to_owned))
    }

    fn start(&self) -> Command {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]);
        command
    }
}
