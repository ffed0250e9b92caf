use charts::page::{figures, head, png_address, scrolling};
use charts::{Markup, one_line};

use super::figures as drawn;
use super::found::Found;
use super::misses::Miss;
use super::promise::Promise;
use super::thumbnails::{Thumbnail, Thumbnails};
use super::words::{Line, data, decided_by, decisions, percent, promised, ranking, without_score};

/// The page: one HTML file that needs nothing else.
pub(super) fn render(found: &Found<'_>, thumbnails: &Thumbnails) -> String {
    let mut html = Markup::default();
    let title = format!(
        "Evaluation of {}",
        one_line(&found.args.model.display().to_string())
    );
    head(&mut html, &title);
    html.raw("<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n");
    html.element("h1", &[], &title);
    html.raw("\n</header>\n<main id=\"main\">\n");
    summary(&mut html, found);
    html.raw("<section id=\"curves\" aria-labelledby=\"curves-title\">");
    html.raw("<h2 id=\"curves-title\">Curves and scores</h2>\n");
    figures(&mut html, &drawn::of(found), true);
    html.raw("</section>\n");
    html.raw("<section id=\"misses\" aria-labelledby=\"misses-title\">");
    html.raw("<h2 id=\"misses-title\">Worst misses</h2>\n");
    let misses = &found.misses;
    let title = "Anomalies with the lowest scores";
    table(
        &mut html,
        found,
        title,
        &misses.anomalies,
        &thumbnails.anomalies,
    );
    let title = "Normal rows with the highest scores";
    table(
        &mut html,
        found,
        title,
        &misses.normals,
        &thumbnails.normals,
    );
    html.raw("</section>\n</main>\n<footer><p>Made by <code>residuum evaluate</code>: the same ");
    html.raw("model and the same data give the same page.</p></footer>\n</body>\n</html>\n");
    html.into_string()
}

fn summary(html: &mut Markup, found: &Found<'_>) {
    let evaluation = &found.evaluation;
    html.raw("<section id=\"summary\" aria-label=\"Summary\">\n<dl class=\"tiles\">\n");
    let mut tiles = vec![
        ("AUROC", percent(evaluation.metrics.auroc)),
        ("average precision", percent(evaluation.metrics.ap)),
    ];
    if let Some(alarms) = &evaluation.alarms {
        let value = |share: &experiment::Share| percent(share.interval.estimate);
        tiles.push((
            "of the normal rows are false alarms",
            value(&alarms.false_positives),
        ));
        tiles.push(("of the anomalies are detected", value(&alarms.detected)));
    }
    for (name, value) in tiles {
        html.raw("<div>");
        html.element("dt", &[], name);
        html.element("dd", &[], &value);
        html.raw("</div>\n");
    }
    html.raw("</dl>\n<ul>\n");
    let manifest = found.model.manifest();
    let mut facts = vec![
        format!("Data: {}.", data(found)),
        format!("Method: {} ({}).", manifest.method, manifest.reason),
    ];
    let decided = Promise::of(manifest).zip(evaluation.alarms.as_ref());
    if let Some((promise, alarms)) = decided {
        let kept = promised(&alarms.false_positives, &promise);
        let by = decided_by(&promise);
        facts.push(format!("Threshold: {by}. False alarms: {kept}."));
    }
    if let Some(line) = without_score(found) {
        facts.push(format!("No score: {line}."));
    }
    for fact in facts {
        html.element("li", &[], &one_line(&fact));
        html.raw("\n");
    }
    html.raw("</ul>\n");
    let mut lines = ranking(found);
    lines.extend(evaluation.alarms.iter().flat_map(decisions));
    let mut table = Markup::default();
    table.raw("<table>\n<thead><tr><th scope=\"col\">figure</th><th scope=\"col\">value</th>");
    table.raw(
        "<th scope=\"col\" class=\"text\">95 % interval and meaning</th></tr></thead>\n<tbody>\n",
    );
    for Line { name, value, more } in lines {
        table.raw("<tr>");
        table.element("th", &[("scope", "row")], name);
        table.element("td", &[("class", "nowrap")], &value);
        table.element("td", &[("class", "text")], &more);
        table.raw("</tr>\n");
    }
    table.raw("</tbody>\n</table>\n");
    scrolling(html, "Figures", table);
    html.raw("</section>\n");
}

/// Misses of a class, a row each, with the pictures where there are some.
fn table(
    html: &mut Markup,
    found: &Found<'_>,
    title: &str,
    misses: &[Miss],
    thumbnails: &[Thumbnail],
) {
    html.element("h3", &[], title);
    html.raw("\n");
    let has_keys = misses.iter().any(|miss| found.rows.key(miss.row).is_some());
    let is_images = found.rows.file(0).is_some();
    let mut table = Markup::default();
    table.raw("<table>\n<thead><tr>");
    let name = if is_images { "file" } else { "row" };
    let mut header = vec![name, "score", "p-value", "called"];
    if has_keys {
        header.insert(1, "key");
    }
    let has_whys = !found.whys.is_empty();
    if has_whys {
        header.push("why");
    }
    if !thumbnails.is_empty() {
        header.extend(["image", "map"]);
    }
    for name in header {
        table.element("th", &[("scope", "col")], name);
    }
    table.raw("</tr></thead>\n<tbody>\n");
    for (index, miss) in misses.iter().enumerate() {
        table.raw("<tr>");
        let name = one_line(&found.rows.name(miss.row));
        table.element("th", &[("scope", "row")], &name);
        if has_keys {
            let key = found.rows.key(miss.row).unwrap_or_default();
            table.element("td", &[], &one_line(key));
        }
        table.element("td", &[], &format!("{:.4}", miss.score.score));
        table.element(
            "td",
            &[],
            &miss
                .score
                .p_value
                .map_or_else(String::new, |p| format!("{p:.4}")),
        );
        let called = match miss.score.is_anomaly {
            Some(true) => "anomaly",
            Some(false) => "normal",
            None => "",
        };
        table.element("td", &[], called);
        if has_whys {
            let why = found.whys.get(&miss.row);
            let why = why.map_or_else(String::new, |why| one_line(why));
            table.element("td", &[("class", "text")], &why);
        }
        if let Some(thumbnail) = thumbnails.get(index) {
            picture(
                &mut table,
                Some(&thumbnail.image),
                &format!("Image: {name}"),
            );
            picture(
                &mut table,
                thumbnail.map.as_ref(),
                &format!("Map of {name}"),
            );
        }
        table.raw("</tr>\n");
    }
    table.raw("</tbody>\n</table>\n");
    scrolling(html, title, table);
}

fn picture(table: &mut Markup, png: Option<&Vec<u8>>, alternative: &str) {
    table.raw("<td>");
    if let Some(png) = png {
        let source = png_address(png);
        let attributes = [
            ("src", source.as_str()),
            ("alt", alternative),
            ("width", "112"),
        ];
        table.empty("img", &attributes);
    }
    table.raw("</td>");
}
