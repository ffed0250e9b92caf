//! Text from outside on its way to a terminal.

use std::borrow::Cow;

/// `text` with every character that would move the cursor, change colours or turn the direction of
/// writing made visible: `\n`, `\u{1b}`. Names of files, classes and arrays are such text.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// As [`visible`], but for lines that are to stay lines.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n')
}

/// As [`visible`], but for what `keep` names.
pub fn escaped(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let acts = |c: char| acts(c) && !keep(c);
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Control characters, line and paragraph separators, and the marks that turn the direction of writing
/// (Unicode Standard Annex 9, table 4) or cannot be seen.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown() {
        assert_eq!(visible("a b.png"), "a b.png");
        assert_eq!(visible("größe–\\n 画"), "größe–\\n 画");
        assert_eq!(visible("a\u{1b}[31mb\n\r\t"), r"a\u{1b}[31mb\n\r\t");
        assert_eq!(visible("\u{9b}2J\u{7f}"), r"\u{9b}2J\u{7f}");
        assert_eq!(visible("gnp\u{202e}.exe"), r"gnp\u{202e}.exe");
        assert_eq!(visible_lines("a\nb\u{7}\n"), "a\nb\\u{7}\n");
    }
}
