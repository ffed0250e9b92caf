use datasets::{Loading, Protocol, Roots};
use experiment::load;
use files::visible;
use residuum::Device;

use crate::args;
use crate::failure::{Failure, exit};
use crate::networks::Networks;
use crate::output::{print, print_data};
use crate::progress::Bar;
use crate::protocol::protocol;

/// `residuum audit`: what would make numbers on this set misleading.
pub(crate) fn run(
    args: &args::Audit,
    roots: &Roots,
    networks: Option<&Networks>,
) -> Result<(), Failure> {
    let split_by = args.protocol.as_deref().map(protocol).transpose()?;
    let loading = Loading::of(split_by.unwrap_or(Protocol::Semi));
    let networks = networks.map(|networks| networks as _);
    let bar = Bar::new();
    let dataset = load(&args.dataset, &loading, roots, networks, Device::Cpu, &bar);
    bar.finish();
    let dataset = dataset?;
    let audit = match split_by {
        None => datasets::audit(&dataset),
        Some(protocol) => {
            let seed = args.seed.unwrap_or_else(|| protocol.default_seed());
            datasets::audit_split(&protocol.split(&dataset, seed)?)
        }
    };
    if args.json {
        let text = serde_json::to_string_pretty(&audit)
            .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))?;
        print_data(&text);
        return Ok(());
    }
    let name = visible(dataset.name());
    let mut findings = dataset.notes();
    findings.extend(audit.findings());
    if findings.is_empty() {
        print(&format!("{name}: nothing found"));
    }
    for finding in findings {
        print(&format!("{name}: {}", visible(&finding)));
    }
    Ok(())
}
