use super::parts::scrolling;
use crate::differences::{FAR, FAR_HEADER, far_cells, far_fields};
use crate::footnotes::one_line;
use crate::html::Html;
use crate::table::Table;

/// What lies outside three published standard deviations, with the reasons.
pub(super) fn section(html: &mut Html, table: &Table<'_>) {
    let far = far_cells(table);
    if far.is_empty() {
        return;
    }
    html.element("h3", &[], FAR);
    html.raw("\n");
    let mut list = Html::default();
    list.raw("<table class=\"sortable\">\n<thead><tr>");
    for (index, name) in FAR_HEADER.iter().enumerate() {
        list.element("th", &[("scope", "col"), ("class", class(index))], name);
    }
    list.raw("</tr></thead>\n<tbody>\n");
    for compared in far {
        list.raw("<tr>");
        for (index, field) in far_fields(table, compared).iter().enumerate() {
            let field = one_line(field);
            // What the script sorts by where the text is not a number.
            let value = match index {
                3 => Some(compared.paper.to_string()),
                4 => Some(compared.difference().to_string()),
                _ => None,
            };
            match (index, &value) {
                (0, _) => list.element("th", &[("scope", "row")], &field),
                (_, Some(value)) => list.element("td", &[("data-value", value)], &field),
                _ => list.element("td", &[("class", class(index))], &field),
            }
        }
        list.raw("</tr>\n");
    }
    list.raw("</tbody>\n</table>\n");
    scrolling(html, FAR, list);
}

/// Methods and reasons are texts.
fn class(index: usize) -> &'static str {
    match index {
        1 | 5 => "text",
        _ => "",
    }
}
