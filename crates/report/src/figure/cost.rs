use charts::legend::{self, Key};
use charts::{Figure, Numbers, Plot, Scale, mark};
use record::Cell;

use super::group::{Group, under};
use super::histograms::short;
use crate::cell::fit_and_score_seconds;
use crate::estimate::mean;

/// AUROC against the seconds of a fit with its scores, and against the evaluations of a network for
/// each row.
pub(crate) fn figures(group: &Group<'_>) -> Vec<Figure> {
    let seconds = against(
        group,
        "seconds",
        "AUROC against time",
        "seconds to fit and to score, mean over the cells",
        &|cell| fit_and_score_seconds(cell.measured()?),
    );
    let evaluations = against(
        group,
        "evaluations",
        "AUROC against network evaluations",
        "evaluations of the network for each scored row",
        &|cell| cell.measured()?.n_evaluations.map(|n| n as f64),
    );
    seconds.into_iter().chain(evaluations).collect()
}

fn against(
    group: &Group<'_>,
    what: &str,
    title: &str,
    name: &str,
    of: &dyn Fn(&Cell) -> Option<f64>,
) -> Option<Figure> {
    let rows = group.common_rows();
    let mut points = Vec::new();
    for series in &group.series {
        let costs: Vec<f64> = series.finished().filter_map(|(cell, _)| of(cell)).collect();
        let auroc = mean(&series.means_of_seeds(&rows));
        if let (Some(cost), Some(auroc)) = (mean(&costs).filter(|&cost| cost > 0.0), auroc) {
            points.push((series, cost, auroc));
        }
    }
    // A single mark says no more than the table.
    if points.len() < 2 {
        return None;
    }
    let (costs, aurocs): (Vec<f64>, Vec<f64>) = points.iter().map(|p| (p.1, p.2)).unzip();
    let plot = Plot {
        left: 62.0,
        top: 8.0,
        width: 404.0,
        height: 250.0,
        x: Scale::logarithmic(&costs),
        y: Scale::around(&aurocs),
    };
    let rows = points.iter().map(|(series, cost, auroc)| {
        let name = series.label.clone();
        vec![name, short(*cost), format!("{auroc:.2}")]
    });
    let numbers = Numbers::new(&["method", what, "AUROC"], rows);
    let mut figure = Figure::new(
        format!("{}-{what}", group.stem),
        title,
        format!(
            "Mean AUROC over the data sets that every method has, {}, against {name}. The best is high \
             and on the left.",
            under(group)
        ),
    );
    figure.height = plot.bottom() + 46.0;
    figure.numbers = Some(numbers);
    plot.draw(&mut figure, name, "AUROC in percent");
    let mut entries = Vec::new();
    for (series, cost, auroc) in points {
        mark(&mut figure, plot.at(cost, auroc), series.look, 6.0);
        let text = format!("{} {auroc:.2}", series.label);
        entries.push((series.look, text, Key::Mark));
    }
    legend::draw(&mut figure, 16.0, plot.bottom() + 44.0, &entries);
    Some(figure)
}
