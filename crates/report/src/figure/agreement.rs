use charts::{Anchor, Figure, Ink, Numbers, Plot, Scale, mark};

use super::group::{Group, under};
use crate::agreement::Compared;

/// Panels beside each other.
const BESIDE: usize = 3;
const SIDE: f64 = 152.0;
const LEFT: f64 = 58.0;
const STEP: (f64, f64) = (216.0, 240.0);

/// Ours against published means over seeds, a panel for each method and a mark for each data set or
/// family that is complete. The scale is the same in all panels.
pub(crate) fn panels(group: &Group<'_>) -> Option<Figure> {
    let of_column = |column: usize| -> Vec<&Compared> {
        let compared = group.table.compared.iter();
        (compared.filter(|c| c.complete && c.column == column)).collect()
    };
    let panels: Vec<_> = (group.series.iter())
        .map(|series| (series, of_column(series.column)))
        .filter(|(_, compared)| !compared.is_empty())
        .collect();
    let all = panels.iter().flat_map(|(_, compared)| compared);
    let values: Vec<f64> = all.flat_map(|c| [c.ours, c.paper]).collect();
    if values.is_empty() {
        return None;
    }
    let scale = Scale::around(&values);
    let counts = panels.iter().map(|(series, compared)| {
        let near = compared.iter().filter(|c| c.agrees()).count();
        let name = series.label.clone();
        vec![name, near.to_string(), compared.len().to_string()]
    });
    let numbers = Numbers::new(&["method", "agree", "compared"], counts);
    let n_rows = panels.len().div_ceil(BESIDE);
    let mut figure = Figure::new(
        format!("{}-published-seeds", group.stem),
        "Ours against published means over seeds, method by method",
        format!(
            "AUROC in percent, {}: a mark for each data set or complete family. On the line both agree; \
             above it ours is higher. Above each panel: how many are within half a point or two published \
             standard deviations.",
            under(group)
        ),
    );
    figure.width = LEFT + STEP.0 * BESIDE.min(panels.len()) as f64 - 24.0;
    figure.height = STEP.1 * n_rows as f64 + 4.0;
    figure.numbers = Some(numbers);
    for (index, (series, compared)) in panels.iter().enumerate() {
        let plot = Plot {
            left: LEFT + STEP.0 * (index % BESIDE) as f64,
            top: 24.0 + STEP.1 * (index / BESIDE) as f64,
            width: SIDE,
            height: SIDE,
            x: scale,
            y: scale,
        };
        plot.draw(&mut figure, "published", "ours");
        let near = compared.iter().filter(|c| c.agrees()).count();
        let name = format!("{}: {near} of {}", series.label, compared.len());
        let at = (plot.left, plot.top - 9.0);
        figure.text(at, name, Anchor::Start, Ink::Text);
        let ends = vec![(plot.left, plot.bottom()), (plot.right(), plot.top)];
        figure.line(ends, Ink::Faint, 1.0);
        for c in compared {
            mark(&mut figure, plot.at(c.paper, c.ours), series.look, 3.5);
        }
    }
    Some(figure)
}
