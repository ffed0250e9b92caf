//! Builders of `.npy` and `.npz` files, good and bad.
#![allow(dead_code, unreachable_pub)]

use std::io::Write;
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A version 1 `.npy` with this header dictionary.
pub fn npy_with(header: &str, data: &[u8]) -> Vec<u8> {
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.as_bytes());
    out.extend(data);
    out
}

pub fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    npy_with(&header, data)
}

/// `rows` rows of `columns` float32 values: 0, 1, 2, ...
pub fn x(rows: usize, columns: usize) -> Vec<u8> {
    let data: Vec<u8> = (0..rows * columns)
        .flat_map(|v| (v as f32).to_le_bytes())
        .collect();
    npy("<f4", false, &format!("({rows}, {columns})"), &data)
}

pub fn y(labels: &[u8]) -> Vec<u8> {
    npy("|u1", false, &format!("({},)", labels.len()), labels)
}

pub fn npz(
    dir: &Path,
    name: &str,
    entries: &[(&str, Vec<u8>)],
    method: CompressionMethod,
) -> PathBuf {
    let path = dir.join(name);
    let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
    for (entry, bytes) in entries {
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .large_file(name.contains("zip64"));
        zip.start_file(*entry, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    path
}

pub fn deflated(dir: &Path, name: &str, x: Vec<u8>, y: Vec<u8>) -> PathBuf {
    npz(
        dir,
        name,
        &[("X.npy", x), ("y.npy", y)],
        CompressionMethod::Deflated,
    )
}
