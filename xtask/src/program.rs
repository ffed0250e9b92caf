//! The program `residuum` and the one with networks that it becomes: building them, and asking what they know.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use serde_json::Value;
use sweep::{Dataset, Method};

use crate::failure::{Failure, code};
use crate::workspace::Workspace;

/// The binary, and the environment it needs.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    workspace: Workspace,
}

impl Program {
    /// `RESIDUUM_PROGRAM` where set (then nothing is built), else the release build of both programs, the
    /// one with networks beside the other, with cargo's progress on stderr.
    pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<Self> {
        let workspace = workspace.clone();
        if let Some(path) = given() {
            return Ok(Self { path, workspace });
        }
        let mut cargo = workspace.cargo();
        cargo
            .args([
                "build",
                "--release",
                // Not `-p cli`: with the features of all crates unified, the tests use the same
                // builds of libtorch's bindings and of Parquet.
                "--workspace",
                "--bin",
                "residuum",
                "--bin",
                "residuum-networks",
                "--message-format=json-render-diagnostics",
            ])
            .stderr(Stdio::inherit());
        let out = cargo.output().context("cannot start cargo")?;
        if !out.status.success() {
            let failure = Failure::new(code::INTERNAL, "the program does not build (see above)");
            return Err(failure.hint("cargo xtask doctor").into());
        }
        let path =
            executable(&out.stdout, "residuum").context("cargo built no binary named residuum")?;
        Ok(Self { path, workspace })
    }

    /// The binary where it has been built before, without building it.
    pub(crate) fn built(workspace: &Workspace) -> Option<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = workspace
            .root
            .join(target.unwrap_or_else(|| "target".into()));
        let path = given().unwrap_or_else(|| target.join("release/residuum"));
        path.is_file().then(|| Self {
            path,
            workspace: workspace.clone(),
        })
    }

    /// A command of the program, started in the workspace, with libtorch on its library path.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(arguments)
            .current_dir(&self.workspace.root)
            .env("LD_LIBRARY_PATH", self.workspace.library_path())
            .env("OMP_WAIT_POLICY", "passive");
        if let Some(commit) = self.workspace.commit() {
            command.env("RESIDUUM_GIT", commit);
        }
        command
    }

    /// As a sweep starts it, here or on another machine that sees the same files.
    pub(crate) fn worker(&self) -> sweep::Program {
        let mut worker = sweep::Program::here(self.path.clone());
        worker.folder.clone_from(&self.workspace.root);
        let library_path = self.workspace.library_path().to_string_lossy().into_owned();
        let set = [
            ("LD_LIBRARY_PATH", Some(library_path)),
            ("OMP_WAIT_POLICY", Some("passive".to_owned())),
            ("RESIDUUM_GIT", self.workspace.commit()),
        ];
        for (name, value) in set {
            if let Some(value) = value {
                worker.environment.insert(name.to_owned(), value);
            }
        }
        worker
    }

    /// The data sets that names and patterns stand for.
    pub(crate) fn datasets(&self, names: &[String]) -> anyhow::Result<Vec<Dataset>> {
        self.list("datasets", names)
    }

    /// The registry.
    pub(crate) fn methods(&self) -> anyhow::Result<Vec<Method>> {
        self.list("methods", &[])
    }

    fn list<T: serde::de::DeserializeOwned>(
        &self,
        what: &str,
        names: &[String],
    ) -> anyhow::Result<Vec<T>> {
        let out = self
            .command(&[what, "list", "--json", "--"])
            .args(names)
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start {:?}", self.path))?;
        if !out.status.success() {
            return Err(ended(&self.path, &format!("{what} list --json"), out.status).into());
        }
        serde_json::from_slice(&out.stdout)
            .with_context(|| format!("`residuum {what} list --json` printed something else"))
    }
}

/// The executable of a target, from what `cargo build --message-format=json` printed.
pub(crate) fn executable(messages: &[u8], target: &str) -> Option<PathBuf> {
    let messages = messages
        .split(|&b| b == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let mut built = messages.filter(|message| message["target"]["name"] == target);
    built.find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
}

/// The failure of a command of the program, which has already said why on stderr.
pub(crate) fn ended(path: &Path, what: &str, status: std::process::ExitStatus) -> Failure {
    let code = status
        .code()
        .and_then(|c| u8::try_from(c).ok())
        .unwrap_or(code::INTERNAL);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Failure::new(code, format!("`{name} {what}` ended with {status}"))
}

fn given() -> Option<PathBuf> {
    std::env::var_os("RESIDUUM_PROGRAM")
        .filter(|v| !v.is_empty())
        .map(PathBuf::from)
}
