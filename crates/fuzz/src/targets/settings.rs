//! Settings of every method, up to a detector that could be fitted.

use networks::{find, methods};
use residuum::{Config, Method, Runtime};

use super::files::nothing;
use crate::formats::{json, text};
use crate::random::Random;
use crate::target::{Outcome, Seeds, Target};

/// The first line is a method, the rest TOML as in a file of settings.
pub(super) const SETTINGS: Target = Target {
    name: "settings",
    weight: 100,
    prepare: nothing,
    make: settings,
    read: |_, input| with_method(input, |config, text| config.set_toml(text)),
};

/// The first line is a method, each other one `key=value`.
pub(super) const SETTING: Target = Target {
    name: "setting",
    weight: 60,
    prepare: nothing,
    make: setting,
    read: |_, input| {
        with_method(input, |config, text| {
            text.lines().try_for_each(|line| config.set_text(line))
        })
    },
};

/// More are refused.
const MOST_STEPS: u64 = 1_000_000;
/// The tables of a schedule have so many bytes for each step.
const STEP_BYTES: usize = 64;

const TOKENS: [&[u8]; 8] = [
    b"[train]",
    b"epochs = 3",
    b"rows = \"l2\"",
    b"[schedule]\nkind = \"cosine\"",
    b"steps = 10",
    b"[[train]]",
    b"a.b.c = 1",
    b"\"\" = 1",
];

fn with_method(
    input: &[u8],
    set: impl FnOnce(&mut Config, &str) -> Result<(), residuum::RegistryError>,
) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let (method, text) = text.split_once('\n').unwrap_or((&text, ""));
    let mut steps = 0;
    let built = find(method.trim()).and_then(|method: &Method| {
        let mut config = method.config();
        set(&mut config, text)?;
        steps = config
            .values()
            .get("steps")
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0);
        method.detector(&config, &Runtime::cpu())
    });
    if let Err(error) = &built {
        // A program shows it beside the error.
        let _ = error.way_out();
    }
    let decoded = STEP_BYTES * steps.min(MOST_STEPS) as usize;
    Outcome {
        decoded,
        ..Outcome::of(built, |_| 0)
    }
}

fn settings(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    if random.one_in(4) {
        let seed = seeds.pick(random);
        return text::change(random, seed, &TOKENS);
    }
    let method = &methods()[random.below(methods().len())];
    let mut values = serde_json::Value::Object(method.config().values().clone());
    json::change(random, &mut values);
    let text = toml::to_string(&values).unwrap_or_default();
    format!("{}\n{text}", method.name).into_bytes()
}

fn setting(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    if random.one_in(4) {
        let seed = seeds.pick(random);
        return text::change(random, seed, &TOKENS);
    }
    let method = &methods()[random.below(methods().len())];
    let config = method.config();
    let mut lines = method.name.to_owned();
    for _ in 0..random.within(1, 3) {
        let (mut key, mut values) = (String::new(), config.values());
        // Down to a value that is not a table.
        while let Some((name, value)) = values.iter().nth(random.below(values.len())) {
            key = if key.is_empty() {
                name.clone()
            } else {
                format!("{key}.{name}")
            };
            match value.as_object() {
                Some(inner) => values = inner,
                None => {
                    let new = match value {
                        serde_json::Value::String(old) if random.one_in(2) => old.clone(),
                        serde_json::Value::Bool(old) => (!old).to_string(),
                        _ if random.one_in(8) => "[1, 2]".to_owned(),
                        _ => random.number_text(),
                    };
                    lines += &format!("\n{key}={new}");
                    break;
                }
            }
        }
    }
    lines.into_bytes()
}
