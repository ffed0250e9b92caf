#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod atomic;
mod cache;
mod clutter;
mod disk;
mod hex;
mod host;
mod input;
mod lock;
mod nesting;
pub mod pip;
mod text;
mod visible;

pub use atomic::{
    Pending, TEMPORARY, Temporary, fill, folder_of, is_special, remove_abandoned,
    remove_unfinished, write, write_new,
};
pub use cache::cache_folder;
pub use clutter::{PassedOver, is_clutter};
pub use disk::free_bytes;
pub use hex::{hex, sha256};
pub use host::host_name;
pub use input::{NotReadable, check, open};
pub use lock::{Holder, Lock, Waiting};
pub use nesting::{MOST_NESTED, is_too_deep};
pub use text::{TextError, read_text, shell};
pub use visible::{escaped, visible, visible_lines};
