//! One method on one data set under one protocol and seed, and what it costs.

use record::{Cost, Fields, Planned, Seeds, hash};
use serde_json::{Map, Value, json};

use super::known::{Dataset, Method};
use crate::failure::{Failure, code};
use crate::profile::Column;

/// Seconds of a method whose program names none.
const SECONDS: f64 = 80.0;

/// A line of the plan, with what orders it.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The line.
    pub planned: Planned,
    /// Seconds one core needs, roughly: a first guess that orders the plan and weighs the progress; the
    /// sweep corrects it per method as cells finish.
    pub seconds: f64,
    /// What the training of its network depends on; `None` where nothing is trained that another cell
    /// could share. Scoring rules share a training.
    pub training: Option<String>,
}

/// What is done to the rows; most columns have neither.
#[derive(Debug, Clone, Default)]
pub(super) struct Disturbance {
    perturb: Option<Fields>,
    attack: Option<Fields>,
}

impl Disturbance {
    /// As a column of a profile asks for it.
    pub(super) fn of(column: &Column) -> Result<Self, Failure> {
        let fields = |table: &Option<toml::Table>| {
            table.as_ref().map(Fields::of).transpose().map_err(|e| {
                let message = format!("in `perturb` or `attack` of column {:?}: {e}", column.label);
                Failure::new(code::USAGE, message)
            })
        };
        Ok(Self {
            perturb: fields(&column.perturb)?,
            attack: fields(&column.attack)?,
        })
    }
}

impl Job {
    pub(super) fn new(
        dataset: &Dataset,
        method: &Method,
        protocol: &str,
        seed: Seeds,
        config: Map<String, Value>,
        disturbance: &Disturbance,
    ) -> Result<Self, Failure> {
        let name = &dataset.name;
        let data_sha256 = dataset.sha256.clone().ok_or_else(|| {
            let message = format!("the catalogue calls {name} present but gives no sha256");
            Failure::new(code::INTERNAL, message)
        })?;
        let planned = Planned {
            index: 0,
            id: String::new(),
            dataset: name.clone(),
            data_sha256,
            method: method.name.clone(),
            protocol: protocol.to_owned(),
            seed,
            cost: Some(Cost {
                seconds: seconds(&config, dataset, method.seconds.unwrap_or(SECONDS)),
                memory_mib: memory_mib(dataset, method.needs_libtorch),
                network: method.needs_libtorch,
            }),
            config,
            perturb: disturbance.perturb.clone(),
            attack: disturbance.attack.clone(),
        };
        Ok(Self::of(planned.with_id()))
    }

    /// The job of a line of a plan.
    pub fn of(planned: Planned) -> Self {
        Self {
            seconds: planned.cost.map_or(SECONDS, |cost| cost.seconds),
            training: training(&planned),
            planned,
        }
    }

    /// Whether it stays in the process of the jobs `before` it, the latest first, however long they take: it shares the
    /// latest one's training, which another process would only wait for, or is trained as one with it, where
    /// `train.replicas` leaves room.
    pub(crate) fn stays_with<'a>(&'a self, before: impl Iterator<Item = &'a Job>) -> bool {
        let mut before = before.peekable();
        let Some(latest) = before.peek() else {
            return false;
        };
        if self.training.is_some() && self.training == latest.training {
            return true;
        }
        let together = before.take_while(|job| self.planned.trains_with(&job.planned));
        !together.count().is_multiple_of(self.planned.replicas())
    }

    /// How the cell is named in messages.
    pub fn title(&self) -> String {
        let Seeds { data, model } = self.planned.seed;
        let seed = if data == model {
            format!("{data}")
        } else {
            format!("{data}/{model}")
        };
        format!(
            "{} {} {} seed {seed}",
            self.planned.dataset, self.planned.method, self.planned.protocol
        )
    }
}

/// From the seconds of the method on the reference, the rows and the settings of its training.
fn seconds(config: &Map<String, Value>, dataset: &Dataset, seconds: f64) -> f64 {
    // Columns of a row, or values of an image.
    let width = dataset.d.unwrap_or(512).max(1);
    let size = dataset.n.unwrap_or(5000).max(1000) * width;
    let train = config.get("train").unwrap_or(&Value::Null);
    let (steps, epochs) = (train["steps"].as_u64(), train["epochs"].as_f64());
    // On feature maps the size of an image hardly matters: its map takes 4 to 20 milliseconds, a step 0.03 to 0.3
    // seconds.
    let has = |name| config.contains_key(name);
    let step = has("features").then_some(0.1);
    let step = step.or_else(|| has("patches").then_some(0.3));
    if let (Some(step), Some(steps)) = (step, steps) {
        let steps = if epochs == Some(0.0) { 0 } else { steps };
        return 0.01 * dataset.n.unwrap_or(5000) as f64 + step * steps as f64;
    }
    let share = match (steps, epochs) {
        // Steps are as many for a small set as for a large one. On images of 64 to 224 pixels a value
        // of a batch took 0.2 to 2.5 microseconds.
        (Some(steps), _) if steps > 0 => {
            let batch = train["batch-size"].as_u64().unwrap_or(64);
            let step = 1.5e-6 * batch as f64 * width as f64;
            return steps as f64 * step.max(0.04);
        }
        (_, Some(epochs)) => epochs / 400.0,
        _ => 1.0,
    };
    // The reference is CIFAR10_4 under `paper`: 2500 + 2763 rows of 512 columns.
    (seconds * share * size as f64 / (5263.0 * 512.0)).max(0.01)
}

/// What a cell may take, generously: a program with libtorch starts at some hundred MiB, and rows are held several
/// times over, in 8 bytes.
fn memory_mib(dataset: &Dataset, network: bool) -> u64 {
    let values = dataset
        .n
        .unwrap_or(5000)
        .saturating_mul(dataset.d.unwrap_or(512));
    let rows = values.saturating_mul(8 * 6) >> 20;
    rows + if network { 1500 } else { 300 }
}

fn training(planned: &Planned) -> Option<String> {
    let mut config = planned.config.clone();
    config.remove("score")?;
    config.get("train")?;
    let Planned {
        dataset,
        protocol,
        method,
        seed,
        ..
    } = planned;
    Some(hash(&json!([dataset, protocol, method, seed, config])))
}

/// Puts the longest first, ties by name so that the same jobs always make the same plan, and numbers
/// them.
pub(super) fn order(jobs: &mut [Job]) {
    let tie = |job: &Job| {
        let Planned {
            method,
            dataset,
            protocol,
            seed,
            ..
        } = &job.planned;
        let names = [method, dataset, protocol].map(String::clone);
        (names, seed.data, seed.model)
    };
    jobs.sort_by(|a, b| {
        let longest = b.seconds.total_cmp(&a.seconds);
        longest
            .then_with(|| tie(a).cmp(&tie(b)))
            .then_with(|| a.training.cmp(&b.training))
            .then_with(|| a.planned.id.cmp(&b.planned.id))
    });
    number(jobs);
}

/// Numbers the lines.
pub(super) fn number(jobs: &mut [Job]) {
    for (index, job) in jobs.iter_mut().enumerate() {
        job.planned.index = index;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_on_larger_images_take_longer() {
        let seconds = |d| {
            let dataset = Dataset {
                d: Some(d),
                ..Dataset::default()
            };
            let config = json!({"train": {"steps": 100, "batch-size": 8}});
            seconds(config.as_object().unwrap(), &dataset, 80.0)
        };
        assert_eq!(seconds(512), 4.0);
        assert!((seconds(3 * 224 * 224) - 180.6).abs() < 0.1);
    }

    #[test]
    fn steps_on_feature_maps_take_as_long_whatever_the_image() {
        let seconds = |d, train| {
            let dataset = Dataset {
                d: Some(d),
                n: Some(1000),
                ..Dataset::default()
            };
            let config = json!({"features": {}, "train": train});
            seconds(config.as_object().unwrap(), &dataset, 80.0)
        };
        let steps = json!({"steps": 200, "batch-size": 16});
        assert_eq!(seconds(784, steps.clone()), 30.0);
        assert_eq!(seconds(3 * 224 * 224, steps), 30.0);
        let untrained = json!({"steps": 200, "batch-size": 16, "epochs": 0});
        assert_eq!(seconds(784, untrained), 10.0);
    }
}
