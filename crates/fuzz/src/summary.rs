//! What a campaign saw, one line for each target.

use std::time::Duration;

use crate::findings::Findings;
use crate::target::Target;
use crate::worker::Counts;

pub(crate) fn print(targets: &[&Target], counts: &[Counts], time: Duration, findings: &Findings) {
    println!(
        "{:<16} {:>10} {:>9} {:>9} {:>10} {:>10}",
        "target", "inputs", "per s", "accepted", "peak", "slowest"
    );
    for (target, counts) in targets.iter().zip(counts) {
        println!(
            "{:<16} {:>10} {:>9.0} {:>7.1} % {:>6.1} MiB {:>7.1} ms",
            target.name,
            counts.inputs,
            counts.inputs as f64 / counts.seconds.max(1e-9),
            100.0 * counts.accepted as f64 / counts.inputs.max(1) as f64,
            counts.peak as f64 / f64::from(1 << 20),
            1000.0 * counts.slowest,
        );
    }
    let inputs: u64 = counts.iter().map(|counts| counts.inputs).sum();
    let seconds = time.as_secs_f64();
    let faults = match findings.n() {
        0 => "no fault".to_owned(),
        n => format!("{n} FAULTS of {} causes", findings.causes()),
    };
    println!(
        "fuzz: {inputs} inputs in {seconds:.1} s, {:.0} per s; {faults}",
        inputs as f64 / seconds.max(1e-9)
    );
}
