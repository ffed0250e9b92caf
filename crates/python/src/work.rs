//! Work without the interpreter's lock, on a pool of threads, that Ctrl-C stops.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use detector::Progress;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// So often signals are looked for.
const PERIOD: Duration = Duration::from_millis(50);

/// What `work` returns, done on the pool without the interpreter's lock. Where a signal came it is asked to stop, and
/// the signal's exception is the error.
pub(crate) fn run<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&dyn Progress) -> T + Send,
) -> PyResult<T> {
    let pool = pool(None)?;
    let stop = AtomicBool::new(false);
    let (slot, filled) = (Mutex::new(None), Condvar::new());
    let wait = || {
        let mut signal = None;
        loop {
            let held = lock(&slot);
            let waited = filled.wait_timeout_while(held, PERIOD, |slot| slot.is_none());
            let (mut held, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if let Some(result) = held.take() {
                return (result, signal);
            }
            drop(held);
            if signal.is_none() {
                signal = Python::attach(|py| py.check_signals()).err();
                stop.store(signal.is_some(), Ordering::Relaxed);
            }
        }
    };
    let (result, signal) = py.detach(|| {
        pool.in_place_scope(|scope| {
            scope.spawn(|_| {
                let result = catch_unwind(AssertUnwindSafe(|| work(&Watch(&stop))));
                *lock(&slot) = Some(result);
                filled.notify_one();
            });
            wait()
        })
    });
    match (signal, result) {
        (Some(signal), _) => Err(signal),
        (None, Ok(done)) => Ok(done),
        (None, Err(panic)) => Err(broken(&*panic)),
    }
}

/// What `work` returns; a panic becomes an exception that is one of Python's.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| broken(&*panic))
}

/// Gives detectors `n` threads from now on.
pub(crate) fn set_threads(n: usize) -> PyResult<()> {
    pool(Some(n)).map(drop)
}

struct Watch<'a>(&'a AtomicBool);

impl Progress for Watch<'_> {
    fn update(&self, _stage: &str, _done: u64, _total: u64, _note: &str) {}

    fn interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The threads, and the process that they are of: after a fork the child has none of them.
struct Pool {
    process: u32,
    threads: Arc<ThreadPool>,
}

static POOL: Mutex<Option<Pool>> = Mutex::new(None);

/// The pool of this process; a new one where there is none, or of `n` threads.
fn pool(n: Option<usize>) -> PyResult<Arc<ThreadPool>> {
    let mut held = lock(&POOL);
    let process = process::id();
    if let Some(pool) = &*held
        && pool.process == process
        && n.is_none()
    {
        return Ok(Arc::clone(&pool.threads));
    }
    // 0 is one for each core, or what RAYON_NUM_THREADS says.
    let threads = ThreadPoolBuilder::new()
        .num_threads(n.unwrap_or(0))
        .build()
        .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    let threads = Arc::new(threads);
    let new = Pool {
        process,
        threads: Arc::clone(&threads),
    };
    if let Some(old) = held.replace(new)
        && old.process != process
    {
        // Its threads are gone, and nobody would answer its farewell.
        mem::forget(old);
    }
    Ok(threads)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn broken(panic: &dyn Any) -> PyErr {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let text = text.unwrap_or("of unknown cause");
    PyRuntimeError::new_err(format!("a fault of residuum, please report it: {text}"))
}
