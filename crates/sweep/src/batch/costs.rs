//! What the cells that wait will take, by what was planned, measured and lost.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use record::{Cell, Why};

use super::class::Class;
use super::journal::Journal;
use super::pack::{Need, Rules, pack};
use crate::estimates::Estimates;
use crate::plan::Job;

/// Memory of a cell whose plan does not say it.
const MEMORY_MIB: u64 = 2048;

/// How a plan is cut into tasks.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// Cores of a task.
    pub cores: usize,
    /// GPUs of a task with networks.
    pub gpus: usize,
    /// The work a task is to have.
    pub task_time: Duration,
    /// The least limit of time that is asked for, in minutes.
    pub least_minutes: u64,
    /// Wall time after which a cell is stopped.
    pub timeout: Duration,
}

#[derive(Debug)]
pub(super) struct Costs<'a> {
    jobs: &'a [Job],
    cut: Cut,
    pub(super) estimates: Estimates,
    /// The most bytes that were measured, by method and data set.
    memory: HashMap<(&'a str, &'a str), u64>,
}

impl<'a> Costs<'a> {
    pub(super) fn new(jobs: &'a [Job], cut: Cut) -> Self {
        Self {
            jobs,
            cut,
            estimates: Estimates::new(jobs),
            memory: HashMap::new(),
        }
    }

    /// What a finished cell took says what others will.
    pub(super) fn learn(&mut self, index: usize, cell: &Cell) {
        let seconds = cell.measured().and_then(|m| m.seconds?.total());
        if let Some(seconds) = seconds {
            self.estimates.learn(index, seconds);
        }
        if let Some(bytes) = cell.peak_rss_bytes {
            let planned = &self.jobs[index].planned;
            let most = self.memory.entry((&planned.method, &planned.dataset));
            let most = most.or_default();
            *most = (*most).max(bytes);
        }
    }

    /// The tasks of each class for cells that wait.
    pub(super) fn tasks(
        &self,
        waiting: &[usize],
        journal: &Journal,
    ) -> BTreeMap<Class, Vec<Vec<usize>>> {
        let needs: Vec<Need> = (waiting.iter())
            .map(|&index| self.need(index, journal.losses(&self.jobs[index].planned.id)))
            .collect();
        let rules = Rules {
            cores: self.cut.cores,
            task_seconds: self.cut.task_time.as_secs_f64(),
            least_minutes: self.cut.least_minutes,
            cell_minutes: self.cut.timeout.as_secs().div_ceil(60),
        };
        pack(&needs, self.jobs, rules)
    }

    /// With more of what a cell was lost for the last times.
    fn need(&self, index: usize, lost: &[Why]) -> Need {
        let planned = &self.jobs[index].planned;
        let times = |why| lost.iter().filter(|&&lost| lost == why).count() as i32;
        let cost = planned.cost;
        let planned_mib = cost.map_or(MEMORY_MIB, |cost| cost.memory_mib);
        let measured = (self.memory).get(&(planned.method.as_str(), planned.dataset.as_str()));
        let measured_mib = measured.map_or(0, |&bytes| (bytes >> 20) * 5 / 4 + 128);
        Need {
            index,
            seconds: self.estimates.seconds(index),
            longer: 4_u64.pow(times(Why::Time) as u32),
            memory_mib: planned_mib.max(measured_mib) << times(Why::Memory),
            gpus: match cost.is_some_and(|cost| cost.network) {
                true => self.cut.gpus,
                false => 0,
            },
            alone: !lost.is_empty(),
        }
    }
}
