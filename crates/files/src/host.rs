use std::fs;

/// The machine's name: what Slurm calls the node, within a job of it, else what the system does; empty where
/// neither says.
pub fn host_name() -> String {
    let node = std::env::var("SLURMD_NODENAME").ok();
    node.filter(|node| !node.is_empty())
        .unwrap_or_else(system_name)
}

/// What the system calls it.
pub(crate) fn system_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}
