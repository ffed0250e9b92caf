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

    /// What work is shared out by.
    pub(crate) fn seconds(&self, index: usize) -> f64 {
        let learned = self.learned.get(&self.methods[index]);
        self.guesses[index] * factor(learned.copied())
    }

    /// What a user is shown: a method of which no cell is finished is off by as much as those that are.
    pub(crate) fn expected(&self, index: usize) -> f64 {
        let sum = |a: (f64, f64), b: &(f64, f64)| (a.0 + b.0, a.1 + b.1);
        let learned = self.learned.get(&self.methods[index]).copied();
        let learned = learned.or_else(|| Some(self.learned.values().fold((0.0, 0.0), sum)));
        self.guesses[index] * factor(learned)
    }
}

/// True by guessed seconds.
fn factor(learned: Option<(f64, f64)>) -> f64 {
    match learned {
        Some((guessed, true_seconds)) if guessed > 0.0 => true_seconds / guessed,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::planned;

    #[test]
    fn a_method_learns_from_itself_or_before_that_from_the_others() {
        let jobs = planned().jobs; // 0 to 3 are of one method, 4 and 5 of another
        let guess = |i: usize| jobs[i].seconds;
        let mut estimates = Estimates::new(&jobs);
        let is = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-9;
        assert!(is(estimates.expected(4), guess(4)));
        estimates.learn(0, guess(0) / 8.0);
        assert!(is(estimates.expected(1), guess(1) / 8.0));
        assert!(is(estimates.expected(4), guess(4) / 8.0));
        assert!(
            is(estimates.seconds(4), guess(4)),
            "work is shared out with care"
        );
        estimates.learn(5, guess(5) * 3.0);
        assert!(is(estimates.expected(1), guess(1) / 8.0));
        assert!(is(estimates.expected(4), guess(4) * 3.0));
    }
}
