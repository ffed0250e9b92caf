use super::parts::with_code;
use crate::content::Content;
use crate::extent::Extent;
use crate::html::Html;
use crate::summary;
use crate::words::duration;

/// What the run computed and found, first in numbers, then in sentences.
pub(super) fn section(html: &mut Html, content: &Content<'_>) {
    html.raw("<section id=\"summary\" aria-labelledby=\"summary-title\">");
    html.raw("<h2 id=\"summary-title\" class=\"unseen\">Summary</h2>\n");
    numbers(html, &Extent::of(content.tables, content.cells));
    html.raw("<ul>\n");
    for sentence in summary::sentences(content.profile, content.tables, content.cells) {
        html.raw("<li>");
        with_code(html, &sentence);
        html.raw("</li>\n");
    }
    html.raw("</ul>\n</section>\n");
}

fn numbers(html: &mut Html, extent: &Extent) {
    if extent.planned == 0 {
        return;
    }
    let finished = format!("{} of {}", extent.done, extent.planned);
    let mut tiles = vec![("cells finished", finished)];
    if extent.done > 0 {
        tiles.push(("data sets", extent.datasets.len().to_string()));
        tiles.push(("methods", extent.n_methods.to_string()));
    }
    if extent.seconds > 0.0 {
        tiles.push(("computing time", duration(extent.seconds)));
    }
    html.raw("<dl class=\"tiles\">\n");
    for (name, value) in tiles {
        html.raw("<div>");
        html.element("dt", &[], name);
        html.element("dd", &[], &value);
        html.raw("</div>\n");
    }
    html.raw("</dl>\n");
}
