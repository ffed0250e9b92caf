use charts::bars::{self, Bar};
use charts::{Figure, Numbers};

use super::group::{Group, under};
use crate::estimate::{Estimate, mean};
use crate::footnotes::one_line;

/// The AUROC of a score that says nothing, in percent.
const CHANCE: f64 = 50.0;

/// Mean AUROC of each method over the data sets that all have, beside the published mean over the same.
pub(crate) fn means(group: &Group<'_>) -> Option<Figure> {
    let rows = group.common_rows();
    if rows.is_empty() {
        return None;
    }
    let published = published_rows(group, &rows);
    let paper = |column: usize| {
        let values = published
            .iter()
            .map(|&row| group.table.rows[row].entries[column].paper);
        mean(&values.collect::<Option<Vec<f64>>>()?)
    };
    let paper_over = match published == rows {
        true => "the same data sets".to_owned(),
        false => {
            let name = |&row: &usize| one_line(&group.table.rows[row].plan.dataset);
            published.iter().map(name).collect::<Vec<_>>().join(", ")
        }
    };
    let mut bars: Vec<(usize, Bar)> = (group.series.iter())
        .map(|series| {
            let ours = Estimate::of(&series.means_of_seeds(&rows));
            let bar = Bar {
                name: series.label.clone(),
                series: series.look,
                value: ours.map(|ours| ours.mean),
                spread: ours.and_then(|ours| ours.sd),
                mark: paper(series.column),
            };
            (series.column, bar)
        })
        .collect();
    // A column that only shows published numbers is a mark without a bar.
    let columns = group.table.plan.columns.iter().enumerate();
    for (column, plan) in columns.filter(|(_, plan)| plan.method.is_none()) {
        if let Some(value) = paper(column) {
            let bar = Bar {
                name: one_line(&plan.label),
                series: 0,
                value: None,
                spread: None,
                mark: Some(value),
            };
            bars.push((column, bar));
        }
    }
    bars.sort_by_key(|(column, _)| *column);
    let bars: Vec<Bar> = bars.into_iter().map(|(_, bar)| bar).collect();
    let has_paper = bars.iter().any(|bar| bar.mark.is_some());
    let caption = caption(group, rows.len(), &bars, has_paper.then_some(paper_over));
    let mut figure = Figure::new(format!("{}-means", group.stem), "Mean AUROC", caption);
    figure.numbers = Some(numbers(&bars));
    bars::draw(&mut figure, "AUROC in percent", &bars, CHANCE);
    Some(figure)
}

/// The rows whose published numbers stand beside ours: the same ones, or where nothing was published for
/// those, the ones we have no data for, as with Figure 1 of the paper.
fn published_rows(group: &Group<'_>, rows: &[usize]) -> Vec<usize> {
    let is_published = |&row: &usize| {
        let mut entries = group.table.rows[row].entries.iter();
        entries.any(|entry| entry.paper.is_some())
    };
    if rows.iter().any(is_published) {
        return rows.to_vec();
    }
    let all = 0..group.table.rows.len();
    all.filter(|row| group.table.rows[*row].no_data && is_published(row))
        .collect()
}

fn caption(group: &Group<'_>, n_rows: usize, bars: &[Bar], paper_over: Option<String>) -> String {
    let over = match n_rows {
        1 => "on the one data set".to_owned(),
        n => format!("over the {n} data sets"),
    };
    let mut caption = format!(
        "Mean AUROC {over} that every method has, {}; the dashed line is chance.",
        under(group)
    );
    if bars.iter().any(|bar| bar.spread.is_some()) {
        caption += " Lines at the ends of bars: a standard deviation over seeds to either side.";
    }
    if let Some(over) = paper_over {
        caption += &format!(" Diamonds: the paper's, over {over}.");
    }
    caption
}

fn numbers(bars: &[Bar]) -> Numbers {
    let text = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2}"));
    let header = ["method", "AUROC", "sd", "paper"];
    let published = bars.iter().any(|bar| bar.mark.is_some());
    let shown = if published { 4 } else { 3 };
    let rows = bars.iter().map(|bar| {
        let values = [bar.value, bar.spread, bar.mark].map(text);
        let row = std::iter::once(bar.name.clone()).chain(values);
        row.take(shown).collect()
    });
    Numbers::new(&header[..shown], rows)
}
