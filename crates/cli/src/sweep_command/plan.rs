use std::path::Path;
use std::time::Duration;

use datasets::Roots;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sweep::{Ledger, Method, Profile, Sets, human};

use crate::datasets_json;
use crate::failure::{Failure, exit};
use crate::methods;
use crate::output::print;
use crate::sweep_args::Plan;

/// `residuum sweep plan`: as `cargo xtask reproduce` plans.
pub(super) fn run(args: &Plan, roots: &Roots) -> Result<(), Failure> {
    let name = args.profile.to_string_lossy();
    if !name.ends_with(".toml") {
        let message = format!("--profile {name:?} is not a TOML file");
        return Err(Failure::new(exit::USAGE, message)
            .hint("profiles are in configs/reproduce of a checkout, such as quick.toml"));
    }
    let mut profile = Profile::read(Path::new("configs/reproduce"), &name)?;
    if !args.seeds.is_empty() {
        profile.override_seeds(&args.seeds);
    }
    if let Some(rows) = args.max_rows {
        profile.cap_rows(rows);
    }
    let sets = Sets::ask(&profile, |names| known(datasets_json::list(names, roots)?))?;
    let registry: Vec<Method> = known(methods::list())?;
    let plan = sweep::plan(&profile, &sets, &registry)
        .and_then(|plan| sweep::tables(plan, &args.table))
        .and_then(|plan| sweep::except(plan, &args.except))
        .and_then(|plan| sweep::narrow(plan, &args.only))?;
    let ledger = Ledger::open(&args.run)?;
    ledger.write_plan(&plan)?;
    let seconds: f64 = plan.jobs.iter().map(|job| job.seconds).sum();
    let rows = plan.tables.tables.iter().flat_map(|table| &table.rows);
    let mut absent: Vec<&String> = rows
        .filter(|row| !row.present)
        .map(|row| &row.dataset)
        .collect();
    absent.sort();
    absent.dedup();
    print(&format!(
        "{} cells, about {} of one core; {} data sets are missing\n{}",
        plan.jobs.len(),
        human(Duration::from_secs_f64(seconds)),
        absent.len(),
        ledger.path().join("plan.jsonl").display()
    ));
    Ok(())
}

/// As the crate `sweep` reads the program's answers.
fn known<T: DeserializeOwned>(answers: Vec<Value>) -> Result<Vec<T>, Failure> {
    serde_json::from_value(answers.into())
        .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))
}
