use charts::{Anchor, Figure, Ink, Numbers, Plot, Scale, TEXT, TICK_TEXT, fitted, mark, width};
use metrics::statistics::{Zeros, family_means, friedman, nemenyi, wilcoxon_holm};
use ndarray::{Array2, ArrayView2};

use super::group::{Group, Series, under};
use crate::estimate::mean;
use crate::ranking::{FAMILIES, family_of};
use crate::words::probability;

/// The level of the tests.
const ALPHA: f64 = 0.05;
/// Fewer rows than this carry no test.
const ROWS: usize = 5;

/// The width up to so many methods, and that of more: their marks need an axis of its own length.
const WIDTHS: (f64, f64) = (480.0, 680.0);
const FEW: usize = 12;
/// Room for the names on either side of the axis, the least and the most.
const NAMES: (f64, f64) = (100.0, 176.0);
/// Between a name and the axis.
const GAP: f64 = 16.0;
const ROW: f64 = 21.0;

/// Demšar's critical-difference diagram (2006): mean ranks, and bars over methods that Nemenyi's test
/// does not tell apart.
pub(super) fn critical_difference(group: &Group<'_>) -> Option<Figure> {
    let rows = group.common_rows();
    let methods = group.series.len();
    if methods < 2 {
        return None;
    }
    let auroc = |(row, column): (usize, usize)| {
        mean(&group.series[column].means_of_seeds(&[rows[row]])).unwrap_or(f64::NAN)
    };
    let of_sets = Array2::from_shape_fn((rows.len(), methods), auroc);
    let family = |row: usize| family_of(&group.table.rows[row].plan.dataset);
    let names: Vec<String> = rows.iter().map(|&row| family(row)).collect();
    let families = family_means(&names, of_sets.view()).ok()?;
    let (values, over) = if families.names.len() >= FAMILIES {
        let n = families.names.len();
        (
            families.values,
            format!("{n} families of data sets, each by its mean"),
        )
    } else {
        let mut over = format!("{} data sets", rows.len());
        if families.names.len() < rows.len() {
            over += ", of which those of one family are not independent";
        }
        (of_sets, over)
    };
    if values.nrows() < ROWS {
        return None;
    }
    // Where the tests are not defined, as with methods that all tie, there is no diagram.
    let test = friedman(values.view()).ok()?;
    let found = nemenyi(values.view(), ALPHA).ok()?;
    let caption = format!(
        "Mean rank of each method by AUROC over {over}, {}; 1 is the best. Bars join methods that do not \
         differ by Nemenyi's test at {ALPHA}: their ranks are closer than the critical difference {:.2}. \
         Friedman's test: {}.{}",
        under(group),
        found.critical_difference,
        probability(test.p),
        pairwise(group, &found.ranks, values.view())
    );
    Some(draw(
        group,
        &found.ranks,
        found.critical_difference,
        &found.cliques,
        caption,
    ))
}

/// What pairwise tests say of the best method: unlike Nemenyi's they do not depend on the others.
fn pairwise(group: &Group<'_>, ranks: &[f64], values: ArrayView2<'_, f64>) -> String {
    let Ok(found) = wilcoxon_holm(values, Zeros::Pratt, ALPHA) else {
        return String::new();
    };
    let Some(best) = (0..ranks.len()).min_by(|&a, &b| ranks[a].total_cmp(&ranks[b])) else {
        return String::new();
    };
    let of_best = found.pairs.iter().filter(|pair| pair.adjusted >= ALPHA);
    let equals: Vec<&str> = of_best
        .filter_map(|pair| match (pair.first == best, pair.second == best) {
            (true, _) => Some(pair.second),
            (_, true) => Some(pair.first),
            _ => None,
        })
        .map(|method| group.series[method].label.as_str())
        .collect();
    let (best, others) = (&group.series[best].label, ranks.len() - 1);
    let which = match equals.len() {
        0 => "from every other".to_owned(),
        n if n == others => "from no other".to_owned(),
        n => format!(
            "from {} of {others} others, not from {}",
            others - n,
            equals.join(", ")
        ),
    };
    format!(" Signed-rank tests with Holm's adjustment tell {best} {which}.")
}

fn draw(
    group: &Group<'_>,
    ranks: &[f64],
    critical_difference: f64,
    cliques: &[Vec<usize>],
    caption: String,
) -> Figure {
    let mut order: Vec<usize> = (0..ranks.len()).collect();
    order.sort_by(|&a, &b| ranks[a].total_cmp(&ranks[b]));
    let joined: Vec<&Vec<usize>> = cliques.iter().filter(|clique| clique.len() > 1).collect();
    let label = |series: &Series<'_>| width(&format!("{} 10.00", series.label), TEXT);
    let widest = group.series.iter().map(label).fold(0.0, f64::max);
    let left = (widest + GAP).clamp(NAMES.0, NAMES.1);
    let whole = match ranks.len() {
        n if n > FEW => WIDTHS.1,
        _ => WIDTHS.0,
    };
    let plot = Plot {
        left,
        top: 58.0,
        width: whole - 2.0 * left,
        height: 8.0 * joined.len() as f64 + 14.0,
        x: Scale::exact(1.0, ranks.len() as f64),
        y: Scale::exact(0.0, 1.0),
    };
    let id = format!("{}-ranks", group.stem);
    let mut figure = Figure::new(id, "Critical differences", caption);
    figure.width = whole;
    figure.height = plot.bottom() + ROW * ranks.len().div_ceil(2) as f64 + 12.0;
    figure.numbers = Some(numbers(group, ranks, &order, &joined));
    figure.line(
        vec![(plot.left, plot.top), (plot.right(), plot.top)],
        Ink::Text,
        1.0,
    );
    // As many numbers as have room for two digits.
    let every = (18.0 * (ranks.len() - 1) as f64 / plot.width)
        .ceil()
        .max(1.0) as usize;
    for rank in 1..=ranks.len() {
        let x = plot.x_at(rank as f64);
        figure.line(vec![(x, plot.top - 5.0), (x, plot.top)], Ink::Text, 1.0);
        if (rank - 1) % every > 0 {
            continue;
        }
        let at = (x, plot.top - 9.0);
        figure.sized_text(at, rank.to_string(), TICK_TEXT, Anchor::Middle, Ink::Faint);
    }
    scale_bar(&mut figure, &plot, ranks.len(), critical_difference);
    for (number, clique) in joined.iter().enumerate() {
        let y = plot.top + 12.0 + 8.0 * number as f64;
        let of_clique: Vec<f64> = clique.iter().map(|&method| ranks[method]).collect();
        let (low, high) = range(&of_clique);
        let bar = vec![(plot.x_at(low) - 4.0, y), (plot.x_at(high) + 4.0, y)];
        figure.line(bar, Ink::Text, 3.5);
    }
    let half = ranks.len().div_ceil(2);
    for (place, &method) in order.iter().enumerate() {
        let series = &group.series[method];
        // The better half is named on the left and the rest on the right, outermost first, so that no two
        // lines cross.
        let (row, is_left) = match place < half {
            true => (place, true),
            false => (ranks.len() - 1 - place, false),
        };
        name(&mut figure, &plot, series, ranks[method], row, is_left);
    }
    figure
}

/// The methods by rank, with those that Nemenyi's test does not tell from each.
fn numbers(group: &Group<'_>, ranks: &[f64], order: &[usize], cliques: &[&Vec<usize>]) -> Numbers {
    let rows = order.iter().map(|&method| {
        let with = cliques.iter().filter(|clique| clique.contains(&method));
        let mut others: Vec<usize> = with.flat_map(|clique| clique.iter().copied()).collect();
        others.sort_by(|&a, &b| ranks[a].total_cmp(&ranks[b]));
        others.dedup();
        let others = others.into_iter().filter(|&other| other != method);
        let names: Vec<&str> = others.map(|o| group.series[o].label.as_str()).collect();
        let rank = format!("{:.2}", ranks[method]);
        vec![group.series[method].label.clone(), rank, names.join("; ")]
    });
    Numbers::new(&["method", "mean rank", "not distinguished from"], rows)
}

/// How long the critical difference is, above the axis.
fn scale_bar(figure: &mut Figure, plot: &Plot, methods: usize, length: f64) {
    // It may be longer than the axis, where nothing differs.
    let end = (1.0 + length).min(methods as f64);
    let (from, to) = (plot.x_at(1.0), plot.x_at(end));
    figure.line(vec![(from, 26.0), (to, 26.0)], Ink::Text, 1.5);
    for x in [from, to] {
        figure.line(vec![(x, 22.0), (x, 30.0)], Ink::Text, 1.5);
    }
    let text = format!("critical difference {length:.2}");
    figure.sized_text((from, 15.0), text, TICK_TEXT, Anchor::Start, Ink::Text);
}

fn name(
    figure: &mut Figure,
    plot: &Plot,
    series: &Series<'_>,
    rank: f64,
    row: usize,
    is_left: bool,
) {
    let x = plot.x_at(rank);
    let y = plot.bottom() + ROW * (row as f64 + 0.5);
    let (edge, anchor) = match is_left {
        true => (4.0, Anchor::Start),
        false => (figure.width - 4.0, Anchor::End),
    };
    let limit = plot.left - GAP;
    let number = format!(" {rank:.2}");
    let text = fitted(&series.label, TEXT, limit - width(&number, TEXT)) + &number;
    let length = width(&text, TEXT) + 6.0;
    let end = if is_left {
        edge + length
    } else {
        edge - length
    };
    let ink = Ink::Series(series.look);
    figure.line(vec![(x, plot.top), (x, y), (end, y)], ink, 1.25);
    mark(figure, (x, plot.top), series.look, 4.5);
    figure.text((edge, y + 0.36 * TEXT), text, anchor, Ink::Text);
}

fn range(values: &[f64]) -> (f64, f64) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    (low, values.iter().copied().fold(low, f64::max))
}
