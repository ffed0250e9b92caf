use crate::footnotes::one_line;
use crate::grid::{Grid, width};
use crate::prose::{absent, heading, notes, wrap};
use crate::table::Table;

/// Where lines of commands are broken.
const COMMAND_WIDTH: usize = 100;

/// The table as Markdown that is also readable as text.
pub(crate) fn render(table: &Table<'_>) -> String {
    let mut text = format!(
        "# {}\n\n{}\n\n",
        escape(&one_line(&table.plan.title)),
        heading(table)
    );
    text += &grid(&Grid::of(table));
    let notes = notes(table);
    if !notes.is_empty() {
        text += "\n## Notes\n\n";
        for note in notes {
            text += &format!("- {}\n", escape(&note));
        }
    }
    if let Some((sentence, commands)) = absent(table) {
        text += &format!("\n## Data\n\n{sentence}\n");
        if !commands.is_empty() {
            text += "\n```sh\n";
            for command in commands {
                text += &wrap(&command, COMMAND_WIDTH, "    ", " \\");
                text += "\n";
            }
            text += "```\n";
        }
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
fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<")
}
