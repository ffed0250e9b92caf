//! What cells will take: guesses that learn from finished cells.

use std::collections::HashMap;

use crate::plan::Job;

/// Seconds by index.
#[derive(Debug)]
pub(crate) struct Estimates {
    guesses: Vec<f64>,
    methods: Vec<String>,
    /// Per method the guessed and the true seconds of finished cells.
    learned: HashMap<String, (f64, f64)>,
}

impl Estimates {
    pub(crate) fn new(jobs: &[Job]) -> Self {
        Self {
            guesses: jobs.iter().map(|job| job.seconds).collect(),
            methods: jobs.iter().map(|job| job.planned.method.clone()).collect(),
            learned: HashMap::new(),
        }
    }

    /// The true time of a finished cell corrects those of its method.
    pub(crate) fn learn(&mut self, index: usize, seconds: f64) {
        let method = self.methods[index].clone();
        let (guessed, true_seconds) = self.learned.entry(method).or_default();
        *guessed += self.guesses[index];
        *true_seconds += seconds;
    }

    pub(crate) fn seconds(&self, index: usize) -> f64 {
        let factor = match self.learned.get(&self.methods[index]) {
            Some((guessed, true_seconds)) if *guessed > 0.0 => true_seconds / guessed,
            _ => 1.0,
        };
        self.guesses[index] * factor
    }
}
