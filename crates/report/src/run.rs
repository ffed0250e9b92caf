use record::{Entry, JOURNAL, Tables};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use charts::{png, svg};

use crate::cell::{self, Cells};
use crate::content::Content;
use crate::error::ReportError;
use crate::families::{PublishedFamilies, PublishedFamilyTables};
use crate::figure::{self, TableFigures};
use crate::footnotes::one_line;
use crate::pictures::Pictures;
use crate::plan;
use crate::published::{Published, PublishedTables};
use crate::table::Table;
use crate::{atomic, averages, markdown, page, results, summary, terminal};
use serde_json::Value;
use tables::Format;

/// The width of the tables where none is given.
const DEFAULT_WIDTH: usize = 100;
/// Narrower terminals get tables of this width, with lines that wrap.
const LEAST_WIDTH: usize = 40;

/// A run folder as loaded: its tables and every cell that is there.
#[derive(Debug)]
pub struct Run {
    pub(crate) plan: Tables,
    pub(crate) cells: Cells,
    published: PublishedTables,
    published_families: PublishedFamilyTables,
    environment: Value,
    journal: Vec<Entry>,
    pictures: Pictures,
}

/// The files of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// `results.parquet`: one row for each readable cell.
    pub parquet: PathBuf,
    /// `results.csv`: the same rows.
    pub csv: PathBuf,
    /// `report/<table id>.md`, one for each table.
    pub tables: Vec<PathBuf>,
    /// `report/figures/*.svg` and `*.png`: every figure of the page.
    pub figures: Vec<PathBuf>,
    /// `report/index.html`: everything on one page.
    pub page: PathBuf,
    /// `report/index.md`: the same as text.
    pub text: PathBuf,
}

impl Written {
    /// Every file.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let results = [&self.parquet, &self.csv];
        results
            .into_iter()
            .chain(&self.tables)
            .chain(&self.figures)
            .chain([&self.text, &self.page])
            .map(PathBuf::as_path)
    }
}

impl Run {
    /// Loads the run folder `dir`: `tables.json` and `cells/*.json`, of which there may be none yet.
    /// `published` is the folder with the published tables, `<stem>.csv`.
    ///
    /// A cell or a published table that cannot be read does not stop the others: it is named in the
    /// report.
    ///
    /// # Errors
    /// [`ReportError`] where `tables.json` or the cells folder cannot be read.
    pub fn load(dir: &Path, published: &Path) -> Result<Self, ReportError> {
        let plan = plan::load(&dir.join("tables.json"))?;
        let cells = cell::load_all(&dir.join("cells"))?;
        let stems = plan
            .tables
            .iter()
            .filter_map(|table| table.published.as_ref());
        let of_families = plan
            .tables
            .iter()
            .filter_map(|table| table.published_families.as_ref());
        let published_families = of_families
            .map(|stem| (stem.clone(), PublishedFamilies::load(published, stem)))
            .collect::<BTreeMap<_, _>>();
        let published = stems
            .map(|stem| (stem.clone(), Published::load(published, stem)))
            .collect::<BTreeMap<_, _>>();
        let pictures = Pictures::load(&dir.join("pictures"), &cells)?;
        Ok(Self {
            plan,
            cells,
            published,
            published_families,
            environment: environment(dir)?,
            journal: journal(dir)?,
            pictures,
        })
    }

    /// The name of the profile the run was planned from.
    pub fn profile(&self) -> &str {
        &self.plan.profile
    }

    /// The files of the cells folder that cannot be read, each with its reason, by name.
    pub fn unreadable(&self) -> Vec<String> {
        (self.cells.iter())
            .filter_map(|(id, cell)| Some(format!("cells/{id}.json: {}", cell.as_ref().err()?)))
            .collect()
    }

    /// Writes `results.parquet`, `results.csv` and `report/<table id>.md` into the folder `dir`. Each
    /// file is whole or not there, and the same run gives the same bytes.
    ///
    /// # Errors
    /// [`ReportError`] where a file cannot be made or written.
    pub fn write(&self, dir: &Path) -> Result<Written, ReportError> {
        let mut written = Written {
            parquet: dir.join("results.parquet"),
            csv: dir.join("results.csv"),
            tables: Vec::new(),
            figures: Vec::new(),
            page: dir.join("report/index.html"),
            text: dir.join("report/index.md"),
        };
        let results = results::columns(&self.cells)?;
        atomic::write_table(&written.parquet, Format::Parquet, &results)?;
        atomic::write_table(&written.csv, Format::Csv, &results)?;
        let tables = self.tables();
        let figures: Vec<TableFigures> = (tables.iter())
            .map(|table| figure::of_table(table, &self.cells))
            .collect();
        let content = Content {
            profile: self.profile(),
            tables: &tables,
            figures: &figures,
            cells: &self.cells,
            pictures: &self.pictures,
            environment: &self.environment,
            journal: &self.journal,
        };
        atomic::write(&written.page, page::render(&content).as_bytes())?;
        atomic::write(&written.text, markdown::index(&content).as_bytes())?;
        for table in &tables {
            let path = dir.join("report").join(format!("{}.md", table.plan.id));
            atomic::write(&path, markdown::render(table).as_bytes())?;
            written.tables.push(path);
        }
        for figure in figures.iter().flat_map(TableFigures::all) {
            let path = |ending| dir.join(format!("report/figures/{}.{ending}", figure.id));
            atomic::write(&path("svg"), svg::file(figure).as_bytes())?;
            written.figures.push(path("svg"));
            if let Some(numbers) = &figure.numbers {
                atomic::write(&path("csv"), numbers.csv().as_bytes())?;
                written.figures.push(path("csv"));
            }
            if let Some(bytes) = png::encode(figure) {
                atomic::write(&path("png"), &bytes)?;
                written.figures.push(path("png"));
            }
        }
        Ok(written)
    }

    /// Writes what stands beside published means over seeds to `path`, as CSV with what it was computed with
    /// in comments: a line for each set, or family, and column whose seeds are all there. From such files
    /// [`with_results`](crate::with_results) makes the tables of a document.
    ///
    /// # Errors
    /// [`ReportError::NoAverages`] where there is nothing to write, [`ReportError::Write`].
    pub fn write_averages(&self, path: &Path) -> Result<(), ReportError> {
        let text = averages::render(self.profile(), &self.tables(), &self.cells);
        let text = text.ok_or_else(|| ReportError::NoAverages {
            path: path.to_owned(),
        })?;
        atomic::write(path, text.as_bytes())
    }

    /// The summary and the tables for a terminal `width` characters wide (100 unless given), with ANSI
    /// colours where `color` says so. A wide table is cut into blocks of columns.
    pub fn terminal(&self, width: Option<usize>, color: bool) -> String {
        let width = width.unwrap_or(DEFAULT_WIDTH).max(LEAST_WIDTH);
        let tables = self.tables();
        let sentences = summary::sentences(self.profile(), &tables, &self.cells);
        let mut parts = vec![terminal::sentences(&sentences, width)];
        parts.extend(tables.iter().map(|t| terminal::render(t, width, color)));
        let mut text = parts.join("\n\n");
        let unreadable = self.unreadable();
        if !unreadable.is_empty() {
            text += "\nCells that cannot be read:\n";
            for line in unreadable {
                text += &format!("  {}\n", one_line(&line));
            }
        }
        text
    }

    /// Those with rows that ran come first.
    fn tables(&self) -> Vec<Table<'_>> {
        let mut tables: Vec<Table<'_>> = (self.plan.tables.iter())
            .map(|plan| Table::build(plan, &self.cells, &self.published, &self.published_families))
            .collect();
        tables.sort_by_key(|table| !table.rows.iter().any(|row| row.ran()));
        tables
    }
}

/// `environment.json` of the run folder, `Null` where there is none: a run need not have been made by a
/// sweep.
fn environment(dir: &Path) -> Result<Value, ReportError> {
    let path = dir.join("environment.json");
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Value::Null),
        Err(source) => return Err(ReportError::Read { path, source }),
        Ok(text) => text,
    };
    // Cut off by a full disk, it costs a few lines of the page rather than the report.
    Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// The lines of `journal.jsonl`; only a sweep on a scheduler writes one.
fn journal(dir: &Path) -> Result<Vec<Entry>, ReportError> {
    Entry::read_all(dir).map_err(|source| {
        let path = dir.join(JOURNAL);
        ReportError::Read { path, source }
    })
}
