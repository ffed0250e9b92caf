use detector::Progress;

/// Asks for interruption and reports nothing: the blocks are what is reported.
pub(crate) struct Quiet<'a>(pub(crate) &'a dyn Progress);

impl Progress for Quiet<'_> {
    fn update(&self, _stage: &str, _done: u64, _total: u64, _note: &str) {}

    fn interrupted(&self) -> bool {
        self.0.interrupted()
    }
}

/// Some of a work's units, when others are done.
pub(crate) struct Part<'a> {
    pub(crate) of: &'a dyn Progress,
    /// Units that were done before.
    pub(crate) done: usize,
    pub(crate) total: usize,
}

impl Progress for Part<'_> {
    fn update(&self, stage: &str, done: u64, _total: u64, note: &str) {
        let done = self.done as u64 + done;
        self.of.update(stage, done, self.total as u64, note);
    }

    fn interrupted(&self) -> bool {
        self.of.interrupted()
    }
}
