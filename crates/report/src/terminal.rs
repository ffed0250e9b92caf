use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table as Drawn};

use crate::footnotes::one_line;
use crate::grid::{Emphasis, Grid, Text, Tone};
use crate::long;
use crate::prose::{IN_LINE, absent, heading, notes, wrap};
use crate::table::Table;

/// Between two columns.
const GAP: usize = 2;

/// The sentences of a summary, a line or more each.
pub(crate) fn sentences(sentences: &[String], columns: usize) -> String {
    let lines = sentences
        .iter()
        .map(|text| wrap(text, columns, "  ", "") + "\n");
    lines.collect()
}

/// The table for a terminal `columns` characters wide; of one without rows to show its title and what is
/// absent. One that is wider is cut into blocks of
/// columns, each with the names of the rows.
pub(crate) fn render(table: &Table<'_>, columns: usize, color: bool) -> String {
    let is_long = long::is_long(table);
    let grid = match is_long {
        true => long::grid(table),
        false => Grid::of(table, Emphasis::None),
    };
    let mut text = format!("{}\n", wrap(&one_line(&table.plan.title), columns, "", ""));
    if table.shows_rows() {
        text += &format!("{}\n", wrap(&heading(table, IN_LINE), columns, "", ""));
        if is_long {
            text += &format!("{}\n", wrap(&long::sentence(table), columns, "", ""));
        }
        for block in blocks(&grid.widths(), columns) {
            text += &format!("\n{}\n", draw(&grid, &block, color));
        }
        let notes = notes(table);
        if !notes.is_empty() {
            text += "\n";
        }
        for note in notes {
            text += &format!("{}\n", wrap(&note.marked(), columns, "  ", ""));
        }
    }
    if let Some(absent) = absent(table) {
        if table.shows_rows() {
            text += "\n";
        }
        text += &format!("{}\n", wrap(&absent.sentence, columns, "", ""));
        for command in absent.commands {
            text += &format!("  {}\n", wrap(&command, columns - 2, "      ", " \\"));
        }
    }
    text
}

/// Which columns stand in each block. Column 0 names the rows and stands in all of them.
fn blocks(widths: &[usize], columns: usize) -> Vec<Vec<usize>> {
    let mut blocks = Vec::new();
    let mut block = vec![0];
    let mut used = widths[0];
    for (column, width) in widths.iter().enumerate().skip(1) {
        if block.len() > 1 && used + GAP + width > columns {
            blocks.push(std::mem::replace(&mut block, vec![0]));
            used = widths[0];
        }
        block.push(column);
        used += GAP + width;
    }
    blocks.push(block);
    blocks
}

fn draw(grid: &Grid, block: &[usize], color: bool) -> String {
    let mut drawn = Drawn::new();
    // Only a rule below the header; the widths are ours already.
    drawn.load_preset("     ──            ");
    drawn.set_content_arrangement(ContentArrangement::Disabled);
    if color {
        drawn.enforce_styling();
    } else {
        drawn.force_no_tty();
    }
    drawn.set_header((block.iter()).map(|&column| {
        let title = Cell::new(&grid.header[column]).set_alignment(alignment(column));
        title.add_attribute(Attribute::Bold)
    }));
    for row in &grid.rows {
        drawn.add_row((block.iter()).map(|&column| cell(&row[column], column)));
    }
    for column in drawn.column_iter_mut() {
        let left = if column.index == 0 { 0 } else { GAP as u16 };
        column.set_padding((left, 0));
    }
    let lines: Vec<String> = drawn
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}

fn alignment(column: usize) -> CellAlignment {
    match column {
        0 => CellAlignment::Left,
        _ => CellAlignment::Right,
    }
}

fn cell(text: &Text, column: usize) -> Cell {
    let cell = Cell::new(&text.text).set_alignment(alignment(column));
    match text.tone {
        Tone::Plain => cell,
        Tone::Strong => cell.add_attribute(Attribute::Bold),
        Tone::Faint => cell.fg(Color::DarkGrey),
        Tone::Alarm => cell.fg(Color::Red),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_fit_and_hold_every_column_once() {
        assert_eq!(blocks(&[10, 20, 20, 20], 60), [vec![0, 1, 2], vec![0, 3]]);
        assert_eq!(blocks(&[10, 20, 20, 20], 76), [vec![0, 1, 2, 3]]);
        // A column too wide for any block stands alone.
        assert_eq!(blocks(&[10, 90, 5], 60), [vec![0, 1], vec![0, 2]]);
        assert_eq!(blocks(&[10], 60), [vec![0]]);
    }
}
