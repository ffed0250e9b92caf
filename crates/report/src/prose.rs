//! The sentences around a table, the same in every form of it.

use crate::footnotes::{mark, one_line};
use crate::grid::width;
use crate::table::{Table, seeds_in_words};

/// The line below the title: protocol, seeds and how to read a cell. `layout` says where the published
/// number stands.
pub(crate) fn heading(table: &Table<'_>, layout: &str) -> String {
    let protocol = one_line(&table.plan.protocol);
    let seeds = seeds_in_words(table.plan.seeds());
    let mut text = format!("Protocol `{protocol}`, {seeds}. ");
    text += &format!("{} in percent", capitalised(table.plan.metric.name()));
    if table.has_paper() {
        text += &format!(": {layout}");
    }
    text += ".";
    if table.has_deviations() {
        text += " Over several seeds: mean ± sample standard deviation (n − 1).";
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// Where the published number stands in text.
pub(crate) const IN_LINE: &str = "ours (published) difference";

/// A note below a table.
pub(crate) struct Note {
    /// Of the mark in the table, if it has one.
    pub(crate) number: Option<usize>,
    pub(crate) text: String,
}

impl Note {
    /// The mark, if any, and the text.
    pub(crate) fn marked(&self) -> String {
        match self.number {
            Some(number) => format!("{} {}", mark(number), self.text),
            None => self.text.clone(),
        }
    }
}

/// The notes below the table: what is missing, the table's own, then the marked ones.
pub(crate) fn notes(table: &Table<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    let progress = &table.progress;
    if progress.done < progress.all() {
        let counts = [
            (progress.failed, "failed"),
            (progress.unreadable, "unreadable"),
            (progress.pending, "pending"),
        ];
        let missing: Vec<String> = (counts.iter())
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{n} {what}"))
            .collect();
        let (done, all) = (progress.done, progress.all());
        notes.push(format!(
            "{done} of {all} cells done, {}",
            missing.join(", ")
        ));
    }
    for problem in &table.problems {
        notes.push(format!("published numbers missing: {}", one_line(problem)));
    }
    notes.extend(table.plan.notes.iter().map(|note| one_line(note)));
    let plain = notes.into_iter().map(|text| Note { number: None, text });
    let marked = table.footnotes.texts(table.n_with_results()).enumerate();
    let marked = marked.map(|(number, text)| Note {
        number: Some(number),
        text,
    });
    plain.chain(marked).collect()
}

/// What is said of the rows without data.
pub(crate) struct Absent {
    /// How many they are, and which of them no command names.
    pub(crate) sentence: String,
    /// What gets them.
    pub(crate) commands: Vec<String>,
}

/// `None` where every row has data.
pub(crate) fn absent(table: &Table<'_>) -> Option<Absent> {
    let names = (table.absent()).map(|row| one_line(&row.plan.dataset));
    let names: Vec<String> = names.collect();
    let (n, all) = (names.len(), table.rows.len());
    let commands = table.commands();
    let is_named = |name: &String| {
        let mut words = commands.iter().flat_map(|command| command.split(' '));
        words.any(|word| word == name)
    };
    let unnamed: Vec<String> = (names.into_iter()).filter(|name| !is_named(name)).collect();
    let which = match unnamed.is_empty() {
        true => String::new(),
        false => format!(" ({})", unnamed.join(", ")),
    };
    let way = if commands.is_empty() {
        "."
    } else {
        "; to get them:"
    };
    (n > 0).then(|| Absent {
        sentence: format!("{n} of {all} rows have no data{which}{way}"),
        commands,
    })
}

/// Breaks `text` at spaces so that lines stay within `width` where words allow; further lines start
/// with `indent`, and all but the last end with `end`.
pub(crate) fn wrap(text: &str, width_limit: usize, indent: &str, end: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut words_in_line = 0;
    for word in text.split(' ') {
        let needed = width(&line) + 1 + width(word) + width(end);
        if words_in_line > 0 && needed > width_limit {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
            words_in_line = 0;
        }
        if words_in_line > 0 {
            line.push(' ');
        }
        line += word;
        words_in_line += 1;
    }
    lines.push(line);
    lines.join(&format!("{end}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(
            wrap("get a bb ccc", 9, "  ", " \\"),
            "get a \\\n  bb \\\n  ccc"
        );
        assert_eq!(wrap("get a", 100, "  ", " \\"), "get a");
        assert_eq!(wrap("averylongword x", 5, "", ""), "averylongword\nx");
    }
}
