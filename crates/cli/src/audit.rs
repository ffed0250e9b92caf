use datasets::{Loading, Protocol, Roots};

use crate::args;
use crate::experiment::{load, protocol};
use crate::failure::{Failure, exit};
use crate::output::print;

/// `residuum audit`: what would make numbers on this set misleading.
pub(crate) fn run(args: &args::Audit, roots: &Roots) -> Result<(), Failure> {
    let split_by = args.protocol.as_deref().map(protocol).transpose()?;
    let dataset = load(
        &args.dataset,
        &Loading::of(split_by.unwrap_or(Protocol::Semi)),
        roots,
    )?;
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
        print(&text);
        return Ok(());
    }
    let findings = audit.findings();
    if findings.is_empty() {
        print(&format!("{}: nothing found", dataset.name()));
    }
    for finding in findings {
        print(&format!("{}: {finding}", dataset.name()));
    }
    Ok(())
}
