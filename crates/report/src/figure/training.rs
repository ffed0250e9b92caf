use charts::legend::{self, Key};
use charts::{Figure, Ink, Numbers, Plot, Point, Scale, dashes};
use record::Training;

use super::group::{Group, Series, under};

/// Curves are read at this many equal steps of the longest training.
const STEPS: usize = 80;

/// The mean loss of each epoch as a share of the first one's, so that trainings with different losses
/// and data sets stand in one figure: the mean over the cells of a method, and their range.
pub(super) fn losses(group: &Group<'_>) -> Option<Figure> {
    let trained: Vec<(&Series<'_>, Vec<&Training>)> = (group.series.iter())
        .map(|series| {
            let trainings = series
                .finished()
                .filter_map(|(cell, _)| cell.measured()?.training.as_ref());
            (series, trainings.filter(|t| has_shape(t)).collect())
        })
        .filter(|(_, trainings): &(_, Vec<_>)| !trainings.is_empty())
        .collect();
    let last = |training: &Training| training.epochs[training.epochs.len() - 1];
    let all = trained.iter().flat_map(|(_, trainings)| trainings);
    let longest = all.map(|training| last(training)).max()? as f64;
    let shares: Vec<f64> = (trained.iter())
        .flat_map(|(_, trainings)| trainings)
        .flat_map(|training| training.losses.iter().map(|loss| loss / training.losses[0]))
        .collect();
    let plot = Plot {
        left: 62.0,
        top: 8.0,
        width: 404.0,
        height: 240.0,
        x: Scale::exact(1.0, longest),
        y: Scale::logarithmic(&shares),
    };
    let mut figure = Figure::new(
        format!("{}-training", group.stem),
        "Training losses",
        format!(
            "Mean loss of an epoch divided by that of the first, {}: the mean over the trainings of a \
             method, and the band from the lowest to the highest. One that stopped early keeps its last \
             value.",
            under(group)
        ),
    );
    figure.height = plot.bottom() + 46.0;
    plot.draw(&mut figure, "epoch", "loss, share of the first");
    let epochs: Vec<f64> = (0..=STEPS)
        .map(|k| 1.0 + (longest - 1.0) * k as f64 / STEPS as f64)
        .collect();
    let mut entries = Vec::new();
    let mut means = Vec::new();
    for (series, trainings) in &trained {
        let at: Vec<Vec<f64>> = (epochs.iter())
            .map(|&epoch| trainings.iter().map(|t| share_at(t, epoch)).collect())
            .collect();
        let line = |of: &dyn Fn(&[f64]) -> f64| -> Vec<Point> {
            let values = epochs.iter().zip(&at);
            values
                .map(|(&epoch, shares)| plot.at(epoch, of(shares)))
                .collect()
        };
        let lowest = line(&|shares| shares.iter().copied().fold(f64::NAN, f64::min));
        let mut band = line(&|shares| shares.iter().copied().fold(f64::NAN, f64::max));
        band.extend(lowest.into_iter().rev());
        let ink = Ink::Series(series.look);
        figure.area(band, ink, 0.15);
        // On a logarithmic scale the mean is the geometric one.
        let mean = |shares: &[f64]| {
            let logs: f64 = shares.iter().map(|share| share.ln()).sum();
            (logs / shares.len() as f64).exp()
        };
        let kept = at.iter().step_by(STEPS / 10);
        means.push((
            series.label.clone(),
            kept.map(|shares| mean(shares)).collect(),
        ));
        figure.dashed(line(&mean), ink, 1.75, dashes(series.look));
        entries.push((series.look, series.label.clone(), Key::Line));
    }
    let kept = epochs.iter().step_by(STEPS / 10);
    let epochs: Vec<String> = kept.map(|epoch| format!("{epoch:.1}")).collect();
    figure.numbers = Some(Numbers::of_lines("epoch", &epochs, &means));
    legend::draw(&mut figure, 16.0, plot.bottom() + 44.0, &entries);
    Some(figure)
}

/// Whether losses can be shown as shares of the first on a logarithmic scale.
fn has_shape(training: &Training) -> bool {
    training.epochs.len() > 1
        && training
            .losses
            .iter()
            .all(|&loss| loss > 0.0 && loss.is_finite())
}

/// The loss at an epoch, between kept ones on the line, as a share of the first.
fn share_at(training: &Training, epoch: f64) -> f64 {
    let (epochs, losses) = (&training.epochs, &training.losses);
    let after = epochs.partition_point(|&kept| kept as f64 <= epoch);
    let loss = match after {
        0 => losses[0],
        after if after == epochs.len() => losses[after - 1],
        after => {
            let (low, high) = (epochs[after - 1] as f64, epochs[after] as f64);
            let share = (epoch - low) / (high - low);
            losses[after - 1] + share * (losses[after] - losses[after - 1])
        }
    };
    loss / losses[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_between_kept_epochs_are_on_the_line() {
        let training = Training {
            epochs: vec![1, 3, 7],
            losses: vec![8.0, 4.0, 2.0],
        };
        let at = |epoch| share_at(&training, epoch);
        assert_eq!(
            [at(1.0), at(2.0), at(3.0), at(5.0), at(9.0)],
            [1.0, 0.75, 0.5, 0.375, 0.25]
        );
        let flat = Training {
            epochs: vec![1, 2],
            losses: vec![1.0, 0.0],
        };
        assert!(has_shape(&training) && !has_shape(&flat));
    }
}
