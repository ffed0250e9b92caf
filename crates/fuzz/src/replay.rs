//! Kept inputs read once more.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::campaign::{how, scratch};
use crate::corpus::{self, Seed};
use crate::examine::{Examined, Fault, examine, keep_panics};
use crate::target::{Outcome, Target};
use crate::worker::{POSITION, on_one_thread, prepare};

/// Reads one file and prints what was seen; the exit code.
pub(crate) fn file(target: &Target, file: &Path) -> anyhow::Result<u8> {
    let input = fs::read(file).with_context(|| file.display().to_string())?;
    let scratch = scratch()?;
    keep_panics();
    let seen = on_one_thread(|| -> anyhow::Result<Examined> {
        let folder = prepare(target, scratch.path())?;
        Ok(examine(target, &folder, &input))
    })??;
    match &seen.outcome {
        Ok(Outcome {
            refused: None,
            decoded,
        }) => println!("accepted: {decoded} bytes decoded"),
        Ok(Outcome {
            refused: Some(why), ..
        }) => println!("refused: {why}"),
        Err(fault) => println!("fault: {fault}"),
    }
    println!(
        "{:.1} ms, {} bytes allocated at the peak",
        1000.0 * seen.time.as_secs_f64(),
        seen.peak
    );
    Ok(u8::from(seen.outcome.is_err()))
}

/// Reads the corpus of each target in a process that an input may end; the exit code.
pub(crate) fn corpus(targets: &[&'static Target]) -> anyhow::Result<u8> {
    let scratch = scratch()?;
    let seeds = seeds(targets)?;
    let mut first = 0;
    let mut bad = false;
    while first < seeds.len() {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("--corpus")
            .arg("--worker")
            .arg(scratch.path())
            .args(["--first", &first.to_string()])
            .args(targets.iter().flat_map(|target| ["--target", target.name]));
        let status = command
            .stderr(Stdio::null())
            .status()
            .context("cannot start a worker")?;
        bad |= !status.success();
        if status.code().is_some() {
            break;
        }
        let position = fs::read_to_string(scratch.path().join(POSITION))?;
        let position: usize = position
            .parse()
            .context("a worker ended before its first input")?;
        let fault = Fault::Ended { how: how(status) };
        println!("{}: {fault}", seeds[position].1.path.display());
        first = position + 1;
    }
    println!(
        "corpus: {} inputs, {}",
        seeds.len(),
        if bad {
            "FAULTS"
        } else {
            "all as they should be"
        }
    );
    Ok(u8::from(bad))
}

/// Reads the corpus from seed number `first` on, and prints what is not as it should be; the exit code.
pub(crate) fn corpus_here(
    targets: &[&'static Target],
    first: usize,
    folder: &Path,
) -> anyhow::Result<u8> {
    keep_panics();
    let bad = on_one_thread(|| -> anyhow::Result<bool> {
        let mut bad = false;
        for (position, (target, seed)) in seeds(targets)?.iter().enumerate().skip(first) {
            fs::write(folder.join(POSITION), position.to_string())?;
            let own = prepare(target, folder)?;
            let fault = match examine(target, &own, &seed.bytes).outcome {
                Err(fault) => Some(fault),
                Ok(outcome) if outcome.refused.is_none() == seed.accepted => None,
                Ok(Outcome {
                    refused: Some(why), ..
                }) => Some(Fault::Outcome {
                    found: format!("refused: {why}"),
                }),
                Ok(_) => Some(Fault::Outcome {
                    found: "accepted".to_owned(),
                }),
            };
            if let Some(fault) = fault {
                bad = true;
                println!("{}: {fault}", seed.path.display());
            }
        }
        Ok(bad)
    })??;
    Ok(u8::from(bad))
}

fn seeds(targets: &[&'static Target]) -> anyhow::Result<Vec<(&'static Target, Seed)>> {
    let mut all = Vec::new();
    for &target in targets {
        all.extend(
            corpus::of(target.name)?
                .into_iter()
                .map(|seed| (target, seed)),
        );
    }
    Ok(all)
}
