use std::path::Path;

use serde::Deserialize;

/// Why numbers of ours are not the published ones, as found by hand: `<stem>_reasons.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reasons {
    #[serde(default, rename = "reason")]
    reasons: Vec<Reason>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    /// The methods it is about, as the published file names them.
    methods: Vec<String>,
    /// The families; all of them where none is named.
    #[serde(default)]
    families: Vec<String>,
    cause: Cause,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Cause {
    /// A fault or an undocumented choice behind the published number.
    There,
    /// A fault or a known difference of ours.
    Here,
    /// Other rows, or numbers that rounding decides about.
    Data,
    Unknown,
}

impl Reasons {
    /// Those beside the published file; none where there is no such file.
    pub(crate) fn load(folder: &Path, stem: &str) -> Result<Self, String> {
        let name = format!("{stem}_reasons.toml");
        let text = match std::fs::read_to_string(folder.join(&name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            text => text.map_err(|error| format!("cannot read {name}: {error}"))?,
        };
        toml::from_str(&text).map_err(|error| format!("cannot read {name}: {error}"))
    }

    /// The first that is about the family and the method, with its cause.
    pub(crate) fn of(&self, family: &str, method: &str) -> Option<String> {
        let is = |name: &String| name.eq_ignore_ascii_case(family);
        let found = self.reasons.iter().find(|reason| {
            let families = reason.families.is_empty() || reason.families.iter().any(is);
            families && reason.methods.iter().any(|name| name == method)
        })?;
        let cause = match found.cause {
            Cause::There => "there",
            Cause::Here => "here",
            Cause::Data => "data",
            Cause::Unknown => "not known",
        };
        Some(format!("{cause}: {}", found.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_that_fits_counts() {
        let text = r#"
            [[reason]]
            methods = ["pca"]
            families = ["Cover"]
            cause = "there"
            text = "a"
            [[reason]]
            methods = ["pca", "mcd"]
            cause = "unknown"
            text = "b"
        "#;
        let reasons: Reasons = toml::from_str(text).unwrap();
        assert_eq!(reasons.of("cover", "pca").unwrap(), "there: a");
        assert_eq!(reasons.of("wine", "pca").unwrap(), "not known: b");
        assert_eq!(reasons.of("cover", "mcd").unwrap(), "not known: b");
        assert_eq!(reasons.of("cover", "knn"), None);
    }

    #[test]
    fn the_shipped_reasons_can_be_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/published");
        let reasons = Reasons::load(&folder, "dte_semi_auroc").unwrap();
        assert!(!reasons.reasons.is_empty());
        assert!(Reasons::load(&folder, "absent").unwrap().reasons.is_empty());
    }
}
