//! What the program has to do below Rust's runtime, and so with `unsafe`: end with the documented code where
//! memory cannot be had, give freed memory back, and see whether it was started with a closed standard output.
//!
//! # Memory
//! A request that the system refuses ends the process with code 75 and one line. An allocator cannot know
//! whether its caller would have taken no for an answer (`Vec::try_reserve`); for those the end is the same:
//! the documented code. What a method or a file will need is compared with the memory there is before it is
//! asked for, where it can be refused in better words.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::exit;

/// The system's allocator, which ends the process where it fails.
struct OrEnd;

#[global_allocator]
static ALLOCATOR: OrEnd = OrEnd;

// SAFETY: every call is passed on as it came, and every answer too, unless the process ends.
unsafe impl GlobalAlloc for OrEnd {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that `System` asks for.
        had(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        had(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        had(unsafe { System.realloc(block, layout, size) }, size)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

fn had(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() {
        end(size);
    }
    block
}

#[cold]
fn end(size: usize) -> ! {
    let mut line = [0; 200];
    let room = line.len();
    let mut rest = &mut line[..];
    // Into a fixed buffer and from there to the descriptor: nothing here allocates.
    let _ = write!(
        rest,
        "error: out of memory: {size} bytes more were asked for\n\
         hint: free memory, or take fewer rows, a smaller model or fewer workers (--jobs 1)\n"
    );
    let left = rest.len();
    let _ = std::io::stderr().write_all(&line[..room - left]);
    signal_hook::low_level::exit(exit::RETRY.into());
}

/// Gives the memory that was freed and kept back to the system (glibc), so that what is measured next does not
/// stand on it.
pub(crate) fn release_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> std::ffi::c_int;
        }
        // SAFETY: no pointers; glibc's `malloc_trim` may be called from any thread.
        unsafe { malloc_trim(0) };
    }
}

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether the program was started without a standard output. Rust's runtime puts `/dev/null` in its place,
/// and a result that nobody gets would pass for one that was written.
pub(crate) fn stdout_was_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// Closes the standard output that the runtime opened where there was none, for the program that this process
/// becomes.
#[cfg(unix)]
pub(crate) fn leave_stdout_as_it_was() {
    use std::os::fd::{FromRawFd, OwnedFd};
    if stdout_was_closed() {
        // SAFETY: nothing is written between this and the next program.
        drop(unsafe { OwnedFd::from_raw_fd(1) });
    }
}

#[cfg(target_os = "linux")]
extern "C" fn look() {
    let closed = std::fs::symlink_metadata("/proc/self/fd/1").is_err_and(|error| {
        // Not where /proc is absent: then nothing is known.
        error.kind() == std::io::ErrorKind::NotFound
            && std::fs::exists("/proc/self/fd/").is_ok_and(|there| there)
    });
    CLOSED.store(closed, Ordering::Relaxed);
}

// SAFETY: the linker's table of functions that run before `main` holds pointers to functions of this form.
// The function only asks the system; it uses nothing that Rust's runtime makes ready first.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_had_is_had() {
        let mut block: Vec<u8> = vec![0; 10];
        block.resize(1 << 20, 7);
        assert_eq!((block[9], block[10]), (0, 7));
        assert!(!stdout_was_closed());
    }

    /// Small blocks below one that lives stay in the heap when they are freed.
    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn freed_memory_goes_back_to_the_system() {
        let resident = || -> u64 {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status.lines().find(|line| line.starts_with("VmRSS:"));
            let kib = line.and_then(|line| line.split_whitespace().nth(1));
            kib.unwrap().parse::<u64>().unwrap() * 1024
        };
        let mut blocks: Vec<Vec<u8>> = (0..4096).map(|_| vec![1; 64 << 10]).collect();
        let last = std::hint::black_box(&mut blocks).pop();
        drop(blocks);
        release_freed_memory();
        assert!(resident() < 256 << 20, "{}", resident());
        drop(last);
    }
}
