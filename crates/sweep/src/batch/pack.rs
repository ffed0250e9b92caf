//! Cells to tasks: some minutes of work each, cells of one need together.

use std::collections::BTreeMap;

use super::class::{Class, memory_step, minutes_step};
use crate::plan::Job;

/// However short cells are, a task has at most so many.
const MOST_CELLS: usize = 1000;
/// A sweep is cut into at least so many tasks where that keeps them above `LEAST_SECONDS`.
const TASKS: f64 = 64.0;
/// Starting a task costs about a second.
const LEAST_SECONDS: f64 = 20.0;

/// A cell that waits, and what it needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    pub(crate) index: usize,
    pub(crate) seconds: f64,
    /// How many times longer than else it may take.
    pub(crate) longer: u64,
    pub(crate) memory_mib: u64,
    pub(crate) gpus: usize,
    /// It was lost before: it has a task to itself.
    pub(crate) alone: bool,
}

/// How cells are packed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) cores: usize,
    /// The work that a task is to have.
    pub(crate) task_seconds: f64,
    /// The least limit of a task's time.
    pub(crate) least_minutes: u64,
    /// After which one cell is stopped.
    pub(crate) cell_minutes: u64,
}

/// The tasks of each class. Cells that share a training or are trained as one stay together.
pub(crate) fn pack(needs: &[Need], jobs: &[Job], rules: Rules) -> BTreeMap<Class, Vec<Vec<usize>>> {
    let total: f64 = needs.iter().map(|need| need.seconds).sum();
    let least = LEAST_SECONDS.min(rules.task_seconds);
    let limit = (total / TASKS).clamp(least, rules.task_seconds);
    let mut tasks: BTreeMap<Class, Vec<Vec<usize>>> = BTreeMap::new();
    let mut close = |task: &mut Open, longer: u64, memory_mib: u64, gpus: usize| {
        let cells = std::mem::take(&mut task.cells);
        let most = rules.cell_minutes.saturating_mul(cells.len() as u64);
        let class = Class {
            cores: rules.cores,
            gpus,
            memory_mib,
            minutes: minutes_step(
                task.seconds * longer as f64,
                rules.least_minutes * longer,
                most.saturating_add(5),
            ),
        };
        task.seconds = 0.0;
        tasks.entry(class).or_default().push(cells);
    };
    // One open task for each size.
    let mut open: BTreeMap<(u64, usize), Open> = BTreeMap::new();
    for need in needs {
        let size @ (memory_mib, gpus) = (memory_step(need.memory_mib), need.gpus);
        if need.alone {
            let mut alone = Open {
                cells: vec![need.index],
                seconds: need.seconds,
            };
            close(&mut alone, need.longer, memory_mib, gpus);
            continue;
        }
        let task = open.entry(size).or_default();
        if !task.cells.is_empty() {
            let before = task.cells.iter().rev().map(|&index| &jobs[index]);
            let stays = jobs[need.index].stays_with(before);
            let full = task.seconds + need.seconds > limit || task.cells.len() >= MOST_CELLS;
            if full && !stays {
                close(task, 1, memory_mib, gpus);
            }
        }
        task.cells.push(need.index);
        task.seconds += need.seconds;
    }
    for ((memory_mib, gpus), mut task) in open {
        if !task.cells.is_empty() {
            close(&mut task, 1, memory_mib, gpus);
        }
    }
    tasks
}

/// A task that may take more cells.
#[derive(Debug, Default)]
struct Open {
    cells: Vec<usize>,
    seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::planned;

    const RULES: Rules = Rules {
        cores: 1,
        task_seconds: 240.0,
        least_minutes: 10,
        cell_minutes: 120,
    };

    fn need(index: usize, seconds: f64) -> Need {
        Need {
            index,
            seconds,
            longer: 1,
            memory_mib: 10,
            gpus: 0,
            alone: false,
        }
    }

    /// As many jobs as wanted, without trainings to share.
    fn jobs(n: usize) -> Vec<Job> {
        let job = Job {
            training: None,
            ..planned().jobs.remove(0)
        };
        vec![job; n]
    }

    #[test]
    fn short_cells_share_a_task_and_long_ones_have_their_own() {
        let needs: Vec<Need> = (0..100)
            .map(|i| need(i, if i < 2 { 900.0 } else { 100.0 }))
            .collect();
        let tasks = pack(&needs, &jobs(100), RULES);
        let of = |minutes| {
            let of = tasks.iter().filter(|(class, _)| class.minutes == minutes);
            of.flat_map(|(_, tasks)| tasks).cloned().collect::<Vec<_>>()
        };
        assert_eq!(of(80), [[0], [1]], "15 minutes, four times over");
        assert!(of(20).iter().all(|task| task.len() <= 2), "{tasks:?}");
        let mut all: Vec<usize> = tasks.into_values().flatten().flatten().collect();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>(), "each cell once");
    }

    #[test]
    fn a_small_sweep_is_still_shared_out_and_a_large_one_has_few_tasks() {
        let n_tasks = |n: usize, seconds: f64| {
            let needs: Vec<Need> = (0..n).map(|i| need(i, seconds)).collect();
            let tasks = pack(&needs, &jobs(n), RULES);
            tasks.into_values().flatten().count()
        };
        assert_eq!(n_tasks(64, 20.0), 64);
        assert_eq!(n_tasks(10_000, 0.01), 10, "a thousand cells each");
        assert_eq!(n_tasks(6400, 24.0), 640, "four minutes each");
    }

    #[test]
    fn needs_of_another_size_go_elsewhere_and_what_was_lost_goes_alone() {
        let mut needs: Vec<Need> = (0..6).map(|i| need(i, 1.0)).collect();
        needs[1].memory_mib = 3000;
        needs[2].gpus = 1;
        needs[3].alone = true;
        let tasks = pack(&needs, &jobs(6), RULES);
        let found: Vec<(u64, usize, &Vec<Vec<usize>>)> = tasks
            .iter()
            .map(|(class, tasks)| (class.memory_mib, class.gpus, tasks))
            .collect();
        assert_eq!(
            found,
            [
                (1024, 0, &vec![vec![3], vec![0, 4, 5]]),
                (4096, 0, &vec![vec![1]]),
                (1024, 1, &vec![vec![2]])
            ]
        );
    }

    #[test]
    fn cells_of_one_training_stay_together() {
        let mut jobs = jobs(4);
        for job in &mut jobs[1..] {
            job.training = Some("one".to_owned());
        }
        let needs: Vec<Need> = (0..4).map(|i| need(i, 200.0)).collect();
        let tasks = pack(&needs, &jobs, RULES);
        let mut all: Vec<Vec<usize>> = tasks.into_values().flatten().collect();
        all.sort();
        assert_eq!(all, [vec![0], vec![1, 2, 3]]);
    }
}
