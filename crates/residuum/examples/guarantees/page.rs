use crate::summary::{Cell, Over, OverSets, over_sets};

/// Standard errors that a mean may be away from what is promised.
const RATES: f64 = 4.0;
const SHARES: f64 = 3.0;
/// Drift and windows find more with so many calibration rows.
const MANY: f64 = 1000.0;

/// A table by the name of its marker, and the promises that were missed.
pub(crate) type Tables = Vec<(&'static str, String)>;

/// Every table of the page.
pub(crate) fn tables(cells: &[Cell]) -> (Tables, Vec<String>) {
    let mut missed = Vec::new();
    let groups = groups(cells);
    let tables = vec![
        ("rates", rates(&groups, &mut missed)),
        ("alarms", alarms(cells, &mut missed)),
        ("certified", certified(&groups, &mut missed)),
        ("discoveries", discoveries(&groups, &mut missed)),
        ("drift", drift(&groups, &mut missed)),
        ("wrong", wrong(&groups)),
    ];
    (tables, missed)
}

/// The page with the tables between their markers, `<!-- rates -->` and `<!-- end -->`.
pub(crate) fn with_tables(page: &str, tables: &Tables) -> Result<String, String> {
    let mut page = page.to_owned();
    for (name, table) in tables {
        let start = format!("<!-- {name} -->\n");
        let (before, rest) = (page.split_once(&start)).ok_or(format!("the page has no {start}"))?;
        let (_, after) = (rest.split_once("<!-- end -->"))
            .ok_or(format!("nothing ends the table {name} of the page"))?;
        page = format!("{before}{start}{table}<!-- end -->{after}");
    }
    Ok(page)
}

/// The cells of one method, by its name, and then all of them.
fn groups(cells: &[Cell]) -> Vec<(&'static str, Vec<&Cell>)> {
    let mut groups: Vec<(&'static str, Vec<&Cell>)> = Vec::new();
    for cell in cells {
        match groups.iter_mut().find(|(name, _)| *name == cell.method) {
            Some((_, group)) => group.push(cell),
            None => groups.push((cell.method, vec![cell])),
        }
    }
    groups.push(("all", cells.iter().collect()));
    groups
}

/// A share in percent with its error.
fn percent(of: Option<OverSets>) -> String {
    of.map_or("–".to_owned(), |of| {
        format!("{:.2} ± {:.2}", 100.0 * of.mean, 100.0 * of.error)
    })
}

fn fine_percent(of: Option<OverSets>) -> String {
    of.map_or("–".to_owned(), |of| {
        format!("{:.3} ± {:.3}", 100.0 * of.mean, 100.0 * of.error)
    })
}

/// Notes a mean that is further above `most` than `errors` standard errors.
fn at_most(missed: &mut Vec<String>, what: &str, of: Option<OverSets>, most: f64, errors: f64) {
    if let Some(of) = of
        && of.mean > most + errors * of.error
    {
        let (mean, error) = (of.mean, of.error);
        missed.push(format!("{what}: {mean} ± {error}, at most {most}"));
    }
}

/// Sets whose own mean is further from `target` than `errors` of its standard errors.
fn beyond(cells: &[&Cell], measure: &str, errors: f64, away: impl Fn(f64) -> f64) -> usize {
    let is_beyond = |over: &Over| away(over.mean) > errors * over.error;
    let overs = cells.iter().filter_map(|cell| cell.get(measure));
    overs.filter(is_beyond).count()
}

fn table(header: &[&str], lines: Vec<Vec<String>>) -> String {
    let mut text = format!("| {} |\n|", header.join(" | "));
    for column in 0..header.len() {
        text.push_str(if column == 0 { " --- |" } else { " ---: |" });
    }
    text.push('\n');
    for line in lines {
        text.push_str(&format!("| {} |\n", line.join(" | ")));
    }
    text
}

fn sets(of: Option<OverSets>) -> String {
    of.map_or(0, |of| of.sets).to_string()
}

type Groups<'a> = [(&'static str, Vec<&'a Cell>)];

fn rates(groups: &Groups<'_>, missed: &mut Vec<String>) -> String {
    let mut lines = Vec::new();
    for (method, cells) in groups {
        let mut outside = Vec::new();
        for (measure, target) in [("randomised 1 %", 0.01), ("randomised 5 %", 0.05)] {
            let of = over_sets(cells, measure);
            if let Some(of) = of
                && (of.mean - target).abs() > RATES * of.error
            {
                missed.push(format!("{method}, {measure}: {} ± {}", of.mean, of.error));
            }
            let away = |mean: f64| (mean - target).abs();
            outside.push(beyond(cells, measure, RATES, away).to_string());
        }
        for (measure, target) in [("plain 1 %", 0.01), ("plain 5 %", 0.05)] {
            let of = over_sets(cells, measure);
            at_most(missed, &format!("{method}, {measure}"), of, target, RATES);
        }
        let tied = over_sets(cells, "tied");
        lines.push(vec![
            (*method).to_owned(),
            sets(tied),
            format!("{:.0} %", tied.map_or(0.0, |tied| 100.0 * tied.mean)),
            fine_percent(over_sets(cells, "randomised 1 %")),
            fine_percent(over_sets(cells, "randomised 5 %")),
            outside.join(", "),
            fine_percent(over_sets(cells, "plain 1 %")),
            fine_percent(over_sets(cells, "plain 5 %")),
        ]);
    }
    let header = [
        "method",
        "sets",
        "scores that tie",
        "randomised, 1 %",
        "randomised, 5 %",
        "sets beyond 4 errors of their own",
        "plain, 1 %",
        "plain, 5 %",
    ];
    table(&header, lines)
}

fn alarms(cells: &[Cell], missed: &mut Vec<String>) -> String {
    let mut lines = Vec::new();
    for (rows, least, most) in [
        ("299 and more: 1 % at 95 %", 299.0, f64::INFINITY),
        ("99 to 298: 1 % on average", 99.0, 299.0),
        ("up to 98: the highest score", 0.0, 99.0),
    ] {
        let has = |cell: &&Cell| {
            let n = cell.mean("calibration rows");
            least <= n && n < most
        };
        let of: Vec<&Cell> = cells.iter().filter(has).collect();
        let excess = over_sets(&of, "alarms above promise");
        at_most(missed, &format!("alarms, {rows}"), excess, 0.0, RATES);
        lines.push(vec![
            rows.to_owned(),
            sets(excess),
            percent(over_sets(&of, "alarms promised")),
            percent(over_sets(&of, "alarms")),
            percent(excess),
        ]);
    }
    let header = [
        "calibration rows and what the model says",
        "sets",
        "rate that it expects, k/(n + 1)",
        "rate that came",
        "difference",
    ];
    table(&header, lines)
}

fn certified(groups: &Groups<'_>, missed: &mut Vec<String>) -> String {
    let mut lines = Vec::new();
    for (method, cells) in groups {
        for (target, most, real, simulated) in [
            ("5 % at 90 %", 0.1, "exceeds 5 %", "simulated exceeds 5 %"),
            ("1 % at 95 %", 0.05, "exceeds 1 %", "simulated exceeds 1 %"),
            (
                "0.1 % at 95 %",
                0.05,
                "exceeds 0.1 %",
                "simulated exceeds 0.1 %",
            ),
        ] {
            let mut line = vec![(*method).to_owned(), target.to_owned()];
            line.push(format!("{:.0} %", 100.0 * most));
            for measure in [real, simulated] {
                let of = over_sets(cells, measure);
                at_most(missed, &format!("{method}, {measure}"), of, most, SHARES);
                line.extend([sets(of), percent(of)]);
            }
            lines.push(line);
        }
        for cell in cells {
            if cell.get("0.1 % refused").is_some_and(|of| of.mean < 1.0) {
                missed.push(format!("{}: 0.1 % was not refused", cell.set));
            }
        }
    }
    let header = [
        "method",
        "certified",
        "allowed",
        "large sets",
        "exceeded",
        "other sets, simulated",
        "exceeded there",
    ];
    table(&header, lines)
}

fn discoveries(groups: &Groups<'_>, missed: &mut Vec<String>) -> String {
    let mut lines = Vec::new();
    for (procedure, wrong, found) in [
        ("Benjamini–Hochberg", "BH false", "BH found"),
        ("windows of 1,000", "windows false", "windows found"),
        ("LORD++", "LORD++ false", "LORD++ found"),
    ] {
        for (method, cells) in groups {
            let rate = over_sets(cells, wrong);
            at_most(missed, &format!("{method}, {wrong}"), rate, 0.1, SHARES);
            let above = beyond(cells, wrong, RATES, |mean| mean - 0.1);
            let (many, few): (Vec<&Cell>, Vec<&Cell>) =
                (cells.iter()).partition(|cell| cell.mean("calibration rows") >= MANY);
            lines.push(vec![
                procedure.to_owned(),
                (*method).to_owned(),
                sets(rate),
                percent(rate),
                above.to_string(),
                percent(over_sets(&many, found)),
                percent(over_sets(&few, found)),
            ]);
        }
    }
    let header = [
        "procedure",
        "method",
        "sets",
        "false share, 10 % asked",
        "sets above by 4 errors of their own",
        "found, 1,000 calibration rows or more",
        "found, fewer",
    ];
    table(&header, lines)
}

fn drift(groups: &Groups<'_>, missed: &mut Vec<String>) -> String {
    let mut lines = Vec::new();
    for (method, cells) in groups {
        let wrong = over_sets(cells, "drift false");
        at_most(missed, &format!("{method}, drift"), wrong, 0.05, SHARES);
        let above = beyond(cells, "drift false", RATES, |mean| mean - 0.05);
        let delays = cells.iter().filter_map(|cell| cell.get("drift delay"));
        let mut delays: Vec<f64> = delays.map(|delay| delay.median).collect();
        delays.sort_by(f64::total_cmp);
        let found = over_sets(cells, "drift found");
        let at = |share: f64| delays.get((share * delays.len() as f64) as usize);
        let at = |share: f64| at(share).map_or("–".to_owned(), |rows| format!("{rows:.0}"));
        lines.push(vec![
            (*method).to_owned(),
            sets(wrong),
            percent(wrong),
            above.to_string(),
            sets(found),
            percent(found),
            at(0.5),
            format!("{} to {}", at(0.1), at(0.9)),
        ]);
    }
    let header = [
        "method",
        "sets",
        "streams with a false alarm, 5 % allowed",
        "sets above by 4 errors of their own",
        "sets with a change",
        "changes found",
        "anomalies until the alarm, median",
        "four sets of five",
    ];
    table(&header, lines)
}

fn wrong(groups: &Groups<'_>) -> String {
    let mut lines = Vec::new();
    for (method, cells) in groups {
        let order: Vec<f64> = (cells.iter())
            .filter_map(|cell| cell.get("in order 5 %").map(|of| of.mean))
            .collect();
        let outside = order.iter().filter(|&&rate| rate > 0.1).count();
        let most = order.iter().copied().fold(0.0, f64::max);
        let seen = [("seen 1 %", 0.01), ("seen 5 %", 0.05)]
            .map(|(measure, target)| beyond(cells, measure, RATES, |mean| mean - target));
        lines.push(vec![
            (*method).to_owned(),
            percent(over_sets(cells, "seen 1 %")),
            percent(over_sets(cells, "seen 5 %")),
            format!("{}, {} of {}", seen[0], seen[1], cells.len()),
            percent(over_sets(cells, "in order 5 %")),
            format!("{outside} of {}", order.len()),
            format!("{:.0} %", 100.0 * most),
            percent(over_sets(cells, "in order drift")),
        ]);
    }
    let header = [
        "method",
        "training rows calibrate, 1 %",
        "the same, 5 %",
        "of them beyond 4 errors of their own",
        "file order, 5 %",
        "above 10 %",
        "largest",
        "drift alarms in file order",
    ];
    table(&header, lines)
}
