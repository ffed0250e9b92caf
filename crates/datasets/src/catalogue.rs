mod adbench;
mod class_sets;
mod corrupted_sets;
mod defect_sets;
mod facts;
mod macrodata;
mod other_forms;

use std::path::PathBuf;
use std::sync::LazyLock;

use wildmatch::WildMatch;

pub use self::adbench::ADBENCH_COMMIT;
use self::adbench::AdbenchFile;
use self::class_sets::ClassSet;
use self::corrupted_sets::CorruptedSet;
use self::defect_sets::DefectSet;
pub use self::facts::Representation;
use self::facts::{Facts, Place};
use self::macrodata::DividedFile;
use crate::{
    Dataset, DatasetError, Form, Instead, Loading, Name, Pin, Pixels, Protocol, Roots, closest,
    hash, npz,
};

/// All known data sets: ADBench's embeddings and tables, tables that are divided already, and sets of images.
pub fn catalogue() -> &'static [Entry] {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        adbench::entries()
            .map(|(facts, file)| Entry::new(facts, Kind::Adbench(file)))
            .chain(macrodata::entries().map(|(facts, file)| Entry::new(facts, Kind::Divided(file))))
            .chain(
                class_sets::entries()
                    .map(|(facts, set, class)| Entry::new(facts, Kind::Class { set, class })),
            )
            .chain(
                corrupted_sets::entries()
                    .map(|(facts, set)| Entry::new(facts, Kind::Corrupted(set))),
            )
            .chain(defect_sets::entries().map(|(facts, set)| Entry::new(facts, Kind::Defects(set))))
            .collect()
    });
    &ENTRIES
}

/// The data set called `name`: a name or an alias, or for images the name with a size behind it:
/// `MVTec-AD_screw@pixels64` is `MVTec-AD_screw@pixels` with the shorter side of every image resized
/// to 64 pixels and the middle square cut out.
///
/// # Errors
/// [`DatasetError::UnknownName`] with the most similar names, [`DatasetError::UnknownWord`] for a
/// size out of range.
///
/// # Example
/// ```
/// assert_eq!(datasets::find("cardio")?.name(), "6_cardio");
/// assert_eq!(datasets::find("MVTec-AD_tile@resnet18")?.name(), "MVTec-AD_tile");
/// assert_eq!(datasets::find("CIFAR10_4@pixels64")?.size(), Some(64));
/// # Ok::<(), datasets::DatasetError>(())
/// ```
pub fn find(name: &str) -> Result<Entry, DatasetError> {
    let entries = catalogue();
    if let Some(entry) = entries.iter().find(|entry| entry.facts.name == name) {
        return Ok(entry.clone());
    }
    let parts: Name = name.parse()?;
    if let (Form::Pixels(Pixels { side: Some(side) }), None) = (parts.form, parts.rows)
        && let Ok(entry) = find(&parts.in_form(Form::Pixels(Pixels::default())).to_string())
    {
        return Ok(entry.sized(side));
    }
    let aliased = |entry: &&Entry| entry.facts.aliases.iter().any(|alias| alias == name);
    entries.iter().find(aliased).cloned().ok_or_else(|| {
        let names = entries.iter().flat_map(|entry| {
            let aliases = entry.facts.aliases.iter().map(String::as_str);
            std::iter::once(entry.facts.name.as_str()).chain(aliases)
        });
        DatasetError::UnknownName {
            name: name.to_owned(),
            closest: closest::to(name, names),
            nearby: Vec::new(),
        }
    })
}

/// The names that a pattern stands for, in the order of the catalogue: `*` is any run of characters and `?` one,
/// over names without the form that stands behind them. `CIFAR10_*@pixels64` are the images of CIFAR-10 at that size,
/// `*@lite0` the vectors of all sets of images, `CIFAR10_?@vit` those that the catalogue lists under that form.
///
/// # Errors
/// As a name's `from_str`.
pub fn matching(pattern: &str) -> Result<Vec<Name>, DatasetError> {
    let asked: Name = pattern.parse()?;
    let listed = match asked.form {
        Form::Pixels(_) | Form::Lite0(_) => asked.in_form(Form::Pixels(Pixels::default())),
        _ => asked.clone(),
    };
    let listed = WildMatch::new(&listed.all_rows().to_string());
    let entries = catalogue()
        .iter()
        .filter(|entry| listed.matches(&entry.facts.name));
    entries
        .map(|entry| {
            let name: Name = entry.facts.name.parse()?;
            let form = match asked.form {
                Form::Pixels(_) | Form::Lite0(_) => asked.form,
                _ => name.form,
            };
            Ok(Name {
                form,
                rows: asked.rows,
                ..name
            })
        })
        .collect()
}

/// One known data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    facts: Facts,
    size: Option<usize>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Adbench(AdbenchFile),
    Divided(DividedFile),
    Class { set: ClassSet, class: usize },
    Corrupted(CorruptedSet),
    Defects(DefectSet),
}

/// How far a set that is present could be compared with what was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// Every file has its known hash.
    Hash,
    /// No hash is known; all of these many samples are readable.
    Readable(usize),
}

impl Entry {
    fn new(facts: Facts, kind: Kind) -> Self {
        Self {
            facts,
            size: None,
            kind,
        }
    }

    /// The name: `NAME[@representation]`, without a representation for ResNet-18 embeddings and tables.
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// Other names that [`find`] takes: tables without their number, embeddings with `@resnet18`.
    pub fn aliases(&self) -> &[String] {
        &self.facts.aliases
    }

    /// The sets that belong together: `CIFAR10`, `MVTec-AD`, `Classical`.
    pub fn family(&self) -> &'static str {
        self.facts.family
    }

    /// What the rows are.
    pub fn representation(&self) -> Representation {
        self.facts.representation
    }

    /// The number of rows; `None` where it was not published, or depends on the files.
    pub fn n(&self) -> Option<usize> {
        self.facts.shape.map(|(n, _)| n)
    }

    /// Values in a row, or in an image; `None` for images whose size depends on the files.
    pub fn d(&self) -> Option<usize> {
        self.facts.d
    }

    /// The side to which images are resized; `None` keeps them as they are.
    pub fn size(&self) -> Option<usize> {
        self.size
    }

    /// The number of anomalies; `None` as for [`n`](Self::n).
    pub fn n_anomalies(&self) -> Option<usize> {
        self.facts.shape.map(|(_, anomalies)| anomalies)
    }

    /// Where the data come from.
    pub fn source(&self) -> &'static str {
        match &self.kind {
            Kind::Adbench(_) => adbench::SOURCE,
            Kind::Divided(_) => macrodata::SOURCE,
            Kind::Class { set, .. } => set.source(),
            Kind::Corrupted(set) => set.source(),
            Kind::Defects(set) => set.source(),
        }
    }

    /// Whether its rows are divided into a training and a test part, which
    /// [`Protocol::Official`] follows.
    pub fn is_divided(&self) -> bool {
        matches!(self.kind, Kind::Divided(_))
    }

    /// The terms of use.
    pub fn licence(&self) -> &'static str {
        match &self.kind {
            Kind::Adbench(_) => adbench::licence(self.facts.family),
            Kind::Divided(_) => "none is stated: for measuring",
            Kind::Class { set, .. } => set.licence(),
            Kind::Corrupted(set) => set.licence(),
            Kind::Defects(set) => set.licence(),
        }
    }

    /// Which images are normal, for sets of images.
    pub fn rule(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::Adbench(_) | Kind::Divided(_) => None,
            Kind::Class { .. } => Some(
                "the class normal and 5 % of all rows from the others; all images under one-class and leave-out",
            ),
            Kind::Corrupted(_) => Some(
                "5 % of the test images, which appear corrupted and nowhere clean; all others clean and normal",
            ),
            Kind::Defects(_) => Some("test images with a defect anomalous"),
        }
    }

    /// The files or folders, relative to a data root, where a download puts them; other layouts of
    /// the same data are found too.
    pub fn files(&self) -> Vec<String> {
        self.first_place().files
    }

    /// Where the [`files`](Self::files) can be downloaded, one address each; empty where nobody
    /// offers them as single files.
    pub fn urls(&self) -> Vec<String> {
        self.first_place().urls
    }

    /// The known hash of each of the [`files`](Self::files); empty where none is known.
    pub fn pins(&self) -> Vec<Pin> {
        self.first_place().pins
    }

    /// The paths of its files, in the first root that has them all in one of their layouts.
    pub fn locate(&self, roots: &Roots) -> Option<Vec<PathBuf>> {
        self.located(roots).ok().map(|(paths, _)| paths)
    }

    /// Reads the data set for any protocol but those of classes with an official division.
    ///
    /// # Errors
    /// As [`load_with`](Self::load_with).
    pub fn load(&self, roots: &Roots) -> Result<Dataset, DatasetError> {
        self.load_with(roots, &Loading::of(Protocol::Semi))
    }

    /// Reads the data set for a protocol: under [`Protocol::OneClass`] and [`Protocol::LeaveOut`] all
    /// images of all classes, those of the training part that would train nobody left out.
    ///
    /// # Errors
    /// [`DatasetError::NotAtHand`] where no root has it, [`DatasetError::UnexpectedShape`] where a
    /// file whose hash is known has other numbers of rows, columns or anomalies than published, and
    /// the loaders' errors.
    pub fn load_with(&self, roots: &Roots, loading: &Loading) -> Result<Dataset, DatasetError> {
        let (paths, pins) = self.located(roots)?;
        let loading = loading.sized(self.size);
        let set = match &self.kind {
            Kind::Adbench(_) | Kind::Divided(_) => npz::load_named(&paths[0], &self.facts.name)?,
            Kind::Class { set, class } => set.load(&paths, *class, &self.facts.name, &loading)?,
            Kind::Corrupted(set) => set.load(&paths, &self.facts.name, &loading)?,
            Kind::Defects(set) => set.load(&paths[0], &self.facts.name, &loading)?,
        };
        // Shapes of files that we never held come from a table that rounds classes together.
        let verified = !pins.is_empty()
            && pins.iter().all(|pin| matches!(pin, Pin::Sha256(_)))
            && !loading.protocol.is_official()
            && self.size.is_none();
        let found = (set.n(), set.d(), set.n_anomalies());
        let expected = self
            .facts
            .shape
            .map(|(n, anomalies)| (n, self.facts.d.unwrap_or(set.d()), anomalies));
        match expected {
            Some(expected) if verified && expected != found => {
                let text = |(n, d, a)| format!("{n} rows of {d} values with {a} anomalies");
                Err(DatasetError::UnexpectedShape {
                    path: paths[0].clone(),
                    name: self.facts.name.clone(),
                    found: text(found),
                    expected: text(expected),
                })
            }
            _ => Ok(set),
        }
    }

    /// The hash of the files that are present, as in [`Dataset::sha256`].
    ///
    /// # Errors
    /// [`DatasetError::NotAtHand`] or [`DatasetError::Io`].
    pub fn sha256(&self, roots: &Roots) -> Result<String, DatasetError> {
        hash::sha256_of_files(&self.located(roots)?.0)
    }

    /// Compares the files that are present with their known hashes; where none is known, reads them.
    ///
    /// # Errors
    /// [`DatasetError::Hash`] where one differs, [`DatasetError::NotAtHand`], [`DatasetError::Io`]
    /// and, where nothing but reading can tell, the loaders' errors.
    pub fn verify(&self, roots: &Roots) -> Result<Verified, DatasetError> {
        let (paths, pins) = self.located(roots)?;
        if pins.is_empty() {
            return Ok(Verified::Readable(self.load(roots)?.n()));
        }
        let mut files = paths.iter().zip(pins);
        files.try_for_each(|(path, pin)| pin.verify(path))?;
        Ok(Verified::Hash)
    }

    fn sized(mut self, size: usize) -> Self {
        let channels = match &self.kind {
            Kind::Adbench(_) | Kind::Divided(_) | Kind::Defects(_) => None,
            Kind::Class { set, .. } => set.channels(),
            Kind::Corrupted(_) => Some(1),
        };
        self.facts.name = format!("{}{size}", self.facts.name);
        self.facts.aliases = Vec::new();
        self.facts.d = channels.map(|c| c * size * size);
        self.size = Some(size);
        self
    }

    /// The layouts in which it is looked for; the first is the one that downloads have.
    fn places(&self) -> Vec<Place> {
        match &self.kind {
            Kind::Adbench(file) => vec![file.place()],
            Kind::Divided(file) => vec![file.place()],
            Kind::Class { set, .. } => set.places(),
            Kind::Corrupted(set) => set.places(),
            Kind::Defects(set) => set.places(),
        }
    }

    fn first_place(&self) -> Place {
        self.places().into_iter().next().unwrap_or_default()
    }

    fn located(&self, roots: &Roots) -> Result<(Vec<PathBuf>, Vec<Pin>), DatasetError> {
        let places = self.places();
        let found = places
            .iter()
            .find_map(|place| Some((roots.locate(&place.files)?, place.pins.clone())));
        found.ok_or_else(|| self.not_at_hand(roots))
    }

    fn not_at_hand(&self, roots: &Roots) -> DatasetError {
        let Place { files, urls, .. } = self.first_place();
        DatasetError::NotAtHand {
            name: self.facts.name.clone(),
            files,
            searched: roots
                .folders()
                .iter()
                .map(|folder| folder.display().to_string())
                .collect(),
            fetchable: !urls.is_empty(),
            instead: self.instead(roots).map(Box::new),
        }
    }

    /// What a root holds of it in a form that is not read, where it has no other.
    pub fn instead(&self, roots: &Roots) -> Option<Instead> {
        other_forms::find(self.facts.family, roots)
    }
}
