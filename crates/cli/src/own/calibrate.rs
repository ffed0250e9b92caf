use experiment::Machine;
use residuum::data::{Data, Layout};
use residuum::{Model, Stored};

use crate::failure::Failure;
use crate::networks::hand_over;
use crate::output::print;
use crate::own::choices::{methods, target};
use crate::own::input::{Input, array, first_row, located, whole};
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
    let side = side(&model);
    let bar = Bar::new();
    let calibrated = |data: Data<'_>| {
        let calibrated = model.calibrate(data, target, &bar);
        bar.finish();
        calibrated.map_err(|error| located(&file, first_row(data), error))
    };
    let model = match &input {
        Input::Table(table) => calibrated(Data::Columns(&whole(table, |_| true)?))?,
        Input::Array(data) => calibrated(array(data))?,
        Input::Images(pictures) => {
            pictures.warn();
            let (images, _) = pictures.read_all(side, &args.input)?;
            calibrated(Data::Images(images.view()))?
        }
    };
    model.save(&args.out)?;
    print(&super::show::facts(model.manifest()));
    for warning in &model.manifest().warnings {
        tracing::warn!("{warning}");
    }
    Ok(())
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
