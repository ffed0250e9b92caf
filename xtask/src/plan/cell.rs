//! A cell: one method on one data set under one protocol and seed.

use files::hex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::failure::{Failure, code};
use crate::profile::{Column, Seed};
use crate::program::Dataset;

/// The version of the result format; part of the id, so that old results are not taken for new.
pub(crate) const SCHEMA: u32 = 1;

/// One line of `plan.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// The line number, counted from 0.
    pub(crate) index: usize,
    /// The first 16 hex digits of the SHA-256 of what determines the result.
    pub(crate) id: String,
    pub(crate) dataset: String,
    pub(crate) data_sha256: String,
    pub(crate) method: String,
    pub(crate) protocol: String,
    pub(crate) seed: Seed,
    pub(crate) config: Value,
    #[serde(flatten)]
    pub(crate) disturbance: Disturbance,
    /// Rows times columns, for the estimate of its time; not part of the plan's file.
    #[serde(skip)]
    pub(crate) size: u64,
    /// Columns of a row, or values of an image, for the same; absent from the file as well.
    #[serde(skip)]
    pub(crate) width: u64,
}

/// What is done to the rows of a cell; most have neither.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Disturbance {
    #[serde(skip_serializing_if = "Option::is_none")]
    perturb: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attack: Option<Value>,
}

impl Disturbance {
    /// As a column of a profile asks for it.
    pub(super) fn of(column: &Column) -> Result<Self, Failure> {
        let json = |table: &Option<toml::Table>| {
            let value = table.as_ref().map(serde_json::to_value).transpose();
            value.map_err(|e| {
                let message = format!("in `perturb` or `attack` of column {:?}: {e}", column.label);
                Failure::new(code::USAGE, message)
            })
        };
        Ok(Self {
            perturb: json(&column.perturb)?,
            attack: json(&column.attack)?,
        })
    }

    /// What there is of it, by the key of a plan's line and of a result.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        let parts = [("perturb", &self.perturb), ("attack", &self.attack)];
        (parts.into_iter()).filter_map(|(key, value)| Some((key, value.as_ref()?)))
    }
}

impl Cell {
    pub(super) fn new(
        dataset: &Dataset,
        method: &str,
        protocol: &str,
        seed: Seed,
        config: Value,
        disturbance: &Disturbance,
    ) -> Result<Self, Failure> {
        let name = &dataset.name;
        let data_sha256 = dataset.sha256.clone().ok_or_else(|| {
            let message = format!("the catalogue calls {name} present but gives no sha256");
            Failure::new(code::INTERNAL, message)
        })?;
        let mut identity = json!({
            "schema": SCHEMA, "dataset": name, "data_sha256": data_sha256, "method": method,
            "protocol": protocol, "seed": seed, "config": config,
        });
        // Absent where nothing is disturbed: such a cell keeps its id.
        for (key, value) in disturbance.parts() {
            identity[key] = value.clone();
        }
        let width = dataset.d.unwrap_or(512).max(1);
        Ok(Self {
            index: 0,
            id: hash(&identity)[..16].to_owned(),
            dataset: name.clone(),
            data_sha256,
            method: method.to_owned(),
            protocol: protocol.to_owned(),
            seed,
            config,
            disturbance: disturbance.clone(),
            size: dataset.n.unwrap_or(5000).max(1000) * width,
            width,
        })
    }

    /// Seconds one core needs, roughly: a first guess that orders the plan and weighs the
    /// progress; the sweep corrects it per method as cells finish.
    pub(crate) fn guess(&self) -> f64 {
        // Measured on CIFAR10_4 under `paper`: 2500 + 2763 rows of 512 columns.
        let (seconds, reference) = (self.method_seconds(), 5263.0 * 512.0);
        let train = &self.config["train"];
        let share = match (train["steps"].as_u64(), train["epochs"].as_f64()) {
            // Steps are as many for a small set as for a large one. On images of 64 to 224 pixels a value
            // of a batch took 0.2 to 2.5 microseconds.
            (Some(steps), _) if steps > 0 => {
                let batch = train["batch-size"].as_u64().unwrap_or(64);
                let step = 1.5e-6 * batch as f64 * self.width as f64;
                return steps as f64 * step.max(0.04);
            }
            (_, Some(epochs)) => epochs / 400.0,
            _ => 1.0,
        };
        (seconds * share * self.size as f64 / reference).max(0.01)
    }

    fn method_seconds(&self) -> f64 {
        match self.method.as_str() {
            "norm" => 0.05,
            "copod" | "ecod" | "hbos" | "pca" => 0.3,
            "iforest" => 0.5,
            "ocsvm" => 1.5,
            "dte-np" | "knn" | "lof" | "linear-denoiser" | "wiener" => 1.0,
            "feature-bagging" => 10.0,
            "mcd" => 20.0,
            _ => 80.0,
        }
    }

    /// What the training of the cell's network depends on; `None` where nothing is trained that
    /// another cell could share. Scoring rules share a training.
    pub(crate) fn training(&self) -> Option<String> {
        let mut config = self.config.as_object()?.clone();
        config.remove("score")?;
        config.get("train")?;
        let training = json!([self.dataset, self.protocol, self.method, self.seed, config]);
        Some(hash(&training))
    }

    /// How the cell is named in messages.
    pub(crate) fn title(&self) -> String {
        let Seed { data, model } = self.seed;
        let seed = if data == model {
            format!("{data}")
        } else {
            format!("{data}/{model}")
        };
        format!(
            "{} {} {} seed {seed}",
            self.dataset, self.method, self.protocol
        )
    }
}

/// Puts the longest first, ties by name so that the same cells always make the same plan, and
/// numbers them.
pub(super) fn order(cells: &mut [Cell]) {
    let tie = |c: &Cell| {
        (
            c.method.clone(),
            c.dataset.clone(),
            c.protocol.clone(),
            c.seed.data,
            c.seed.model,
        )
    };
    cells.sort_by(|a, b| {
        let longest = b.guess().total_cmp(&a.guess());
        longest
            .then_with(|| tie(a).cmp(&tie(b)))
            .then_with(|| a.training().cmp(&b.training()))
            .then_with(|| a.id.cmp(&b.id))
    });
    for (index, cell) in cells.iter_mut().enumerate() {
        cell.index = index;
    }
}

/// SHA-256, in hex, of a value's canonical JSON.
pub(crate) fn hash(value: &Value) -> String {
    hex(&Sha256::digest(canonical(value).as_bytes()))
}

/// JSON with sorted keys and no spaces. serde_json's own order of keys is not enough: a crate
/// elsewhere in the build may switch its feature `preserve_order` on.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let fields = keys
                .iter()
                .map(|k| format!("{}:{}", json!(k), canonical(&map[*k])));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(canonical).collect::<Vec<_>>().join(",")
            )
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_json_sorts_at_every_level() {
        let value = json!({"b": [1, {"z": null, "a": 0.5}], "a": "ü\n"});
        assert_eq!(
            canonical(&value),
            r#"{"a":"ü\n","b":[1,{"a":0.5,"z":null}]}"#
        );
    }

    #[test]
    fn steps_on_larger_images_take_longer() {
        let guess = |d| {
            let dataset = Dataset {
                name: "A".into(),
                n: Some(10),
                d: Some(d),
                present: true,
                sha256: Some("x".into()),
                ..Dataset::default()
            };
            let config = json!({"train": {"steps": 100, "batch-size": 8}});
            let seed = Seed { data: 0, model: 0 };
            let none = Disturbance::default();
            let cell = Cell::new(&dataset, "dit", "semi", seed, config, &none).unwrap();
            cell.guess()
        };
        assert_eq!(guess(512), 4.0);
        assert!((guess(3 * 224 * 224) - 180.6).abs() < 0.1);
    }

    #[test]
    fn ids_do_not_change_from_release_to_release() {
        // Finished cells are found by this id. The value was computed by Python's
        // hashlib.sha256(json.dumps(x, sort_keys=True, separators=(",", ":")).encode()).
        let identity = json!({
            "schema": 1, "dataset": "MVTec-AD_bottle", "data_sha256": "ab", "method": "iforest",
            "protocol": "paper", "seed": {"data": 44, "model": 44},
            "config": {"rows": "standard", "trees": 100, "learning-rate": 0.0001, "rng": "sklearn"},
        });
        assert_eq!(hash(&identity)[..16], *"aef14633926b1d28");
    }

    #[test]
    fn every_part_of_the_identity_moves_the_id() {
        let dataset = |sha: &str| Dataset {
            name: "A".into(),
            n: Some(10),
            d: Some(2),
            present: true,
            sha256: Some(sha.into()),
            ..Dataset::default()
        };
        let seed = |data, model| Seed { data, model };
        let id = |d: &Dataset, m, p, s, c| {
            Cell::new(d, m, p, s, c, &Disturbance::default())
                .unwrap()
                .id
        };
        let mut ids = vec![
            id(&dataset("x"), "m", "p", seed(1, 2), json!({})),
            id(&dataset("y"), "m", "p", seed(1, 2), json!({})),
            id(&dataset("x"), "n", "p", seed(1, 2), json!({})),
            id(&dataset("x"), "m", "q", seed(1, 2), json!({})),
            id(&dataset("x"), "m", "p", seed(2, 1), json!({})),
            id(&dataset("x"), "m", "p", seed(1, 2), json!({"k": 1})),
        ];
        let tables = [json!({"kind": "k"}), json!({"kind": "l"})].map(Some);
        for value in tables {
            for disturbance in [
                Disturbance {
                    perturb: value.clone(),
                    attack: None,
                },
                Disturbance {
                    perturb: None,
                    attack: value,
                },
            ] {
                let d = dataset("x");
                let cell = Cell::new(&d, "m", "p", seed(1, 2), json!({}), &disturbance).unwrap();
                ids.push(cell.id);
            }
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 10);
    }
}
