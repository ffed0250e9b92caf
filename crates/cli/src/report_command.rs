use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use datasets::Roots;
use report::Run;

use crate::args;
use crate::failure::{Failure, exit};
use crate::output::{has_colours, print, print_coloured};

/// `residuum report`: the tables of a run on the terminal, the page and the other files on disk.
pub(crate) fn run(args: &args::Report, roots: &Roots) -> Result<(), Failure> {
    let run = Run::load(&args.run, &published(roots))?;
    if let Some(other) = &args.other {
        return compare(args, &run, &Run::load(other, &published(roots))?);
    }
    let written = run.write(args.out.as_deref().unwrap_or(&args.run))?;
    if let Some(path) = &args.averages {
        run.write_averages(path)?;
    }
    let plain = run.terminal(None, false);
    // Not where a name has an escape of its own, which would not be told from ours.
    match has_colours() && !plain.contains('\u{1b}') {
        true => print_coloured(&run.terminal(None, true)),
        false => print(&plain),
    }
    for cell in run.unreadable() {
        tracing::warn!("{cell}");
    }
    for path in written.paths() {
        tracing::info!("wrote {}", path.display());
    }
    print(&format!("\n{}", written.page.display()));
    if args.open {
        open(&written.page)?;
    }
    Ok(())
}

/// `residuum report A B`: what changed, on the terminal and, where asked for, on disk.
fn compare(args: &args::Report, first: &Run, second: &Run) -> Result<(), Failure> {
    if args.open && args.out.is_none() {
        let message = "--open of two runs needs --out DIR to write the page to";
        return Err(Failure::new(exit::USAGE, message));
    }
    let comparison = report::Comparison::of(first, second);
    // What was asked for is written before anything is printed.
    let written = args.out.as_deref().map(|folder| comparison.write(folder));
    print(&comparison.markdown());
    written.transpose()?;
    let Some(folder) = &args.out else {
        return Ok(());
    };
    let page = folder.join("compare.html");
    print(&format!("\n{}", page.display()));
    if args.open {
        open(&page)?;
    }
    Ok(())
}

/// The folder with the published tables.
fn published(roots: &Roots) -> PathBuf {
    let mut folders = roots.folders().iter().map(|root| root.join("published"));
    folders.find(|folder| folder.is_dir()).unwrap_or_default()
}

/// Shows the page in the browser that the system opens such files with.
fn open(page: &Path) -> Result<(), Failure> {
    let program = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    };
    let quiet = Command::new(program)
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    quiet.map(drop).map_err(|error| {
        let message = format!("cannot start {program}: {error}");
        Failure::new(exit::MISSING, message).hint(format!("open {} yourself", page.display()))
    })
}
