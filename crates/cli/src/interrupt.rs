//! SIGINT and SIGTERM, heeded in every phase.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::failure::{Failure, exit};

/// How long work that has not asked since the signal may go on.
const UNHEARD: Duration = Duration::from_secs(2);
/// How long work that has asked may take to keep what it has.
const HEARD: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);
/// The waiting thread needs little, and memory may be limited.
const STACK: usize = 256 << 10;

/// The first signal; 0 before it.
static SIGNAL: AtomicUsize = AtomicUsize::new(0);
/// Whether the work has asked since.
static HEARD_OF: AtomicBool = AtomicBool::new(false);

/// From here on the first signal lets the work end by itself: a training keeps where it is. Work that does
/// not ask for 2 seconds is ended where it is, and a second signal ends at once.
pub(crate) fn watch() -> Result<(), Failure> {
    let register = || -> std::io::Result<()> {
        let first = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            let code = 128 + signal;
            signal_hook::flag::register_conditional_shutdown(signal, code, first.clone())?;
            signal_hook::flag::register(signal, first.clone())?;
        }
        // A file that grows beyond `ulimit -f` is an error of the write, as a full disk is.
        signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let wait = move || {
            if let Some(signal) = signals.forever().next() {
                SIGNAL.store(signal as usize, Ordering::SeqCst);
                end_unless_heard();
            }
        };
        let thread = std::thread::Builder::new().stack_size(STACK);
        thread.spawn(wait).map(drop)
    };
    register().map_err(|error| {
        Failure::new(exit::RETRY, format!("cannot listen to signals: {error}"))
            .hint("free memory, or allow more threads, then run again")
    })
}

/// Whether a signal came. Who asks is expected to end soon.
pub(crate) fn asked() -> bool {
    let asked = SIGNAL.load(Ordering::Relaxed) != 0;
    if asked {
        HEARD_OF.store(true, Ordering::Relaxed);
    }
    asked
}

/// The exit code of the signal that came: 143 for SIGTERM, else 130.
pub(crate) fn code() -> u8 {
    match SIGNAL.load(Ordering::SeqCst) as i32 {
        SIGTERM => exit::TERMINATED,
        _ => exit::INTERRUPTED,
    }
}

fn end_unless_heard() {
    let since = Instant::now();
    loop {
        std::thread::sleep(LOOK);
        let limit = match HEARD_OF.load(Ordering::Relaxed) {
            true => HEARD,
            false => UNHEARD,
        };
        if since.elapsed() >= limit {
            break;
        }
    }
    files::remove_unfinished();
    let _ = std::io::stderr().write_all(b"error: interrupted\n");
    // Not `std::process::exit`: it runs libtorch's clean-up under the feet of the working thread.
    signal_hook::low_level::exit(code().into());
}
