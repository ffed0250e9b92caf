//! `residuum` and the program that it becomes.

#[path = "../../cli/tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::Command;

use support::{PROGRAM, command, easy_set, ended};

#[test]
fn both_programs_give_the_same_scores() {
    // Another crate's program: a build of the workspace puts it beside.
    let light = Path::new(PROGRAM).with_file_name("residuum");
    if !light.is_file() {
        skipped::because(format_args!("no {}", light.display()));
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let set = easy_set(root.path(), "easy.npz", 60, 4);
    let scores = |program: &Path, method: &str| {
        let out = root.path().join("scores.csv");
        let environment = command(root.path());
        let mut program = Command::new(program);
        for (name, value) in environment.get_envs() {
            match value {
                Some(value) => program.env(name, value),
                None => program.env_remove(name),
            };
        }
        let words = ["run", "--method", method, "--threads", "1"];
        program.args(words).arg("--dataset").arg(&set);
        if method == "tccm" {
            program.args(["--set", "train.epochs=2"]);
        }
        let told = ended(program.arg("--scores").arg(&out).output().unwrap());
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        std::fs::read_to_string(&out).unwrap()
    };
    for method in ["knn", "dte-np", "tccm"] {
        let whole = scores(Path::new(PROGRAM), method);
        assert_eq!(scores(&light, method), whole, "{method}");
    }
}
