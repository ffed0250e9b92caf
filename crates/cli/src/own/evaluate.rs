//! `residuum evaluate`: scores of labelled data, compared with the labels.

mod found;
mod labelled;
mod misses;
mod promise;
mod words;

use experiment::Machine;
use residuum::Stored;

use self::found::Found;
use self::labelled::Labelled;
use crate::failure::{Failure, exit};
use crate::output::{print, print_data};
use crate::own::calibrate::restore;
use crate::own_args::Evaluate;
use crate::place::{apart, check_place};
use crate::progress::Bar;

pub(crate) fn run(args: &Evaluate, machine: &Machine) -> Result<(), Failure> {
    let page = args.report.as_ref().map(|folder| folder.join("index.html"));
    if let Some(page) = &page {
        let inputs = [
            ("the model", args.model.as_path()),
            ("the data", &args.input),
        ];
        apart(&[("--report", page)], &inputs)?;
    }
    let model = restore(Stored::read(&args.model)?, machine)?;
    if let Some(page) = &page {
        check_place(page)?;
    }
    let bar = Bar::new();
    let rows = Labelled::read(args, &model, &bar);
    bar.finish();
    let rows = rows?;
    let found = Found::of(args, &model, &rows)?;
    match args.json {
        true => {
            let json = serde_json::to_string_pretty(&words::json(&found))
                .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))?;
            print_data(&json);
        }
        false => print(&words::text(&found)),
    }
    if rows.without_score() > 0 {
        tracing::warn!(
            "{} rows have no score: a value is missing",
            rows.without_score()
        );
    }
    Ok(())
}
