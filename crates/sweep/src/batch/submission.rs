//! A submission: some tasks of one class, in a folder that holds all they need.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use record::Planned;
use serde::{Deserialize, Serialize};

use super::class::Class;
use crate::failure::Failure;
use crate::plan::Job;
use crate::program::Program;

/// Between a task's end by the scheduler and the warning before it.
pub(crate) const WARNING_SECONDS: u64 = 30;

/// A submission as its folder `submissions/NUMBER` has it.
///
/// `plan.jsonl` holds its cells in the order of its tasks, `tasks` the range of each task, `task.sh` what runs
/// one, `submission.json` the rest; it is written last, so a folder without it is none. `starts/TASK` and
/// `ends/TASK` are written by the tasks: the machine of each start, and the exit code.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// Its number in the run.
    pub number: u64,
    /// The run folder.
    pub run: PathBuf,
    /// What it is called at the scheduler; no other one has that name.
    pub name: String,
    /// What each of its tasks asks for.
    pub class: Class,
    /// The ids of the cells of each task.
    pub tasks: Vec<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct Layout {
    name: String,
    class: Class,
}

impl Submission {
    /// Makes the folder for tasks over `jobs`.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn create(
        run: &Path,
        class: Class,
        tasks: &[Vec<usize>],
        jobs: &[Job],
        program: &Program,
    ) -> Result<Self, Failure> {
        let (number, folder) = new_folder(run)?;
        let mut hash = files::sha256(run.as_os_str().as_encoded_bytes());
        hash.truncate(8);
        let submission = Self {
            number,
            run: run.to_owned(),
            name: format!("residuum-{hash}-{number}"),
            class,
            tasks: (tasks.iter())
                .map(|task| task.iter().map(|&i| jobs[i].planned.id.clone()).collect())
                .collect(),
        };
        let (mut plan, mut ranges) = (String::new(), String::new());
        let mut index = 0;
        for task in tasks {
            ranges.push_str(&format!("{index} {}\n", index + task.len()));
            for &cell in task {
                let planned = Planned {
                    index,
                    ..jobs[cell].planned.clone()
                };
                plan.push_str(&serde_json::to_string(&planned).map_err(Failure::internal)?);
                plan.push('\n');
                index += 1;
            }
        }
        let layout = Layout {
            name: submission.name.clone(),
            class,
        };
        let layout = serde_json::to_string(&layout).map_err(Failure::internal)? + "\n";
        for folder in ["starts", "ends"].map(|name| folder.join(name)) {
            fs::create_dir(&folder)
                .map_err(|e| Failure::refused(format!("cannot make {folder:?}"), &e))?;
        }
        for (name, text) in [
            ("plan.jsonl", plan),
            ("tasks", ranges),
            ("task.sh", submission.task_script(program)),
            ("submission.json", layout),
        ] {
            let path = folder.join(name);
            files::write(&path, text.as_bytes())
                .map_err(|e| Failure::refused(format!("cannot write {path:?}"), &e))?;
        }
        Ok(submission)
    }

    /// Reads a folder; `None` where it is not whole.
    ///
    /// # Errors
    /// Where it cannot be read or holds something else.
    pub(crate) fn read(run: &Path, number: u64) -> Result<Option<Self>, Failure> {
        let folder = folder_of(run, number);
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path)
                .map_err(|e| Failure::refused(format!("cannot read {path:?}"), &e))
        };
        if !folder.join("submission.json").is_file() {
            return Ok(None);
        }
        let wrong = |what: String| {
            let message = format!("{folder:?} is damaged: {what}");
            Failure::new(crate::code::BAD_DATA, message)
                .hint("remove that folder once its jobs ended")
        };
        let layout: Layout =
            serde_json::from_str(&read("submission.json")?).map_err(|e| wrong(e.to_string()))?;
        /// All that is asked of a line.
        #[derive(Deserialize)]
        struct Id {
            id: String,
        }
        let plan = read("plan.jsonl")?;
        let mut ids = Vec::new();
        for line in plan.lines() {
            let Id { id } = serde_json::from_str(line).map_err(|e| wrong(e.to_string()))?;
            ids.push(id);
        }
        let task = |line: &str| {
            let (from, to) = line.split_once(' ')?;
            let range = from.parse::<usize>().ok()?..to.parse().ok()?;
            Some(ids.get(range)?.to_vec())
        };
        let tasks = read("tasks")?.lines().map(task).collect::<Option<_>>();
        Ok(Some(Self {
            number,
            run: run.to_owned(),
            name: layout.name,
            class: layout.class,
            tasks: tasks.ok_or_else(|| wrong("its tasks are not ranges of its plan".to_owned()))?,
        }))
    }

    /// Its folder.
    pub fn folder(&self) -> PathBuf {
        folder_of(&self.run, self.number)
    }

    /// The words that run a task, whatever runs them.
    pub fn command(&self, task: &str) -> String {
        format!("sh {} {task}", files::shell(&self.folder().join("task.sh")))
    }

    /// What a task prints: its events.
    pub fn events(&self, task: usize) -> PathBuf {
        self.run.join(format!("logs/{}-{task}.out", self.number))
    }

    /// What a task says on standard error.
    pub fn log(&self, task: usize) -> PathBuf {
        self.run.join(format!("logs/{}-{task}.log", self.number))
    }

    /// Its tasks that did not begin yet end at once when they do.
    pub(crate) fn void(&self) -> Result<(), Failure> {
        let path = self.folder().join("void");
        files::write(&path, b"").map_err(|e| Failure::refused(format!("cannot write {path:?}"), &e))
    }

    /// The machines a task was started on, in that order.
    pub(crate) fn hosts(&self, task: usize) -> Vec<String> {
        let path = self.folder().join(format!("starts/{task}"));
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The exit code of a task's program, where it lived to be asked.
    pub(crate) fn exit_code(&self, task: usize) -> Option<i32> {
        let path = self.folder().join(format!("ends/{task}"));
        fs::read_to_string(path).ok()?.trim().parse().ok()
    }

    /// `task.sh`, for any POSIX shell. The program runs beside the shell, which passes a warning on and says how it
    /// ended. A cell that failed stands in its file and is not a failure of the task.
    fn task_script(&self, program: &Program) -> String {
        let (prepare, start) = program.shell();
        let here = files::shell(&self.folder());
        let run = files::shell(&self.run);
        let models = files::shell(&self.run.join("models"));
        let logs = files::shell(&self.run.join("logs"));
        let Class { cores, .. } = self.class;
        let number = self.number;
        format!(
            r#"#!/bin/sh
# Task $1 of submission {number} of a sweep: `sh task.sh 0` runs the first.
here={here}
task=$1
[ -e "$here/void" ] && exit 0
range=$(sed -n "$((task + 1))p" "$here/tasks")
[ -n "$range" ] || {{ echo "no task $task in $here/tasks" >&2; exit 2; }}
rm -f "$here/ends/$task"
echo "${{SLURMD_NODENAME:-$(uname -n)}}" >>"$here/starts/$task"
if [ "$(wc -l <"$here/starts/$task")" -gt 3 ]; then
    echo "task $task was started three times and did not end" >&2
    exit 75
fi
{prepare}export OMP_NUM_THREADS={cores} RAYON_NUM_THREADS={cores} OMP_WAIT_POLICY=passive
exec >>{logs}/{number}-"$task".out 2>>{logs}/{number}-"$task".log
trap 'kill -TERM "$child" 2>/dev/null' TERM INT
{start} cells --plan "$here/plan.jsonl" --from "${{range%% *}}" --to "${{range#* }}" \
    --out {run} --models {models} --threads {cores} </dev/null &
child=$!
# A signal ends a wait early.
while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break
done
echo "$code" >"$here/ends/$task"
[ "$code" -eq 5 ] && exit 0
exit "$code"
"#
        )
    }
}

/// Where submission `number` lies.
pub(crate) fn folder_of(run: &Path, number: u64) -> PathBuf {
    run.join("submissions").join(number.to_string())
}

/// The numbers of the submissions of a run, ascending.
pub(crate) fn numbers(run: &Path) -> Result<Vec<u64>, Failure> {
    let folder = run.join("submissions");
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|e| Failure::refused(format!("cannot list {folder:?}"), &e))?,
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut numbers: Vec<u64> = names
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// A folder that no other process has made.
fn new_folder(run: &Path) -> Result<(u64, PathBuf), Failure> {
    let all = run.join("submissions");
    fs::create_dir_all(&all).map_err(|e| Failure::refused(format!("cannot make {all:?}"), &e))?;
    let mut number = numbers(run)?.last().map_or(1, |last| last + 1);
    loop {
        let folder = folder_of(run, number);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok((number, folder)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(Failure::refused(format!("cannot make {folder:?}"), &error)),
        }
    }
}
