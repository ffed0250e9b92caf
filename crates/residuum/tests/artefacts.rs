//! Models that were stored once by the methods without libtorch are read by every later version and score as
//! they did. Those of all methods are read in crate `networks`, whose example `golden_artefacts` writes them.

use residuum::{Model, ModelError, Runtime, Stored};

#[path = "../../networks/tests/golden/artefacts.rs"]
#[allow(dead_code)] // the writer's half
mod artefacts;

#[test]
fn every_stored_model_is_described_and_scores_as_it_did_where_libtorch_is_not_needed() {
    let scores: artefacts::Scores =
        serde_json::from_slice(&std::fs::read(artefacts::scores_file()).unwrap()).unwrap();
    let mut n = 0;
    for method in residuum::methods() {
        let stored = Stored::read(artefacts::model_of(method));
        let stored = stored.unwrap_or_else(|error| panic!("{}: {error}", method.name));
        assert_eq!(stored.manifest().method, method.name);
        let model = stored.restore(residuum::methods(), &Runtime::cpu());
        if method.needs_libtorch {
            assert!(
                matches!(model, Err(ModelError::Registry(_))),
                "{}",
                method.name
            );
            continue;
        }
        let model: Model = model.unwrap_or_else(|error| panic!("{}: {error}", method.name));
        artefacts::check(method, &model, &scores);
        n += 1;
    }
    assert!(n >= 14, "{n} methods");
}
