use std::sync::{Mutex, MutexGuard, PoisonError};

use tch::Device;
use tch_ext::{Deterministic, keep_freed_memory};

use crate::{Purpose, TrainingError};

/// A turn with libtorch, whose generator and number of threads belong to the whole process: fits and
/// scores of one process take turns, each seeds before it draws.
///
/// On the CPU a turn runs on one thread. The bytes would otherwise depend on the number of threads,
/// and small layers lose by more: with two threads on two busy cores a fit of 376 x 512 rows took
/// 165 s, with one 6 s (spinning OpenMP workers). Cores are better used by several cells at once.
///
/// On CUDA libtorch is asked for deterministic algorithms while it lasts.
///
/// Turns do not nest: a thread that begins a second one within the first waits for itself.
#[derive(Debug)]
pub struct Session {
    threads_before: Option<i32>,
    _deterministic: Option<Deterministic>,
    _turn: MutexGuard<'static, ()>,
}

static TURN: Mutex<()> = Mutex::new(());

impl Session {
    /// Waits until no other fit or score of this process is under way.
    ///
    /// # Errors
    /// [`TrainingError::Torch`] where libtorch refuses a switch.
    pub fn begin(device: Device) -> Result<Self, TrainingError> {
        // A panic elsewhere leaves nothing behind that matters: each use seeds first.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let threads_before = (device == Device::Cpu).then(tch::get_num_threads);
        if threads_before.is_some() {
            keep_freed_memory();
            tch::set_num_threads(1);
        }
        let cuda = matches!(device, Device::Cuda(_));
        Ok(Self {
            threads_before,
            _deterministic: cuda.then(|| Deterministic::begin(true)).transpose()?,
            _turn: turn,
        })
    }

    /// How many threads may compute side by side within this turn, each with one thread of libtorch: as many as
    /// libtorch had before it; one on CUDA.
    pub fn threads(&self) -> usize {
        let threads = self.threads_before.and_then(|n| usize::try_from(n).ok());
        threads.map_or(1, |n| n.max(1))
    }

    /// Starts the stream of `purpose` number `index` in libtorch's generator: what is drawn next
    /// depends on nothing that was drawn before.
    pub fn seed(&self, seed: u64, purpose: Purpose, index: u64) {
        tch::manual_seed(purpose.seed(seed, index).cast_signed());
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(threads) = self.threads_before {
            tch::set_num_threads(threads);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_given_back() {
        let before = tch::get_num_threads();
        let session = Session::begin(Device::Cpu).unwrap();
        assert_eq!(tch::get_num_threads(), 1);
        assert_eq!(session.threads() as i32, before);
        drop(session);
        assert_eq!(tch::get_num_threads(), before);
    }

    #[test]
    fn algorithms_are_deterministic_on_cuda() {
        let is_on = || Deterministic::is_on().unwrap();
        let session = Session::begin(Device::Cuda(0)).unwrap(); // no device is touched
        assert!(is_on());
        drop(session);
        assert!(!is_on());
    }
}
