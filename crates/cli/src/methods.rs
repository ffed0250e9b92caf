use std::fmt::Write as _;

use residuum::{Method, Takes};
use serde_json::{Value, json};

use crate::args;
use crate::failure::{Failure, exit};
use crate::output::{columns, print, print_data};

/// `residuum methods`.
pub(crate) fn run(command: &args::Methods) -> Result<(), Failure> {
    match command {
        args::Methods::List { json: true } => {
            print_data(&Value::from(list()).to_string());
        }
        args::Methods::List { json: false } => {
            let rows: Vec<Vec<String>> = residuum::methods()
                .iter()
                .map(|m| {
                    let needs = if m.needs_libtorch { "libtorch" } else { "" };
                    [m.name, needs, m.title, m.source]
                        .map(str::to_owned)
                        .to_vec()
                })
                .collect();
            print(&columns(&rows));
        }
        args::Methods::Show { method } => {
            let method = residuum::find(method)?;
            let mut text = format!("# {}\n# {}\n", method.title, method.source);
            let values = method.config().all_values();
            let values = values.iter();
            let (tables, settings): (Vec<_>, Vec<_>) = values.partition(|(_, v)| is_table(v));
            for (key, value) in settings {
                write_setting(&mut text, method, key, key, value)?;
            }
            for (table, values) in tables {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "\n[{table}]");
                for (key, value) in values.as_object().into_iter().flatten() {
                    write_setting(&mut text, method, &format!("{table}.{key}"), key, value)?;
                }
            }
            print(&text);
        }
    }
    Ok(())
}

/// Every method, as JSON has it.
pub(crate) fn list() -> Vec<Value> {
    let method = |method: &Method| {
        json!({
            "name": method.name,
            "title": method.title,
            "source": method.source,
            "needs_libtorch": method.needs_libtorch,
            "seconds": method.seconds,
            "takes": match method.takes {
                Takes::Rows(..) => "rows",
                Takes::Images => "images",
            },
            "default": method.config().values(),
        })
    };
    residuum::methods().iter().map(method).collect()
}

/// A table of settings; one with a `kind` is a single setting, as its keys depend on it.
fn is_table(value: &Value) -> bool {
    value.is_object() && value.get("kind").is_none()
}

fn write_setting(
    text: &mut String,
    method: &Method,
    path: &str,
    key: &str,
    value: &Value,
) -> Result<(), Failure> {
    let value = toml::Value::try_from(value)
        .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))?;
    let meaning = method.meaning(path).replace('\n', "\n# ");
    let _ = writeln!(text, "\n# {meaning}\n{key} = {value}");
    Ok(())
}
