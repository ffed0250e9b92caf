use peak_alloc::PeakAlloc;

/// Counts what every input allocates.
#[global_allocator]
pub(crate) static MEMORY: PeakAlloc = PeakAlloc;
