//! What is left to do: chunks for the workers, and the time it will take.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::time::Duration;

use crate::estimates::Estimates;
use crate::plan::Job;

/// Short cells share a process up to this estimated time and number.
const CHUNK_SECONDS: f64 = 20.0;
const CHUNK_CELLS: usize = 8;

/// Cells by index: waiting, taken by a worker, or neither (done).
#[derive(Debug)]
pub(crate) struct Queue<'a> {
    jobs: &'a [Job],
    waiting: BTreeSet<usize>,
    taken: BTreeSet<usize>,
    estimates: Estimates,
}

impl<'a> Queue<'a> {
    pub(crate) fn new(jobs: &'a [Job], pending: &[usize]) -> Self {
        Self {
            jobs,
            waiting: pending.iter().copied().collect(),
            taken: BTreeSet::new(),
            estimates: Estimates::new(jobs),
        }
    }

    /// The next run of neighbouring cells, sized so that every worker gets its share. Cells that
    /// share a training or are trained as one stay together.
    pub(crate) fn take(&mut self, jobs: usize) -> Option<Range<usize>> {
        let first = *self.waiting.first()?;
        let waiting: f64 = self.waiting.iter().map(|&i| self.estimate(i)).sum();
        let limit = CHUNK_SECONDS.min(waiting / (2 * jobs) as f64);
        let (mut end, mut seconds) = (first, 0.0);
        while self.waiting.contains(&end) {
            seconds += self.estimate(end);
            let full = seconds > limit || end - first >= CHUNK_CELLS;
            let before = self.jobs[first..end].iter().rev();
            if end > first && full && !self.jobs[end].stays_with(before) {
                break;
            }
            end += 1;
        }
        for index in first..end {
            self.waiting.remove(&index);
            self.taken.insert(index);
        }
        Some(first..end)
    }

    pub(crate) fn is_taken(&self, index: usize) -> bool {
        self.taken.contains(&index)
    }

    /// A cell is finished or failed; the true time of a finished one corrects the estimates.
    pub(crate) fn done(&mut self, index: usize, seconds: Option<f64>) {
        self.taken.remove(&index);
        if let Some(seconds) = seconds {
            self.estimates.learn(index, seconds);
        }
    }

    /// Cells a worker did not reach wait again.
    pub(crate) fn put_back(&mut self, indices: &[usize]) {
        for index in indices {
            self.taken.remove(index);
            self.waiting.insert(*index);
        }
    }

    /// Wall seconds until everything is done; `running` are the cells in work and for how long.
    pub(crate) fn seconds_left(
        &self,
        running: impl Iterator<Item = (usize, Duration)>,
        jobs: usize,
    ) -> f64 {
        let in_work: HashMap<usize, f64> =
            running.map(|(i, time)| (i, time.as_secs_f64())).collect();
        let expected = |i: usize| self.estimates.expected(i);
        let left = |i: usize| (expected(i) - in_work.get(&i).unwrap_or(&0.0)).max(0.0);
        let all = self.waiting.iter().chain(&self.taken).map(|&i| left(i));
        let longest = all.clone().fold(0.0, f64::max); // one cell is never shared out
        (all.sum::<f64>() / jobs as f64).max(longest)
    }

    fn estimate(&self, index: usize) -> f64 {
        self.estimates.seconds(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::planned;

    #[test]
    fn chunks_are_runs_of_neighbours() {
        let jobs = planned().jobs;
        let mut queue = Queue::new(&jobs, &[0, 2, 3, 4, 5]);
        let mut chunks = Vec::new();
        while let Some(chunk) = queue.take(1) {
            chunks.push(chunk);
        }
        assert_eq!(chunks[0], 0..1, "index 1 is finished: the run ends");
        let all: Vec<usize> = chunks.into_iter().flatten().collect();
        assert_eq!(all, [0, 2, 3, 4, 5]);
    }

    #[test]
    fn cells_that_share_a_training_share_a_worker() {
        let mut jobs = planned().jobs;
        for (index, job) in jobs.iter_mut().enumerate() {
            job.training = Some((index / 3).to_string());
        }
        let mut queue = Queue::new(&jobs, &[0, 1, 2, 3, 4, 5]);
        let chunks: Vec<_> = std::iter::from_fn(|| queue.take(8)).collect();
        assert_eq!(chunks, [0..3, 3..6]);
    }

    #[test]
    fn cells_that_are_trained_as_one_share_a_worker() {
        let mut jobs = planned().jobs;
        let with_replicas = |job: &Job, epochs: u64| {
            let mut job = job.clone();
            let train = serde_json::json!({"replicas": 2, "epochs": epochs});
            job.planned.config = serde_json::Map::from_iter([("train".to_owned(), train)]);
            job.planned.method = "m".to_owned();
            job.training = None;
            job
        };
        for (index, job) in jobs.iter_mut().enumerate() {
            *job = with_replicas(job, if index < 3 { 1 } else { 2 });
        }
        let mut queue = Queue::new(&jobs, &[0, 1, 2, 3, 4, 5]);
        let chunks: Vec<_> = std::iter::from_fn(|| queue.take(8)).collect();
        assert_eq!(chunks, [0..2, 2..3, 3..5, 5..6]);
    }

    #[test]
    fn put_back_cells_are_taken_again_and_done_ones_are_not() {
        let jobs = planned().jobs;
        let mut queue = Queue::new(&jobs, &[0, 1, 2, 3, 4, 5]);
        let chunk = queue.take(1).unwrap();
        queue.done(0, None);
        let rest: Vec<usize> = chunk.filter(|&i| queue.is_taken(i)).collect();
        queue.put_back(&rest);
        let mut again: Vec<usize> = std::iter::from_fn(|| queue.take(1)).flatten().collect();
        again.sort_unstable();
        assert_eq!(again, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_estimate_learns() {
        let jobs = planned().jobs;
        let mut queue = Queue::new(&jobs, &[0, 1, 2, 3]);
        let guess = |i: usize| jobs[i].seconds;
        let before = queue.seconds_left(std::iter::empty(), 1);
        assert!((before - (0..4).map(guess).sum::<f64>()).abs() < 1e-9);
        while queue.take(1).is_some() {}
        queue.done(0, Some(10.0 * guess(0)));
        let after = queue.seconds_left(std::iter::empty(), 1);
        assert!((after - 10.0 * (1..4).map(guess).sum::<f64>()).abs() < 1e-9);
        let running = std::iter::once((1, Duration::from_secs_f64(10.0 * guess(1))));
        let with_running = queue.seconds_left(running, 1);
        assert!((with_running - 10.0 * (2..4).map(guess).sum::<f64>()).abs() < 1e-6);
    }
}
