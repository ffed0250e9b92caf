//! `residuum datasets list --json [NAME]...`: what is known of data sets without reading their rows.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use datasets::{
    Data, DatasetError, Entry, Form, LITE0_COLUMNS, Loading, Name, Pixels, Protocol,
    Representation, Roots, find, load_lite0_images, matching, sha256_of_rows,
};
use serde_json::{Value, json};

use crate::datasets_get::get;
use crate::failure::Failure;
use crate::output::print_data;

/// The whole catalogue, or what is asked for.
pub(crate) fn print_list(asked: &[String], roots: &Roots) -> Result<(), Failure> {
    print_data(&Value::from(list(asked, roots)?).to_string());
    Ok(())
}

/// As [`print_list`] prints it.
pub(crate) fn list(asked: &[String], roots: &Roots) -> Result<Vec<Value>, Failure> {
    let mut catalogue = Catalogue {
        roots,
        hashes: HashMap::new(),
    };
    if asked.is_empty() {
        let entries = datasets::catalogue().iter();
        return entries.map(|entry| catalogue.entry(entry)).collect();
    }
    let mut list = Vec::new();
    for text in asked {
        for mut set in catalogue.named(text)? {
            set["asked"] = text.as_str().into();
            list.push(set);
        }
    }
    Ok(list)
}

struct Catalogue<'a> {
    roots: &'a Roots,
    /// Ten classes of one folder share its hash, which takes reading all of it.
    hashes: HashMap<Vec<PathBuf>, String>,
}

impl Catalogue<'_> {
    /// A set as the catalogue lists it.
    fn entry(&mut self, entry: &Entry) -> Result<Value, Failure> {
        let paths = entry.locate(self.roots);
        let sha256 = match &paths {
            Some(paths) if self.hashes.contains_key(paths) => self.hashes.get(paths).cloned(),
            Some(paths) => {
                let hash = entry.sha256(self.roots)?;
                self.hashes.insert(paths.clone(), hash.clone());
                Some(hash)
            }
            None => None,
        };
        Ok(json!({
            "name": entry.name(),
            "aliases": entry.aliases(),
            "family": entry.family(),
            "representation": entry.representation().as_str(),
            "n": entry.n(),
            "d": entry.d(),
            "anomalies": entry.n_anomalies(),
            "present": paths.is_some(),
            "path": paths.as_ref().and_then(|p| p.first()),
            "sha256": sha256,
            "get": get(entry),
        }))
    }

    /// All that a name or a pattern stands for. A pattern may match nothing; a name that nothing answers to is
    /// an error.
    fn named(&mut self, text: &str) -> Result<Vec<Value>, Failure> {
        if text.contains(['*', '?']) && !Path::new(text).exists() {
            let names = matching(text)?;
            return names.iter().map(|name| self.set(name)).collect();
        }
        Ok(vec![self.set(&Name::of(text)?)?])
    }

    fn set(&mut self, name: &Name) -> Result<Value, Failure> {
        let whole = name.all_rows();
        let known = match find(&whole.images().to_string()) {
            Ok(entry) if !name.is_path() => Some(entry),
            _ => None,
        };
        let mut set = match &known {
            Some(entry) => self.form_of(entry)?,
            None => self.files(&whole)?,
        };
        if let Form::Lite0(_) = name.form {
            set["name"] = whole.to_string().into();
            set["representation"] = "lite0".into();
            set["d"] = LITE0_COLUMNS.into();
            if let Some(files) = set["sha256"].as_str() {
                set["sha256"] = sha256_of_rows(files, &whole.to_string()).into();
            }
        }
        set["whole"] = set["name"].clone();
        if let Some(rows) = name.rows {
            let base = set["name"].as_str().unwrap_or_default().to_owned();
            if set["representation"] == Representation::Pixels.as_str() {
                return Err(DatasetError::NoDraw { name: base }.into());
            }
            set["name"] = format!("{base}@{rows}").into();
            if set["n"].as_u64().is_some_and(|n| n > rows as u64) {
                set["n"] = rows.into();
                set["anomalies"] = Value::Null;
            }
        }
        Ok(set)
    }

    /// A set of the catalogue, and `of`, the name under which its files are fetched.
    fn form_of(&mut self, entry: &Entry) -> Result<Value, Failure> {
        let mut set = self.entry(entry)?;
        set["of"] = entry.name().into();
        if let Some(side) = entry.size() {
            let name: Name = entry.name().parse()?;
            let listed = find(&name.in_form(Form::Pixels(Pixels::default())).to_string())?;
            set["of"] = listed.name().into();
            set["get"] = get(&listed).into();
            // At most three channels.
            set["d"] = entry.d().unwrap_or(3 * side * side).into();
        }
        Ok(set)
    }

    /// A file or a folder, of which nothing is known before it is read.
    fn files(&self, name: &Name) -> Result<Value, Failure> {
        let loading = Loading::of(Protocol::Semi);
        let set = match name.form {
            Form::Lite0(_) => load_lite0_images(name, self.roots, &loading)?.0,
            _ => datasets::load(&name.to_string(), self.roots, &loading)?,
        };
        let representation = match set.data() {
            Data::Images(_) => Representation::Pixels,
            Data::Rows(_) | Data::Rows64(_) => Representation::Table,
        };
        Ok(json!({
            "name": name.to_string(),
            "aliases": [],
            "family": null,
            "representation": representation.as_str(),
            "n": set.n(),
            "d": set.d(),
            "anomalies": set.n_anomalies(),
            "present": true,
            "path": name.base,
            "sha256": set.sha256(),
            "get": "",
            "of": name.to_string(),
        }))
    }
}
