//! Tables of a document, made from the averages that were kept of runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::averages::{Average, Kept};
use crate::error::ReportError;
use crate::families::{PublishedFamilies, family_of_set};
use crate::words::{count, signed};

/// A document with the tables of kept averages between their markers, `<!-- ID -->` and `<!-- end -->`, ID
/// the id of the table that the averages are of.
///
/// `results` is the folder with the files that [`Run::write_averages`](crate::Run::write_averages) made,
/// `published` the one with the published tables, whose reasons stand beside numbers that do not agree.
///
/// # Errors
/// [`ReportError::Kept`] where a file cannot be read or is not what was written, where two hold the same
/// number, and where the document has no place for a table.
pub fn with_results(
    document: &str,
    results: &Path,
    published: &Path,
) -> Result<String, ReportError> {
    let mut document = document.to_owned();
    for (id, table) in &tables(results, published)? {
        let wrong = |reason: String| ReportError::Kept {
            path: results.to_owned(),
            reason,
        };
        let start = format!("<!-- {id} -->\n");
        let (before, rest) = (document.split_once(&start))
            .ok_or_else(|| wrong(format!("the document has no line `<!-- {id} -->`")))?;
        let (_, after) = (rest.split_once("<!-- end -->"))
            .ok_or_else(|| wrong(format!("nothing ends `<!-- {id} -->` of the document")))?;
        document = format!("{before}{start}\n{table}\n<!-- end -->{after}");
    }
    Ok(document)
}

/// By id of the table its text.
fn tables(results: &Path, published: &Path) -> Result<BTreeMap<String, String>, ReportError> {
    let files = read(results)?;
    let mut of_table: BTreeMap<&str, Slices<'_>> = BTreeMap::new();
    for (path, kept) in &files {
        let wrong = |reason: String| ReportError::Kept {
            path: path.clone(),
            reason,
        };
        for average in &kept.averages {
            let slices = of_table.entry(&average.table).or_default();
            slices.add(path, kept, average).map_err(|other| {
                wrong(format!(
                    "`{}`, `{}` stands in {} too",
                    average.set,
                    average.column,
                    other.display()
                ))
            })?;
        }
        for stem in kept.all("published") {
            let families = PublishedFamilies::load(published, stem).map_err(wrong)?;
            for average in &kept.averages {
                let reason = reason(&families, average);
                if let Some(slices) = of_table.get_mut(average.table.as_str()) {
                    slices.reasons.insert(key(average), reason);
                }
            }
        }
    }
    let text = |(id, slices): (&str, Slices<'_>)| (id.to_owned(), slices.markdown());
    Ok(of_table.into_iter().map(text).collect())
}

/// The files of the folder, by name.
fn read(folder: &Path) -> Result<Vec<(PathBuf, Kept)>, ReportError> {
    let refused = |path: &Path, source| ReportError::Read {
        path: path.to_owned(),
        source,
    };
    let entries = std::fs::read_dir(folder).map_err(|source| refused(folder, source))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| refused(folder, source))?.path();
        if path.extension().is_some_and(|ending| ending == "csv") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).map_err(|source| refused(&path, source))?;
        match Kept::parse(&text) {
            Ok(kept) => Ok((path, kept)),
            Err(reason) => Err(ReportError::Kept { path, reason }),
        }
    };
    paths.into_iter().map(read).collect()
}

/// Set and column.
type Key = (String, String);

fn key(average: &Average) -> Key {
    (average.set.clone(), average.column.clone())
}

fn reason(families: &PublishedFamilies, of: &Average) -> Option<String> {
    let family = family_of_set(&of.set).unwrap_or(&of.set);
    families.reasons.of(family, &of.method)
}

/// What is kept of one table.
#[derive(Debug, Default)]
struct Slices<'a> {
    averages: Vec<&'a Average>,
    files: BTreeMap<Key, &'a Path>,
    reasons: BTreeMap<Key, Option<String>>,
    /// Each file with its comments.
    sources: Vec<(&'a Path, &'a Kept)>,
}

impl<'a> Slices<'a> {
    /// Or the file that holds the same number.
    fn add(
        &mut self,
        path: &'a Path,
        kept: &'a Kept,
        average: &'a Average,
    ) -> Result<(), &'a Path> {
        if let Some(other) = self.files.insert(key(average), path) {
            return Err(other);
        }
        if self.sources.last().is_none_or(|(last, _)| *last != path) {
            self.sources.push((path, kept));
        }
        self.averages.push(average);
        Ok(())
    }

    fn markdown(&self) -> String {
        let columns = self.columns();
        let mut text = self.counts(&columns);
        text += "\nBold is outside:\n\n";
        text += &self.numbers(&columns);
        text += &self.outside();
        text += "\nThe files, and what makes them:\n\n";
        text += &self.provenance();
        text
    }

    /// Label and method, those of a method together.
    fn columns(&self) -> Vec<(&'a str, &'a str)> {
        let mut methods: Vec<&str> = Vec::new();
        let mut columns: Vec<(&str, &str)> = Vec::new();
        for average in &self.averages {
            if !methods.contains(&average.method.as_str()) {
                methods.push(&average.method);
            }
            let column = (average.column.as_str(), average.method.as_str());
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns.sort_by_key(|(_, method)| methods.iter().position(|name| name == method));
        columns
    }

    fn of_column(&self, label: &str) -> impl Iterator<Item = &'a Average> {
        let own = self.averages.iter().filter(move |of| of.column == label);
        own.copied()
    }

    /// How many agree, by column, with the means over the sets of the column.
    fn counts(&self, columns: &[(&str, &str)]) -> String {
        let mut text =
            "| method | within half a point or two published deviations | mean of ours | \
                        published mean of the same |\n| --- | ---: | ---: | ---: |\n"
                .to_owned();
        for (label, _) in columns {
            let own: Vec<&Average> = self.of_column(label).collect();
            let n = own.len();
            let agree = own.iter().filter(|of| of.agrees()).count();
            let mean = |of: fn(&Average) -> f64| own.iter().map(|a| of(a)).sum::<f64>() / n as f64;
            let (ours, published) = (mean(|of| of.mean), mean(|of| of.published));
            text += &format!("| {label} | {agree} of {n} | {ours:.2} | {published:.2} |\n");
        }
        text
    }

    /// A line for each set: for each method what was published, then ours.
    fn numbers(&self, columns: &[(&str, &str)]) -> String {
        let mut head = "| set |".to_owned();
        let mut rule = "| --- |".to_owned();
        let mut last = "";
        for (label, method) in columns {
            if *method != last {
                head += &format!(" {method}, published |");
                rule += " ---: |";
            }
            head += &format!(" {label} |");
            rule += " ---: |";
            last = method;
        }
        let mut sets: Vec<&str> = self.averages.iter().map(|of| of.set.as_str()).collect();
        sets.sort_by_key(|set| order(set));
        sets.dedup();
        let mut text = format!("{head}\n{rule}\n");
        for set in sets {
            let own: Vec<&&Average> = self.averages.iter().filter(|of| of.set == set).collect();
            text += &format!("| {set} |");
            let mut last = "";
            for (label, method) in columns {
                if *method != last {
                    let published = own.iter().find(|of| of.method == *method);
                    let published =
                        published.map(|of| format!("{:.2} ± {:.2}", of.published, of.published_sd));
                    text += &format!(" {} |", published.unwrap_or_default());
                }
                let ours = own.iter().find(|of| of.column == *label);
                text += &format!(" {} |", ours.map(|of| number(of)).unwrap_or_default());
                last = method;
            }
            text.push('\n');
        }
        text
    }

    /// What does not agree, the largest difference first, each with its reason.
    fn outside(&self) -> String {
        let mut outside: Vec<&&Average> = self.averages.iter().filter(|of| !of.agrees()).collect();
        outside.sort_by(|a, b| {
            let size = |of: &Average| (of.mean - of.published).abs();
            size(b).total_cmp(&size(a))
        });
        if outside.is_empty() {
            return String::new();
        }
        let mut text = "\nOutside, the largest difference first:\n\n\
                        | set | method | ours less published | in deviations | reason |\n\
                        | --- | --- | ---: | ---: | --- |\n"
            .to_owned();
        for of in outside {
            let difference = of.mean - of.published;
            let reason = self.reasons.get(&key(of)).cloned().flatten();
            text += &format!(
                "| {} | {} | {} | {:.1} | {} |\n",
                of.set,
                of.column,
                signed(difference),
                difference.abs() / of.published_sd.max(0.01),
                reason.as_deref().unwrap_or("unexplained"),
            );
        }
        text
    }

    fn provenance(&self) -> String {
        let mut text = String::new();
        for (path, kept) in &self.sources {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let n = count(kept.averages.len(), "number");
            let mut facts = vec![n];
            for key in ["time", "residuum", "libtorch", "commit"] {
                facts.extend(kept.all(key).map(|value| match key {
                    "time" => value.to_owned(),
                    _ => format!("{key} {value}"),
                }));
            }
            text += &format!("- `results/{name}`: {}.", facts.join("; "));
            for command in kept.all("command") {
                text += &format!(" `{command}`");
            }
            text.push('\n');
        }
        text
    }
}

/// As ADBench numbers its files, then families by name.
fn order(set: &str) -> (u32, &str) {
    let number = family_of_set(set).and_then(|_| set.split('_').next()?.parse().ok());
    (number.unwrap_or(u32::MAX), set)
}

fn number(of: &Average) -> String {
    let mut text = format!("{:.2}", of.mean);
    if let Some(sd) = of.sd {
        text += &format!(" ± {sd:.2}");
    }
    match of.agrees() {
        true => text,
        false => format!("**{text}**"),
    }
}
