use std::fmt::Write as _;

use serde_json::json;

use crate::args;
use crate::failure::{Failure, exit};
use crate::output::{columns, print};

/// `residuum methods`.
pub(crate) fn run(command: &args::Methods) -> Result<(), Failure> {
    match command {
        args::Methods::List { json: true } => {
            let list: Vec<_> = residuum::methods()
                .iter()
                .map(|method| {
                    json!({
                        "name": method.name,
                        "title": method.title,
                        "source": method.source,
                        "default": method.config().values(),
                    })
                })
                .collect();
            print(&serde_json::Value::from(list).to_string());
        }
        args::Methods::List { json: false } => {
            let rows: Vec<Vec<String>> = residuum::methods()
                .iter()
                .map(|m| [m.name, m.title, m.source].map(str::to_owned).to_vec())
                .collect();
            print(&columns(&rows));
        }
        args::Methods::Show { method } => {
            let method = residuum::find(method)?;
            let mut text = format!("# {}\n# {}\n", method.title, method.source);
            for (key, value) in method.config().values() {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "\n# {}", method.meaning(key));
                let value = toml::Value::try_from(value)
                    .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))?;
                let _ = writeln!(text, "{key} = {value}");
            }
            print(&text);
        }
    }
    Ok(())
}
