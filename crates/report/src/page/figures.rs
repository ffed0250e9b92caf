use charts::page::figures as grid;

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
