//! The program as a user starts it, and files to feed it.
#![allow(dead_code)] // each test file uses its own part

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub(crate) mod place;

/// The program of the crate whose tests these are: `residuum`, or the one with networks.
pub(crate) const PROGRAM: &str = match (
    option_env!("CARGO_BIN_EXE_residuum"),
    option_env!("CARGO_BIN_EXE_residuum-networks"),
) {
    (Some(path), _) | (_, Some(path)) => path,
    _ => "",
};

/// What a finished call left behind.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// `residuum ARGS` with a data root of its own, away from the user's data and cache.
pub(crate) fn residuum(root: &Path, args: &[&str]) -> Ended {
    ended(
        command(root)
            .args(args)
            .output()
            .expect("the program starts"),
    )
}

pub(crate) fn command(root: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .env("RESIDUUM_DATA", root)
        .env("RESIDUUM_CACHE", root.join("cache"))
        .env("OMP_WAIT_POLICY", "passive")
        .env_remove("RESIDUUM_NETWORKS")
        .env_remove("RUST_LOG")
        .env_remove("RUST_BACKTRACE");
    command
}

/// The program, started with nothing to read.
pub(crate) fn start(root: &Path, words: &[&str]) -> Child {
    let mut command = command(root);
    command.args(words).stdin(Stdio::null());
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// Sends the signal of this name.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(sent.expect("kill starts").success());
}

pub(crate) fn end(child: Child) -> Ended {
    ended(child.wait_with_output().expect("an end"))
}

pub(crate) fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
    }
}

impl Ended {
    /// Asserts the exit code and that stderr is one `error:` line holding every one of `words`,
    /// with at most a `hint:` line behind it.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        let lines: Vec<&str> = self.stderr.lines().collect();
        assert_eq!(self.code, Some(code), "stderr: {}", self.stderr);
        assert!(lines[0].starts_with("error: "), "stderr: {}", self.stderr);
        for word in words {
            assert!(lines[0].contains(word), "no `{word}` in: {}", self.stderr);
        }
        match &lines[1..] {
            [] => {}
            [hint] => assert!(hint.starts_with("hint: "), "stderr: {}", self.stderr),
            _ => panic!("more than an error and a hint: {}", self.stderr),
        }
        assert_eq!(self.stdout, "");
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, Some(0), "stderr: {}", self.stderr);
        serde_json::from_str(&self.stdout).expect("stdout is JSON")
    }
}

/// A version 1.0 `.npy` file of the given header fields and data bytes.
pub(crate) fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).expect("short").to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// `X` as `[n, d]` of f32 from `value(row, column)`.
pub(crate) fn npy_f32(n: usize, d: usize, value: impl Fn(usize, usize) -> f32) -> Vec<u8> {
    let data: Vec<u8> = (0..n * d)
        .flat_map(|i| value(i / d, i % d).to_le_bytes())
        .collect();
    npy("<f4", &format!("({n}, {d})"), &data)
}

pub(crate) fn npy_i64(values: &[i64]) -> Vec<u8> {
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    npy("<i8", &format!("({},)", values.len()), &data)
}

/// An `.npz` file of the given arrays.
pub(crate) fn npz(folder: &Path, name: &str, arrays: &[(&str, Vec<u8>)]) -> PathBuf {
    let path = folder.join(name);
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).expect("a file"));
    for (array, bytes) in arrays {
        zip.start_file(
            format!("{array}.npy"),
            zip::write::SimpleFileOptions::default(),
        )
        .expect("an entry");
        zip.write_all(bytes).expect("bytes");
    }
    zip.finish().expect("a zip");
    path
}

/// A data set of `n` normal rows around 0 and `a` anomalous ones far away, without randomness.
pub(crate) fn easy_set(folder: &Path, name: &str, n: usize, a: usize) -> PathBuf {
    let wave = |i: usize, j: usize| ((i * 37 + j * 101) % 97) as f32 / 97.0 - 0.5;
    let x = npy_f32(n + a, 4, |i, j| wave(i, j) + if i < n { 0.0 } else { 8.0 });
    let y: Vec<i64> = (0..n + a).map(|i| i64::from(i >= n)).collect();
    npz(folder, name, &[("X", x), ("y", npy_i64(&y))])
}

/// The smallest grey BMP that decoders take: `side` × `side`, every pixel `level`.
pub(crate) fn bmp(side: usize, level: u8) -> Vec<u8> {
    grey_bmp(side, side, |_, _| level)
}

/// A grey BMP of `level(x, y)`.
pub(crate) fn grey_bmp(w: usize, h: usize, level: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let row = w.div_ceil(4) * 4;
    let (header, palette) = (54, 1024);
    let pixels = header + palette;
    let mut bytes = b"BM".to_vec();
    bytes.extend(((pixels + row * h) as u32).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend((pixels as u32).to_le_bytes());
    bytes.extend(40u32.to_le_bytes());
    bytes.extend((w as i32).to_le_bytes());
    bytes.extend((h as i32).to_le_bytes());
    bytes.extend(1u16.to_le_bytes());
    bytes.extend(8u16.to_le_bytes());
    bytes.extend([0; 24]);
    bytes.extend((0..=255u8).flat_map(|v| [v, v, v, 0]));
    for y in (0..h).rev() {
        bytes.extend((0..row).map(|x| level(x.min(w - 1), y)));
    }
    bytes
}
