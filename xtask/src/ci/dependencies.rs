//! What each crate never links, as the table in ARCHITECTURE.md says.

use anyhow::Context;

use crate::workspace::Workspace;

const TORCH: &str = "tch";
const POLARS: &str = "polars";

/// The crates that may have libtorch below them; a crate that is not named here may not.
const LINK_TORCH: &[&str] = &[
    "cli-networks",
    "deep",
    "diffusion",
    "diffusion-core",
    "dit",
    "dte",
    "features",
    "fuzz",
    "layers",
    "mlp",
    "networks",
    "patches",
    "tch-ext",
    "training",
    "unet",
];
/// The same for polars.
const LINK_POLARS: &[&str] = &["cli", "cli-networks", "fuzz", "report"];
/// Crates that are light again without their default features.
const LIGHT_WITHOUT_FEATURES: &[(&str, &[&str])] = &[("cli", &[POLARS])];
/// Arrows between our own crates that must not appear.
const NEVER: &[(&str, &[&str])] = &[
    (
        "analytic",
        &["baselines", "datasets", "diffusion-core", "metrics"],
    ),
    (
        "baselines",
        &[
            "analytic",
            "datasets",
            "diffusion-core",
            "metrics",
            "training",
        ],
    ),
    (
        "datasets",
        &["baselines", "diffusion-core", "metrics", "training"],
    ),
    (
        "deep",
        &[
            "baselines",
            "datasets",
            "diffusion-core",
            "dit",
            "dte",
            "metrics",
            "mlp",
            "unet",
        ],
    ),
    (
        "detector",
        &["baselines", "datasets", "diffusion-core", "metrics"],
    ),
    (
        "diffusion",
        &[
            "baselines",
            "datasets",
            "dit",
            "dte",
            "metrics",
            "mlp",
            "patches",
            "unet",
        ],
    ),
    (
        "diffusion-core",
        &[
            "baselines",
            "datasets",
            "dit",
            "dte",
            "layers",
            "metrics",
            "mlp",
            "training",
        ],
    ),
    (
        "dit",
        &["baselines", "datasets", "dte", "metrics", "mlp", "training"],
    ),
    (
        "dte",
        &["baselines", "datasets", "dit", "metrics", "mlp", "unet"],
    ),
    (
        "features",
        &[
            "baselines",
            "datasets",
            "diffusion-core",
            "metrics",
            "training",
        ],
    ),
    ("fuzz", &["cli", "xtask"]),
    (
        "layers",
        &[
            "baselines",
            "datasets",
            "detector",
            "diffusion-core",
            "metrics",
        ],
    ),
    (
        "metrics",
        &["baselines", "datasets", "detector", "diffusion-core"],
    ),
    (
        "mlp",
        &["baselines", "datasets", "dit", "dte", "metrics", "training"],
    ),
    (
        "neighbours",
        &["baselines", "datasets", "diffusion-core", "metrics"],
    ),
    (
        "patches",
        &["baselines", "datasets", "dit", "dte", "metrics", "unet"],
    ),
    (
        "pictures",
        &["datasets", "detector", "diffusion-core", "metrics"],
    ),
    (
        "report",
        &["baselines", "diffusion-core", "residuum", "training"],
    ),
    ("networks", &["cli", "metrics", "report"]),
    ("residuum", &["cli", "metrics", "networks", "report"]),
    (
        "schedules",
        &[
            "baselines",
            "datasets",
            "detector",
            "diffusion-core",
            "metrics",
        ],
    ),
    (
        "training",
        &[
            "baselines",
            "datasets",
            "diffusion-core",
            "dit",
            "dte",
            "layers",
            "metrics",
            "mlp",
            "unet",
        ],
    ),
    (
        "unet",
        &[
            "baselines",
            "datasets",
            "dit",
            "dte",
            "metrics",
            "mlp",
            "training",
        ],
    ),
    (
        "xtask",
        &[
            "baselines",
            "cli",
            "datasets",
            "detector",
            "metrics",
            "report",
            "residuum",
        ],
    ),
];

/// Asks `cargo tree` about each crate of the workspace.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let mut broken = Vec::new();
    let mut refuse = |package: &str, features: &str, never: &[&str]| -> anyhow::Result<()> {
        let below = below(workspace, package, features)?;
        let found = never
            .iter()
            .filter(|&&name| below.iter().any(|b| b == name));
        broken.extend(found.map(|name| format!("{package} ({features}) depends on {name}")));
        Ok(())
    };
    for package in members(workspace)? {
        let package = package.as_str();
        let mut never = Vec::new();
        if !LINK_TORCH.contains(&package) {
            never.push(TORCH);
        }
        if !LINK_POLARS.contains(&package) {
            never.push(POLARS);
        }
        for (_, more) in NEVER.iter().filter(|(name, _)| *name == package) {
            never.extend_from_slice(more);
        }
        refuse(package, "--all-features", &never)?;
        for (_, never) in LIGHT_WITHOUT_FEATURES
            .iter()
            .filter(|(name, _)| *name == package)
        {
            refuse(package, "--no-default-features", never)?;
        }
    }
    anyhow::ensure!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}

/// The names of our crates.
fn members(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let metadata = workspace.metadata(&["--no-deps"])?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let names: Vec<String> = packages
        .filter_map(|p| Some(p["name"].as_str()?.to_owned()))
        .collect();
    let known = LINK_TORCH
        .iter()
        .chain(LINK_POLARS)
        .chain(NEVER.iter().map(|(name, _)| name));
    for name in known {
        anyhow::ensure!(
            names.iter().any(|n| n == name),
            "the rules name {name}, which is no crate any more"
        );
    }
    Ok(names)
}

/// The packages below one, normal and build dependencies, each name once.
fn below(workspace: &Workspace, package: &str, features: &str) -> anyhow::Result<Vec<String>> {
    let mut cargo = workspace.cargo();
    cargo.args([
        "tree",
        "-p",
        package,
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let out = cargo
        .arg(features)
        .output()
        .context("cannot start cargo tree")?;
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    anyhow::ensure!(out.status.success(), "cargo tree -p {package}: {error}");
    let text = String::from_utf8(out.stdout)?;
    let mut names: Vec<String> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(String::from)
        .collect();
    anyhow::ensure!(
        names.first().is_some_and(|n| n == package),
        "cargo tree -p {package} begins with {:?}",
        names.first()
    );
    names.remove(0);
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_keep_to_their_side() {
        check(&super::super::repository::tests::this()).unwrap();
    }

    #[test]
    fn a_broken_rule_would_be_seen() {
        let workspace = super::super::repository::tests::this();
        let below = below(&workspace, "xtask", "--all-features").unwrap();
        assert!(
            below.contains(&"clap".to_owned()),
            "so `tch` would be there too: {below:?}"
        );
    }
}
