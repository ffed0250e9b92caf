use super::sets::tests::answers;
use super::*;
use serde_json::json;

pub(crate) fn catalogue() -> Vec<Dataset> {
    let entry = |name: &str, n: u64, present: bool| Dataset {
        name: name.into(),
        n: Some(n),
        d: Some(512),
        present,
        sha256: present.then(|| format!("{n:064}")),
        get: format!("residuum datasets fetch {name}"),
        asked: String::new(),
        of: name.into(),
        whole: name.into(),
        representation: "resnet18".into(),
    };
    vec![
        entry("A_1", 5263, true),
        entry("A_2", 300, true),
        entry("B", 1000, false),
    ]
}

pub(crate) fn registry() -> Vec<Method> {
    let method = |name: &str, seconds: f64, default: serde_json::Value| Method {
        name: name.into(),
        seconds: Some(seconds),
        needs_libtorch: name == "ddpm",
        default: default.as_object().unwrap().clone(),
    };
    vec![
        method("copod", 0.3, json!({"rows": "standard", "ecdf": "train"})),
        method(
            "ddpm",
            80.0,
            json!({"rows": "standard", "epochs": 400, "learning-rate": 1e-4}),
        ),
    ]
}

pub(crate) const PROFILE: &str = r#"
    [[table]]
    id = "one"
    title = "One"
    protocol = "paper"
    published = "p"
    datasets = ["B", "A_*"]
    seeds = [{ data = 44, model = 44 }]
    [[table.column]]
    label = "COPOD"
    method = "copod"
    published = "copod"
    [[table.column]]
    label = "COPOD again"
    method = "copod"
    [[table.column]]
    label = "DDPM"
    method = "ddpm"
    set = { epochs = 300, learning-rate = 1 }
    seeds = [{ data = 44, model = 0 }, { data = 44, model = 1 }]
    [[table.column]]
    label = "DiT"
    published = "dit"
"#;

pub(crate) fn planned() -> Plan {
    plan_of(PROFILE).unwrap()
}

fn plan_of(text: &str) -> Result<Plan, Failure> {
    let profile = Profile::parse(text, "p").unwrap();
    plan(&profile, &answers(&profile, &catalogue()), &registry())
}

#[test]
fn plans_longest_first_and_equal_cells_once() {
    let plan = planned();
    let order: Vec<(&str, &str, u64)> = (plan.jobs.iter())
        .map(|job| &job.planned)
        .map(|line| (line.method.as_str(), line.dataset.as_str(), line.seed.model))
        .collect();
    let expected = [
        ("ddpm", "A_1", 0),
        ("ddpm", "A_1", 1),
        ("ddpm", "A_2", 0),
        ("ddpm", "A_2", 1),
        ("copod", "A_1", 44),
        ("copod", "A_2", 44),
    ];
    assert_eq!(order, expected);
    assert!(
        plan.jobs
            .iter()
            .enumerate()
            .all(|(i, job)| job.planned.index == i)
    );
    let columns = &plan.tables.tables[0].columns;
    assert_eq!(columns[0].cells, columns[1].cells);
    assert_eq!(columns[2].cells["A_2"].len(), 2);
    assert!(columns[3].cells.is_empty());
}

#[test]
fn absent_data_is_a_row_without_cells() {
    let plan = planned();
    let rows = &plan.tables.tables[0].rows;
    assert_eq!(rows[0].dataset, "B");
    assert!(!rows[0].present);
    assert_eq!(rows[0].get.as_deref(), Some("residuum datasets fetch B"));
    assert!(plan.jobs.iter().all(|job| job.planned.dataset != "B"));
}

#[test]
fn large_sets_are_drawn_and_wide_ones_left_out() {
    let text = PROFILE
        .replace("datasets", "max_rows = 1000\n        datasets")
        .replace("label = \"COPOD\"", "label = \"COPOD\"\nmax_columns = 511");
    let plan = plan_of(&text).unwrap();
    let rows: Vec<&str> = (plan.tables.tables[0].rows.iter())
        .map(|row| row.dataset.as_str())
        .collect();
    assert_eq!(rows, ["B", "A_1@1000", "A_2"]);
    let columns = &plan.tables.tables[0].columns;
    assert!(columns[0].cells.is_empty(), "512 columns are too many");
    assert_eq!(columns[1].cells["A_1@1000"].len(), 1);
    let drawn = |job: &&Job| job.planned.dataset == "A_1@1000" && job.planned.method == "copod";
    let drawn = plan.jobs.iter().find(drawn).unwrap();
    assert!((drawn.seconds - 0.3 * 1000.0 / 5263.0).abs() < 1e-12);
    assert_eq!(plan.sets["A_1@1000"].whole, "A_1");
}

#[test]
fn unknown_names_list_the_known_ones() {
    for (from, to, message, hint) in [
        (
            "\"copod\"\n    published",
            "\"copd\"\n    published",
            "\"copd\"",
            "copod, ddpm",
        ),
        (
            "epochs",
            "epoch",
            "no key \"epoch\"",
            "epochs, learning-rate, rows",
        ),
        (
            "\"B\"",
            "\"C\"",
            "\"C\" in table \"one\" is not a data set",
            "residuum datasets list",
        ),
        (
            "A_*",
            "Z_*",
            "matches no data set",
            "residuum datasets list",
        ),
    ] {
        let text = PROFILE.replace(from, to);
        assert_ne!(text, PROFILE);
        let error = plan_of(&text).unwrap_err();
        assert_eq!(error.code, code::USAGE);
        assert!(error.message.contains(message), "{}", error.message);
        assert!(error.hint.as_ref().unwrap().contains(hint), "{error:?}");
    }
}

#[test]
fn a_method_without_a_cost_comes_first_and_a_disturbance_stands_in_the_line() {
    let text = PROFILE.replace(
        "label = \"COPOD again\"",
        "label = \"COPOD again\"\nperturb = { sd = 0.5, kind = \"k\" }",
    );
    let profile = Profile::parse(&text, "p").unwrap();
    let mut registry = registry();
    registry[0].seconds = None;
    let plan = plan(&profile, &answers(&profile, &catalogue()), &registry).unwrap();
    assert_eq!(plan.jobs[0].planned.method, "copod");
    let lines = plan
        .jobs
        .iter()
        .map(|job| serde_json::to_string(&job.planned).unwrap());
    let disturbed = lines.filter(|line| line.ends_with(r#""perturb":{"kind":"k","sd":0.5}}"#));
    assert_eq!(disturbed.count(), 2);
}
