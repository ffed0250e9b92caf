use super::axes::{Plot, Scale};
use super::numbers::Numbers;
use super::palette::Ink;
use super::table::{Group, under};
use super::{Anchor, Figure, TEXT, TICK_TEXT, font};
use crate::estimate::{Estimate, mean};
use crate::footnotes::one_line;

const BAR: f64 = 26.0;
const NAMES: f64 = 168.0;

struct Bar {
    column: usize,
    look: usize,
    name: String,
    ours: Option<Estimate>,
    paper: Option<f64>,
}

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
    let mut bars: Vec<Bar> = (group.series.iter())
        .map(|series| Bar {
            column: series.column,
            look: series.look,
            name: series.label.clone(),
            ours: Estimate::of(&series.means_of_seeds(&rows)),
            paper: paper(series.column),
        })
        .collect();
    // A column that only shows published numbers is a mark without a bar.
    let columns = group.table.plan.columns.iter().enumerate();
    for (column, plan) in columns.filter(|(_, plan)| plan.method.is_none()) {
        if let Some(value) = paper(column) {
            bars.push(Bar {
                column,
                look: 0,
                name: one_line(&plan.label),
                ours: None,
                paper: Some(value),
            });
        }
    }
    bars.sort_by_key(|bar| bar.column);
    let paper_over = bars
        .iter()
        .any(|bar| bar.paper.is_some())
        .then_some(paper_over);
    Some(draw(group, rows.len(), &bars, paper_over))
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

fn draw(group: &Group<'_>, n_rows: usize, bars: &[Bar], paper_over: Option<String>) -> Figure {
    let plot = Plot {
        left: NAMES,
        top: 6.0,
        width: 480.0 - NAMES - 62.0,
        height: BAR * bars.len() as f64,
        x: Scale::exact(0.0, 100.0),
        y: Scale::exact(0.0, 1.0),
    };
    let over = match n_rows {
        1 => "on the one data set".to_owned(),
        n => format!("over the {n} data sets"),
    };
    let mut caption = format!(
        "Mean AUROC {over} that every method has, {}; the dashed line is chance.",
        under(group)
    );
    if bars
        .iter()
        .any(|bar| bar.ours.is_some_and(|ours| ours.sd.is_some()))
    {
        caption += " Lines at the ends of bars: a standard deviation over seeds to either side.";
    }
    if let Some(over) = paper_over {
        caption += &format!(" Diamonds: the paper's, over {over}.");
    }
    let mut figure = Figure {
        id: format!("{}-means", group.stem),
        title: "Mean AUROC".to_owned(),
        caption,
        width: 480.0,
        height: plot.bottom() + 42.0,
        shapes: Vec::new(),
        numbers: Some(numbers(bars)),
    };
    plot.draw_x(&mut figure, "AUROC in percent", 5);
    for (index, bar) in bars.iter().enumerate() {
        let middle = plot.top + BAR * (index as f64 + 0.5);
        let baseline = middle + 0.36 * TEXT;
        let name = font::fitted(&bar.name, TEXT, NAMES - 14.0);
        figure.text((NAMES - 8.0, baseline), name, Anchor::End, Ink::Text);
        let mut end = plot.x_at(0.0);
        if let Some(Estimate { mean, sd, .. }) = bar.ours {
            let (from, to) = (
                (plot.x_at(0.0), middle - 8.0),
                (plot.x_at(mean), middle + 8.0),
            );
            figure.rectangle(from, to, Ink::Series(bar.look), 1.0);
            end = to.0;
            if let Some(sd) = sd {
                let whisker = [mean - sd, (mean + sd).min(100.0)].map(|x| (plot.x_at(x), middle));
                figure.line(whisker.to_vec(), Ink::Paper, 3.0);
                figure.line(whisker.to_vec(), Ink::Text, 1.25);
                end = end.max(whisker[1].0);
            }
        }
        if let Some(value) = bar.paper {
            let at = (plot.x_at(value), middle);
            diamond(&mut figure, at);
            end = end.max(at.0 + 6.0);
        }
        let shown = bar.ours.map(|e| e.mean).or(bar.paper);
        let text = shown.map_or_else(String::new, |value| format!("{value:.2}"));
        let at = (end + 6.0, middle + 0.36 * TICK_TEXT);
        figure.sized_text(at, text, TICK_TEXT, Anchor::Start, Ink::Text);
    }
    let chance = plot.x_at(50.0);
    let line = vec![(chance, plot.top), (chance, plot.bottom())];
    figure.dashed(line, Ink::Text, 1.0, &[4.0, 3.0]);
    plot.frame(&mut figure);
    figure
}

fn numbers(bars: &[Bar]) -> Numbers {
    let text = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2}"));
    let header = ["method", "AUROC", "sd", "paper"];
    let published = bars.iter().any(|bar| bar.paper.is_some());
    let shown = if published { 4 } else { 3 };
    let rows = bars.iter().map(|bar| {
        let ours = bar.ours.map(|ours| ours.mean);
        let sd = bar.ours.and_then(|ours| ours.sd);
        let row = [bar.name.clone(), text(ours), text(sd), text(bar.paper)];
        row.into_iter().take(shown).collect()
    });
    Numbers::new(&header[..shown], rows)
}

/// The mark of a published value: black on a rim of paper, unlike that of any bar.
fn diamond(figure: &mut Figure, at: (f64, f64)) {
    mark_of_paper(figure, at, 6.5, Ink::Paper);
    mark_of_paper(figure, at, 4.5, Ink::Text);
}

fn mark_of_paper(figure: &mut Figure, (x, y): (f64, f64), r: f64, ink: Ink) {
    let corners = vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)];
    figure.area(corners, ink, 1.0);
}
