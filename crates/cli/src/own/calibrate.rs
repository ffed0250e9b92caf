use columns::Columns;
use experiment::Machine;
use residuum::data::{Data, Layout, anomalies};
use residuum::{Model, ModelError, Stored};

use crate::failure::Failure;
use crate::networks::hand_over;
use crate::output::print;
use crate::own::choices::{methods, target};
use crate::own::input::{Input, array, located, whole};
use crate::own::normal::Normal;
use crate::own::show::{facts, left_out};
use crate::own_args::Calibrate;
use crate::place::{apart, check_place};
use crate::progress::Bar;

/// `residuum calibrate`: the same detector, calibrated on other rows.
pub(crate) fn run(args: &Calibrate, machine: &Machine) -> Result<(), Failure> {
    let target = target(&args.rates)?;
    apart(&[("--out", &args.out)], &[("the data", &args.input)])?;
    let model = restore(Stored::read(&args.model)?, machine)?;
    check_place(&args.out)?;
    let input = Input::open(&args.input, &args.reading)?;
    let file = args.input.display().to_string();
    let (side, used) = (side(&model), used(&model));
    let bar = Bar::new();
    let label = model.manifest().columns.label.clone();
    let calibrated = |data: Data<'_>| {
        let calibrated = model.calibrate(data, target, &bar);
        bar.finish();
        calibrated
    };
    let (model, labelled) = match &input {
        Input::Table(table) => {
            let columns = whole(table, |name| !used.iter().any(|other| other == name))?;
            let located = |error| located(&file, 1, error);
            let labelled = labelled(&columns, label.as_deref()).map_err(located)?;
            let model = calibrated(Data::Columns(&columns)).map_err(located)?;
            (model, labelled)
        }
        Input::Array(data) => {
            let normal = Normal::of(&args.input, data)?;
            let model = calibrated(array(normal.rows(data))).map_err(|error| {
                let error = error.with_row(|row| normal.place(row));
                located(&file, 0, error)
            })?;
            (model, normal.labelled)
        }
        Input::Images(pictures) => {
            pictures.warn();
            let (images, _) = pictures.read_all(side, &args.input)?;
            let model = calibrated(Data::Images(images.view()));
            (model.map_err(|error| located(&file, 0, error))?, 0)
        }
    };
    model.save(&args.out)?;
    let mut text = left_out(labelled, "the label calls them anomalies");
    text.push_str(&facts(model.manifest()));
    print(&text);
    for warning in &model.manifest().warnings {
        tracing::warn!("{warning}");
    }
    Ok(())
}

/// How many rows the column of labels calls anomalies, where it is there: they do not calibrate.
fn labelled(columns: &Columns, label: Option<&str>) -> Result<usize, ModelError> {
    let label = label.filter(|label| columns.get(label).is_some());
    let Some(label) = label else { return Ok(0) };
    let anomalies = anomalies(columns, label)?;
    Ok(anomalies.into_iter().filter(|anomaly| *anomaly).count())
}

/// The columns that the model learned from or knows for something else.
fn used(model: &Model) -> Vec<String> {
    let manifest = model.manifest();
    let named = &manifest.columns;
    let special = [&named.key, &named.label, &named.group, &named.time];
    let mut used: Vec<String> = special.into_iter().flatten().cloned().collect();
    if let Layout::Table(layout) = &manifest.layout {
        used.extend(layout.columns.iter().map(|column| column.name.clone()));
    }
    used
}

/// The stored model; this program becomes the one with networks where it needs one.
pub(super) fn restore(stored: Stored, machine: &Machine) -> Result<Model, Failure> {
    let name = &stored.manifest().method;
    let needs_libtorch = residuum::find(name).is_ok_and(|method| method.needs_libtorch);
    if machine.networks.is_none() && needs_libtorch {
        return Err(hand_over());
    }
    Ok(stored.restore(methods(machine), &machine.runtime)?)
}

/// The side of the square that images become.
pub(super) fn side(model: &Model) -> usize {
    match model.manifest().layout {
        Layout::Images { height, .. } => height,
        _ => 1,
    }
}
