//! What settings mean, read from the documentation of the types that hold them.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The key of a setting and what it means.
pub type Setting = (String, String);

/// The settings of a configuration, those inside a table with its name and a dot before them.
///
/// What a setting means is the first paragraph of its field's documentation; where its type is an enum, a line for
/// each variant follows, with the first paragraph of that. A table with a `kind` is one setting.
pub fn settings<C: JsonSchema>() -> Vec<Setting> {
    settings_in::<C>("")
}

/// As [`settings`], of a configuration that stands in the table `table`.
pub fn settings_in<C: JsonSchema>(table: &str) -> Vec<Setting> {
    let inline = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
    let schema = inline.into_generator().into_root_schema_for::<C>();
    let mut found = Vec::new();
    collect(schema.as_value(), table, &mut found);
    found
}

fn collect(schema: &Value, table: &str, found: &mut Vec<Setting>) {
    for (key, schema) in properties(schema) {
        let path = match table {
            "" => key.clone(),
            table => format!("{table}.{key}"),
        };
        match schema.get("properties") {
            Some(_) => collect(schema, &path, found),
            None => found.push((path, meaning(schema))),
        }
    }
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten()
}

fn meaning(schema: &Value) -> String {
    let mut text = documentation(schema);
    let of = |key| schema.get(key).and_then(Value::as_array);
    for variant in ["oneOf", "anyOf"].into_iter().filter_map(of).flatten() {
        text += "\n  ";
        if let Some(name) = name(variant) {
            text += &format!("{name}: ");
        }
        text += &documentation(variant);
    }
    text
}

/// How a variant is written; `None` where it is not a word, but a number.
fn name(variant: &Value) -> Option<String> {
    let word = |schema: &Value| Some(schema.get("const")?.as_str()?.to_owned());
    let Some(kind) = variant.pointer("/properties/kind") else {
        return word(variant);
    };
    let others = properties(variant).map(|(key, _)| key.as_str());
    let others: Vec<_> = others.filter(|key| *key != "kind").collect();
    let with = match others.as_slice() {
        [] => String::new(),
        others => format!(" ({})", others.join(", ")),
    };
    Some(format!("kind = {}{with}", word(kind)?))
}

/// The first paragraph, without the marks of code.
fn documentation(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str);
    let lines = text.unwrap_or_default().lines().map(str::trim);
    let paragraph: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    paragraph.join(" ").replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A configuration.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "kebab-case")]
    #[expect(dead_code, reason = "only its documentation is read")]
    struct Settings {
        /// Rows of a `batch`,
        /// in [2, 9].
        ///
        /// More about it.
        batch_size: usize,
        /// What is asked.
        rule: Rule,
        /// A limit.
        limit: Limit,
        /// β of each step.
        schedule: Schedule,
        /// A table.
        train: Train,
    }

    /// A rule.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "kebab-case")]
    #[expect(dead_code, reason = "only its documentation is read")]
    enum Rule {
        /// How far off.
        ///
        /// More about it.
        ErrorOf,
        /// How likely.
        Bound,
    }

    /// A limit.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "kebab-case")]
    #[expect(dead_code, reason = "only its documentation is read")]
    enum Limit {
        /// None.
        Auto,
        /// A positive number.
        #[schemars(untagged)]
        Value(f64),
    }

    /// A schedule.
    #[derive(JsonSchema)]
    #[schemars(tag = "kind", rename_all = "kebab-case")]
    #[expect(dead_code, reason = "only its documentation is read")]
    enum Schedule {
        /// Even steps.
        Linear {
            /// The first.
            first: f64,
            /// The last.
            last: f64,
        },
        /// Half a wave.
        Cosine {},
        /// Some steps of another.
        Respaced {
            /// The other.
            of: Box<Schedule>,
        },
    }

    /// A table.
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its documentation is read")]
    struct Train {
        /// Passes over the rows.
        epochs: usize,
    }

    #[test]
    fn a_setting_means_what_its_field_and_the_variants_of_its_type_say() {
        let expected = [
            ("batch-size", "Rows of a batch, in [2, 9]."),
            ("limit", "A limit.\n  auto: None.\n  A positive number."),
            (
                "rule",
                "What is asked.\n  error-of: How far off.\n  bound: How likely.",
            ),
            (
                "schedule",
                "β of each step.\n  kind = linear (first, last): Even steps.\n  kind = cosine: Half a wave.\n  kind = respaced (of): Some steps of another.",
            ),
            ("train.epochs", "Passes over the rows."),
        ];
        let found = settings::<Settings>();
        let found: Vec<_> = found
            .iter()
            .map(|(k, m)| (k.as_str(), m.as_str()))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(settings_in::<Train>("network")[0].0, "network.epochs");
    }
}
