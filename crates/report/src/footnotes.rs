pub(crate) use charts::one_line;

/// The marked notes of one table, in the order of their first use.
///
/// A note used in several places has one mark.
#[derive(Debug, Default)]
pub(crate) struct Footnotes {
    notes: Vec<Note>,
}

#[derive(Debug)]
struct Note {
    /// What makes two notes one: the text, or the text without its numbers.
    key: String,
    /// Distinct texts, each with the data set it is about.
    texts: Vec<(String, String)>,
}

/// Superscript letters; Unicode has no q among them.
const LETTERS: [char; 25] = [
    'ᵃ', 'ᵇ', 'ᶜ', 'ᵈ', 'ᵉ', 'ᶠ', 'ᵍ', 'ʰ', 'ⁱ', 'ʲ', 'ᵏ', 'ˡ', 'ᵐ', 'ⁿ', 'ᵒ', 'ᵖ', 'ʳ', 'ˢ', 'ᵗ',
    'ᵘ', 'ᵛ', 'ʷ', 'ˣ', 'ʸ', 'ᶻ',
];

impl Footnotes {
    /// The number of the note `text`, new or used before.
    pub(crate) fn note(&mut self, text: &str) -> usize {
        self.insert(format!("={text}"), text, "")
    }

    /// The number of the warning `text` about `dataset`. Warnings that differ in their numbers only are
    /// one note, or each data set would have its own.
    pub(crate) fn warning(&mut self, text: &str, dataset: &str) -> usize {
        self.insert(without_numbers(text), text, dataset)
    }

    fn insert(&mut self, key: String, text: &str, dataset: &str) -> usize {
        let text = one_line(text);
        let number = (self.notes.iter().position(|note| note.key == key)).unwrap_or_else(|| {
            self.notes.push(Note {
                key,
                texts: Vec::new(),
            });
            self.notes.len() - 1
        });
        let texts = &mut self.notes[number].texts;
        if !texts
            .iter()
            .any(|(known, about)| *known == text && about == dataset)
        {
            texts.push((text, dataset.to_owned()));
        }
        number
    }

    /// The text of each note, in the order of their numbers, of a table with `n_rows` results.
    pub(crate) fn texts(&self, n_rows: usize) -> impl Iterator<Item = String> {
        self.notes.iter().map(move |note| note.text(n_rows))
    }
}

/// Up to this many data sets are named; of more it is said how many they are.
const NAMED: usize = 3;

impl Note {
    /// Numbers that differ become a range: the single ones stand in the cells.
    fn text(&self, n_rows: usize) -> String {
        let (first, _) = &self.texts[0];
        if self.texts.iter().all(|(text, _)| text == first) {
            return first.clone(); // the marks in the table say where
        }
        let mut datasets: Vec<&str> = Vec::new();
        for (_, dataset) in &self.texts {
            if !datasets.contains(&dataset.as_str()) {
                datasets.push(dataset);
            }
        }
        let ranges = self.with_ranges();
        match datasets.len() {
            n if n > NAMED => format!("{n} of {n_rows} data sets: {ranges}"),
            _ => format!("{ranges} ({})", datasets.join(", ")),
        }
    }

    fn with_ranges(&self) -> String {
        // Same key, so each text has as many numbers.
        let all: Vec<Vec<&str>> = (self.texts.iter()).map(|(text, _)| numbers(text)).collect();
        let mut index = 0;
        let of_piece = |(piece, is_number): (&str, bool)| {
            if !is_number {
                return piece.to_owned();
            }
            index += 1;
            range(all.iter().map(|numbers| numbers[index - 1]))
        };
        pieces(&self.texts[0].0).map(of_piece).collect()
    }
}

/// `3–20` for 20, 3 and 7, each as it was written.
fn range<'a>(numbers: impl Iterator<Item = &'a str> + Clone) -> String {
    // Digits with at most one point are a number.
    let by_value = |a: &&str, b: &&str| {
        let value = |text: &str| text.parse::<f64>().unwrap_or_default();
        value(a).total_cmp(&value(b))
    };
    match (numbers.clone().min_by(by_value), numbers.max_by(by_value)) {
        (Some(low), Some(high)) if low != high => format!("{low}–{high}"),
        (low, _) => low.unwrap_or_default().to_owned(),
    }
}

/// The notes `numbers`, each once, in order.
pub(crate) fn sorted(mut numbers: Vec<usize>) -> Vec<usize> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The marks of notes that are sorted.
pub(crate) fn marks(numbers: &[usize]) -> String {
    numbers.iter().map(|&number| mark(number)).collect()
}

/// ᵃ … ᶻ, then ᵃᵃ … ᶻᶻ: marks stand beside each other in order and once each, so that a doubled
/// letter cannot be two of them.
pub(crate) fn mark(number: usize) -> String {
    let letter = LETTERS[number % LETTERS.len()];
    std::iter::repeat_n(letter, 1 + number / LETTERS.len()).collect()
}

/// The mark in plain letters, for where marks are raised by other means.
pub(crate) fn letters(number: usize) -> String {
    const PLAIN: &[u8; LETTERS.len()] = b"abcdefghijklmnoprstuvwxyz";
    let letter = char::from(PLAIN[number % PLAIN.len()]);
    std::iter::repeat_n(letter, 1 + number / PLAIN.len()).collect()
}

fn without_numbers(text: &str) -> String {
    pieces(text)
        .map(|(piece, is_number)| if is_number { "#" } else { piece })
        .collect()
}

fn numbers(text: &str) -> Vec<&str> {
    pieces(text)
        .filter_map(|(piece, is_number)| is_number.then_some(piece))
        .collect()
}

/// The text cut into numbers (digits, with a decimal point between them) and what lies between.
fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_number = rest.chars().next()?.is_ascii_digit();
        let end = if is_number {
            let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
            let whole = digits(rest);
            match rest[whole..].strip_prefix('.').map(digits) {
                Some(fraction) if fraction > 0 => whole + 1 + fraction,
                _ => whole,
            }
        } else {
            rest.find(|c: char| c.is_ascii_digit())
                .unwrap_or(rest.len())
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some((piece, is_number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_one_mark_wherever_it_is_used() {
        let mut notes = Footnotes::default();
        assert_eq!(notes.note("first"), 0);
        assert_eq!(notes.note("second"), 1);
        assert_eq!(notes.note("first"), 0);
        let texts: Vec<_> = notes.texts(5).collect();
        assert_eq!(texts, ["first", "second"]);
    }

    #[test]
    fn warnings_that_differ_in_numbers_share_a_note() {
        let mut notes = Footnotes::default();
        assert_eq!(notes.warning("3 of 10 rows, 30.0 %", "tile"), 0);
        assert_eq!(notes.warning("4 of 10 rows, 40.0 %", "grid"), 0);
        assert_eq!(notes.warning("all equal", "grid"), 1);
        assert_eq!(notes.warning("all equal", "tile"), 1);
        let lines: Vec<String> = notes.texts(21).collect();
        assert_eq!(lines[0], "3–4 of 10 rows, 30.0–40.0 % (tile, grid)");
        assert_eq!(lines[1], "all equal");
    }

    #[test]
    fn what_most_rows_have_is_counted() {
        let mut notes = Footnotes::default();
        for (dataset, n) in [("a", 12), ("b", 9), ("a", 100), ("c", 7), ("d", 8)] {
            notes.warning(&format!("{n} of 200 rows"), dataset);
        }
        let lines: Vec<String> = notes.texts(21).collect();
        assert_eq!(lines, ["4 of 21 data sets: 7–100 of 200 rows"]);
    }

    #[test]
    fn marks_never_run_out_and_stay_apart() {
        assert_eq!(mark(24), "ᶻ");
        assert_eq!(mark(25), "ᵃᵃ");
        assert_eq!(marks(&sorted(vec![2, 0, 2])), "ᵃᶜ");
        assert_eq!(
            (letters(0), letters(16), letters(25)),
            ("a".into(), "r".into(), "aa".into())
        );
        let all: std::collections::BTreeSet<String> = (0..200).map(mark).collect();
        assert_eq!(all.len(), 200);
    }

    #[test]
    fn the_pieces_of_a_text_are_the_text() {
        for text in ["", "3", "a3b", "1.5.2 %.", "é7ü", "v0.9.", "٣"] {
            assert_eq!(
                pieces(text).map(|(piece, _)| piece).collect::<String>(),
                text
            );
        }
        assert_eq!(numbers("1.5.2 %. 07"), ["1.5", "2", "07"]);
    }
}
