use crate::figure::{Figure, TableFigures, svg};
use crate::footnotes::one_line;
use crate::html::Html;

/// Once the page is this long, the figures of further data sets stay in their files: it is to open at
/// once, and below 5 MB.
const ENOUGH: usize = 3_500_000;

/// The figures of a table: those over all data sets, then those of each, folded away.
pub(super) fn section(html: &mut Html, figures: &TableFigures) {
    grid(html, &figures.over_all);
    if figures.of_datasets.is_empty() {
        return;
    }
    html.raw("<h3>Each data set</h3>\n");
    let mut left_out = 0;
    for (name, of_dataset) in &figures.of_datasets {
        if html.len() > ENOUGH {
            left_out += 1;
            continue;
        }
        html.raw("<details>\n");
        html.element("summary", &[], &one_line(name));
        html.raw("\n");
        grid(html, of_dataset);
        html.raw("</details>\n");
    }
    if left_out > 0 {
        let text = format!(
            "The figures of {left_out} further data sets would make this page heavy; they lie in the \
             folder figures beside it."
        );
        html.element("p", &[], &text);
    }
}

fn grid(html: &mut Html, figures: &[Figure]) {
    if figures.is_empty() {
        return;
    }
    html.raw("<div class=\"figures\">\n");
    for figure in figures {
        let caption_id = format!("figure.{}", figure.id);
        html.raw("<figure>\n");
        html.append(svg::inline(figure, &caption_id));
        html.open("figcaption", &[("id", &caption_id)]);
        html.element("b", &[], &one_line(&figure.title));
        html.raw(". ");
        html.text(&one_line(&figure.caption));
        html.raw("</figcaption>\n</figure>\n");
    }
    html.raw("</div>\n");
}
