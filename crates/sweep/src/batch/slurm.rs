//! Slurm, by its programs. Their texts are read, since the JSON that they print changes with every release; states
//! that are not known here count as running.

use std::io::ErrorKind;
use std::process::{Command, Output, Stdio};

use super::class::Class;
use super::scheduler::{End, Refusal, Scheduler, State};
use super::submission::{Submission, WARNING_SECONDS};
use crate::failure::{Failure, code};

/// `MaxArraySize` where Slurm does not say: its default.
pub(super) const ARRAY_SIZE: usize = 1001;
/// Options of `sbatch` that a sweep sets itself.
const OURS: [&str; 9] = [
    "array",
    "job-name",
    "output",
    "error",
    "open-mode",
    "parsable",
    "wrap",
    "chdir",
    "signal",
];

/// Jobs of arrays, as many tasks as a submission has.
#[derive(Debug)]
pub struct Slurm {
    options: Vec<String>,
    at_once: Option<usize>,
}

impl Slurm {
    /// `options` go to `sbatch`: `KEY=VALUE` or `KEY`, several with commas between them. Of each array `at_once`
    /// tasks run at once.
    ///
    /// # Errors
    /// Usage, for an option that is none or that a sweep sets itself.
    pub fn new(options: &[String], at_once: Option<usize>) -> Result<Self, Failure> {
        let mut words = Vec::new();
        let parts = options.iter().flat_map(|text| text.split(','));
        for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
            let key = part.split('=').next().unwrap_or_default();
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let unsafe_here = |c: char| c.is_control() || c == '"' || c == '\\';
            let is_key = !key.is_empty() && !key.starts_with('-') && key.chars().all(plain);
            if !is_key || part.contains(unsafe_here) {
                let message = format!(
                    "--slurm {part:?} is not an option of sbatch, expected KEY=VALUE or KEY"
                );
                return Err(Failure::new(code::USAGE, message)
                    .hint("such as --slurm partition=gpu,account=physics"));
            }
            if OURS.contains(&key) {
                let message = format!("--slurm {part:?}: the sweep sets {key} itself");
                return Err(Failure::new(code::USAGE, message).hint("leave it out"));
            }
            words.push(match part.split_once('=') {
                Some((key, value)) => format!("--{key}=\"{value}\""),
                None => format!("--{part}"),
            });
        }
        Ok(Self {
            options: words,
            at_once,
        })
    }

    /// The script of a submission, with what it asks for.
    ///
    /// # Errors
    /// Usage, where the run folder has a name that Slurm's own syntax cannot hold.
    pub fn script(&self, submission: &Submission) -> Result<String, Failure> {
        let log = submission.run.join("logs").display().to_string();
        if log.contains(['"', '\\', '\n']) {
            let message = format!("{log:?} cannot stand in a script for Slurm");
            return Err(Failure::new(code::USAGE, message)
                .hint("give the run folder a name without quotes and backslashes"));
        }
        let Class {
            cores,
            gpus,
            memory_mib,
            minutes,
        } = submission.class;
        let last = submission.tasks.len() - 1;
        let most = self
            .at_once
            .map_or(String::new(), |most| format!("%{most}"));
        let log = log.replace('%', "%%");
        let (name, number) = (&submission.name, submission.number);
        let mut text = format!(
            "#!/bin/sh\n#SBATCH --job-name={name}\n#SBATCH --array=0-{last}{most}\n\
             #SBATCH --output=\"{log}/{number}-%a.log\"\n#SBATCH --open-mode=append\n\
             #SBATCH --ntasks=1\n#SBATCH --cpus-per-task={cores}\n#SBATCH --mem={memory_mib}M\n\
             #SBATCH --time={minutes}\n#SBATCH --signal=B:TERM@{WARNING_SECONDS}\n#SBATCH --requeue\n"
        );
        if gpus > 0 {
            text.push_str(&format!("#SBATCH --gres=gpu:{gpus}\n"));
        }
        for option in &self.options {
            text.push_str(&format!("#SBATCH {option}\n"));
        }
        // The shell becomes the task's, which is the one that Slurm warns.
        text.push_str(&format!(
            "exec {}\n",
            submission.command("\"$SLURM_ARRAY_TASK_ID\"")
        ));
        Ok(text)
    }
}

impl Scheduler for Slurm {
    fn name(&self) -> &'static str {
        "slurm"
    }

    fn most_tasks(&mut self) -> Result<usize, Failure> {
        let text = said(ask("scontrol", &["show", "config"])?, "scontrol")?;
        let size = text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == "MaxArraySize").then(|| value.trim().parse::<usize>().ok())?
        });
        match size.unwrap_or(ARRAY_SIZE) {
            0 | 1 => Err(
                Failure::new(code::MISSING, "this Slurm takes no job arrays")
                    .hint("have MaxArraySize raised in slurm.conf, or `residuum sweep export`"),
            ),
            size => Ok(size),
        }
    }

    fn submit(&mut self, submission: &Submission) -> Result<String, Refusal> {
        let path = submission.folder().join("job.sh");
        let write = || {
            let script = self.script(submission)?;
            files::write(&path, script.as_bytes())
                .map_err(|e| Failure::refused(format!("cannot write {path:?}"), &e))
        };
        write().map_err(Refusal::Never)?;
        let path = path.display().to_string();
        let out = ask("sbatch", &["--parsable", &path]).map_err(Refusal::Never)?;
        let error = text(&out.stderr);
        if !out.status.success() {
            let busy = [
                "submit limit",
                "Resource temporarily unavailable",
                "temporarily unable",
                "Socket timed out",
                "Unable to contact",
            ];
            return Err(match busy.iter().any(|words| error.contains(words)) {
                true => Refusal::Full(error),
                false => Refusal::Never(
                    Failure::new(code::MISSING, format!("sbatch refuses: {error}"))
                        .hint("options for it: --slurm partition=…,account=…"),
                ),
            });
        }
        // `JOB` or `JOB;CLUSTER`.
        let out = text(&out.stdout);
        let job = out.split(';').next().unwrap_or_default().trim();
        match job.parse::<u64>() {
            Ok(_) => Ok(job.to_owned()),
            Err(_) => Err(Refusal::Never(Failure::new(
                code::INTERNAL,
                format!("sbatch named no job but {out:?}"),
            ))),
        }
    }

    fn find(&mut self, name: &str) -> Result<Option<String>, Failure> {
        let name = format!("--name={name}");
        let out = ask("squeue", &["-h", "-t", "all", "-o", "%F", &name])?;
        let text = said(out, "squeue")?;
        Ok(text.lines().next().map(|line| line.trim().to_owned()))
    }

    fn tasks(&mut self, jobs: &[&str]) -> Result<Vec<(String, usize, State)>, Failure> {
        let list = jobs.join(",");
        let out = ask(
            "squeue",
            &["-h", "-r", "-t", "all", "-o", "%F|%K|%T|%r", "-j", &list],
        )?;
        // A single job that is forgotten; of several, those that are known are listed.
        if !out.status.success() && text(&out.stderr).contains("Invalid job id") {
            return Ok(Vec::new());
        }
        let text = said(out, "squeue")?;
        Ok(text.lines().filter_map(task).collect())
    }

    fn cancel(&mut self, jobs: &[&str]) -> Result<(), Failure> {
        if jobs.is_empty() {
            return Ok(());
        }
        // Jobs that have ended are no matter.
        let mut words = vec!["--quiet"];
        words.extend(jobs);
        cancel(&words)
    }

    fn cancel_task(&mut self, job: &str, task: usize) -> Result<(), Failure> {
        cancel(&["--quiet", &format!("{job}_{task}")])
    }
}

fn cancel(words: &[&str]) -> Result<(), Failure> {
    let out = ask("scancel", words)?;
    match text(&out.stderr).contains("Invalid job id") {
        true => Ok(()),
        false => said(out, "scancel").map(drop),
    }
}

/// A line of `squeue`: the job of the array, the task, the state, the reason.
fn task(line: &str) -> Option<(String, usize, State)> {
    let mut words = line.trim().split('|');
    let (job, task, state) = (words.next()?, words.next()?, words.next()?);
    let reason = words.next().unwrap_or_default();
    let state = match state {
        // Its node failed as it was to start: Slurm holds it back for an administrator.
        "PENDING" if reason.contains("requeued held") => State::Held,
        "PENDING" | "REQUEUED" | "REQUEUE_HOLD" | "REQUEUE_FED" | "SPECIAL_EXIT"
        | "RESV_DEL_HOLD" => State::Waits,
        "TIMEOUT" | "DEADLINE" => State::Ended(End::Time),
        "OUT_OF_MEMORY" => State::Ended(End::Memory),
        "NODE_FAIL" | "BOOT_FAIL" | "PREEMPTED" | "REVOKED" => State::Ended(End::Node),
        "CANCELLED" => State::Ended(End::Cancelled),
        "COMPLETED" | "FAILED" => State::Ended(End::Unknown),
        _ => State::Runs,
    };
    Some((job.to_owned(), task.parse().ok()?, state))
}

fn ask(program: &str, words: &[&str]) -> Result<Output, Failure> {
    let mut command = Command::new(program);
    // In a group of its own: Ctrl-C reaches only us, and a submission under way is not cut.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let out = command.args(words).stdin(Stdio::null()).output();
    out.map_err(|error| {
        let message = format!("cannot start {program}: {error}");
        let failure = Failure::new(code::MISSING, message);
        match error.kind() {
            ErrorKind::NotFound => failure.hint("start this on a machine that has Slurm's programs on its PATH, such as a login node"),
            _ => failure,
        }
    })
}

/// What a program printed, where it did what it was asked.
fn said(out: Output, program: &str) -> Result<String, Failure> {
    match out.status.success() {
        true => Ok(text(&out.stdout)),
        false => Err(Failure::new(
            code::RETRY,
            format!("{program}: {}", text(&out.stderr)),
        )
        .hint("where Slurm does not answer, the jobs may run all the same; the same command goes on")),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_passed_on_and_ours_are_kept() {
        let options = [
            "partition=gpu,account=a b".to_owned(),
            "exclusive".to_owned(),
        ];
        let slurm = Slurm::new(&options, None).unwrap();
        assert_eq!(
            slurm.options,
            ["--partition=\"gpu\"", "--account=\"a b\"", "--exclusive"]
        );
        for wrong in [
            "--partition=gpu",
            "a b=c",
            "=x",
            "array=3",
            "x=1\n#SBATCH --wrap=rm",
            "x=\"",
        ] {
            let error = Slurm::new(&[wrong.to_owned()], None).unwrap_err();
            assert_eq!(error.code, code::USAGE, "{wrong}");
        }
    }

    #[test]
    fn states_by_their_names() {
        for (line, state) in [
            ("7|3|PENDING|Resources", State::Waits),
            ("7|3|PENDING|launch failed requeued held", State::Held),
            ("7|3|COMPLETING", State::Runs),
            ("7|3|SOMETHING_NEW", State::Runs),
            ("7|3|FAILED", State::Ended(End::Unknown)),
            ("7|3|NODE_FAIL", State::Ended(End::Node)),
        ] {
            assert_eq!(task(line), Some(("7".to_owned(), 3, state)));
        }
        assert_eq!(task("7|N/A|RUNNING"), None, "no task of an array");
    }
}
