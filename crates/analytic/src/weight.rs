use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The weight of columns and pairs beside the views: `"repeats"` or a number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Raw", into = "Raw")]
#[schemars(!try_from, !into, rename_all = "kebab-case")]
pub enum Weight {
    /// `min(1, 2r)`, with `r` the mean over columns of the share of repeated training values.
    Repeats,
    /// A number, 0 or more.
    Value(f64),
}

/// How a weight is written in a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Raw {
    Number(f64),
    Name(String),
}

impl TryFrom<Raw> for Weight {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        match raw {
            Raw::Number(weight) => Ok(Self::Value(weight)),
            Raw::Name(name) if name == "repeats" => Ok(Self::Repeats),
            Raw::Name(name) => Err(format!(
                "weight = {name:?}: expected \"repeats\" or a number"
            )),
        }
    }
}

impl From<Weight> for Raw {
    fn from(weight: Weight) -> Self {
        match weight {
            Weight::Repeats => Self::Name("repeats".into()),
            Weight::Value(weight) => Self::Number(weight),
        }
    }
}
