//! What each protocol makes of an embedded data set, and what the audit says about it.
#![allow(clippy::print_stdout)]

use datasets::{DatasetError, Protocol, Roots, audit_split, find};

fn main() -> Result<(), DatasetError> {
    let set = find("FashionMNIST_6@pixels")?.load(&Roots::discover(None)?)?;
    println!(
        "{}: {} images, {} anomalies",
        set.name(),
        set.n(),
        set.n_anomalies()
    );
    for protocol in Protocol::all() {
        let split = protocol.split(&set, protocol.default_seed())?;
        println!(
            "{protocol:>12}: {} train, {} test, {} of them anomalies",
            split.train.len(),
            split.test.len(),
            split.n_anomalies()
        );
        for finding in audit_split(&split).findings() {
            println!("{:>14}{finding}", "");
        }
    }
    Ok(())
}
