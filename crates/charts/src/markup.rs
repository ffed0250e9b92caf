/// SVG or HTML under construction.
///
/// Tags, names of attributes and raw markup are literals of the program, which the types demand; every
/// other text is escaped.
#[derive(Debug, Default)]
pub struct Markup(String);

impl Markup {
    /// Markup of the program.
    pub fn raw(&mut self, markup: &'static str) {
        self.0 += markup;
    }

    /// Text from anywhere.
    pub fn text(&mut self, text: &str) {
        self.0 += &escape(text);
    }

    /// `<tag name="value" …>`.
    pub fn open(&mut self, tag: &'static str, attributes: &[(&'static str, &str)]) {
        self.start(tag, attributes);
        self.0 += ">";
    }

    /// `<tag name="value" …/>`, for SVG and for elements without content.
    pub fn empty(&mut self, tag: &'static str, attributes: &[(&'static str, &str)]) {
        self.start(tag, attributes);
        self.0 += "/>";
    }

    /// `</tag>`.
    pub fn close(&mut self, tag: &'static str) {
        self.0 += "</";
        self.0 += tag;
        self.0 += ">";
    }

    /// `<tag …>text</tag>`.
    pub fn element(&mut self, tag: &'static str, attributes: &[(&'static str, &str)], text: &str) {
        self.open(tag, attributes);
        self.text(text);
        self.close(tag);
    }

    /// Markup made by another builder.
    pub fn append(&mut self, other: Self) {
        self.0 += &other.0;
    }

    /// How many bytes there are.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// The finished text.
    pub fn into_string(self) -> String {
        self.0
    }

    fn start(&mut self, tag: &'static str, attributes: &[(&'static str, &str)]) {
        self.0 += "<";
        self.0 += tag;
        for (name, value) in attributes {
            self.0 += " ";
            self.0 += name;
            self.0 += "=\"";
            self.0 += &escape(value);
            self.0 += "\"";
        }
    }
}

/// Text that is markup nowhere, inside quotes neither. Control characters, which neither HTML nor XML
/// may hold, become U+FFFD; line ends and tabs stay.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let mut markup = Markup::default();
        markup.element("p", &[("title", "\" onload='x'")], "<script>&\u{7}\u{1b}");
        assert_eq!(
            markup.into_string(),
            "<p title=\"&quot; onload=&#39;x&#39;\">&lt;script&gt;&amp;\u{fffd}\u{fffd}</p>"
        );
    }
}
