//! Kept inputs read once more.

use std::path::Path;

use anyhow::Context;

use crate::campaign::scratch;
use crate::corpus;
use crate::examine::{Examined, Fault, examine, keep_panics};
use crate::target::{Outcome, Target};
use crate::worker::{on_one_thread, prepare};

/// Reads one file and prints what was seen; the exit code.
pub(crate) fn file(target: &Target, file: &Path) -> anyhow::Result<u8> {
    let input = std::fs::read(file).with_context(|| file.display().to_string())?;
    let scratch = scratch()?;
    keep_panics();
    let seen = on_one_thread(|| -> anyhow::Result<Examined> {
        let folder = prepare(target, scratch.path())?;
        Ok(examine(target, &folder, &input))
    })??;
    match &seen.outcome {
        Ok(Outcome::Accepted { decoded }) => println!("accepted: {decoded} bytes decoded"),
        Ok(Outcome::Refused(error)) => println!("refused: {error}"),
        Err(fault) => println!("fault: {fault}"),
    }
    println!("{:.1} ms, {} bytes allocated at the peak", 1000.0 * seen.time.as_secs_f64(), seen.peak);
    Ok(u8::from(seen.outcome.is_err()))
}

/// Reads the corpus of each target; the exit code.
pub(crate) fn corpus(targets: &[&'static Target]) -> anyhow::Result<u8> {
    let scratch = scratch()?;
    keep_panics();
    let (read, faults) = on_one_thread(|| -> anyhow::Result<(usize, usize)> {
        let (mut read, mut faults) = (0, 0);
        for target in targets {
            let folder = prepare(target, scratch.path())?;
            for seed in corpus::of(target.name)? {
                let outcome = examine(target, &folder, &seed.bytes).outcome;
                let fault = match outcome {
                    Err(fault) => Some(fault),
                    Ok(Outcome::Accepted { .. }) if seed.accepted => None,
                    Ok(Outcome::Refused(_)) if !seed.accepted => None,
                    Ok(other) => Some(Fault::Outcome { found: format!("{other:?}") }),
                };
                read += 1;
                if let Some(fault) = fault {
                    faults += 1;
                    println!("{}: {fault}", seed.path.display());
                }
            }
        }
        Ok((read, faults))
    })??;
    println!("corpus: {read} inputs, {faults} of them not as they should be");
    Ok(u8::from(faults > 0))
}
