//! The page of a run: one HTML file that needs nothing else.

mod agreement;
mod audit;
mod cells;
mod environment;
mod figures;
mod pictures;
mod tables;

use serde_json::Value;

use self::tables::section_id;
use crate::cell::Cells;
use crate::figure::TableFigures;
use crate::footnotes::one_line;
use crate::html::Html;
use crate::pictures::Pictures;
use crate::summary;
use crate::table::Table;

const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/page.js");

/// What the page shows.
pub(crate) struct Content<'a> {
    pub(crate) profile: &'a str,
    pub(crate) tables: &'a [Table<'a>],
    /// One for each table.
    pub(crate) figures: &'a [TableFigures],
    pub(crate) cells: &'a Cells,
    pub(crate) pictures: &'a Pictures,
    /// `environment.json`, `Null` where there is none.
    pub(crate) environment: &'a Value,
}

pub(crate) fn render(content: &Content<'_>) -> String {
    let mut html = Html::default();
    let title = format!("Report of the run {}", one_line(content.profile));
    head(&mut html, &title);
    html.raw("<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n");
    html.element("h1", &[], &title);
    html.raw("\n<nav aria-label=\"Sections\"><ul>");
    link(&mut html, "#summary", "Summary");
    for table in content.tables {
        let title = one_line(&table.plan.title).replace('`', "");
        link(
            &mut html,
            &format!("#{}", section_id(&table.plan.id)),
            &title,
        );
    }
    link(&mut html, "#audit", "Audit of the data");
    link(&mut html, "#environment", "Environment and configurations");
    link(&mut html, "#cells", "Cells");
    html.raw("</ul></nav>\n</header>\n<main id=\"main\">\n");

    html.raw("<section id=\"summary\" aria-labelledby=\"summary-title\">");
    html.raw("<h2 id=\"summary-title\">Summary</h2>\n<ul>\n");
    for sentence in summary::sentences(content.profile, content.tables, content.cells) {
        html.raw("<li>");
        with_code(&mut html, &sentence);
        html.raw("</li>\n");
    }
    html.raw("</ul>\n</section>\n");
    for (table, figures) in content.tables.iter().zip(content.figures) {
        tables::section(&mut html, table, figures);
    }
    pictures::section(&mut html, content);
    audit::section(&mut html, content.cells);
    environment::section(&mut html, content);
    cells::section(&mut html, content.cells);
    html.raw(
        "</main>\n<footer><p>Made by <code>residuum report</code> from the cells of the run: the ",
    );
    html.raw("same cells give the same page. The same numbers lie beside it in <code>results.csv</code> ");
    html.raw(
        "and <code>results.parquet</code>, every figure as SVG and PNG in <code>figures</code>.",
    );
    html.raw("</p></footer>\n");
    script(&mut html);
    html.raw("</body>\n</html>\n");
    html.into_string()
}

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

fn link(html: &mut Html, address: &str, text: &str) {
    html.raw("<li>");
    html.element("a", &[("href", address)], text);
    html.raw("</li>");
}

/// Text in which backticks enclose code.
fn with_code(html: &mut Html, text: &str) {
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
