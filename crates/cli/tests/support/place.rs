use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;

use super::{Ended, bmp, command, easy_set, ended, npy_f32};

/// A data root with something for each command.
pub(crate) struct Place {
    pub(crate) root: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        easy_set(root.path(), "easy.npz", 40, 4); // four anomalies: a warning
        std::fs::create_dir_all(at("photos")).unwrap();
        for i in 0..3 {
            std::fs::write(at(&format!("photos/{i}.bmp")), bmp(28, 90 + i)).unwrap();
        }
        std::fs::create_dir_all(at("run/cells")).unwrap();
        let tables = json!({"profile": "p", "tables": []});
        std::fs::write(at("run/tables.json"), tables.to_string()).unwrap();
        let cell = json!({"index": 0, "id": "a", "dataset": "absent", "data_sha256": "", "method": "norm",
            "protocol": "semi", "seed": {"data": 0, "model": 0}, "config": {}});
        std::fs::write(at("plan.jsonl"), format!("{cell}\n")).unwrap();
        std::fs::write(at("file"), "").unwrap();
        for (name, first) in [("good.npy", 0), ("fresh.npy", 60)] {
            let wave = |i: usize, j: usize| (((i + first) * 37 + j * 101) % 997) as f32 / 997.0;
            std::fs::write(at(name), npy_f32(60, 4, wave)).unwrap();
        }
        let place = Self { root };
        let fit = place.command("fit @/good.npy -o @/parts.residuum").output();
        assert!(fit.unwrap().status.success());
        place
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The program with `words`, in which `@` stands for the folder.
    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = command(self.root.path());
        command.args(self.words(words)).stdin(Stdio::null());
        command
    }

    pub(crate) fn words(&self, words: &str) -> Vec<String> {
        let folder = self.root.path().display().to_string();
        words
            .split(' ')
            .map(|word| word.replace('@', &folder))
            .collect()
    }

    /// The same from a shell that does `first`, such as setting a limit.
    pub(crate) fn shell(&self, first: &str, words: &str) -> Ended {
        let program = self.command(words);
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{first}; exec \"$0\" \"$@\""));
        shell
            .arg(program.get_program())
            .args(program.get_args())
            .stdin(Stdio::null());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        ended(shell.output().unwrap())
    }
}
