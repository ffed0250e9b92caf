use std::fs;

use crate::error::DetectorError;

/// Refuses work that memory does not suffice for, before it starts. `what` says what takes `bytes` and
/// ends with what would fit, such as "distances of 12000 rows; fewer neighbours need less".
///
/// # Errors
/// [`DetectorError::Memory`] where [`available_memory`] knows of less.
pub fn needs_memory(bytes: u128, what: &str) -> Result<(), DetectorError> {
    match available_memory() {
        Some(available) if bytes > u128::from(available) => Err(DetectorError::Memory(format!(
            "out of memory: {} MiB are needed and {} MiB are available: {what}",
            bytes >> 20,
            available >> 20
        ))),
        _ => Ok(()),
    }
}

/// Whether a message says that memory cannot be had, in the words of libtorch, CUDA, C++, Rust or the system.
pub fn is_out_of_memory(message: &str) -> bool {
    const WORDS: [&str; 7] = [
        "not enough memory",
        "out of memory",
        "can't allocate memory",
        "Cannot allocate memory",
        "memory allocation",
        "std::bad_alloc",
        "capacity overflow",
    ];
    WORDS.iter().any(|word| message.contains(word))
}

/// The bytes of memory that this process can still take: what the system has left, what its control group
/// allows and what its limit of addresses leaves, whichever is least. `None` where the system does not say.
pub fn available_memory() -> Option<u64> {
    [system(), control_group(), addresses()]
        .into_iter()
        .flatten()
        .min()
}

/// `MemAvailable` and the free swap of `/proc/meminfo`.
fn system() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kib = |key: &str| field(&text, key)?.split(' ').next()?.parse::<u64>().ok();
    let swap = kib("SwapFree:").unwrap_or(0);
    kib("MemAvailable:")?.checked_add(swap)?.checked_mul(1024)
}

/// The limit of version 2 of control groups, or of version 1, less what is used; files in the cache that
/// were not read lately can be given up.
fn control_group() -> Option<u64> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let root = "/sys/fs/cgroup";
    let pair = |limit: &str, used: &str| {
        Some((
            number(&format!("{root}/{limit}"))?,
            number(&format!("{root}/{used}"))?,
        ))
    };
    let (limit, used) = pair("memory.max", "memory.current").or_else(|| {
        pair(
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
        )
    })?;
    let files = fs::read_to_string(format!("{root}/memory.stat"))
        .or_else(|_| fs::read_to_string(format!("{root}/memory/memory.stat")))
        .ok()
        .and_then(|text| field(&text, "inactive_file")?.parse::<u64>().ok());
    Some(limit.saturating_sub(used.saturating_sub(files.unwrap_or(0))))
}

/// The soft limit of addresses less those in use.
fn addresses() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let limit = field(&limits, "Max address space")?;
    let limit = limit.split_whitespace().next()?.parse::<u64>().ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let used = field(&status, "VmSize:")?.split(' ').next()?.parse::<u64>();
    Some(limit.saturating_sub(used.ok()?.saturating_mul(1024)))
}

/// What stands behind `key` on its line.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line[key.len()..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_refused_in_one_line() {
        assert!(needs_memory(1 << 20, "a mebibyte").is_ok());
        if available_memory().is_some() {
            let error = needs_memory(1 << 60, "rows; fewer need less").unwrap_err();
            let text = error.to_string();
            assert!(
                text.starts_with("out of memory: 1099511627776 MiB are needed and "),
                "{text}"
            );
            assert!(
                text.ends_with(" MiB are available: rows; fewer need less"),
                "{text}"
            );
        }
    }

    #[test]
    fn messages_on_memory_are_recognised() {
        for message in [
            "DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes",
            "CUDA out of memory. Tried to allocate 2 GiB",
            "CUDA error: out of memory",
            "[enforce fail at alloc_cpu.cpp] posix_memalign: DefaultCPUAllocator: can't allocate memory",
            "Cannot allocate memory (os error 12)",
            "memory allocation of 8 bytes failed",
            "std::bad_alloc",
            "capacity overflow",
        ] {
            assert!(is_out_of_memory(message), "{message}");
        }
        assert!(!is_out_of_memory("shapes differ"));
    }

    #[test]
    fn fields_are_found_by_their_key() {
        let text = "MemTotal:       24 kB\nMemAvailable:   7 kB\n";
        assert_eq!(field(text, "MemAvailable:"), Some("7 kB"));
        assert_eq!(field(text, "SwapFree:"), None);
    }
}
