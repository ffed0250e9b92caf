//! What is left of a sweep, for others to run: Slurm by hand, GNU parallel, HyperQueue, Kubernetes.

use record::Entry;
use serde_json::{Value, json};

use super::class::Class;
use super::costs::{Costs, Cut};
use super::journal::Journal;
use super::slurm::{ARRAY_SIZE, Slurm};
use super::submission::Submission;
use crate::failure::{Failure, code};
use crate::ledger::Ledger;
use crate::plan::Job;
use crate::program::Program;

/// For whom.
#[derive(Debug)]
pub enum Format {
    /// A command a line: GNU parallel, HyperQueue, a shell.
    Lines,
    /// Scripts for `sbatch`.
    Slurm(Slurm),
    /// Jobs with a completion index, as one list in JSON, which `kubectl` reads as it does YAML.
    Kubernetes(Kubernetes),
}

/// What pods of a Kubernetes cluster need.
#[derive(Debug, Clone)]
pub struct Kubernetes {
    /// An image with a POSIX shell and the libraries of the program.
    pub image: String,
    /// The persistent volume claim that holds the run folder, the program and the data.
    pub claim: String,
    /// Where it is mounted: the same place as here.
    pub mount: String,
    /// How many pods run at once.
    pub at_once: Option<usize>,
}

/// Writes submissions of every cell that has no result; the text is what runs them.
///
/// Whether those tasks run, and that no others compute the same cells meanwhile, is up to who runs them.
///
/// # Errors
/// Where jobs of a scheduler may be at work, or the run folder cannot be written.
pub fn export(
    format: &Format,
    ledger: &Ledger,
    jobs: &[Job],
    program: &Program,
    cut: Cut,
) -> Result<String, Failure> {
    let mut journal = Journal::read(ledger.path())?;
    journal.refuse_open()?;
    let mut costs = Costs::new(jobs, cut);
    let mut waiting = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        match ledger.cell(&job.planned.id).filter(|cell| cell.is_ok()) {
            Some(cell) => costs.learn(index, &cell),
            None => waiting.push(index),
        }
    }
    let most = match format {
        Format::Slurm(_) => ARRAY_SIZE,
        _ => 100_000, // of a Kubernetes Job
    };
    let mut submissions = Vec::new();
    for (class, tasks) in costs.tasks(&waiting, &journal) {
        for tasks in tasks.chunks(most) {
            let submission = Submission::create(ledger.path(), class, tasks, jobs, program)?;
            journal.add(vec![Entry::Exported {
                submission: submission.number,
                format: format.name().to_owned(),
            }])?;
            submissions.push(submission);
        }
    }
    match format {
        Format::Lines => Ok(lines(&submissions)),
        Format::Slurm(slurm) => scripts(slurm, &submissions),
        Format::Kubernetes(kubernetes) => {
            let jobs: Vec<Value> = submissions.iter().map(|s| kubernetes.job(s)).collect();
            let list = json!({"apiVersion": "v1", "kind": "List", "items": jobs});
            let text = serde_json::to_string_pretty(&list).map_err(Failure::internal)?;
            Ok(text + "\n")
        }
    }
}

impl Format {
    fn name(&self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Slurm(_) => "slurm",
            Self::Kubernetes(_) => "kubernetes",
        }
    }
}

fn lines(submissions: &[Submission]) -> String {
    let task = |s: &Submission, task: usize| s.command(&task.to_string()) + "\n";
    let of = |s: &Submission| (0..s.tasks.len()).map(|t| task(s, t)).collect::<String>();
    submissions.iter().map(of).collect()
}

/// Each script in its folder, and the commands that submit them.
fn scripts(slurm: &Slurm, submissions: &[Submission]) -> Result<String, Failure> {
    let mut text = String::new();
    for submission in submissions {
        let path = submission.folder().join("job.sh");
        let script = slurm.script(submission)?;
        files::write(&path, script.as_bytes())
            .map_err(|e| Failure::refused(format!("cannot write {path:?}"), &e))?;
        text.push_str(&format!("sbatch {}\n", files::shell(&path)));
    }
    Ok(text)
}

impl Kubernetes {
    /// A claim and an image that can stand in a manifest.
    ///
    /// # Errors
    /// Usage, for a claim whose name is none, and a place that is not an absolute path.
    pub fn check(self) -> Result<Self, Failure> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        let wrong = |what: String| Err(Failure::new(code::USAGE, what));
        if self.claim.is_empty() || !self.claim.chars().all(plain) {
            return wrong(format!(
                "--claim {:?} is not a name of a persistent volume claim: lower case letters, digits, - and .",
                self.claim
            ));
        }
        if !self.mount.starts_with('/') {
            return wrong(format!("--mount {:?} is not an absolute path", self.mount));
        }
        Ok(self)
    }

    /// A Job (batch/v1) with a pod for each task.
    fn job(&self, submission: &Submission) -> Value {
        let Class {
            cores,
            gpus,
            memory_mib,
            minutes,
        } = submission.class;
        let n = submission.tasks.len();
        let mut resources = json!({"cpu": cores.to_string(), "memory": format!("{memory_mib}Mi")});
        if gpus > 0 {
            resources["nvidia.com/gpu"] = gpus.to_string().into();
        }
        json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": submission.name},
            "spec": {
                "completionMode": "Indexed",
                "completions": n,
                "parallelism": self.at_once.map_or(n, |most| most.min(n)),
                // A pod that was lost is started again; `task.sh` stops at the third time.
                "backoffLimit": 2 * n,
                "template": {"spec": {
                    "restartPolicy": "Never",
                    "activeDeadlineSeconds": 60 * minutes,
                    "containers": [{
                        "name": "cells",
                        "image": self.image,
                        "command": ["sh", "-c", format!("exec {}", submission.command("\"$JOB_COMPLETION_INDEX\""))],
                        "resources": {"requests": resources, "limits": resources},
                        "volumeMounts": [{"name": "run", "mountPath": self.mount}],
                    }],
                    "volumes": [{"name": "run", "persistentVolumeClaim": {"claimName": self.claim}}],
                }},
            },
        })
    }
}
