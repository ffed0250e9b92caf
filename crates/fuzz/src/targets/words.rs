//! Names of data sets and other words of the command line.

use std::path::Path;
use std::str::FromStr;

use datasets::{Corruption, Loading, Perturbation, Protocol, Roots, catalogue, find, load};
use residuum::{DeviceChoice, RowScaling};

use super::files::nothing;
use crate::formats::text;
use crate::mutate;
use crate::random::Random;
use crate::target::{Outcome, Seeds, Target};

/// A data set by name, with no folder to look in. It is accepted where the catalogue knows it.
pub(super) const NAME: Target = Target {
    name: "name",
    weight: 60,
    prepare: nothing,
    make: name,
    read: read_name,
};

/// A protocol, a scaling, a device, a corruption or a perturbation.
pub(super) const WORD: Target = Target {
    name: "word",
    weight: 60,
    prepare: nothing,
    make: word,
    read: read_word,
};

fn name(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    let known = catalogue();
    let mut name = if random.one_in(4) {
        seeds.pick(random).to_vec()
    } else {
        known[random.below(known.len())].name().as_bytes().to_vec()
    };
    if random.one_in(3) {
        let behind = random.pick(&[
            "@pixels",
            "@vit",
            "@resnet18",
            "@lite0",
            "@",
            ":good",
            ":",
            "@pixels64@lite0",
            "@12000",
        ]);
        name.extend(behind.as_bytes());
        if random.one_in(2) {
            name.extend(random.number_text().as_bytes());
        }
    }
    if random.one_in(4) {
        mutate::bytes(
            random,
            &mut name,
            b"MVTec-AD_CIFAR10",
            &[b"@", b":", b"_", b"@1"],
        );
    }
    name
}

fn read_name(_: &Path, input: &[u8]) -> Outcome {
    let name = String::from_utf8_lossy(input);
    // What lies there is no matter of this target, and `/` is everything.
    let is_there = |part: &str| Path::new(part).exists();
    let ends = name
        .match_indices(['@', ':'])
        .map(|(at, _)| &name[..at])
        .chain([name.as_ref()]);
    if ends.into_iter().any(is_there) || name.ends_with('/') {
        return Outcome::refused("a name of something that is there");
    }
    let loaded = load(&name, &Roots::of([]), &Loading::of(Protocol::Semi));
    if let Ok(set) = &loaded {
        return Outcome::accepted(set.n() * set.d());
    }
    let hint = loaded
        .err()
        .and_then(|error| error.way_out())
        .map_or_else(String::new, |way_out| format!("{way_out:?}"));
    let mut outcome = Outcome::of(find(&name), |entry| entry.name().len());
    if let Some(why) = &mut outcome.refused {
        why.push_str(&hint);
    }
    outcome
}

fn word(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    let mut word = seeds.pick(random).to_vec();
    match random.below(4) {
        0 => {
            word = Protocol::all()[random.below(Protocol::all().len())]
                .as_str()
                .as_bytes()
                .to_vec()
        }
        1 => return text::change(random, &word, &[b"\"copies\":", b"\"sd\":1e308"]),
        2 => mutate::bytes(random, &mut word, &[], &[]),
        _ => {}
    }
    word
}

fn read_word(_: &Path, input: &[u8]) -> Outcome {
    let word = String::from_utf8_lossy(input);
    let read = [
        Outcome::of(Protocol::from_str(&word), |_| 1),
        Outcome::of(
            serde_json::from_value::<RowScaling>(word.clone().into()),
            |_| 1,
        ),
        Outcome::of(Corruption::from_str(&word), |_| 1),
        Outcome::of(DeviceChoice::from_str(&word), |_| 1),
        Outcome::of(serde_json::from_str::<Perturbation>(&word), |_| 1),
    ];
    let accepted = read.iter().find(|outcome| outcome.refused.is_none());
    accepted.unwrap_or(&read[0]).clone()
}
