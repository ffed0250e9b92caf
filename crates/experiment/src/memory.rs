//! Peak memory of this process, from Linux's `/proc`; `None` elsewhere.

/// The largest resident set so far, in bytes.
pub(crate) fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Starts a new peak, so that experiments in one process do not inherit each other's. What the one before freed
/// is for the program to give back first.
pub(crate) fn reset_peak() {
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
}
