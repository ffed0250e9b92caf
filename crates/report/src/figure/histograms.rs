use charts::legend::{self, Key};
use charts::{Anchor, Figure, Ink, Point, TEXT, TICK_TEXT, fitted};
use record::Histogram;

use super::group::{Group, row_stem, under};
use crate::footnotes::one_line;

/// Panels beside each other.
const ACROSS: usize = 3;
const WIDTH: f64 = 148.0;
const HEIGHT: f64 = 62.0;
/// A panel with its name above and its range below.
const STRIDE: (f64, f64) = (159.0, 112.0);

const NORMAL: usize = 0;
const ANOMALY: usize = 1;

/// Where the scores of normal rows and of anomalies lie, a panel for each method, its first seed.
pub(super) fn of_row(group: &Group<'_>, row: usize) -> Option<Figure> {
    let panels: Vec<(&str, &Histogram)> = (group.series.iter())
        .filter_map(|series| {
            let (cell, _) = series.cells[row].iter().flatten().next()?;
            Some((series.label.as_str(), cell.measured()?.histogram.as_ref()?))
        })
        .collect();
    if panels.is_empty() {
        return None;
    }
    let name = one_line(&group.table.rows[row].plan.dataset);
    let mut figure = Figure::new(
        format!("{}-scores", row_stem(group, row)),
        "Scores of normal rows and of anomalies",
        format!(
            "Histograms of the scores on {name}, {}, first seed, each class by its own total. The first \
             and the last bin hold what lies beyond, half a percent of the rows each.",
            under(group)
        ),
    );
    for (index, (label, histogram)) in panels.iter().enumerate() {
        let left = 6.0 + STRIDE.0 * (index % ACROSS) as f64;
        let top = 22.0 + STRIDE.1 * (index / ACROSS) as f64;
        panel(&mut figure, (left, top), label, histogram);
    }
    let rows = panels.len().div_ceil(ACROSS);
    let entries = [
        (NORMAL, "normal".to_owned(), Key::Patch),
        (ANOMALY, "anomaly".to_owned(), Key::Patch),
    ];
    legend::draw(&mut figure, 6.0, 10.0 + STRIDE.1 * rows as f64, &entries);
    Some(figure)
}

fn panel(figure: &mut Figure, (left, top): Point, label: &str, histogram: &Histogram) {
    let bottom = top + HEIGHT;
    let name = fitted(label, TEXT, WIDTH);
    figure.text((left, top - 7.0), name, Anchor::Start, Ink::Text);
    let shares = |counts: &[u64]| -> Vec<f64> {
        let all = counts.iter().sum::<u64>().max(1) as f64;
        counts.iter().map(|&count| count as f64 / all).collect()
    };
    let classes = [
        (NORMAL, shares(&histogram.normals)),
        (ANOMALY, shares(&histogram.anomalies)),
    ];
    let highest = (classes.iter().flat_map(|(_, shares)| shares))
        .copied()
        .fold(0.0, f64::max);
    for (series, shares) in &classes {
        let bin = WIDTH / shares.len() as f64;
        let height = |share: f64| bottom - HEIGHT * share / highest;
        let mut outline = vec![(left, bottom)];
        for (index, &share) in shares.iter().enumerate() {
            let (from, to) = (left + bin * index as f64, left + bin * (index + 1) as f64);
            outline.extend([(from, height(share)), (to, height(share))]);
        }
        outline.push((left + WIDTH, bottom));
        outline.dedup();
        figure.area(outline.clone(), Ink::Series(*series), 0.35);
        figure.line(outline, Ink::Series(*series), 1.25);
    }
    let axis = vec![(left, bottom), (left + WIDTH, bottom)];
    figure.line(axis, Ink::Text, 1.0);
    let baseline = bottom + TICK_TEXT + 3.0;
    let ends = [
        (left, histogram.low, Anchor::Start),
        (left + WIDTH, histogram.high, Anchor::End),
    ];
    for (x, value, anchor) in ends {
        figure.sized_text((x, baseline), short(value), TICK_TEXT, anchor, Ink::Faint);
    }
}

/// Three digits that count.
pub(super) fn short(value: f64) -> String {
    let text = match value.abs() {
        0.0 => "0".to_owned(),
        size if (1e-2..1e4).contains(&size) => {
            let digits = (2 - size.log10().floor() as i32).clamp(0, 4) as usize;
            format!("{value:.digits$}")
        }
        _ => format!("{value:.1e}"),
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        let texts = [0.0, 0.01234, 1.5, -123.4, 5678.0, 1e-9, -2.5e300].map(short);
        let expected = ["0", "0.0123", "1.50", "−123", "5678", "1.0e−9", "−2.5e300"];
        assert_eq!(texts, expected);
    }
}
