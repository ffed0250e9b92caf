use std::sync::OnceLock;

use crate::shim;

/// Has the C library keep up to 512 MiB of freed memory for the next tensors, for the whole process,
/// once; says whether it could (glibc).
///
/// A training step on the CPU frees and takes the same megabytes over and over. glibc by default gives
/// the top of the heap back to the system each time and has every page cleared when it is taken again;
/// for small networks that is a fifth of the step.
pub fn keep_freed_memory() -> bool {
    static KEPT: OnceLock<bool> = OnceLock::new();
    *KEPT.get_or_init(shim::keep_freed_memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glibc_can_and_is_asked_once() {
        assert_eq!(keep_freed_memory(), cfg!(target_env = "gnu"));
        assert_eq!(keep_freed_memory(), keep_freed_memory());
    }
}
