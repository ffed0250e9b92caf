//! What a page must keep to, whatever the run: checked for every page that a test makes.

use std::collections::BTreeSet;

use crate::page::{Element, Page};

/// Elements that may stand inside a paragraph.
const PHRASING: [&str; 17] = [
    "a", "b", "br", "wbr", "button", "code", "em", "i", "img", "small", "span", "strong", "sub",
    "sup", "svg", "u", "text",
];

/// Elements with the only ones they may stand in.
const PLACES: [(&str, &[&str]); 9] = [
    ("li", &["ul", "ol"]),
    ("tr", &["thead", "tbody", "tfoot"]),
    ("td", &["tr"]),
    ("th", &["tr"]),
    ("thead", &["table"]),
    ("dt", &["div"]),
    ("dd", &["div"]),
    ("figcaption", &["figure"]),
    ("summary", &["details"]),
];

/// Panics with the rule that the page breaks. That it is well-formed is checked where it is read.
pub(crate) fn check(page: &Page) {
    document(page);
    references(page);
    nothing_is_loaded(page);
    names(page);
    nesting(page);
    tables(page);
}

fn document(page: &Page) {
    assert!(page.text.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    for tag in ["html", "head", "body", "main", "h1"] {
        assert_eq!(page.tags(tag).len(), 1, "<{tag}>");
    }
    // Figures have titles too.
    let in_head = |e: &&Element| e.ancestors.iter().any(|&i| page.elements[i].tag == "head");
    let titles: Vec<&Element> = page.tags("title").into_iter().filter(in_head).collect();
    assert!(titles.len() == 1 && !titles[0].text.trim().is_empty());
    let meta = page.tags("meta");
    assert!(meta.iter().any(|e| e.attributes.contains_key("charset")));
    assert!(meta.iter().any(|e| e.attribute("name") == "viewport"));
    let mut level = 0;
    for element in &page.elements {
        let digits = element.tag.strip_prefix('h');
        if let Some(found) = digits.and_then(|d| d.parse::<u32>().ok()) {
            assert!(
                found <= level + 1,
                "<h{found}> {} after <h{level}>",
                element.text
            );
            assert!(!element.text.trim().is_empty(), "an empty <h{found}>");
            level = found;
        }
    }
}

fn references(page: &Page) {
    let ids = page.attributes("id");
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "an id twice");
    assert!(ids.iter().all(|id| !id.is_empty() && !id.contains(' ')));
    for name in ["href", "aria-labelledby", "aria-describedby"] {
        for value in page.attributes(name) {
            let target = match name {
                "href" => value.strip_prefix('#'),
                _ => Some(value),
            };
            for target in target.iter().flat_map(|t| t.split(' ')) {
                assert!(unique.contains(target), "{name}={value} leads nowhere");
            }
        }
    }
}

fn nothing_is_loaded(page: &Page) {
    for name in ["href", "src", "srcset", "action", "data", "poster"] {
        for address in page.attributes(name) {
            let stays = address.starts_with('#') || address.starts_with("data:");
            assert!(stays, "{name}={address}");
        }
    }
    for tag in ["link", "iframe", "object", "embed", "base", "form"] {
        assert!(page.tags(tag).is_empty(), "<{tag}>");
    }
    for style in page.tags("style") {
        assert!(!style.text.contains("url(") && !style.text.contains("@import"));
    }
    assert_eq!(page.tags("script").len(), 1);
    for element in &page.elements {
        let handler = |name: &String| name.starts_with("on") || name == "style";
        assert!(!element.attributes.keys().any(handler), "<{}>", element.tag);
    }
}

/// What a screen reader needs.
fn names(page: &Page) {
    for image in page.tags("img") {
        assert!(
            !image.attribute("alt").is_empty(),
            "a picture without a text"
        );
    }
    for svg in page.tags("svg") {
        assert_eq!(svg.attribute("role"), "img");
        assert!(svg.attributes.contains_key("aria-labelledby"));
    }
    for element in &page.elements {
        let is_region = element.attribute("role") == "region" || element.tag == "nav";
        assert!(!is_region || !element.attribute("aria-label").is_empty());
        let is_control = matches!(element.tag.as_str(), "a" | "button" | "summary");
        assert!(
            !is_control || !element.text.trim().is_empty(),
            "an empty <{}>",
            element.tag
        );
        // What scrolls can be reached with the keyboard.
        assert!(element.attribute("class") != "scroll" || element.attribute("tabindex") == "0");
    }
}

fn nesting(page: &Page) {
    for element in &page.elements {
        let parent = element.ancestors.last().map(|&index| &page.elements[index]);
        let place = PLACES.iter().find(|(tag, _)| *tag == element.tag);
        if let (Some((tag, parents)), Some(parent)) = (place, parent) {
            assert!(
                parents.contains(&parent.tag.as_str()),
                "<{tag}> in <{}>",
                parent.tag
            );
        }
        for ancestor in element.ancestors.iter().map(|&index| &page.elements[index]) {
            let (outer, inner) = (ancestor.tag.as_str(), element.tag.as_str());
            let is_text_only = matches!(outer, "p" | "h1" | "h2" | "h3" | "summary" | "small");
            assert!(
                !is_text_only || PHRASING.contains(&inner),
                "<{inner}> in <{outer}>"
            );
            assert!(
                outer != "a" || !matches!(inner, "a" | "button"),
                "<{inner}> in <{outer}>"
            );
        }
    }
}

fn tables(page: &Page) {
    for header in page.tags("th") {
        assert!(matches!(header.attribute("scope"), "row" | "col"));
    }
    let within = |parent: usize, tag: &'static str| {
        let elements = page.elements.iter().enumerate();
        elements.filter(move |(_, e)| e.ancestors.contains(&parent) && e.tag == tag)
    };
    let tables = page
        .elements
        .iter()
        .enumerate()
        .filter(|(_, e)| e.tag == "table");
    for (table, _) in tables {
        let width = |row: usize| within(row, "th").count() + within(row, "td").count();
        let widths: BTreeSet<usize> = within(table, "tr").map(|(row, _)| width(row)).collect();
        assert_eq!(widths.len(), 1, "rows of one table have {widths:?} cells");
    }
}

impl Element {
    /// Empty where it is absent.
    fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}
