use super::scrolling;
use crate::agreement::{FAR, FAR_HEADER, far, far_fields};
use crate::footnotes::one_line;
use crate::html::Html;
use crate::table::Table;

/// What lies outside three published standard deviations, with the reasons.
pub(super) fn section(html: &mut Html, table: &Table<'_>) {
    let far = far(table);
    if far.is_empty() {
        return;
    }
    html.element("h3", &[], FAR);
    html.raw("\n");
    let mut list = Html::default();
    list.raw("<table class=\"sortable\">\n<thead><tr>");
    for name in FAR_HEADER {
        list.element("th", &[("scope", "col")], name);
    }
    list.raw("</tr></thead>\n<tbody>\n");
    for compared in far {
        list.raw("<tr>");
        for (index, field) in far_fields(table, compared).iter().enumerate() {
            let field = one_line(field);
            match index {
                0 => list.element("th", &[("scope", "row")], &field),
                _ => list.element("td", &[], &field),
            }
        }
        list.raw("</tr>\n");
    }
    list.raw("</tbody>\n</table>\n");
    scrolling(html, FAR, list);
}
