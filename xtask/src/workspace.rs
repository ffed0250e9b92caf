//! Where things are: the workspace, the cache folder, and how to start `cargo` in it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use serde_json::Value;

use crate::failure::{Failure, code};

/// The workspace this command works on.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
}

impl Workspace {
    /// `RESIDUUM_WORKSPACE` (used by the tests), else the clone that `cargo run` started us from,
    /// else the nearest folder above the current one that holds `xtask/Cargo.toml`. The path at
    /// compile time would be wrong: two clones may share one target folder.
    pub(crate) fn find() -> Result<Self, Failure> {
        if let Some(root) = env::var_os("RESIDUUM_WORKSPACE") {
            return Ok(Self { root: root.into() });
        }
        let started = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let here = env::current_dir().ok();
        started
            .iter()
            .chain(here.iter())
            .flat_map(|start| start.ancestors())
            .find(|dir| dir.join("xtask/Cargo.toml").is_file())
            .map(|dir| Self { root: dir.into() })
            .ok_or_else(|| {
                Failure::new(code::USAGE, "no workspace here")
                    .hint("run `cargo xtask` inside a clone")
            })
    }

    /// The link to libtorch that `.cargo/config.toml` points every build at.
    pub(crate) fn libtorch_link(&self) -> PathBuf {
        self.root.join(".libtorch")
    }

    /// `cargo`, in the workspace. What `cargo run` and `[env]` put into our environment is taken
    /// out again, so that builds started here and builds typed by hand share their fingerprints.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root);
        self.clean(&mut cargo);
        cargo.env("LD_LIBRARY_PATH", self.library_path());
        cargo
    }

    /// Takes what `cargo run` and `[env]` put into our environment out of that of a command.
    pub(crate) fn clean(&self, command: &mut Command) {
        for (key, _) in env::vars_os() {
            let name = key.to_string_lossy();
            let leaked = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
            if leaked.iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(&key);
            }
        }
        if self.user_libtorch().is_none() {
            command.env_remove("LIBTORCH");
        }
    }

    /// `cargo metadata`.
    pub(crate) fn metadata(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let mut cargo = self.cargo();
        let out = cargo
            .args(["metadata", "--format-version", "1"])
            .args(arguments)
            .output()?;
        let error = String::from_utf8_lossy(&out.stderr).into_owned();
        anyhow::ensure!(out.status.success(), "cargo metadata: {error}");
        serde_json::from_slice(&out.stdout).context("cargo metadata printed something else")
    }

    /// The commit checked out, with `-dirty` behind it where files differ from it.
    pub(crate) fn commit(&self) -> Option<String> {
        let mut git = Command::new("git");
        git.args([
            "describe",
            "--always",
            "--abbrev=40",
            "--dirty",
            "--exclude=*",
        ]);
        first_line(git.current_dir(&self.root).stderr(Stdio::null()))
    }

    /// `LIBTORCH` where the user set it. The value of `.cargo/config.toml` reaches us as well; it
    /// is the link itself.
    pub(crate) fn user_libtorch(&self) -> Option<PathBuf> {
        let given = PathBuf::from(env::var_os("LIBTORCH").filter(|v| !v.is_empty())?);
        (given != self.libtorch_link()).then_some(given)
    }

    /// `LD_LIBRARY_PATH` with libtorch's folder in front. The rpath of `.cargo/config.toml` only
    /// reaches binaries in `target/`: not doctests, not another target folder.
    pub(crate) fn library_path(&self) -> std::ffi::OsString {
        let mut path = self.libtorch_link().join("lib").into_os_string();
        if let Some(rest) = env::var_os("LD_LIBRARY_PATH").filter(|v| !v.is_empty()) {
            path.push(":");
            path.push(rest);
        }
        path
    }
}

/// [`files::cache_folder`].
pub(crate) fn cache_dir() -> Result<PathBuf, Failure> {
    files::cache_folder().ok_or_else(|| {
        Failure::new(code::MISSING, "no cache folder: HOME is not set")
            .hint("export RESIDUUM_CACHE=/some/folder")
    })
}

/// The first line a command prints, or `None` where it cannot be started or fails.
pub(crate) fn first_line(command: &mut Command) -> Option<String> {
    let out = command.output().ok().filter(|out| out.status.success())?;
    let text = String::from_utf8_lossy(&out.stdout);
    Some(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// As [`files::write`].
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    files::write(path, bytes).with_context(|| format!("cannot write {path:?}"))
}
