//! Values as configurations and cells have them, changed in places.

use serde_json::{Map, Value};

use crate::random::Random;

/// Texts that mean something somewhere, and some that mean nothing.
const WORDS: [&str; 26] = [
    "",
    "a",
    "cosine",
    "linear",
    "kind",
    "mean",
    "last",
    "semi",
    "paper",
    "ok",
    "failed",
    "gaussian",
    "epsilon",
    "standard",
    "raw",
    "\u{feff}",
    "\u{1b}[31m",
    "../../x",
    "a\nb",
    "<b>&",
    "|",
    "nan",
    "coreset",
    "random",
    "scale",
    "\u{1f600}\u{0301}",
];

/// One to three changes of values, keys or lists anywhere in `value`.
pub(crate) fn change(random: &mut Random, value: &mut Value) {
    for _ in 0..1 + random.below(3) {
        let n = nodes(value);
        let at = random.below(n);
        let mut count = 0;
        if let Some(node) = node(value, at, &mut count) {
            change_node(random, node);
        }
    }
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(nodes).sum(),
        Value::Object(map) => map.values().map(nodes).sum(),
        _ => 0,
    }
}

fn node<'a>(value: &'a mut Value, at: usize, count: &mut usize) -> Option<&'a mut Value> {
    if *count == at {
        return Some(value);
    }
    *count += 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| node(item, at, count)),
        Value::Object(map) => map.values_mut().find_map(|item| node(item, at, count)),
        _ => None,
    }
}

fn change_node(random: &mut Random, node: &mut Value) {
    match node {
        _ if random.one_in(12) => *node = any(random),
        Value::Bool(value) => *value = !*value,
        Value::Number(number) => {
            let whole = !number.is_f64();
            *node = if random.one_in(2) {
                let small = random.within(0, 9);
                if whole {
                    Value::from(small)
                } else {
                    Value::from(small as f64 / 8.0)
                }
            } else {
                serde_json::from_str(&random.number_text()).unwrap_or(Value::Null)
            };
        }
        Value::Array(items) => match random.below(4) {
            0 => items.clear(),
            1 => {
                items.pop();
            }
            2 => items.push(any(random)),
            _ => {
                let again = items.clone();
                items.extend(again);
            }
        },
        Value::Object(map) => change_map(random, map),
        other => *other = any(random),
    }
}

fn change_map(random: &mut Random, map: &mut Map<String, Value>) {
    let key = map
        .keys()
        .nth(random.below(map.len()))
        .cloned()
        .unwrap_or_default();
    match random.below(3) {
        0 => {
            map.remove(&key);
        }
        1 => {
            let value = map.remove(&key).unwrap_or_default();
            map.insert(random.pick(&WORDS).to_owned(), value);
        }
        _ => {
            map.insert(random.pick(&WORDS).to_owned(), any(random));
        }
    }
}

fn any(random: &mut Random) -> Value {
    match random.below(8) {
        0 => Value::Null,
        1 => Value::Bool(true),
        2 => Value::Array(vec![Value::from(1), Value::from(2)]),
        3 => Value::Object(Map::from_iter([(
            "kind".to_owned(),
            Value::from(random.pick(&WORDS)),
        )])),
        4 => (0..random.below(200)).fold(Value::Null, |inner, _| Value::Array(vec![inner])),
        5 => serde_json::from_str(&random.number_text()).unwrap_or(Value::Null),
        _ => Value::from(random.pick(&WORDS)),
    }
}
