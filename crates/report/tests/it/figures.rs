//! The figures, by their structure: what they look like was looked at.

use std::collections::BTreeMap;
use std::fs;

use serde_json::json;

use crate::common::{Folder, drawn_run, full_run, ok, small_plan};
use crate::page::{Page, page};

/// The files of the figures, by name.
fn figures(folder: &Folder) -> BTreeMap<String, Vec<u8>> {
    folder.load().write(&folder.run()).unwrap();
    (fs::read_dir(folder.run().join("report/figures")).unwrap())
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn svg(figures: &BTreeMap<String, Vec<u8>>, id: &str) -> Page {
    let bytes = &figures[&format!("{id}.svg")];
    Page::read(std::str::from_utf8(bytes).unwrap())
}

fn texts(svg: &Page) -> Vec<&str> {
    svg.tags("text")
        .into_iter()
        .map(|e| e.text.as_str())
        .collect()
}

#[test]
fn a_run_with_curves_has_all_its_figures_as_svg_and_png() {
    let folder = drawn_run(2);
    let figures = figures(&folder);
    let of_run = [
        "means",
        "published",
        "roc",
        "pr",
        "ranks",
        "seconds",
        "training",
    ];
    let of_run = of_run.iter().map(|figure| format!("drawn-{figure}"));
    let datasets = ["01-A_1", "02-A_2", "03-B", "04-C", "05-D", "06-E"];
    let of_datasets = datasets
        .iter()
        .flat_map(|name| ["roc", "pr", "scores"].map(|figure| format!("drawn-{name}-{figure}")));
    let mut expected: Vec<String> = (of_run.chain(of_datasets))
        .flat_map(|id| {
            let numbers = !["published", "scores"].iter().any(|of| id.ends_with(of));
            let files = ["png", "svg", "csv"].map(|ending| format!("{id}.{ending}"));
            files.into_iter().take(if numbers { 3 } else { 2 })
        })
        .collect();
    expected.sort();
    let found: Vec<&String> = figures.keys().collect();
    assert_eq!(found, expected.iter().collect::<Vec<_>>());

    for (name, bytes) in &figures {
        if name.ends_with(".svg") {
            Page::read(std::str::from_utf8(bytes).unwrap());
            continue;
        }
        if name.ends_with(".csv") {
            continue;
        }
        assert_eq!(bytes[..8], *b"\x89PNG\r\n\x1a\n", "{name}");
        let width = u32::from_be_bytes(bytes[16..20].try_into().unwrap());
        assert_eq!(width, 3 * 480, "{name}");
    }
    assert_eq!(bands(&svg(&figures, "drawn-03-B-roc")), (3, true));
    // The same cells, written again, give the same bytes.
    let before = fs::read_to_string(folder.run().join("report/index.html")).unwrap();
    let page = page(&folder);
    assert_eq!(page.text, before);
    assert_eq!(self::figures(&folder), figures);
    let drawn = figures.keys().filter(|name| name.ends_with(".svg"));
    assert_eq!(page.tags("svg").len(), drawn.count());
    assert!(page.text.len() < 5_000_000);
}

#[test]
fn one_seed_has_its_curves_without_bands_and_its_ranks() {
    let figures = figures(&drawn_run(1));
    let roc = svg(&figures, "drawn-03-B-roc");
    assert_eq!(bands(&roc), (0, false));
    // AUROC 0.9 − 0.1 m − 0.02 in percent.
    for entry in ["kNN 88.0", "DDPM 78.0", "norm 68.0"] {
        assert!(texts(&roc).contains(&entry), "{:?}", texts(&roc));
    }
    let ranks = svg(&figures, "drawn-ranks");
    // A_1 and A_2 are one family: five rows, always ranked alike. q = 2.343701 for three methods
    // (Demšar 2006, table 5a): 2.3437 √(3 · 4/(6 · 5)) = 1.48.
    let caption = &ranks.tags("desc")[0].text;
    assert!(
        caption.contains("over 5 families of data sets"),
        "{caption}"
    );
    assert!(caption.contains("critical difference 1.48"), "{caption}");
    for entry in ["kNN 1.00", "DDPM 2.00", "norm 3.00"] {
        assert!(texts(&ranks).contains(&entry), "{:?}", texts(&ranks));
    }
}

/// How many bands there are, and whether the caption speaks of them.
fn bands(svg: &Page) -> (usize, bool) {
    let translucent = svg.attributes("fill-opacity").len();
    (translucent, svg.text.contains("lowest to the highest seed"))
}

#[test]
fn the_numbers_of_a_figure_stand_below_it_and_in_a_file() {
    let folder = drawn_run(1);
    let figures = figures(&folder);
    let text = |name: &str| String::from_utf8(figures[name].clone()).unwrap();
    let ranks = "method,mean rank,not distinguished from\n\
                 kNN,1.00,DDPM\nDDPM,2.00,kNN; norm\nnorm,3.00,DDPM\n";
    assert_eq!(text("drawn-ranks.csv"), ranks);
    let roc = text("drawn-roc.csv");
    let lines: Vec<&str> = roc.lines().collect();
    assert_eq!(lines[0], "false positive rate,kNN,DDPM,norm");
    assert_eq!((lines.len(), lines[11]), (12, "1.0,1.000,1.000,1.000"));
    let page = page(&folder);
    let shown = page
        .tags("summary")
        .iter()
        .filter(|e| e.text == "Numbers")
        .count();
    // Means, both curves, ranks, seconds, training.
    assert_eq!(shown, 6);
}

#[test]
fn what_cells_do_not_keep_is_not_drawn() {
    // Old cells have no curves, and one protocol's figures hold nothing of the other.
    let figures = figures(&full_run());
    let ids: Vec<&str> = figures
        .keys()
        .filter_map(|n| n.strip_suffix(".svg"))
        .collect();
    assert_eq!(
        ids,
        [
            "table1-means",
            "table1-published",
            "table1-seconds",
            "table1-semi-means",
            "table1-semi-published"
        ]
    );
    let semi = svg(&figures, "table1-semi-means");
    assert!(texts(&semi).contains(&"DDPM") && !texts(&semi).contains(&"IForest"));
}

#[test]
fn what_was_published_on_other_data_only_is_said_to_be() {
    let mut plan = small_plan();
    plan["tables"][0]["published"] = json!("figure");
    plan["tables"][0]["columns"][0]["published"] = json!("iforest");
    let folder = Folder::new(&plan);
    folder.cell(&ok("a", "iforest", "tile", 0.8, &[]));
    let text = "dataset,method,auroc\nfog,iforest,0.584\n";
    fs::write(folder.published().join("figure.csv"), text).unwrap();
    let svg = svg(&figures(&folder), "small-means");
    let caption = &svg.tags("desc")[0].text;
    assert!(
        caption.ends_with("Diamonds: the paper's, over fog."),
        "{caption}"
    );
}
