/// Receives the progress of long work. Called often: an implementation has to be cheap.
pub trait Progress: Sync {
    /// `done` of `total` units of `stage` ("epochs", "reverse steps") are finished; `note` holds the
    /// figure worth watching, such as the loss.
    fn update(&self, stage: &str, done: u64, total: u64, note: &str);

    /// Whether the work should stop at the next point where nothing is lost (Ctrl-C). Long work asks
    /// often and ends with [`DetectorError::Interrupted`](crate::DetectorError::Interrupted).
    fn interrupted(&self) -> bool {
        false
    }
}

/// Ignores all progress.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn update(&self, _stage: &str, _done: u64, _total: u64, _note: &str) {}
}
