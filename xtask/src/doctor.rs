//! `cargo xtask doctor`: what is there, and for each gap the command that closes it.

use std::process::Command;

use files::free_bytes;
use libtorch_fetch::{Pip, SMALLEST};
use serde_json::Value;

use crate::failure::code;
use crate::machine;
use crate::program::Program;
use crate::setup;
use crate::workspace::{Workspace, cache_dir, first_line};

/// Show what is there, and for each gap the command that closes it.
///
/// Ends with 0 when `reproduce` and `test` can run, else with 4. Changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask doctor
  RESIDUUM_DATA=~/data cargo xtask doctor    with the data sets of a folder")]
pub(crate) struct Arguments {}

/// How a finding bears on `reproduce` and `test`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mark {
    Good,
    /// They run without it.
    Optional,
    /// They do not.
    Gap,
}

#[derive(Debug)]
struct Finding {
    mark: Mark,
    what: &'static str,
    found: String,
    remedy: Option<String>,
}

fn good(what: &'static str, found: impl Into<String>) -> Finding {
    let found = found.into();
    Finding {
        mark: Mark::Good,
        what,
        found,
        remedy: None,
    }
}

fn lacking(
    mark: Mark,
    what: &'static str,
    found: impl Into<String>,
    remedy: impl Into<String>,
) -> Finding {
    let found = found.into();
    Finding {
        mark,
        what,
        found,
        remedy: Some(remedy.into()),
    }
}

/// Runs the command; the value is the exit code.
pub(crate) fn run(workspace: &Workspace, _: &Arguments) -> anyhow::Result<u8> {
    let libtorch = libtorch(workspace);
    let has_libtorch = libtorch.mark == Mark::Good;
    let findings = [
        toolchain(workspace),
        nextest(workspace),
        compiler(),
        libtorch,
        pip(has_libtorch),
        gpu(workspace),
        good(
            "cores",
            format!(
                "{} ({})",
                machine::cores(),
                machine::cpu_model().unwrap_or_default()
            ),
        ),
        memory(),
        disk(
            "disk, cache",
            &cache_dir()?,
            if has_libtorch { 0 } else { 1_700_000_000 },
        ),
        disk("disk, workspace", &workspace.root, 3_000_000_000),
        data(workspace),
    ];
    for finding in &findings {
        let mark = match finding.mark {
            Mark::Good => "ok  ",
            Mark::Optional => "note",
            Mark::Gap => "MISS",
        };
        println!("{mark}  {:<16} {}", finding.what, finding.found);
        if let Some(remedy) = &finding.remedy {
            println!("      {:<16} -> {remedy}", "");
        }
    }
    let gaps = findings.iter().filter(|f| f.mark == Mark::Gap).count();
    if gaps == 0 {
        println!("`cargo xtask reproduce` and `cargo xtask test` can run");
        return Ok(0);
    }
    println!("{gaps} things are missing");
    Ok(code::MISSING)
}

fn toolchain(workspace: &Workspace) -> Finding {
    let mut rustc = Command::new("rustc");
    match first_line(rustc.arg("--version").current_dir(&workspace.root)) {
        Some(version) => good("toolchain", version),
        None => lacking(
            Mark::Gap,
            "toolchain",
            "no rustc",
            "install rustup from https://rustup.rs",
        ),
    }
}

fn nextest(workspace: &Workspace) -> Finding {
    match first_line(workspace.cargo().args(["nextest", "--version"])) {
        Some(version) => good("cargo-nextest", version.replace("cargo-nextest ", "")),
        None => {
            let remedy = "cargo install --locked cargo-nextest";
            lacking(
                Mark::Optional,
                "cargo-nextest",
                "absent: tests run with `cargo test`",
                remedy,
            )
        }
    }
}

/// torch-sys compiles C++17.
fn compiler() -> Finding {
    let names =
        std::env::var("CXX")
            .ok()
            .into_iter()
            .chain(["c++".into(), "g++".into(), "clang++".into()]);
    for name in names {
        let accepts = Command::new(&name)
            .args(["-std=c++17", "-fsyntax-only", "-x", "c++", "/dev/null"])
            .output()
            .is_ok_and(|out| out.status.success());
        if accepts && let Some(version) = first_line(Command::new(&name).arg("--version")) {
            return good("C++ compiler", version);
        }
    }
    lacking(
        Mark::Gap,
        "C++ compiler",
        "none that knows C++17",
        "apt-get install g++",
    )
}

fn libtorch(workspace: &Workspace) -> Finding {
    match setup::present(workspace) {
        Ok(Some(libtorch)) => {
            let path = libtorch.path.display();
            good(
                "libtorch",
                format!("{} in {path} ({})", libtorch.version, libtorch.origin),
            )
        }
        Ok(None) => {
            let found = "not there yet: reproduce and test download it (530 MB)";
            lacking(Mark::Optional, "libtorch", found, "cargo xtask setup")
        }
        Err(failure) => lacking(
            Mark::Gap,
            "libtorch",
            failure.message,
            failure.hint.unwrap_or_default(),
        ),
    }
}

/// Only the download of libtorch needs pip. Where that is still to come, it is tried.
fn pip(has_libtorch: bool) -> Finding {
    let found = Pip::find().and_then(|pip| match has_libtorch {
        true => Ok(pip),
        false => pip.try_out(SMALLEST).map(|()| pip),
    });
    match found.map_err(setup::failure) {
        Ok(pip) => good(
            "pip",
            format!("{}.{} ({})", pip.version.0, pip.version.1, pip.name()),
        ),
        Err(failure) => {
            let mark = if has_libtorch {
                Mark::Optional
            } else {
                Mark::Gap
            };
            lacking(
                mark,
                "pip",
                failure.message,
                failure.hint.unwrap_or_default(),
            )
        }
    }
}

fn gpu(workspace: &Workspace) -> Finding {
    let mut smi = Command::new("nvidia-smi");
    let name = first_line(smi.args([
        "--query-gpu=name,memory.total,driver_version",
        "--format=csv,noheader",
    ]));
    let path = workspace.library_path();
    let library = std::env::split_paths(&path)
        .map(|dir| dir.join("libtorch_cuda.so"))
        .find(|p| p.is_file());
    match (name, library) {
        (Some(name), Some(library)) => good("CUDA", format!("{name}; {}", library.display())),
        (Some(name), None) => {
            let found = format!("{name}, but no libtorch_cuda.so on the library path");
            lacking(Mark::Optional, "CUDA", found, "cargo xtask setup --cuda")
        }
        (None, Some(library)) => good(
            "CUDA",
            format!("{}, but no GPU (nvidia-smi)", library.display()),
        ),
        (None, None) => good("CUDA", "no GPU: everything runs on the CPU"),
    }
}

fn memory() -> Finding {
    let Some(bytes) = machine::memory_bytes() else {
        return good("memory", "unknown");
    };
    let found = format!("{:.1} GB", bytes as f64 / 1e9);
    if bytes < 3_500_000_000 {
        let remedy = "cargo xtask reproduce --jobs 1; CARGO_BUILD_JOBS=1 for builds";
        return lacking(Mark::Optional, "memory", format!("{found}: little"), remedy);
    }
    good("memory", found)
}

fn disk(what: &'static str, path: &std::path::Path, needed: u64) -> Finding {
    let place = path.display();
    match free_bytes(path) {
        Some(free) if free < needed => {
            let (free, needed) = (free as f64 / 1e9, needed as f64 / 1e9);
            let found = format!("{free:.1} GB free at {place}, needs {needed:.1}");
            let remedy = "export RESIDUUM_CACHE or CARGO_TARGET_DIR to a folder on a larger disk";
            lacking(Mark::Gap, what, found, remedy)
        }
        Some(free) => good(what, format!("{:.1} GB free at {place}", free as f64 / 1e9)),
        None => good(what, format!("unknown at {place} (no df)")),
    }
}

fn data(workspace: &Workspace) -> Finding {
    let fetch = "residuum datasets fetch NAME.., or export RESIDUUM_DATA=/your/data";
    if let Some(program) = Program::built(workspace)
        && let Some(catalogue) = quiet_catalogue(&program)
    {
        let present = catalogue.iter().filter(|d| d["present"] == true).count();
        let found = format!("{present} of {} present", catalogue.len());
        return if present == catalogue.len() {
            good("data sets", found)
        } else {
            lacking(Mark::Optional, "data sets", found, fetch)
        };
    }
    let roots = std::env::var_os("RESIDUUM_DATA");
    let roots = roots.iter().flat_map(std::env::split_paths);
    let known = [
        "adbench",
        "mnist",
        "fashion-mnist",
        "cifar10",
        "mvtec256",
        "imagenette224",
    ];
    let mut there: Vec<String> = Vec::new();
    for root in roots.chain([
        workspace.root.join("data/external"),
        workspace.root.join("data"),
    ]) {
        let folders = known
            .iter()
            .map(|name| root.join(name))
            .filter(|p| p.is_dir());
        there.extend(folders.map(|p| p.display().to_string()));
    }
    let found = if there.is_empty() {
        "no folder of data found".into()
    } else {
        there.join(", ")
    };
    lacking(
        Mark::Optional,
        "data sets",
        found,
        "cargo build --release --workspace --bins, then ask again for the full list",
    )
}

fn quiet_catalogue(program: &Program) -> Option<Vec<Value>> {
    let out = program
        .command(&["datasets", "list", "--json"])
        .output()
        .ok()?;
    serde_json::from_slice(&out.stdout).ok()
}
