//! ROC and precision–recall curves, from the points that cells keep.

use charts::{Figure, Ink, Numbers, Plot, Point, Scale, curves};
use record::Curve;

use super::group::{Group, Series, row_stem, under};
use crate::footnotes::one_line;

/// Curves are read at this many equal steps of their abscissa.
const STEPS: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Roc,
    PrecisionRecall,
}

/// The mean curves over the rows whose cells all keep one.
pub(super) fn over_rows(group: &Group<'_>) -> Vec<Figure> {
    let rows: Vec<usize> = (group.common_rows().into_iter())
        .filter(|&row| group.series.iter().all(|series| has_curves(series, row)))
        .collect();
    if rows.len() < 2 {
        return Vec::new();
    }
    let over = format!("Mean over {} data sets, {}", rows.len(), under(group));
    figures(group, &rows, &group.stem, &over)
}

/// The curves of one row.
pub(super) fn of_row(group: &Group<'_>, row: usize) -> Vec<Figure> {
    let name = one_line(&group.table.rows[row].plan.dataset);
    let of = format!("{name}, {}", under(group));
    figures(group, &[row], &row_stem(group, row), &of)
}

fn has_curves(series: &Series<'_>, row: usize) -> bool {
    let mut seeds = series.cells[row].iter().flatten();
    seeds.all(|(cell, _)| {
        cell.measured()
            .is_some_and(|measured| measured.curve.is_some())
    })
}

fn figures(group: &Group<'_>, rows: &[usize], stem: &str, of: &str) -> Vec<Figure> {
    [Kind::Roc, Kind::PrecisionRecall]
        .into_iter()
        .filter_map(|kind| figure(group, rows, stem, of, kind))
        .collect()
}

fn figure(group: &Group<'_>, rows: &[usize], stem: &str, of: &str, kind: Kind) -> Option<Figure> {
    let found: Vec<(&Series<'_>, Vec<Vec<f64>>)> = (group.series.iter())
        .map(|series| (series, of_seeds(series, rows, kind)))
        .filter(|(_, seeds)| !seeds.is_empty())
        .collect();
    if found.is_empty() {
        return None;
    }
    let plot = Plot {
        left: 58.0,
        top: 8.0,
        width: 400.0,
        height: 300.0,
        x: Scale::exact(0.0, 1.0),
        y: Scale::exact(0.0, 1.0),
    };
    let (id, title, x, y, metric) = match kind {
        Kind::Roc => (
            "roc",
            "ROC curves",
            "false positive rate",
            "true positive rate",
            "AUROC",
        ),
        Kind::PrecisionRecall => (
            "pr",
            "Precision–recall curves",
            "recall",
            "precision",
            "average precision",
        ),
    };
    let several_seeds = found.iter().any(|(_, seeds)| seeds.len() > 1);
    let mut caption = format!("{of}; behind each name its {metric} in percent.");
    caption += match several_seeds {
        true => " Lines are means over seeds, bands reach from the lowest to the highest seed.",
        false => " One seed: no bands.",
    };
    let mut figure = Figure::new(format!("{stem}-{id}"), title, caption);
    figure.height = plot.bottom() + 46.0;
    figure.numbers = Some(numbers(&found, x));
    plot.draw(&mut figure, x, y);
    if kind == Kind::Roc {
        let chance = vec![plot.at(0.0, 0.0), plot.at(1.0, 1.0)];
        figure.dashed(chance, Ink::Faint, 1.0, &[4.0, 3.0]);
    }
    let curve = |(series, seeds): &(&Series<'_>, Vec<Vec<f64>>)| {
        let steps = (0..=STEPS).map(|k| (share(k), mean_at(seeds, k)));
        let start = (kind == Kind::Roc).then_some((0.0, 0.0));
        let value = metric_mean(series, rows, kind);
        let value = value.map_or_else(String::new, |v| format!(" {:.1}", 100.0 * v));
        curves::Curve {
            name: series.label.clone() + &value,
            series: series.look,
            points: start.into_iter().chain(steps).collect(),
            band: band(seeds),
        }
    };
    let shown: Vec<curves::Curve> = found.iter().map(curve).collect();
    curves::draw(&mut figure, &plot, &shown);
    Some(figure)
}

/// The mean curves at tenths of their abscissa.
fn numbers(curves: &[(&Series<'_>, Vec<Vec<f64>>)], abscissa: &str) -> Numbers {
    let steps: Vec<usize> = (0..=STEPS).step_by(STEPS / 10).collect();
    let xs: Vec<String> = steps.iter().map(|&k| format!("{:.1}", share(k))).collect();
    let lines: Vec<(String, Vec<f64>)> = (curves.iter())
        .map(|(series, seeds)| {
            let at = steps.iter().map(|&k| mean_at(seeds, k));
            (series.label.clone(), at.collect())
        })
        .collect();
    Numbers::of_lines(abscissa, &xs, &lines)
}

/// The mean over seeds at a step.
fn mean_at(seeds: &[Vec<f64>], step: usize) -> f64 {
    seeds.iter().map(|seed| seed[step]).sum::<f64>() / seeds.len() as f64
}

/// For each seed that has a curve on every row, the mean of the rows' curves at each step.
fn of_seeds(series: &Series<'_>, rows: &[usize], kind: Kind) -> Vec<Vec<f64>> {
    let n_seeds = rows.first().map_or(0, |&row| series.cells[row].len());
    (0..n_seeds)
        .filter_map(|seed| {
            let curve = |&row: &usize| {
                series.cells[row]
                    .get(seed)?
                    .as_ref()?
                    .0
                    .measured()?
                    .curve
                    .as_ref()
            };
            let curves: Vec<&Curve> = rows.iter().map(curve).collect::<Option<_>>()?;
            let value = |curve: &&Curve, x| match kind {
                Kind::Roc => true_positive_rate(curve, x),
                Kind::PrecisionRecall => precision(curve, x),
            };
            let mean = |x: f64| {
                curves.iter().map(|curve| value(curve, x)).sum::<f64>() / curves.len() as f64
            };
            Some((0..=STEPS).map(|k| mean(share(k))).collect())
        })
        .collect()
}

fn share(step: usize) -> f64 {
    step as f64 / STEPS as f64
}

/// The mean of the metric over what the curve is over.
fn metric_mean(series: &Series<'_>, rows: &[usize], kind: Kind) -> Option<f64> {
    let cells = rows
        .iter()
        .flat_map(|&row| series.cells[row].iter().flatten());
    let values: Vec<f64> = cells
        .filter_map(|(_, metrics)| match kind {
            Kind::Roc => Some(metrics.auroc),
            Kind::PrecisionRecall => metrics.ap,
        })
        .collect();
    crate::estimate::mean(&values)
}

/// The true positive rate at a false positive rate: on the line between the kept points beside it, at
/// the upper end of a vertical one.
fn true_positive_rate(curve: &Curve, rate: f64) -> f64 {
    let (tp, fp) = (&curve.true_positives, &curve.false_positives);
    let last = tp.len() - 1;
    let target = rate * fp[last] as f64;
    // At least one: the first count is 0.
    let above = fp.partition_point(|&count| count as f64 <= target);
    let found = if above > last {
        tp[last] as f64
    } else {
        let (low, high) = (fp[above - 1] as f64, fp[above] as f64);
        let share = (target - low) / (high - low);
        tp[above - 1] as f64 + share * (tp[above] - tp[above - 1]) as f64
    };
    found / tp[last] as f64
}

/// The precision where a recall is reached. Between kept points both counts grow evenly, which is the
/// interpolation that can be achieved (Davis & Goadrich 2006); precision itself is not linear there.
fn precision(curve: &Curve, recall: f64) -> f64 {
    let (tp, fp) = (&curve.true_positives, &curve.false_positives);
    let target = recall * tp[tp.len() - 1] as f64;
    let reached = |&count: &u64| (count as f64) < target || count == 0;
    // A curve's last count is not 0 and not below any target, but for rounding.
    let at = tp.partition_point(reached).min(tp.len() - 1);
    if target <= tp[at - 1] as f64 {
        return tp[at] as f64 / (tp[at] + fp[at]) as f64; // recall 0
    }
    let share = (target - tp[at - 1] as f64) / (tp[at] - tp[at - 1]) as f64;
    let wrong = fp[at - 1] as f64 + share * (fp[at] - fp[at - 1]) as f64;
    target / (target + wrong)
}

/// From the lowest to the highest seed; one seed has no band.
fn band(seeds: &[Vec<f64>]) -> Option<(Vec<Point>, Vec<Point>)> {
    if seeds.len() < 2 {
        return None;
    }
    let edge = |worse: fn(f64, f64) -> f64| -> Vec<Point> {
        let at = |k: usize| seeds.iter().map(|seed| seed[k]).fold(f64::NAN, worse);
        (0..=STEPS).map(|k| (share(k), at(k))).collect()
    };
    Some((edge(f64::min), edge(f64::max)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores 5+ 4− 3+ 2− 1− in rank order: (0,0) (1,0) (1,1) (2,1) (2,2) (2,3).
    fn curve() -> Curve {
        Curve {
            true_positives: vec![0, 1, 1, 2, 2, 2],
            false_positives: vec![0, 0, 1, 1, 2, 3],
        }
    }

    #[test]
    fn rates_are_read_off_the_curve() {
        let rate = |x| true_positive_rate(&curve(), x);
        assert_eq!(rate(0.0), 0.5);
        assert!((rate(1.0 / 6.0) - 0.5).abs() < 1e-12); // along the horizontal part
        assert_eq!(rate(1.0 / 3.0), 1.0);
        assert_eq!(rate(1.0), 1.0);
        let diagonal = Curve {
            true_positives: vec![0, 4],
            false_positives: vec![0, 8],
        };
        assert_eq!(true_positive_rate(&diagonal, 0.25), 0.25);
        assert_eq!(precision(&diagonal, 0.25), 1.0 / 3.0);
        assert_eq!(precision(&diagonal, 0.0), 1.0 / 3.0);
    }

    #[test]
    fn precision_is_that_of_the_rows_above() {
        let at = |x| precision(&curve(), x);
        assert_eq!(at(0.0), 1.0);
        assert_eq!(at(0.5), 1.0);
        // Between (1, 1) and (2, 1): 1.5 true of 2.5.
        assert_eq!(at(0.75), 0.6);
        assert_eq!(at(1.0), 2.0 / 3.0);
    }
}
