/// HTML, or SVG, under construction.
///
/// Markup comes in as literals of this crate only, which the types say; every other text is escaped.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

impl Html {
    /// Markup of this crate.
    pub(crate) fn raw(&mut self, markup: &'static str) {
        self.0 += markup;
    }

    /// Text from anywhere.
    pub(crate) fn text(&mut self, text: &str) {
        self.0 += &escape(text);
    }

    /// `<tag name="value" …>`.
    pub(crate) fn open(&mut self, tag: &'static str, attributes: &[(&'static str, &str)]) {
        self.start(tag, attributes);
        self.0 += ">";
    }

    /// `<tag name="value" …/>`, for SVG and for elements without content.
    pub(crate) fn empty(&mut self, tag: &'static str, attributes: &[(&'static str, &str)]) {
        self.start(tag, attributes);
        self.0 += "/>";
    }

    pub(crate) fn close(&mut self, tag: &'static str) {
        self.0 += "</";
        self.0 += tag;
        self.0 += ">";
    }

    /// `<tag …>text</tag>`.
    pub(crate) fn element(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &str)],
        text: &str,
    ) {
        self.open(tag, attributes);
        self.text(text);
        self.close(tag);
    }

    /// Markup made by another builder.
    pub(crate) fn append(&mut self, other: Self) {
        self.0 += &other.0;
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn into_string(self) -> String {
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

/// `data:` address of a text, for links that work without a server.
pub(crate) fn data_address(kind: &str, text: &str) -> String {
    let mut address = format!("data:{kind};charset=utf-8,");
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b',' => {
                address.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => address += &format!("%{byte:02X}"),
        }
    }
    address
}

/// Bytes as the text of a `data:` address (RFC 4648).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            match digit <= chunk.len() {
                true => text.push(char::from(DIGITS[value as usize])),
                false => text.push('='),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let mut html = Html::default();
        html.element("p", &[("title", "\" onload='x'")], "<script>&\u{7}\u{1b}");
        assert_eq!(
            html.into_string(),
            "<p title=\"&quot; onload=&#39;x&#39;\">&lt;script&gt;&amp;\u{fffd}\u{fffd}</p>"
        );
    }

    #[test]
    fn bytes_are_as_in_the_standard() {
        // The test vectors of RFC 4648, section 10.
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|t| base64(t.as_bytes()));
        let expected = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn an_address_holds_plain_characters_only() {
        let address = data_address("text/csv", "a,\"ü\"\n");
        assert_eq!(address, "data:text/csv;charset=utf-8,a,%22%C3%BC%22%0A");
    }
}
