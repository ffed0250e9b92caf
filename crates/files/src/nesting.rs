//! How deep a text in TOML nests. Readers of TOML recurse, so a text is measured before it is read.

/// Tables inside of tables that settings may have.
pub const MOST_NESTED: usize = 16;

/// Whether tables, arrays and dotted keys of `text` nest deeper than [`MOST_NESTED`]. The text need not be
/// valid TOML.
pub fn is_too_deep(text: &str) -> bool {
    // Brackets that are open, and dots of the key that is being read.
    let (mut open, mut dots) = (0usize, 0usize);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '#' => {
                rest.by_ref().find(|&c| c == '\n');
                dots = 0;
            }
            '"' | '\'' => skip_string(&mut rest, c),
            '[' | '{' => open += 1,
            ']' | '}' => (open, dots) = (open.saturating_sub(1), 0),
            '.' => dots += 1,
            // A key goes on over spaces: `a . b`.
            ' ' | '\t' | '_' | '-' => {}
            c if c.is_alphanumeric() => {}
            _ => dots = 0,
        }
        if open + dots > MOST_NESTED {
            return true;
        }
    }
    false
}

/// Goes behind the end of a string whose first quote has been read.
fn skip_string(rest: &mut std::str::Chars<'_>, quote: char) {
    let triple = format!("{quote}{quote}");
    if let Some(after) = rest.as_str().strip_prefix(&triple) {
        *rest = after.chars();
        let end = format!("{quote}{quote}{quote}");
        let at = after.find(&end).map_or(after.len(), |at| at + end.len());
        *rest = after[at..].chars();
        return;
    }
    while let Some(c) = rest.next() {
        match c {
            '\\' if quote == '"' => drop(rest.next()),
            '\n' => return,
            c if c == quote => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_brackets_count_and_strings_do_not() {
        for fine in [
            "",
            "a = 1.5\nb = 2.5 # and ... so ... on ................\n[train]\nepochs = 3",
            "a = '..........................' # '\n",
            "a = \"\\\"..........................\"",
            "a = \"\"\"\n.......................... \" ..\n\"\"\"",
            "a = [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 1.0, 2.0]]",
        ] {
            assert!(!is_too_deep(fine), "{fine}");
        }
        for n in [17, 52_000] {
            assert!(is_too_deep(&format!("a{} = 1", ".a".repeat(n))));
            assert!(is_too_deep(&format!("a = 1\nb{} = 1", " . 'b'".repeat(n))));
            assert!(is_too_deep(&format!("[a{}]", ".a".repeat(n))));
            assert!(is_too_deep(&format!("a = {}", "[".repeat(n))));
            assert!(is_too_deep(&format!("a = {}", "{b = ".repeat(n))));
        }
        assert!(!is_too_deep(&format!("a{} = 1", ".a".repeat(15))));
    }
}
