//! `residuum evaluate`: scores of labelled data, compared with the labels.

mod figures;
mod found;
mod labelled;
mod misses;
mod page;
mod promise;
mod reasons;
mod thumbnails;
mod words;

use experiment::Machine;
use residuum::Stored;

use self::found::Found;
use self::labelled::Labelled;
use self::thumbnails::Thumbnails;
use crate::failure::{Failure, exit};
use crate::output::{print, print_data};
use crate::own::calibrate::restore;
use crate::own_args::Evaluate;
use crate::place::{apart, check_place, write_atomically};
use crate::progress::Bar;

pub(crate) fn run(args: &Evaluate, machine: &Machine) -> Result<(), Failure> {
    let place = args.report.as_ref().map(|folder| folder.join("index.html"));
    if let Some(place) = &place {
        let inputs = [
            ("the model", args.model.as_path()),
            ("the data", &args.input),
        ];
        apart(&[("--report", place)], &inputs)?;
    }
    let model = restore(Stored::read(&args.model)?, machine)?;
    if let Some(place) = &place {
        check_place(place)?;
    }
    let bar = Bar::new();
    let rows = Labelled::read(args, &model, &bar);
    bar.finish();
    let rows = rows?;
    let found = Found::of(args, &model, &rows, &bar);
    bar.finish();
    let found = found?;
    if let Some(place) = &place {
        let thumbnails = Thumbnails::of(&found, &bar);
        bar.finish();
        write_atomically(place, page::render(&found, &thumbnails?).as_bytes())?;
    }
    match args.json {
        true => {
            let json = serde_json::to_string_pretty(&words::json(&found))
                .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))?;
            print_data(&json);
        }
        false => {
            let mut text = words::text(&found);
            if let Some(place) = &place {
                text += &format!("page         {}\n", place.display());
            }
            print(&text);
        }
    }
    if rows.without_score() > 0 {
        tracing::warn!(
            "{} rows have no score: a value is missing",
            rows.without_score()
        );
    }
    Ok(())
}
