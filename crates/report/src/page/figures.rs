use charts::{Figure, Numbers, WIDTH, svg};

use super::parts::scrolling;
use crate::figure::TableFigures;
use crate::footnotes::one_line;
use crate::html::Html;

/// The figures of a table: those over all data sets, then those of each, folded away, as far as they
/// find `room` in bytes. The others stay in their files.
pub(super) fn section(html: &mut Html, figures: &TableFigures, room: &mut usize) {
    grid(html, &figures.over_all, true);
    if figures.of_datasets.is_empty() {
        return;
    }
    html.raw("<h3>Each data set</h3>\n");
    let mut left_out = 0;
    for (name, of_dataset) in &figures.of_datasets {
        let mut folded = Html::default();
        folded.raw("<details>\n");
        folded.element("summary", &[], &one_line(name));
        folded.raw("\n");
        grid(&mut folded, of_dataset, false);
        folded.raw("</details>\n");
        if folded.size() > *room {
            left_out += 1;
            continue;
        }
        *room -= folded.size();
        html.append(folded);
    }
    if left_out > 0 {
        let text = format!(
            "The figures of {left_out} further data sets would make this page heavy; they are in the \
             folder figures beside it."
        );
        html.element("p", &[], &text);
    }
}

/// Figures side by side; their numbers folded away below each, or in the files only.
fn grid(html: &mut Html, figures: &[Figure], with_numbers: bool) {
    if figures.is_empty() {
        return;
    }
    html.raw("<div class=\"figures\">\n");
    for figure in figures {
        let caption_id = format!("figure.{}", figure.id);
        // Wider figures have a row of their own.
        match figure.width > WIDTH {
            true => html.raw("<figure class=\"wide\">\n"),
            false => html.raw("<figure>\n"),
        }
        html.append(svg::inline(figure, &caption_id));
        html.open("figcaption", &[("id", &caption_id)]);
        html.element("b", &[], &one_line(&figure.title));
        html.raw(". ");
        html.text(&one_line(&figure.caption));
        html.raw("</figcaption>\n");
        if let Some(numbers) = figure.numbers.as_ref().filter(|_| with_numbers) {
            table(html, figure, numbers);
        }
        html.raw("</figure>\n");
    }
    html.raw("</div>\n");
}

fn table(html: &mut Html, figure: &Figure, numbers: &Numbers) {
    let name = format!("Numbers of the figure: {}", one_line(&figure.title));
    html.raw("<details>\n<summary>Numbers</summary>\n");
    let mut table = Html::default();
    table.raw("<table>\n<thead><tr>");
    for head in &numbers.header {
        table.element("th", &[("scope", "col")], head);
    }
    table.raw("</tr></thead>\n<tbody>\n");
    for row in &numbers.rows {
        table.raw("<tr>");
        for (index, field) in row.iter().enumerate() {
            match index {
                0 => table.element("th", &[("scope", "row")], field),
                _ => table.element("td", &[], field),
            }
        }
        table.raw("</tr>\n");
    }
    table.raw("</tbody>\n</table>\n");
    scrolling(html, &name, table);
    html.raw("</details>\n");
}
