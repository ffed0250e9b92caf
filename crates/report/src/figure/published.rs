use charts::legend::{self, Key};
use charts::{Figure, Ink, Plot, Scale, mark};

use super::group::{Group, under};

/// Ours against the published number, a mark for each data set and method.
pub(crate) fn scatter(group: &Group<'_>) -> Option<Figure> {
    let mut points = Vec::new();
    let mut entries = Vec::new();
    for series in &group.series {
        let rows = group
            .table
            .rows
            .iter()
            .map(|row| &row.entries[series.column]);
        let of_series: Vec<(f64, f64)> = rows
            // Means over seeds have figures of their own.
            .filter(|entry| entry.paper_sd.is_none())
            .filter_map(|entry| Some((entry.paper?, entry.ours.mean()?)))
            .collect();
        if !of_series.is_empty() {
            entries.push((series.look, series.label.clone(), Key::Mark));
            points.extend(of_series.into_iter().map(|point| (series.look, point)));
        }
    }
    if points.is_empty() {
        return None;
    }
    let values: Vec<f64> = points.iter().flat_map(|(_, (x, y))| [*x, *y]).collect();
    let scale = Scale::around(&values);
    let plot = Plot {
        left: 58.0,
        top: 8.0,
        width: 340.0,
        height: 340.0,
        x: scale,
        y: scale,
    };
    // Its numbers are the table itself.
    let mut figure = Figure::new(
        format!("{}-published", group.stem),
        "Ours against the published AUROC",
        format!(
            "AUROC in percent, {}: a mark for each data set and method. On the line both agree; above it \
             ours is higher.",
            under(group)
        ),
    );
    figure.height = plot.bottom() + 46.0;
    plot.draw(&mut figure, "published", "ours");
    let ends = vec![(plot.left, plot.bottom()), (plot.right(), plot.top)];
    figure.line(ends, Ink::Faint, 1.0);
    for (column, (x, y)) in points {
        mark(&mut figure, plot.at(x, y), column, 3.5);
    }
    legend::draw(&mut figure, plot.left, plot.bottom() + 44.0, &entries);
    Some(figure)
}
