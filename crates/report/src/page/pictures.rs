use charts::page::png_address;

use crate::content::Content;
use crate::footnotes::one_line;
use crate::html::Html;

/// The pictures of the run; nothing where no images ran.
pub(super) fn section(html: &mut Html, content: &Content<'_>) {
    let pictures = content.pictures;
    if pictures.shown.is_empty() && pictures.left_out.is_empty() {
        return;
    }
    html.raw("<section id=\"pictures\" aria-labelledby=\"pictures-title\">");
    html.raw("<h2 id=\"pictures-title\">Heat maps</h2>\n<div class=\"figures\">\n");
    for (id, bytes) in &pictures.shown {
        let Some(Ok(cell)) = content.cells.get(id) else {
            continue;
        };
        let done = cell.disturbance().map(|done| format!(", {done}"));
        let name = format!(
            "{} on {}, protocol {}, seeds {}, configuration {}{}",
            one_line(&cell.method),
            one_line(&cell.dataset),
            one_line(&cell.protocol),
            cell.seed,
            one_line(cell.config_hash.as_deref().unwrap_or("unknown")),
            one_line(&done.unwrap_or_default())
        );
        let address = png_address(bytes);
        let alternative = format!("Test images and what the method sees in them: {name}");
        html.raw("<figure>");
        html.empty("img", &[("src", &address), ("alt", &alternative)]);
        html.element("figcaption", &[], &name);
        html.raw("</figure>\n");
    }
    html.raw("</div>\n");
    if !pictures.left_out.is_empty() {
        let n = pictures.left_out.len();
        let text = format!("{n} more are in the folder pictures of the run.");
        html.element("p", &[], &text);
    }
    html.raw("</section>\n");
}
