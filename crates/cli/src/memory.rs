//! Peak memory of this process, from Linux's `/proc`; `None` elsewhere.

use crate::lifeline::release_freed_memory;

/// The largest resident set so far, in bytes.
pub(crate) fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Starts a new peak, so that cells in one process do not inherit each other's: what the one before freed
/// is given back first.
pub(crate) fn reset_peak() {
    release_freed_memory();
    // Where this is refused the peak stays the process's own, an upper bound.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_large_buffer_shows_in_the_peak() {
        reset_peak();
        let buffer = std::hint::black_box(vec![1u8; 64 << 20]);
        assert!(peak_rss_bytes().unwrap() >= 64 << 20);
        assert_eq!(buffer.len(), 64 << 20);
    }

    /// Small blocks below one that lives stay in the heap when they are freed.
    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn a_peak_does_not_stand_on_what_was_freed_before() {
        let mut blocks: Vec<Vec<u8>> = (0..4096).map(|_| vec![1; 64 << 10]).collect();
        let last = std::hint::black_box(&mut blocks).pop();
        drop(blocks);
        reset_peak();
        let peak = peak_rss_bytes().unwrap();
        assert!(peak < 256 << 20, "{peak}");
        drop(last);
    }
}
