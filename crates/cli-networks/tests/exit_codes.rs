//! The table of exit codes in docs/using.md, for commands that take networks: places that cannot be written, weights that
//! cannot be had.
#![cfg(target_os = "linux")]

#[path = "../../cli/tests/support/mod.rs"]
mod support;

use support::place::Place;
use support::{bmp, command, ended};

/// Commands that write to the place `%`.
const WRITING: [&str; 3] = [
    "run --dataset @/easy.npz --method ddpm --set train.epochs=1 --models %/models",
    "embed @/photos -o %/vectors.npz",
    "embed @/photos -o %/vectors.parquet",
];

#[test]
fn a_place_that_cannot_be_written_is_4() {
    let place = Place::new();
    // Below a file nothing can be made, nor in /proc, not even by root.
    for folder in [
        place.at("file").display().to_string(),
        "/proc/self/task".to_owned(),
    ] {
        for words in WRITING {
            let mut command = place.command(&words.replace('%', &folder));
            command.env("RESIDUUM_CACHE", &folder);
            let told = ended(command.output().unwrap());
            assert_eq!(told.code, Some(4), "{words} {folder}: {}", told.stderr);
            assert!(told.stderr.starts_with("error: "), "{}", told.stderr);
        }
    }
}

#[test]
fn a_model_that_may_not_grow_is_4() {
    let place = Place::new();
    let out = place.at("grown");
    std::fs::create_dir(&out).unwrap();
    let words = WRITING[0].replace('%', out.to_str().unwrap());
    let told = place.shell("ulimit -f 0", &words);
    assert_eq!(told.code, Some(4), "{}", told.stderr);
    let models = std::fs::read_dir(out.join("models")).into_iter().flatten();
    let files = models.flat_map(|model| std::fs::read_dir(model.unwrap().path()).unwrap());
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = names
        .filter(|name| !name.starts_with("lock.") && name != "train.jsonl")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn weights_that_cannot_be_had_are_4() {
    let place = Place::new();
    for kind in ["train/good", "test/good", "test/bent"] {
        std::fs::create_dir_all(place.at(&format!("set/{kind}"))).unwrap();
        for i in 0..3 {
            std::fs::write(place.at(&format!("set/{kind}/{i}.bmp")), bmp(40, 60 + i)).unwrap();
        }
    }
    for words in [
        "embed @/photos -o @/vectors.npz",
        "run --dataset @/set --protocol mvtec --method padim",
        "audit @/set[lite0]",
    ] {
        let words = place.words(words).join(" ").replace("[lite0]", "@lite0");
        let mut command = command(place.root.path());
        command
            .args(words.split(' '))
            .env("RESIDUUM_PIP", "/no/such/pip");
        ended(command.output().unwrap()).fails(4, &["no pip answers"]);
    }
}
