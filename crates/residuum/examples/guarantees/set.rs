use datasets::{Dataset, Entry, Label, Representation};
use residuum::data::Data;

/// With fewer normal rows a split has too few of each kind.
const FEWEST: usize = 200;

/// A data set whose normal rows are known.
pub(crate) struct Set {
    pub(crate) name: String,
    data: datasets::Data,
    /// Places of the normal rows, in file order.
    pub(crate) normal: Vec<usize>,
    /// Places of the anomalies.
    pub(crate) odd: Vec<usize>,
}

/// Whether the set is a table or an embedding.
pub(crate) fn is_rows(entry: &Entry) -> bool {
    let measured_here = !["OddBench", "OvRBench"].contains(&entry.family());
    entry.representation() != Representation::Pixels && measured_here
}

impl Set {
    /// `None` where too few rows are normal.
    pub(crate) fn new(set: &Dataset) -> Option<Self> {
        let (mut normal, mut odd) = (Vec::new(), Vec::new());
        for (row, label) in set.labels().iter().enumerate() {
            match label {
                Label::Normal => normal.push(row),
                Label::Anomaly => odd.push(row),
            }
        }
        (normal.len() >= FEWEST).then(|| Self {
            name: set.name().to_owned(),
            data: set.data().clone(),
            normal,
            odd,
        })
    }

    pub(crate) fn columns(&self) -> usize {
        self.data.width()
    }

    pub(crate) fn select(&self, rows: &[usize]) -> datasets::Data {
        self.data.select(rows)
    }
}

/// The rows as a model takes them.
pub(crate) fn data(rows: &datasets::Data) -> Data<'_> {
    match rows {
        datasets::Data::Rows(x) => Data::Rows(x.view()),
        datasets::Data::Rows64(x) => Data::Rows64(x.view()),
        datasets::Data::Images(x) => Data::Images(x.view()),
    }
}
