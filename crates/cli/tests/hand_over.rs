//! `residuum` becomes the program with networks where a command asks for one. A script stands for that program.
#![cfg(target_os = "linux")]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use support::{PROGRAM, bmp, command, easy_set, ended, residuum};

/// A program that says what it was started with and ends with 42.
fn script(root: &Path) -> PathBuf {
    let path = root.join("networks.sh");
    std::fs::write(&path, "#!/bin/sh\necho \"$$ $*\" || exit 9\ncat\nexit 42\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn with_script(root: &Path, words: &[&str]) -> Command {
    let mut command = command(root);
    command.args(words).env("RESIDUUM_NETWORKS", script(root));
    command
}

#[test]
fn arguments_process_and_standard_streams_are_the_same() {
    let root = tempfile::tempdir().unwrap();
    let set = easy_set(root.path(), "easy.npz", 20, 2);
    let words = [
        "run",
        "--dataset",
        set.to_str().unwrap(),
        "--method",
        "ddpm",
    ];
    let (reader, mut writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut writer, b"to read\n").unwrap();
    drop(writer);
    let mut program = with_script(root.path(), &words);
    let program = program
        .stdin(reader)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = program.spawn().unwrap();
    let id = child.id();
    let told = ended(child.wait_with_output().unwrap());
    assert_eq!(told.code, Some(42), "{}", told.stderr);
    assert_eq!(told.stdout, format!("{id} {}\nto read\n", words.join(" ")));
    assert_eq!(told.stderr, "");
}

#[test]
fn a_standard_output_that_was_never_open_stays_closed() {
    let root = tempfile::tempdir().unwrap();
    let set = easy_set(root.path(), "easy.npz", 20, 2);
    let told = Command::new("sh")
        .args(["-c", "exec >&-; exec \"$@\"", "sh", PROGRAM])
        .args(["run", "--method", "ddpm", "--dataset"])
        .arg(set)
        .env("RESIDUUM_NETWORKS", script(root.path()))
        .stdin(Stdio::null())
        .output();
    assert_eq!(told.unwrap().status.code(), Some(9));
}

#[test]
fn only_what_asks_for_a_network_is_handed_over() {
    let root = tempfile::tempdir().unwrap();
    let set = easy_set(root.path(), "easy.npz", 20, 2);
    let set = set.to_str().unwrap();
    let photos = root.path().join("photos");
    std::fs::create_dir(&photos).unwrap();
    std::fs::write(photos.join("a.bmp"), bmp(28, 7)).unwrap();
    let out = root.path().join("v.npz");
    let run = ["run", "--dataset", set, "--method"];
    let tccm = "epsilon = 0.1, steps = 1, surrogate = { method = 'tccm' }";
    for (words, code) in [
        ([&run[..], &["knn"]].concat(), 0),
        ([&run[..], &["dte-np"]].concat(), 0),
        ([&run[..], &["ddpm"]].concat(), 42),
        ([&run[..], &["knn", "--attack", tccm]].concat(), 42),
        ([&run[..], &["knn", "--device", "cuda"]].concat(), 42),
        ([&run[..], &["knn", "--device", "cpu"]].concat(), 0),
        // What is wrong is said at once.
        ([&run[..], &["ddpm", "--set", "tran.epochs=3"]].concat(), 2),
        (
            vec![
                "run",
                "--dataset",
                "FashionMNIST_3@lite0",
                "--method",
                "knn",
            ],
            42,
        ),
        (vec!["audit", "FashionMNIST_3@lite0"], 42),
        (
            vec![
                "embed",
                photos.to_str().unwrap(),
                "-o",
                out.to_str().unwrap(),
            ],
            42,
        ),
        (vec!["methods", "show", "ddpm"], 0),
    ] {
        let told = with_script(root.path(), &words)
            .stdin(Stdio::null())
            .output();
        let told = ended(told.unwrap());
        assert_eq!(told.code, Some(code), "{words:?}: {}", told.stderr);
    }
}

#[test]
fn a_worker_is_handed_over_before_its_first_cell_or_not_at_all() {
    let root = tempfile::tempdir().unwrap();
    let set = easy_set(root.path(), "easy.npz", 20, 2);
    let line = |index: usize, method: &str| {
        json!({"index": index, "id": format!("c{index}"), "dataset": set, "data_sha256": "",
            "method": method, "protocol": "semi", "seed": {"data": 0, "model": 0}, "config": {}})
    };
    let plan = root.path().join("plan.jsonl");
    let text = format!("{}\n{}\n", line(0, "norm"), line(1, "ddpm"));
    std::fs::write(&plan, text).unwrap();
    let out = root.path().join("run");
    let cells = |to: &str| {
        let words = [
            "cells",
            "--plan",
            plan.to_str().unwrap(),
            "--from",
            "0",
            "--to",
            to,
        ];
        [&words[..], &["--out", out.to_str().unwrap()]]
            .concat()
            .iter()
            .map(|w| (*w).to_owned())
            .collect::<Vec<_>>()
    };
    let run = |to: &str, networks: bool| {
        let words = cells(to);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match networks {
            true => {
                let told = with_script(root.path(), &words)
                    .stdin(Stdio::null())
                    .output();
                ended(told.unwrap())
            }
            false => residuum(root.path(), &words),
        }
    };
    let told = run("2", true);
    assert_eq!(told.code, Some(42), "{}", told.stderr);
    assert!(!out.join("cells/c0.json").exists(), "{}", told.stdout);
    assert_eq!(
        run("1", true).code,
        Some(5),
        "a cell whose data have another hash"
    );
    // Without the other program what can be done is done, and each cell says why it was not.
    let mut alone = command(root.path());
    let told = alone
        .args(cells("2"))
        .env("RESIDUUM_NETWORKS", root.path().join("absent"))
        .output();
    assert_eq!(ended(told.unwrap()).code, Some(5));
    let cell = std::fs::read(out.join("cells/c1.json")).unwrap();
    let cell: serde_json::Value = serde_json::from_slice(&cell).unwrap();
    assert_eq!(cell["error"]["code"], 4, "{cell}");
}

#[test]
fn a_program_that_is_not_there_is_4_and_one_that_is_this_one_too() {
    let root = tempfile::tempdir().unwrap();
    let set = easy_set(root.path(), "easy.npz", 20, 2);
    let absent = root.path().join("absent");
    for (place, words) in [
        (absent.to_str().unwrap(), "there is no"),
        (PROGRAM, "has none"),
        (root.path().to_str().unwrap(), "there is no"),
    ] {
        let mut program = command(root.path());
        program.env("RESIDUUM_NETWORKS", place);
        program.args([
            "run",
            "--dataset",
            set.to_str().unwrap(),
            "--method",
            "ddpm",
        ]);
        let told = ended(program.output().unwrap());
        told.fails(4, &["networks", words, place]);
        assert!(told.stderr.contains("residuum-networks"), "{}", told.stderr);
    }
}

#[test]
fn libtorch_of_the_cache_folder_is_on_the_library_path() {
    let root = tempfile::tempdir().unwrap();
    let set = easy_set(root.path(), "easy.npz", 20, 2);
    let path = root.path().join("networks.sh");
    std::fs::write(&path, "#!/bin/sh\necho \"$LD_LIBRARY_PATH\"\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let seen = || {
        let mut program = command(root.path());
        program.env("RESIDUUM_NETWORKS", &path);
        program.env("LD_LIBRARY_PATH", "/nowhere");
        program.args([
            "run",
            "--method",
            "ddpm",
            "--dataset",
            set.to_str().unwrap(),
        ]);
        ended(program.output().unwrap()).stdout
    };
    assert_eq!(seen(), "/nowhere\n");
    let folder = root.path().join("cache/libtorch/2.11.0-cpu/lib");
    std::fs::create_dir_all(&folder).unwrap();
    assert_eq!(seen(), format!("{}:/nowhere\n", folder.display()));
}

/// A program that the loader does not start: it was linked with a library that is gone.
fn without_library(root: &Path, name: &str) -> PathBuf {
    let (library, program) = (root.join(format!("lib{name}.so")), root.join("lacking"));
    let compile = |source: &str, words: &[&str]| {
        let file = root.join("source.c");
        std::fs::write(&file, source).unwrap();
        // rustc links through it too.
        let done = Command::new("cc").arg(&file).args(words).status();
        assert!(done.unwrap().success(), "{source}");
    };
    let folder = format!("-L{}", root.display());
    let (to_library, to_program) = (library.to_str().unwrap(), program.to_str().unwrap());
    compile("int f(void) { return 7; }", &["-shared", "-o", to_library]);
    compile(
        "int f(void); int main(void) { return f(); }",
        &["-o", to_program, &folder, &format!("-l{name}")],
    );
    std::fs::remove_file(library).unwrap();
    program
}

/// The program where no libtorch is on the library path, as it is on the one of `cargo xtask test`.
fn away_from_libtorch(root: &Path) -> Command {
    let mut program = command(root);
    program.env_remove("LD_LIBRARY_PATH");
    program
}

#[test]
fn a_program_that_finds_no_libtorch_is_4_and_setup_is_named() {
    let root = tempfile::tempdir().unwrap();
    let set = easy_set(root.path(), "easy.npz", 20, 2);
    let run = |name: &str| {
        let mut program = away_from_libtorch(root.path());
        program.env("RESIDUUM_NETWORKS", without_library(root.path(), name));
        program
            .args(["run", "--method", "ddpm", "--dataset"])
            .arg(&set);
        ended(program.output().unwrap())
    };
    run("c10").fails(
        4,
        &["this needs networks", "lacking does not find libc10.so"],
    );
    assert!(
        run("c10")
            .stderr
            .contains("hint: `residuum setup` fetches libtorch")
    );
    let told = run("other");
    told.fails(4, &["lacking does not find libother.so"]);
    assert!(!told.stderr.contains("residuum setup"), "{}", told.stderr);
}

/// Setup prints what is there, and how a download goes, before it fails.
fn ends(told: &support::Ended, code: i32, words: &[&str]) {
    assert_eq!(told.code, Some(code), "{}", told.stderr);
    let error = told.stderr.lines().find(|line| line.starts_with("error: "));
    for word in words {
        assert!(error.unwrap().contains(word), "{}", told.stderr);
    }
}

/// A cache folder with files that pass for libtorch.
fn fill_cache(root: &Path) -> PathBuf {
    let folder = root.join("cache/libtorch/2.11.0-cpu");
    std::fs::create_dir_all(folder.join("include/torch")).unwrap();
    std::fs::create_dir_all(folder.join("lib")).unwrap();
    std::fs::write(folder.join("build-version"), "2.11.0+cpu\n").unwrap();
    for library in ["libtorch_cpu.so", "libc10.so"] {
        std::fs::write(folder.join("lib").join(library), "").unwrap();
    }
    folder
}

#[test]
fn setup_says_what_is_there_and_what_is_missing() {
    let root = tempfile::tempdir().unwrap();
    let setup = |networks: &Path, words: &[&str]| {
        let mut program = away_from_libtorch(root.path());
        program.env("RESIDUUM_NETWORKS", networks).arg("setup");
        program.args(words).env("RESIDUUM_PIP", "/nowhere/pip");
        ended(program.output().unwrap())
    };
    let absent = root.path().join("absent");
    let told = setup(&absent, &["--check"]);
    ends(
        &told,
        4,
        &["methods that are networks cannot run", "there is no"],
    );
    assert!(
        told.stderr
            .contains("cargo build --release --workspace --bins")
    );
    assert!(
        told.stdout.contains("libtorch           missing: "),
        "{}",
        told.stdout
    );
    assert!(
        told.stdout
            .contains("residuum-networks  missing: there is no")
    );
    // It would be fetched now, by a pip that is not there.
    ends(&setup(&absent, &[]), 4, &["which downloads libtorch"]);
    let lacking = without_library(root.path(), "c10");
    ends(&setup(&lacking, &[]), 4, &["which downloads libtorch"]);
    ends(
        &setup(&lacking, &["--check"]),
        4,
        &["does not find libc10.so"],
    );
    let folder = fill_cache(root.path());
    let told = setup(&absent, &[]);
    ends(&told, 4, &["there is no"]);
    let there = format!("libtorch           2.11.0+cpu in {}\n", folder.display());
    assert!(told.stdout.contains(&there), "{}", told.stdout);
    let told = setup(&script(root.path()), &[]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
    // The library of the cache folder is the one that the program is started with.
    std::fs::remove_file(folder.join("lib/libc10.so")).unwrap();
    let library = folder.join("lib/libc10.so");
    let source = root.path().join("source.c");
    std::fs::write(&source, "int f(void) { return 7; }").unwrap();
    let made = Command::new("cc")
        .arg("-shared")
        .arg("-o")
        .arg(&library)
        .arg(&source)
        .status();
    assert!(made.unwrap().success());
    let told = setup(&lacking, &[]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
}

#[test]
fn setup_refuses_a_wheel_with_another_hash() {
    let root = tempfile::tempdir().unwrap();
    let pip = root.path().join("pip.sh");
    let text = "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'pip 25.1 from nowhere'; exit 0; }\n\
        while [ \"$1\" != -d ]; do shift; done\n\
        echo broken >\"$2/torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl\"\n";
    std::fs::write(&pip, text).unwrap();
    std::fs::set_permissions(&pip, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut program = command(root.path());
    program.arg("setup").env("RESIDUUM_PIP", pip);
    program.env("RESIDUUM_PLATFORM", "x86_64-linux");
    // One that lies beside the program may have a libtorch.
    program.env("RESIDUUM_NETWORKS", root.path().join("absent"));
    let told = ended(program.output().unwrap());
    ends(&told, 3, &["has sha256", "expected 0f68f4ac"]);
    assert!(
        told.stderr.contains("run `residuum setup` again"),
        "{}",
        told.stderr
    );
}

/// The loader's own list of what it would load.
#[test]
fn libtorch_is_not_linked() {
    let root = tempfile::tempdir().unwrap();
    let listed = command(root.path())
        .env("LD_TRACE_LOADED_OBJECTS", "1")
        .output();
    let listed = ended(listed.unwrap()).stdout;
    assert!(listed.contains("libc.so"), "{listed}");
    assert!(
        !listed.contains("torch") && !listed.contains("libstdc++"),
        "{listed}"
    );
}
