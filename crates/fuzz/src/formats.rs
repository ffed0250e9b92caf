//! Writers of files that are right in most places: what a reader refuses at the magic tests nothing.

pub(crate) mod json;
pub(crate) mod matlab;
pub(crate) mod npy;
pub(crate) mod png;
pub(crate) mod safetensors;
pub(crate) mod text;
pub(crate) mod tiff;
pub(crate) mod zip;

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::{GzEncoder, ZlibEncoder};

/// Unpacked of a seed at most.
const MOST_UNPACKED: u64 = 1 << 18;

/// As zlib packs it.
fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes);
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

/// What can be unpacked of `bytes`.
fn unpack(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // Damaged data give what came before the damage.
    let _ = ZlibDecoder::new(bytes)
        .take(MOST_UNPACKED)
        .read_to_end(&mut out);
    out
}

/// As gzip packs it.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes);
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}
