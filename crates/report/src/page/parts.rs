//! What sections of a page share.

pub(crate) use charts::page::{head, scrolling};

use crate::footnotes::one_line;
use crate::html::Html;
use crate::protocol::Leak;

const SCRIPT: &str = include_str!("../../assets/page.js");

pub(crate) fn script(html: &mut Html) {
    html.raw("<script>\n");
    html.raw(SCRIPT);
    html.raw("</script>\n");
}

/// Text in which backticks enclose code.
pub(super) fn with_code(html: &mut Html, text: &str) {
    let pieces: Vec<&str> = text.split('`').collect();
    // A backtick without its partner is text.
    let paired = pieces.len() % 2 == 1;
    for (index, piece) in pieces.iter().enumerate() {
        match index % 2 {
            1 if paired => html.element("code", &[], piece),
            _ if index > 0 && !paired => html.text(&format!("`{piece}")),
            _ => html.text(piece),
        }
    }
}

pub(super) fn badge(html: &mut Html, protocol: &str) {
    let leak = Leak::of(protocol).word();
    let class = format!("badge {leak}");
    let text = match Leak::of(protocol) {
        Leak::Unknown => one_line(protocol),
        _ => format!("{}: {leak}", one_line(protocol)),
    };
    html.element("span", &[("class", &class)], &text);
}

/// Of a table's section. Ids of tables have no dots, so none of the page's own ids is like it.
pub(super) fn section_id(table_id: &str) -> String {
    format!("table.{table_id}")
}
