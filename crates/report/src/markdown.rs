use crate::cell::Cells;
use crate::content::Content;
use crate::differences::{FAR, FAR_HEADER, far_cells, far_fields};
use crate::environment;
use crate::figure::TableFigures;
use crate::footnotes::one_line;
use crate::grid::{Emphasis, Grid, width};
use crate::long;
use crate::page::audit;
use crate::prose::{IN_LINE, absent, heading, notes, wrap};
use crate::summary;
use crate::table::Table;

/// Where lines of commands are broken.
const COMMAND_WIDTH: usize = 100;

/// The whole report as Markdown: the summary, the tables, the audit, the environment. Figures and
/// pictures are linked.
pub(crate) fn index(content: &Content<'_>) -> String {
    let mut text = format!(
        "# Report of the run {}\n\n## Summary\n\n",
        escape(&one_line(content.profile))
    );
    for sentence in summary::sentences(content.profile, content.tables, content.cells) {
        text += &format!("- {}\n", escape(&sentence));
    }
    for (table, of_table) in content.tables.iter().zip(content.figures) {
        text += &format!("\n{}", under(table, "##"));
        text += &figures(of_table);
    }
    text += &pictures(content);
    text += &audits(content.cells);
    text += "\n## Environment\n\n";
    for (name, value) in environment::facts(content.environment, content.cells) {
        text += &format!("- {}: {}\n", escape(&name), escape(&value));
    }
    text += "\n## Configurations\n\n";
    for config in environment::configurations(content.cells) {
        text += &format!(
            "- {}, hash `{}`, seeds (data/model) {}: `{}`\n",
            escape(&config.method),
            config.hash,
            config.seeds.join(", "),
            config.settings.replace('`', "'")
        );
    }
    text
}

/// Links to the figures of a table, which lie beside the report.
fn figures(of_table: &TableFigures) -> String {
    let mut text = String::new();
    for figure in &of_table.over_all {
        let (title, caption) = (escape(&figure.title), escape(&figure.caption));
        text += &format!(
            "\n![{title}](figures/{}.svg)\n\n{title}. {caption}\n",
            figure.id
        );
    }
    for (dataset, figures) in &of_table.of_datasets {
        let links = figures
            .iter()
            .map(|figure| format!("[{}](figures/{}.svg)", escape(&figure.title), figure.id));
        let links: Vec<String> = links.collect();
        text += &format!("\n{}: {}\n", escape(&one_line(dataset)), links.join(", "));
    }
    text
}

/// Links to the heat maps of the run.
fn pictures(content: &Content<'_>) -> String {
    let shown = content.pictures.shown.iter().map(|(id, _)| id);
    let mut ids = shown.chain(&content.pictures.left_out).peekable();
    if ids.peek().is_none() {
        return String::new();
    }
    let mut text = "\n## Heat maps\n\n".to_owned();
    for id in ids {
        if let Some(Ok(cell)) = content.cells.get(id) {
            text += &format!(
                "- [{} on {}, protocol {}, seeds {}](../pictures/{id}.png)\n",
                escape(&one_line(&cell.method)),
                escape(&one_line(&cell.dataset)),
                escape(&one_line(&cell.protocol)),
                cell.seed
            );
        }
    }
    text
}

/// What the page's table of the audit says.
fn audits(cells: &Cells) -> String {
    let found = audit::found(cells);
    if found.is_empty() {
        return String::new();
    }
    let line = |fields: &[String]| format!("| {} |\n", fields.join(" | "));
    let mut text = format!("\n## {}\n\n", audit::TITLE);
    text += &line(&audit::HEADER.map(str::to_owned));
    text += "| :--- | :--- | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for ((dataset, protocol), (_, audit)) in found {
        let names = [dataset, protocol].map(|name| escape(&one_line(name)));
        let numbers = audit::counts(audit).map(|count| count.map_or_else(String::new, |c| c.1));
        text += &line(&[&names[..], &numbers[..]].concat());
    }
    text
}

/// The table as Markdown that is also readable as text.
pub(crate) fn render(table: &Table<'_>) -> String {
    under(table, "#")
}

/// The table below a heading of this level.
fn under(table: &Table<'_>, level: &str) -> String {
    let mut text = format!("{level} {}\n", escape(&one_line(&table.plan.title)));
    if table.shows_rows() && long::is_long(table) {
        let sentence = long::sentence(table);
        text += &format!("\n{} {sentence}\n\n", heading(table, IN_LINE));
        text += &grid(&long::grid(table));
    } else if table.shows_rows() {
        text += &format!(
            "\n{} **Best** and _second best_ of a row: ours under one protocol, the paper's.\n\n",
            heading(table, IN_LINE)
        );
        text += &grid(&Grid::of(table, Emphasis::Markdown));
    }
    let notes = notes(table);
    if !notes.is_empty() {
        text += &format!("\n{level}# Notes\n\n");
        for note in notes {
            text += &format!("- {}\n", escape(&note.marked()));
        }
    }
    text += &far_away(table, level);
    if let Some(absent) = absent(table) {
        text += &format!("\n{level}# Data\n\n{}\n", escape(&absent.sentence));
        if !absent.commands.is_empty() {
            text += "\n```sh\n";
            for command in absent.commands {
                text += &wrap(&command, COMMAND_WIDTH, "    ", " \\");
                text += "\n";
            }
            text += "```\n";
        }
    }
    text
}

/// What lies outside three published standard deviations, with the reasons.
fn far_away(table: &Table<'_>, level: &str) -> String {
    let far = far_cells(table);
    if far.is_empty() {
        return String::new();
    }
    let line = |fields: &[String]| format!("| {} |\n", fields.join(" | "));
    let mut text = format!("\n{level}# {FAR}\n\n");
    text += &line(&FAR_HEADER.map(str::to_owned));
    text += "| :--- | :--- | ---: | ---: | ---: | :--- |\n";
    for compared in far {
        text += &line(&far_fields(table, compared).map(|field| escape(&one_line(&field))));
    }
    text
}

fn grid(grid: &Grid) -> String {
    // A bar in a name is two characters once escaped.
    let escaped: Vec<Vec<String>> =
        std::iter::once(grid.header.iter().map(|h| escape(h)).collect())
            .chain(
                (grid.rows.iter()).map(|row| row.iter().map(|cell| escape(&cell.text)).collect()),
            )
            .collect();
    let widths: Vec<usize> = (0..grid.header.len())
        .map(|column| {
            (escaped.iter().map(|row| width(&row[column])).max())
                .unwrap_or(0)
                .max(4)
        })
        .collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> = (cells.iter().zip(&widths).enumerate())
            .map(|(column, (cell, &width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        format!("| {} |\n", padded.join(" | "))
    };
    let rules: Vec<String> = (widths.iter().enumerate())
        .map(|(column, width)| match column {
            0 => format!(":{}", "-".repeat(width - 1)),
            _ => format!("{}:", "-".repeat(width - 1)),
        })
        .collect();
    let mut text = line(&escaped[0]) + &line(&rules);
    for row in &escaped[1..] {
        text += &line(row);
    }
    text
}

/// Text from a file inside a line or a cell of Markdown: bars end cells, `<` opens a tag.
pub(crate) fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<")
}
