//! Writers of files that are right in most places: what a reader refuses at the magic tests nothing.

pub(crate) mod npy;
pub(crate) mod zip;
