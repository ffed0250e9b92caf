use charts::{Anchor, Figure, Ink, Numbers, Plot, Scale, TEXT, fitted};

use super::group::{Group, under};
use crate::estimate::mean;

/// The height of a strip with the gaps around it, of its points, and the room for the names.
const STRIP: f64 = 26.0;
const SPREAD: f64 = 15.0;
const NAMES: f64 = 150.0;
/// Half the side of a point.
const POINT: f64 = 1.3;

/// The AUROC of each method on each data set as a point; the line of a strip is the mean.
pub(super) fn strips(group: &Group<'_>) -> Option<Figure> {
    let rows = group.common_rows();
    if rows.is_empty() {
        return None;
    }
    let mut strips: Vec<(usize, &str, Vec<f64>)> = (group.series.iter())
        .map(|series| {
            let auroc = |row: &usize| mean(&series.means_of_seeds(&[*row])).unwrap_or(f64::NAN);
            (
                series.look,
                &*series.label,
                rows.iter().map(auroc).collect(),
            )
        })
        .collect();
    let mean_of = |values: &[f64]| mean(values).unwrap_or(f64::NAN);
    strips.sort_by(|a, b| mean_of(&b.2).total_cmp(&mean_of(&a.2)));
    let caption = format!(
        "The AUROC of each method on each of {} data sets, {}; a line is the mean, the dashed one is chance. Points \
         are spread over the height of a strip.",
        rows.len(),
        under(group)
    );
    let mut figure = Figure::new(
        format!("{}-strips", group.stem),
        "Data sets by method",
        caption,
    );
    figure.width = 680.0;
    let least = strips.iter().flat_map(|(_, _, values)| values);
    let least = least.fold(50.0, |least: f64, value| least.min(*value));
    let plot = Plot {
        left: NAMES,
        top: 6.0,
        width: figure.width - NAMES - 20.0,
        height: STRIP * strips.len() as f64,
        x: Scale::exact((least / 10.0).floor() * 10.0, 100.0),
        y: Scale::exact(0.0, 1.0),
    };
    figure.height = plot.bottom() + 42.0;
    plot.draw_x(&mut figure, "AUROC in percent", 5);
    let chance = plot.x_at(50.0);
    let ends = vec![(chance, plot.top), (chance, plot.bottom())];
    figure.dashed(ends, Ink::Text, 1.0, &[4.0, 3.0]);
    for (place, (look, label, values)) in strips.iter().enumerate() {
        let middle = plot.top + STRIP * (place as f64 + 0.5);
        let name = fitted(label, TEXT, NAMES - 14.0);
        let at = (NAMES - 8.0, middle + 0.36 * TEXT);
        figure.text(at, name, Anchor::End, Ink::Text);
        for (row, value) in values.iter().enumerate() {
            // Multiples of the golden ratio fill the height evenly, whatever comes next.
            let share = (row as f64 * 0.618_033_988_75).fract() - 0.5;
            let (x, y) = (plot.x_at(*value), middle + SPREAD * share);
            let corners = ((x - POINT, y - POINT), (x + POINT, y + POINT));
            figure.rectangle(corners.0, corners.1, Ink::Series(*look), 0.45);
        }
        let x = plot.x_at(mean_of(values));
        let line = vec![(x, middle - 0.4 * STRIP), (x, middle + 0.4 * STRIP)];
        figure.line(line.clone(), Ink::Paper, 4.0);
        figure.line(line, Ink::Text, 2.0);
    }
    plot.frame(&mut figure);
    let numbers = strips.iter().map(|(_, label, values)| {
        let shown = |value: f64| format!("{value:.2}");
        vec![(*label).to_owned(), shown(mean_of(values))]
    });
    figure.numbers = Some(Numbers::new(&["method", "mean AUROC"], numbers));
    Some(figure)
}
