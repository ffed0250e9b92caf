use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Cell, Failure, Fields, SCHEMA, Seeds, Versions, config_hash, hash};

/// One line of `plan.jsonl`: an experiment to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// The line number, counted from 0.
    pub index: usize,
    /// The first 16 hex digits of the SHA-256 of what determines the result; the name of the cell's file.
    pub id: String,
    /// The name of the data set.
    pub dataset: String,
    /// Of its files when the plan was made.
    pub data_sha256: String,
    /// The name of the method.
    pub method: String,
    /// The name of the protocol.
    pub protocol: String,
    /// Of the split and of the model.
    pub seed: Seeds,
    /// Every setting of the method.
    pub config: Map<String, Value>,
    /// What it is expected to take; no part of the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// What is done to the rows of the split before the method sees them; most have nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perturb: Option<Fields>,
    /// How the test rows are moved against the score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attack: Option<Fields>,
}

/// What an experiment is expected to take, roughly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Seconds of one core.
    pub seconds: f64,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Whether it trains or runs a network.
    pub network: bool,
}

impl Planned {
    /// The same with the id that belongs to it.
    #[must_use]
    pub fn with_id(mut self) -> Self {
        let mut identity = json!({
            "schema": SCHEMA, "dataset": self.dataset, "data_sha256": self.data_sha256,
            "method": self.method, "protocol": self.protocol, "seed": self.seed, "config": self.config,
        });
        // Absent where nothing is disturbed: such a cell keeps its id.
        for (key, fields) in [("perturb", &self.perturb), ("attack", &self.attack)] {
            if let Some(fields) = fields {
                identity[key] = fields.to_value();
            }
        }
        self.id = hash(&identity);
        self.id.truncate(16);
        self
    }

    /// How many networks of this configuration are trained as one, at most: its `train.replicas`.
    pub fn replicas(&self) -> usize {
        let replicas = self.config.get("train").and_then(|t| t.get("replicas"));
        let replicas = replicas.and_then(Value::as_u64).unwrap_or(1);
        usize::try_from(replicas).unwrap_or(usize::MAX)
    }

    /// Whether `other` may be trained as one with it, where their training rows have one shape.
    pub fn trains_with(&self, other: &Self) -> bool {
        self.replicas() > 1 && self.method == other.method && self.config == other.config
    }

    /// The record of this line where it gave no result, in the words of the plan. What the writer knows of
    /// the process is added by it.
    pub fn failed(&self, failure: Failure) -> Cell {
        Cell {
            schema: SCHEMA,
            id: Some(self.id.clone()),
            dataset: self.dataset.clone(),
            protocol: self.protocol.clone(),
            method: self.method.clone(),
            seed: self.seed,
            config: self.config.clone(),
            config_hash: Some(config_hash(&self.config)),
            perturb: self.perturb.clone(),
            attack: self.attack.clone(),
            data_sha256: Some(self.data_sha256.clone()),
            outcome: Err(failure),
            peak_rss_bytes: None,
            device: None,
            host: None,
            threads: None,
            versions: Versions::default(),
            warnings: Vec::new(),
        }
    }
}
