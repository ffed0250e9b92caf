/// Text from a file as one line, without anything that could steer a terminal.
pub fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Quoted where it must be. A leading sign that a spreadsheet would take for a formula gets an
/// apostrophe before it.
pub fn csv_field(text: &str) -> String {
    let mut text = one_line(text);
    if text.starts_with(['=', '+', '-', '@']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"']) {
        text = format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_one_line_of_plain_text() {
        assert_eq!(one_line(" a\r\n\tb\u{1b}[31m \u{7}c "), "a b [31m c");
    }

    #[test]
    fn fields_are_quoted_and_no_formulas() {
        assert_eq!(csv_field("tile"), "tile");
        assert_eq!(csv_field("a,\"b\"\n"), "\"a,\"\"b\"\"\"");
        assert_eq!(csv_field("=1+1"), "'=1+1");
    }
}
