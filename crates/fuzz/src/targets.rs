//! Every reader of what a user gives.

mod arrays;
mod classes;
mod files;
mod models;
mod networks;
mod pictures;
mod planted;
mod runs;
mod settings;
mod tables;
mod words;

use crate::target::Target;

/// All of them.
const ALL: &[&Target] = &[
    &arrays::NPZ,
    &arrays::NPZ_IMAGES,
    &arrays::TABLE_FILE,
    &classes::IDX,
    &classes::MNIST,
    &classes::CIFAR,
    &classes::CIFAR_NPZ,
    &classes::SVHN,
    &pictures::IMAGE,
    &pictures::MASK,
    &pictures::FOLDER,
    &pictures::LIST,
    &pictures::MINI_IMAGENET,
    &words::NAME,
    &words::WORD,
    &settings::SETTINGS,
    &settings::SETTING,
    &tables::CSV,
    &tables::PARQUET,
    &models::MODEL,
    &networks::WEIGHTS,
    &runs::CELL,
    &runs::TABLES,
    &runs::PUBLISHED,
];

/// Those with one of `names`, or all where none is given.
pub(crate) fn named(names: &[String]) -> anyhow::Result<Vec<&'static Target>> {
    if names.is_empty() {
        return Ok(ALL.to_vec());
    }
    let find = |name: &String| {
        let known = || {
            ALL.iter()
                .map(|target| target.name)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let found = ALL
            .iter()
            .chain(&[&planted::PLANTED])
            .find(|target| target.name == name);
        found
            .copied()
            .ok_or_else(|| anyhow::anyhow!("no target `{name}`, expected one of {}", known()))
    };
    names.iter().map(find).collect()
}
