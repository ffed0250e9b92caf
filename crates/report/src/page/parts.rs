//! What sections of a page share.

use crate::footnotes::one_line;
use crate::html::Html;
use crate::protocol::Leak;

const STYLE: &str = include_str!("../../assets/page.css");
const SCRIPT: &str = include_str!("../../assets/page.js");

pub(crate) fn script(html: &mut Html) {
    html.raw("<script>\n");
    html.raw(SCRIPT);
    html.raw("</script>\n");
}

pub(crate) fn head(html: &mut Html, title: &str) {
    html.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // Nothing is loaded from anywhere, whatever a name in the page says.
    html.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    html.raw("style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    html.element("title", &[], title);
    html.raw("\n<style>\n");
    html.raw(STYLE);
    html.raw("</style>\n</head>\n");
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

/// A table that may be wider than the window: it scrolls by itself, with the keyboard too.
pub(crate) fn scrolling(html: &mut Html, name: &str, table: Html) {
    let region = [
        ("class", "scroll"),
        ("role", "region"),
        ("aria-label", name),
        ("tabindex", "0"),
    ];
    html.open("div", &region);
    html.append(table);
    html.raw("</div>\n");
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
