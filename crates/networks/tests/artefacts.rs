//! Models that were stored once, one of each method, are read by every later version and score as they did.

use residuum::{Model, Runtime};

#[path = "golden/artefacts.rs"]
#[allow(dead_code)] // the writer's half
mod artefacts;

#[test]
fn every_stored_model_scores_as_it_did() {
    let scores: artefacts::Scores =
        serde_json::from_slice(&std::fs::read(artefacts::scores_file()).unwrap()).unwrap();
    for method in networks::methods() {
        let path = artefacts::model_of(method);
        let model = Model::load(&path, networks::methods(), &Runtime::cpu());
        let model = model.unwrap_or_else(|error| panic!("{}: {error}", method.name));
        artefacts::check(method, &model, &scores);
    }
    assert_eq!(scores.len(), networks::methods().len());
}

#[test]
fn they_are_small() {
    let files = std::fs::read_dir(artefacts::folder()).unwrap();
    let bytes: u64 = files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    assert!(bytes < 1_500_000, "{bytes} bytes");
}
