use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::PatchesError;

/// What `work` makes of the numbers below `n`, in order, on one thread for each of `workers`, within which libtorch
/// computes on one thread.
///
/// The pieces are the caller's, so that answers do not depend on the number of threads.
///
/// # Errors
/// The first error of `work`.
pub(crate) fn side_by_side<W: Send, T: Send>(
    workers: Vec<W>,
    n: usize,
    work: impl Fn(&W, usize) -> Result<T, PatchesError> + Sync,
) -> Result<Vec<T>, PatchesError> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let results = Mutex::new(Vec::with_capacity(n));
    let run = |worker: W| -> Result<(), PatchesError> {
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= n {
                break;
            }
            let answer =
                work(&worker, number).inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            results.push((number, answer));
        }
        Ok(())
    };
    let (run, before) = (&run, tch::get_num_threads());
    let outcome = std::thread::scope(|scope| {
        let start = |worker| {
            scope.spawn(move || {
                tch::set_num_threads(1);
                run(worker)
            })
        };
        let threads: Vec<_> = workers.into_iter().map(start).collect();
        let joined = threads.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined
            .collect::<Vec<_>>()
            .into_iter()
            .collect::<Result<(), _>>()
    });
    // libtorch gives the number that a thread set last to threads that come later.
    tch::set_num_threads(before);
    outcome?;
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_unstable_by_key(|(number, _)| *number);
    Ok(results.into_iter().map(|(_, answer)| answer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_and_the_first_error_ends_it() {
        let squares = side_by_side(vec![1, 2, 3], 50, |_, i| Ok(i * i)).unwrap();
        assert_eq!(squares, (0..50).map(|i| i * i).collect::<Vec<_>>());
        assert!(side_by_side(vec![()], 0, |(), i| Ok(i)).unwrap().is_empty());
        let failed = side_by_side(vec![(), ()], 1000, |(), i| match i {
            7 => Err(PatchesError::TooFewImages { n: i }),
            i => Ok(i),
        });
        assert!(matches!(failed, Err(PatchesError::TooFewImages { n: 7 })));
    }
}
