//! Every dependency's licence must be one that a program under MIT or Apache-2.0 may carry.

use serde_json::Value;

use super::spdx;
use crate::workspace::Workspace;

/// Permissive licences, and MPL-2.0, whose copyleft ends at its own files.
const ALLOWED: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "bzip2-1.0.6",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Checks all packages that a build for this platform can contain.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let metadata = workspace.metadata(&["--filter-platform", "x86_64-unknown-linux-gnu"])?;
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten();
    let used: Vec<&Value> = nodes.map(|node| &node["id"]).collect();
    let packages: Vec<&Value> = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    anyhow::ensure!(
        used.len() > 20,
        "cargo metadata names {} packages, too few to be true",
        used.len()
    );
    let mut refused = Vec::new();
    for package in packages.iter().filter(|p| used.contains(&&p["id"])) {
        let name = format!("{} {}", package["name"], package["version"]).replace('"', "");
        match package["license"]
            .as_str()
            .map(|l| (l, spdx::satisfied(l, &|one| ALLOWED.contains(&one))))
        {
            Some((_, Ok(true))) => {}
            Some((licence, Ok(false))) => refused.push(format!("{name}: {licence}")),
            Some((_, Err(why))) => refused.push(format!("{name}: {why}")),
            None => refused.push(format!("{name}: names no licence")),
        }
    }
    anyhow::ensure!(
        refused.is_empty(),
        "licences outside the list in xtask/src/ci/licences.rs:\n{}",
        refused.join("\n")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_dependency_may_be_carried() {
        super::check(&super::super::repository::tests::this()).unwrap();
    }
}
