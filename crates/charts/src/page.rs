//! What pages share: the head with the style sheet, figures with captions and numbers, tables that scroll.

use crate::figure::{Figure, WIDTH};
use crate::markup::Markup;
use crate::numbers::Numbers;
use crate::svg;
use crate::text::one_line;

const STYLE: &str = include_str!("../assets/page.css");

/// From the document type to the end of the head. The page follows the light or dark theme and loads nothing.
pub fn head(html: &mut Markup, title: &str) {
    html.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // Nothing is loaded from anywhere, whatever a name in the page says.
    html.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    html.raw("style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    html.element("title", &[], title);
    html.raw("\n<style>\n");
    html.raw(STYLE);
    html.raw("</style>\n</head>\n");
}

/// A table that may be wider than the window: it scrolls by itself, with the keyboard too.
pub fn scrolling(html: &mut Markup, name: &str, table: Markup) {
    let region = [
        ("class", "scroll"),
        ("role", "region"),
        ("aria-label", name),
        ("tabindex", "0"),
    ];
    html.open("div", &region);
    html.append(table);
    html.raw("</div>\n");
}

/// Figures side by side; their numbers folded away below each where `with_numbers`.
pub fn figures(html: &mut Markup, figures: &[Figure], with_numbers: bool) {
    if figures.is_empty() {
        return;
    }
    html.raw("<div class=\"figures\">\n");
    for figure in figures {
        let caption_id = format!("figure.{}", figure.id);
        // Wider figures have a row of their own.
        match figure.width > WIDTH {
            true => html.raw("<figure class=\"wide\">\n"),
            false => html.raw("<figure>\n"),
        }
        html.append(svg::inline(figure, &caption_id));
        html.open("figcaption", &[("id", &caption_id)]);
        html.element("b", &[], &one_line(&figure.title));
        html.raw(". ");
        html.text(&one_line(&figure.caption));
        html.raw("</figcaption>\n");
        if let Some(numbers) = figure.numbers.as_ref().filter(|_| with_numbers) {
            table(html, figure, numbers);
        }
        html.raw("</figure>\n");
    }
    html.raw("</div>\n");
}

fn table(html: &mut Markup, figure: &Figure, numbers: &Numbers) {
    let name = format!("Numbers of the figure: {}", one_line(&figure.title));
    html.raw("<details>\n<summary>Numbers</summary>\n");
    let mut table = Markup::default();
    table.raw("<table>\n<thead><tr>");
    for head in &numbers.header {
        table.element("th", &[("scope", "col")], head);
    }
    table.raw("</tr></thead>\n<tbody>\n");
    for row in &numbers.rows {
        table.raw("<tr>");
        for (index, field) in row.iter().enumerate() {
            match index {
                0 => table.element("th", &[("scope", "row")], field),
                _ => table.element("td", &[], field),
            }
        }
        table.raw("</tr>\n");
    }
    table.raw("</tbody>\n</table>\n");
    scrolling(html, &name, table);
    html.raw("</details>\n");
}

/// The `data:` address of a picture, a PNG file.
pub fn png_address(bytes: &[u8]) -> String {
    format!("data:image/png;base64,{}", base64(bytes))
}

/// Bytes as the text of a `data:` address (RFC 4648).
fn base64(bytes: &[u8]) -> String {
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
    fn bytes_are_as_in_the_standard() {
        // The test vectors of RFC 4648, section 10.
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|t| base64(t.as_bytes()));
        let expected = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
        ];
        assert_eq!(texts, expected);
    }
}
