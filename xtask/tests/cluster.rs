//! `cargo xtask reproduce --executor slurm`, on a Slurm of this machine's own and with a program that only pretends.

#![cfg(target_os = "linux")]

mod common;
#[path = "../../crates/cli/tests/support/slurm.rs"]
mod slurm;

use common::{CELLS, Sandbox, stderr, stdout, table};

#[test]
fn slurm_gives_the_table_of_this_machine() {
    let slurm = match slurm::Slurm::start(2) {
        Ok(slurm) => slurm,
        Err(why) => return skipped::because(format!("no Slurm: {why}")),
    };
    let here = table(&Sandbox::new().reproduce(&[]));
    let sandbox = Sandbox::new();
    let reproduce = || {
        let words = [
            "--executor",
            "slurm",
            "--poll",
            "0.3",
            "--slurm",
            "partition=main",
        ];
        let mut command = sandbox.xtask(&["reproduce", "--jobs", "2"]);
        command
            .args(words)
            .env("PATH", slurm.path())
            .output()
            .unwrap()
    };
    let first = reproduce();
    assert_eq!(
        first.status.code(),
        Some(0),
        "{}\n{}",
        stderr(&first),
        slurm.logs()
    );
    assert_eq!((sandbox.started().len(), table(&first)), (CELLS, here));
    assert!(
        stdout(&first).contains("16 cells computed, 0 failed"),
        "{}",
        stdout(&first)
    );
    let environment = common::json(&sandbox.run_dir().join("environment.json"));
    assert_eq!(environment["executor"], "slurm");
    let second = reproduce();
    assert!(
        stderr(&second).contains("nothing to do"),
        "{}",
        stderr(&second)
    );
    assert_eq!(sandbox.started().len(), CELLS);
}
