//! Every reader of what a user gives.

mod arrays;

use crate::target::Target;

/// All of them.
const ALL: &[&Target] = &[&arrays::NPZ];

/// Those with one of `names`, or all where none is given.
pub(crate) fn named(names: &[String]) -> anyhow::Result<Vec<&'static Target>> {
    if names.is_empty() {
        return Ok(ALL.to_vec());
    }
    let find = |name: &String| {
        let known = || ALL.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
        let found = ALL.iter().find(|target| target.name == name).copied();
        found.ok_or_else(|| anyhow::anyhow!("no target `{name}`, expected one of {}", known()))
    };
    names.iter().map(find).collect()
}

/// For targets without files beside the input.
fn nothing(_: &std::path::Path) -> std::io::Result<()> {
    Ok(())
}
