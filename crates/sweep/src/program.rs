use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use files::shell;

/// The program `residuum`, and what it needs around it on whatever machine it is started.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// Its file.
    pub path: PathBuf,
    /// Arguments in front of its command.
    pub arguments: Vec<String>,
    /// Where it is started: names of files may be relative to it.
    pub folder: PathBuf,
    /// Variables that are set for it.
    pub environment: BTreeMap<String, String>,
}

impl Program {
    /// The program at `path` as it would be started from here: in this folder, with the variables of ours and
    /// the way to libraries as they are.
    pub fn here(path: PathBuf) -> Self {
        let ours = |name: &str| {
            let passing = ["RESIDUUM_SKIPPED", "RESIDUUM_HANDED_OVER"];
            name == "LD_LIBRARY_PATH" || name.starts_with("RESIDUUM_") && !passing.contains(&name)
        };
        Self {
            path,
            arguments: Vec::new(),
            folder: std::env::current_dir().unwrap_or_default(),
            environment: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .filter(|(name, _)| ours(name))
                .collect(),
        }
    }

    /// To start it on this machine.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .envs(&self.environment);
        command
    }

    /// Lines of a shell script that prepare its start, and the words that start it.
    pub(crate) fn shell(&self) -> (String, String) {
        let folder = shell(&self.folder);
        let mut before = format!("cd {folder} || exit 4\n");
        for (name, value) in &self.environment {
            before.push_str(&format!("export {name}={}\n", shell(Path::new(value))));
        }
        let path = self.path.display().to_string();
        let words = std::iter::once(&path).chain(&self.arguments);
        let words: Vec<String> = words.map(|word| shell(Path::new(word))).collect();
        (before, words.join(" "))
    }
}
