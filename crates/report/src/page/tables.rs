use super::parts::{badge, scrolling, section_id, with_code};
use super::{agreement, figures};
use crate::csv;
use crate::entry::{Entry, Ours};
use crate::estimate::Estimate;
use crate::figure::TableFigures;
use crate::footnotes::{letters, one_line};
use crate::grid::{difference, percent};
use crate::html::{Html, data_address};
use crate::interval::{By, Interval};
use crate::long;
use crate::prose::{absent, heading, notes};
use crate::protocol::{self, Leak};
use crate::ranking::{Place, mean_places, places};
use crate::table::Table;
use record::ColumnPlan;

/// Where the published number stands in a cell of the page.
const BELOW: &str = "ours, below it the paper's and the difference";

/// One table of the run with its notes.
pub(super) fn section(
    html: &mut Html,
    table: &Table<'_>,
    of_table: &TableFigures,
    room: &mut usize,
) {
    let id = section_id(&table.plan.id);
    let title_id = format!("{id}.title");
    let attributes = [
        ("id", id.as_str()),
        ("aria-labelledby", &title_id),
        ("class", "table"),
    ];
    html.open("section", &attributes);
    let title = one_line(&table.plan.title);
    html.open("h2", &[("id", &title_id)]);
    with_code(html, &title);
    html.raw("</h2>\n");
    if table.shows_rows() {
        numbers(html, table, &title);
    }
    absent_rows(html, table);
    html.raw("<p>");
    let address = data_address("text/csv", &csv::render(table));
    let name = format!("{}.csv", table.plan.id);
    html.element(
        "a",
        &[("href", &address), ("download", &name)],
        "Table as CSV",
    );
    html.raw("</p>\n");
    below(html, table);
    agreement::section(html, table);
    figures::section(html, of_table, room);
    html.raw("</section>\n");
}

/// How to read the table, and the table.
fn numbers(html: &mut Html, table: &Table<'_>, title: &str) {
    html.raw("<p>");
    badge(html, &table.plan.protocol);
    html.raw(" ");
    with_code(html, &heading(table, BELOW));
    html.raw(" ");
    html.text(protocol::meaning(&table.plan.protocol));
    html.raw("</p>\n");
    if long::is_long(table) {
        html.element("p", &[("class", "legend")], &long::sentence(table));
        scrolling(html, &title.replace('`', ""), by_method(table));
        return;
    }
    intervals(html, table);
    html.raw("<p class=\"legend\"><strong>Bold</strong> is the best of a row, ");
    html.raw(
        "<u>underlined</u> the second best: ours among ours under one protocol, the paper's among ",
    );
    html.raw("the paper's.</p>\n");
    scrolling(html, &title.replace('`', ""), body(table));
}

/// The rows without data in one line, which opens to the commands that get them.
fn absent_rows(html: &mut Html, table: &Table<'_>) {
    let Some(absent) = absent(table) else { return };
    if absent.commands.is_empty() {
        html.element("p", &[], &absent.sentence);
        html.raw("\n");
        return;
    }
    html.raw("<details>\n");
    html.element("summary", &[], &absent.sentence);
    html.raw("\n<pre>");
    html.text(&absent.commands.join("\n"));
    html.raw("</pre>\n</details>\n");
}

/// The notes; folded away where no row is shown that they are about.
fn below(html: &mut Html, table: &Table<'_>) {
    let notes = notes(table);
    if notes.is_empty() {
        return;
    }
    let shows_rows = table.shows_rows();
    html.raw(match shows_rows {
        true => "<h3>Notes</h3>\n",
        false => "<details>\n<summary>Notes</summary>\n",
    });
    html.raw("<ul class=\"notes\">\n");
    for note in notes {
        match note.number {
            Some(number) => {
                html.open("li", &[("id", &note_id(table, number))]);
                html.element("b", &[], &letters(number));
                html.raw(" ");
            }
            None => html.raw("<li>"),
        }
        with_code(html, &note.text);
        html.raw("</li>\n");
    }
    html.raw("</ul>\n");
    if !shows_rows {
        html.raw("</details>\n");
    }
}

/// What the intervals below our numbers are.
fn intervals(html: &mut Html, table: &Table<'_>) {
    let found = table.intervals();
    let has = |by: By| found.contains(&by);
    let of_rows = match (has(By::Delong), has(By::Newcombe)) {
        (true, true) => {
            "DeLong's, or Newcombe's from the counts where that is undefined or not kept"
        }
        (true, false) => "DeLong's",
        (false, true) => "Newcombe's, from the counts",
        (false, false) => "",
    };
    if found.is_empty() {
        return;
    }
    html.raw("<p class=\"legend\">Below our numbers the 95 % interval.");
    if has(By::Student) {
        html.raw(
            " Over seeds, for their mean (Student's): what other seeds may give on these rows.",
        );
    }
    if !of_rows.is_empty() {
        html.raw(" Over test rows, where there is one seed or all agree (");
        html.text(of_rows);
        html.raw("): what other test rows may give, trained as it is.");
    }
    html.raw("</p>\n");
}

/// A long table's lines.
fn by_method(table: &Table<'_>) -> Html {
    let grid = long::grid(table);
    let mut html = Html::default();
    html.raw("<table class=\"results\">\n<thead><tr>");
    for title in &grid.header {
        html.element("th", &[("scope", "col")], title);
    }
    html.raw("</tr></thead>\n<tbody>\n");
    for row in &grid.rows {
        html.raw("<tr>");
        for (place, cell) in row.iter().enumerate() {
            match place {
                0 => html.element("th", &[("scope", "row")], &cell.text),
                _ => html.element("td", &[], &cell.text),
            }
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table>\n");
    html
}

fn body(table: &Table<'_>) -> Html {
    let mut html = Html::default();
    html.raw("<table class=\"sortable results\">\n<thead><tr><th scope=\"col\">data set</th>");
    for (column, marks) in table.plan.columns.iter().zip(&table.column_marks) {
        header(&mut html, table, column, marks);
    }
    html.raw("</tr></thead>\n<tbody>\n");
    for row in table.shown() {
        html.raw(if row.no_data {
            "<tr class=\"faint\">"
        } else {
            "<tr>"
        });
        row_name(&mut html, table, &one_line(&row.plan.dataset), &row.marks);
        let places = places(table.plan, &row.entries);
        let first_without_data = (row.entries.iter()).position(|entry| entry.ours == Ours::NoData);
        for (index, (entry, place)) in row.entries.iter().zip(&places).enumerate() {
            let says_no_data = first_without_data == Some(index);
            cell(&mut html, table, entry, *place, says_no_data);
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n<tfoot>\n");
    if let Some(mean) = &table.mean {
        html.raw("<tr class=\"mean\">");
        row_name(&mut html, table, &mean.name(), &[]);
        for (entry, place) in mean.entries.iter().zip(mean_places(table.plan, mean)) {
            cell(&mut html, table, entry, place, false);
        }
        html.raw("</tr>\n");
    }
    for family in table.shown_families() {
        html.raw("<tr class=\"mean\">");
        row_name(&mut html, table, &one_line(&family.name), &family.marks);
        let places = places(table.plan, &family.entries);
        for (entry, place) in family.entries.iter().zip(places) {
            cell(&mut html, table, entry, place, false);
        }
        html.raw("</tr>\n");
    }
    for cost in &table.costs {
        html.raw("<tr class=\"faint\">");
        row_name(&mut html, table, cost.name, &[]);
        for text in &cost.texts {
            html.element("td", &[], text);
        }
        html.raw("</tr>\n");
    }
    html.raw("</tfoot>\n</table>\n");
    html
}

fn header(html: &mut Html, table: &Table<'_>, column: &ColumnPlan, notes: &[usize]) {
    let protocol = table.plan.protocol_of(column);
    html.open(
        "th",
        &[("scope", "col"), ("class", Leak::of(protocol).word())],
    );
    html.text(&one_line(&column.label));
    marks(html, table, notes);
    if column.method.is_none() {
        html.raw("<br><small>published only</small>");
    } else {
        html.raw("<br><small>");
        html.text(&one_line(protocol));
        html.raw("</small>");
    }
    html.raw("</th>");
}

fn row_name(html: &mut Html, table: &Table<'_>, name: &str, notes: &[usize]) {
    html.raw("<th scope=\"row\">");
    breakable(html, name);
    marks(html, table, notes);
    html.raw("</th>");
}

/// A name that a narrow window may break after `_` and `@` rather than anywhere.
fn breakable(html: &mut Html, name: &str) {
    for piece in name.split_inclusive(['_', '@']) {
        html.text(piece);
        if piece.ends_with(['_', '@']) {
            html.raw("<wbr>");
        }
    }
}

fn cell(
    html: &mut Html,
    table: &Table<'_>,
    entry: &Entry,
    place: (Option<Place>, Option<Place>),
    says_no_data: bool,
) {
    let (text, class) = match entry.ours {
        Ours::NoMethod => (String::new(), ""),
        Ours::NoData if says_no_data => ("no data".to_owned(), "faint"),
        Ours::NoData => (String::new(), ""),
        Ours::Pending => ("pending".to_owned(), "faint"),
        Ours::Failed => ("failed".to_owned(), "alarm"),
        Ours::Unreadable => ("unreadable".to_owned(), "alarm"),
        Ours::Value(estimate) => (percent(estimate.mean), ""),
    };
    let (sd, interval) = match entry.ours {
        Ours::Value(Estimate { sd, interval, .. }) => (sd, interval),
        _ => (None, None),
    };
    // What the script sorts by; a column of published numbers alone sorts by those.
    let value = entry.ours.mean().or(entry.paper).map(|v| v.to_string());
    match &value {
        Some(value) => html.open("td", &[("data-value", value), ("class", class)]),
        None => html.open("td", &[("class", class)]),
    }
    number(html, &text, place.0);
    if let Some(sd) = sd {
        html.element("span", &[("class", "sd")], &format!(" ± {}", percent(sd)));
    }
    marks(html, table, &entry.marks);
    if let Some(Interval { low, high, by }) = interval {
        html.raw("<small><span class=\"unseen\">, </span>");
        html.text(&format!("{} {low:.1}–{high:.1}", by.over()));
        html.raw("</small>");
    }
    let paper = (entry.paper, entry.paper_sd);
    beside(html, entry.ours.mean(), paper, place.1);
    html.raw("</td>");
}

/// The published number below ours with its deviation over seeds, and the difference.
fn beside(
    html: &mut Html,
    ours: Option<f64>,
    (paper, sd): (Option<f64>, Option<f64>),
    place: Option<Place>,
) {
    let Some(value) = paper else { return };
    html.raw("<small><span class=\"unseen\">, </span>paper ");
    number(html, &percent(value), place);
    if let Some(sd) = sd {
        html.text(&format!(" ± {}", percent(sd)));
    }
    let difference = difference(ours, paper).replace('-', "−");
    if !difference.is_empty() {
        html.raw(" ");
        html.text(&difference);
    }
    html.raw("</small>");
}

fn number(html: &mut Html, text: &str, place: Option<Place>) {
    let (tag, said) = match place {
        Some(Place::Best) => ("strong", " best"),
        Some(Place::Second) => ("u", " second best"),
        None => return html.text(text),
    };
    html.element(tag, &[], text);
    html.element("span", &[("class", "unseen")], said);
}

fn marks(html: &mut Html, table: &Table<'_>, notes: &[usize]) {
    if notes.is_empty() {
        return;
    }
    html.raw("<sup>");
    for (index, &note) in notes.iter().enumerate() {
        html.raw(if index > 0 { "\u{2009}" } else { "" });
        let address = format!("#{}", note_id(table, note));
        let label = format!("note {}", letters(note));
        html.element(
            "a",
            &[("href", &address), ("aria-label", &label)],
            &letters(note),
        );
    }
    html.raw("</sup>");
}

fn note_id(table: &Table<'_>, number: usize) -> String {
    format!("{}.note.{}", section_id(&table.plan.id), letters(number))
}
