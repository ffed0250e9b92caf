//! What each crate stands on, as the table in ARCHITECTURE.md says.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use serde_json::Value;

use crate::workspace::Workspace;

/// What a crate depends on, tests apart.
struct Rule {
    name: &'static str,
    /// Of our crates, directly: these and no others.
    ours: &'static [&'static str],
    /// Of the heavy libraries, by whatever way. No crate has polars, which reads in tests what we write.
    heavy: &'static [Heavy],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heavy {
    Libtorch,
    Polars,
}

use Heavy::Libtorch;

const fn rule(name: &'static str, ours: &'static [&'static str], heavy: &'static [Heavy]) -> Rule {
    Rule { name, ours, heavy }
}

/// Every crate of the workspace.
const RULES: &[Rule] = &[
    rule("analytic", &["detector", "neighbours", "numpy-random"], &[]),
    rule(
        "baselines",
        &["detector", "neighbours", "numpy-random", "schedules"],
        &[],
    ),
    rule("charts", &[], &[]),
    rule(
        "cli",
        &[
            "charts",
            "columns",
            "conformal",
            "datasets",
            "detector",
            "experiment",
            "files",
            "libtorch-fetch",
            "pictures",
            "record",
            "report",
            "residuum",
            "sweep",
            "tables",
        ],
        &[],
    ),
    rule("cli-networks", &["cli", "networks"], &[Libtorch]),
    rule("columns", &[], &[]),
    rule("conformal", &[], &[]),
    rule("datasets", &["detector", "files", "numpy-random"], &[]),
    rule("deep", &["detector", "layers", "training"], &[Libtorch]),
    rule("detector", &["settings"], &[]),
    rule(
        "diffusion",
        &["detector", "diffusion-core", "training"],
        &[Libtorch],
    ),
    rule("diffusion-core", &["schedules", "settings"], &[Libtorch]),
    rule(
        "dit",
        &["diffusion-core", "layers", "settings"],
        &[Libtorch],
    ),
    rule(
        "dte",
        &["detector", "diffusion-core", "layers", "training"],
        &[Libtorch],
    ),
    rule(
        "experiment",
        &[
            "datasets", "detector", "files", "metrics", "record", "residuum",
        ],
        &[],
    ),
    rule("features", &["detector", "files", "tch-ext"], &[Libtorch]),
    rule("files", &[], &[]),
    rule(
        "fuzz",
        &[
            "columns", "datasets", "detector", "features", "networks", "report", "residuum",
            "tables",
        ],
        &[Libtorch],
    ),
    rule("layers", &["tch-ext"], &[Libtorch]),
    rule("libtorch-fetch", &["files"], &[]),
    rule("metrics", &[], &[]),
    rule(
        "mlp",
        &["diffusion-core", "layers", "settings"],
        &[Libtorch],
    ),
    rule("neighbours", &["detector"], &[]),
    rule(
        "networks",
        &[
            "datasets",
            "deep",
            "detector",
            "diffusion",
            "diffusion-core",
            "dit",
            "dte",
            "features",
            "mlp",
            "patches",
            "residuum",
            "tch-ext",
            "training",
            "unet",
        ],
        &[Libtorch],
    ),
    rule("numpy-random", &[], &[]),
    rule(
        "patches",
        &[
            "detector",
            "diffusion-core",
            "features",
            "files",
            "layers",
            "training",
        ],
        &[Libtorch],
    ),
    rule("pictures", &["files"], &[]),
    rule("record", &["files"], &[]),
    rule(
        "report",
        &["charts", "columns", "files", "metrics", "record", "tables"],
        &[],
    ),
    rule(
        "residuum",
        &[
            "analytic",
            "baselines",
            "columns",
            "conformal",
            "datasets",
            "detector",
            "files",
            "numpy-random",
            "pictures",
        ],
        &[],
    ),
    rule("schedules", &[], &[]),
    rule("settings", &[], &[]),
    rule("skipped", &[], &[]),
    rule("sweep", &["files", "record"], &[]),
    rule("tables", &["columns", "files"], &[]),
    rule("tch-ext", &[], &[Libtorch]),
    rule("training", &["detector", "files", "tch-ext"], &[Libtorch]),
    rule(
        "unet",
        &["diffusion-core", "layers", "settings"],
        &[Libtorch],
    ),
    rule("xtask", &["files", "libtorch-fetch", "sweep"], &[]),
];

/// Holds `cargo metadata` of the workspace, all features on, against the rules.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let graph = Graph::read(&workspace.metadata(&["--all-features"])?)?;
    let broken = broken(&graph, RULES);
    anyhow::ensure!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}

impl Heavy {
    fn is(self, package: &str) -> bool {
        match self {
            Self::Libtorch => package == "tch" || package == "torch-sys",
            Self::Polars => package == "polars" || package.starts_with("polars-"),
        }
    }
}

/// Packages by name with what they depend on, normal and build dependencies.
struct Graph {
    members: BTreeSet<String>,
    below: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn read(metadata: &Value) -> anyhow::Result<Self> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().map(String::from);
        let packages = list(&metadata["packages"]);
        let names: BTreeMap<String, String> = packages
            .iter()
            .filter_map(|package| Some((text(&package["id"])?, text(&package["name"])?)))
            .collect();
        let name = |id: &Value| id.as_str().and_then(|id| names.get(id)).cloned();
        let members = list(&metadata["workspace_members"]);
        let members = members.iter().filter_map(name).collect();
        let mut below: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let of = below
                .entry(name(&node["id"]).context("cargo metadata names no package")?)
                .or_default();
            let deps = list(&node["deps"]);
            let linked = |dep: &&Value| list(&dep["dep_kinds"]).iter().any(|k| k["kind"] != "dev");
            of.extend(
                deps.iter()
                    .filter(linked)
                    .filter_map(|dep| name(&dep["pkg"])),
            );
        }
        Ok(Self { members, below })
    }

    /// Our crates right below one.
    fn ours(&self, name: &str) -> Vec<&str> {
        let below = self.below.get(name).into_iter().flatten();
        let ours = below.filter(|below| self.members.contains(*below));
        ours.map(String::as_str).collect()
    }

    /// The heavy libraries that are reached from one.
    fn heavy(&self, name: &str) -> Vec<Heavy> {
        let mut seen = BTreeSet::new();
        let mut open = vec![name];
        while let Some(package) = open.pop() {
            let below = self.below.get(package).into_iter().flatten();
            open.extend(
                below
                    .map(String::as_str)
                    .filter(|below| seen.insert(*below)),
            );
        }
        let reached = |heavy: &Heavy| seen.iter().any(|package| heavy.is(package));
        [Libtorch, Heavy::Polars]
            .into_iter()
            .filter(reached)
            .collect()
    }
}

/// What does not keep to the rules.
fn broken(graph: &Graph, rules: &[Rule]) -> Vec<String> {
    let mut broken = Vec::new();
    for name in &graph.members {
        let (ours, heavy) = (graph.ours(name), graph.heavy(name));
        let Some(rule) = rules.iter().find(|rule| rule.name == name) else {
            broken.push(format!("{name} has no rule; as it is: {ours:?}, {heavy:?}"));
            continue;
        };
        if ours != rule.ours {
            broken.push(format!(
                "{name} depends on {ours:?}, not on {:?}",
                rule.ours
            ));
        }
        if heavy != rule.heavy {
            broken.push(format!("{name} reaches {heavy:?}, not {:?}", rule.heavy));
        }
    }
    let gone = rules
        .iter()
        .filter(|rule| !graph.members.contains(rule.name));
    broken.extend(gone.map(|rule| format!("{} has a rule and is not a crate", rule.name)));
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_keep_to_their_side() {
        check(&super::super::repository::tests::this()).unwrap();
    }

    #[test]
    fn every_broken_rule_is_named() {
        let id = |name: &str| format!("path+file:///{name}#0.1.0");
        let dep = |name: &str, kind: Value| serde_json::json!({"pkg": id(name), "dep_kinds": [{"kind": kind}]});
        let node = |name: &str, deps: Vec<Value>| serde_json::json!({"id": id(name), "deps": deps});
        let names = ["a", "b", "c", "middle", "polars-core", "torch-sys"];
        let packages: Vec<Value> = names
            .iter()
            .map(|name| serde_json::json!({"id": id(name), "name": name}))
            .collect();
        let metadata = serde_json::json!({
            "packages": packages, "workspace_members": [id("a"), id("b"), id("c")],
            "resolve": {"nodes": [
                node("a", vec![dep("b", Value::Null), dep("c", "dev".into())]),
                node("b", vec![dep("middle", "build".into())]),
                node("c", vec![dep("polars-core", "dev".into())]),
                node("middle", vec![dep("torch-sys", Value::Null), dep("polars-core", Value::Null)]),
                node("polars-core", vec![]),
                node("torch-sys", vec![]),
            ]},
        });
        let graph = Graph::read(&metadata).unwrap();
        let both = &[Libtorch, Heavy::Polars];
        let good = [
            rule("a", &["b"], both),
            rule("b", &[], both),
            rule("c", &[], &[]),
        ];
        assert_eq!(broken(&graph, &good), [""; 0]);
        let wrong = [
            rule("a", &["b", "c"], both),
            rule("b", &[], &[Libtorch]),
            rule("d", &[], &[]),
        ];
        assert_eq!(
            broken(&graph, &wrong),
            [
                r#"a depends on ["b"], not on ["b", "c"]"#,
                "b reaches [Libtorch, Polars], not [Libtorch]",
                "c has no rule; as it is: [], []",
                "d has a rule and is not a crate",
            ]
        );
    }
}
