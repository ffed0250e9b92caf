//! kill -9 while a model is written over another one.
#![cfg(target_os = "linux")]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use support::{end, npy_f32, residuum, signal, start};

const MOMENTS: usize = 40;

fn fit<'a>(seed: &'a str, data: &'a str, out: &'a str) -> [&'a str; 12] {
    [
        "fit",
        data,
        "-o",
        out,
        "--method",
        "iforest",
        "--set",
        "trees=300",
        "--seed",
        seed,
        "--calibration",
        "0.2",
    ]
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn the_old_model_or_the_new_one_stands_there_whenever_the_program_is_killed() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name).display().to_string();
    let value = |i: usize, j: usize| ((i * 37 + j * 101 + i * j) % 9973) as f32;
    std::fs::write(at("rows.npy"), npy_f32(6000, 10, value)).unwrap();
    std::fs::create_dir(at("models")).unwrap();
    let (data, model) = (at("rows.npy"), at("models/parts.residuum"));
    let mut bytes = Vec::new();
    let mut whole = Duration::ZERO;
    for seed in ["1", "0"] {
        let began = Instant::now();
        let ended = residuum(root.path(), &fit(seed, &data, &model));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        whole = began.elapsed();
        bytes.push(std::fs::read(&model).unwrap());
    }
    assert_ne!(bytes[0], bytes[1]);
    let mut killed = 0;
    for moment in 0..MOMENTS {
        let seed = if moment % 2 == 0 { "1" } else { "0" };
        let child = start(root.path(), &fit(seed, &data, &model));
        // Spread over the whole run, closer at its end, where the file is written.
        let draw = (moment as f64 * 0.618_034).fract();
        std::thread::sleep(whole.mul_f64(1.0 - draw * draw));
        signal(&child, "KILL");
        killed += usize::from(end(child).code.is_none());
        let found = std::fs::read(&model).unwrap();
        assert!(bytes.contains(&found), "moment {moment}");
    }
    assert!(
        killed > MOMENTS / 4,
        "{killed} of {MOMENTS} were killed at work"
    );
    // What killed processes left is removed by the next one.
    let ended = residuum(root.path(), &fit("1", &data, &model));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(std::fs::read(&model).unwrap(), bytes[0]);
    assert_eq!(names(&root.path().join("models")), ["parts.residuum"]);
}
