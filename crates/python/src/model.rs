use std::path::PathBuf;

use detector::State;
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use residuum::{ModelError, RowScore, Runtime, Stored};
use serde_json::json;

use crate::data::Given;
use crate::error::{raised, refused};
use crate::options::{Options, target};
use crate::work::run;

/// A fitted detector. It does not change, and may be used from several threads at once.
#[pyclass(frozen, module = "residuum._residuum")]
pub(crate) struct Model {
    model: residuum::Model,
    /// Where the package decides without calibration: the score above which a row is odd.
    offset: Option<f64>,
}

/// The name of the offset in a stored model; the program does not look at it.
const OFFSET: &str = "offset";

/// A reason of a row: the column, its contribution, its share.
type Reason = (String, f64, f64);

#[pymethods]
impl Model {
    /// Fits to most of the rows and calibrates on the others; with it comes JSON of what was seen on the way.
    #[staticmethod]
    fn fit(py: Python<'_>, data: Given<'_>, options: &str) -> PyResult<(Self, String)> {
        let options = Options::read(options)?.fit_options().map_err(raised)?;
        let data = data.data()?;
        let fitted = run(py, |progress| {
            residuum::Model::fit(data, &options, progress)
        })?;
        let fitted = fitted.map_err(raised)?;
        let odd = fitted.odd.iter();
        let odd =
            odd.map(|odd| json!({"row": odd.row, "score": odd.score, "held_out": odd.held_out}));
        let notes = json!({
            "findings": fitted.findings.to_string(),
            "labelled": fitted.labelled,
            "incomplete": fitted.incomplete,
            "odd": odd.collect::<Vec<_>>(),
        });
        Ok((Self::new(fitted.model), notes.to_string()))
    }

    /// Fits to all rows.
    #[staticmethod]
    fn train(py: Python<'_>, data: Given<'_>, options: &str) -> PyResult<Self> {
        let options = Options::read(options)?.fit_options().map_err(raised)?;
        let data = data.data()?;
        let model = run(py, |progress| {
            residuum::Model::train(data, &options, progress)
        })?;
        Ok(Self::new(model.map_err(raised)?))
    }

    /// The same detector calibrated on other rows.
    fn calibrate(
        &self,
        py: Python<'_>,
        data: Given<'_>,
        rate: f64,
        confidence: Option<f64>,
    ) -> PyResult<Self> {
        let (data, target) = (data.data()?, target(rate, confidence));
        let model = self.model.clone();
        let model = run(py, |progress| model.calibrate(data, target, progress))?;
        Ok(Self::new(model.map_err(raised)?))
    }

    /// The same detector with an offset, which is stored with it.
    fn with_offset(&self, offset: f64) -> Self {
        Self {
            model: self.model.clone(),
            offset: Some(offset),
        }
    }

    /// The offset that it was stored with.
    #[getter]
    fn offset(&self) -> Option<f64> {
        self.offset
    }

    /// A score for each row, higher is more anomalous; NaN for a row that was left out.
    fn scores<'py>(
        &self,
        py: Python<'py>,
        data: Given<'py>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let data = data.data()?;
        let scores = run(py, |progress| {
            let scores = self.model.scores(data, progress)?;
            let scores = scores.into_iter().map(|score| score.unwrap_or(f64::NAN));
            Ok(scores.collect::<Vec<_>>())
        })?;
        Ok(scores.map_err(raised)?.into_pyarray(py))
    }

    /// The scores, but for rows that equal one that calibrated the model in folds: by the detector that had not seen it.
    fn held_out_scores<'py>(
        &self,
        py: Python<'py>,
        data: Given<'py>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let data = data.data()?;
        let scores = run(py, |progress| {
            let scores = self.model.held_out_scores(data, progress)?;
            let scores = scores.into_iter().map(|score| score.unwrap_or(f64::NAN));
            Ok(scores.collect::<Vec<_>>())
        })?;
        Ok(scores.map_err(raised)?.into_pyarray(py))
    }

    /// Scores, p-values and decisions: 1 for an anomaly, 0 for none, -1 for a row without a decision. NaN for a row
    /// that was left out. With a `rate` the false discovery rate decides.
    #[allow(clippy::type_complexity)] // three arrays
    #[pyo3(signature = (data, rate=None))]
    fn rows<'py>(
        &self,
        py: Python<'py>,
        data: Given<'py>,
        rate: Option<f64>,
    ) -> PyResult<(
        Bound<'py, PyArray1<f64>>,
        Bound<'py, PyArray1<f64>>,
        Bound<'py, PyArray1<i8>>,
    )> {
        let data = data.data()?;
        let rows = run(py, |progress| {
            let mut rows = self.model.score(data, progress)?;
            if let Some(rate) = rate {
                residuum::Model::false_discovery_rate(&mut rows, rate)?;
            }
            Ok(rows)
        })?;
        let rows = rows.map_err(raised)?;
        let numbers = |of: fn(&RowScore) -> Option<f64>| -> Vec<f64> {
            let numbers = rows.iter().map(|row| row.as_ref().and_then(of));
            numbers.map(|number| number.unwrap_or(f64::NAN)).collect()
        };
        let decided = rows
            .iter()
            .map(|row| match row.and_then(|row| row.is_anomaly) {
                Some(is_anomaly) => i8::from(is_anomaly),
                None => -1,
            });
        Ok((
            numbers(|row| Some(row.score)).into_pyarray(py),
            numbers(|row| row.p_value).into_pyarray(py),
            decided.collect::<Vec<i8>>().into_pyarray(py),
        ))
    }

    /// What the contributions are, whether they are of the row over its length, and for each row its columns, the
    /// one that contributes most first; None for a row that was left out.
    #[allow(clippy::type_complexity)] // a list for each row
    fn explain(
        &self,
        py: Python<'_>,
        data: Given<'_>,
    ) -> PyResult<(&'static str, bool, Vec<Option<Vec<Reason>>>)> {
        let data = data.data()?;
        let reasons = run(py, |progress| self.model.explain(data, progress))?;
        let reasons = reasons.map_err(raised)?;
        let rows = reasons.rows.into_iter().map(|row| {
            let row = row?.into_iter();
            Some(
                row.map(|why| (why.column, why.contribution, why.share))
                    .collect(),
            )
        });
        Ok((reasons.kind.as_str(), reasons.over_length, rows.collect()))
    }

    /// The manifest as JSON.
    fn manifest(&self) -> PyResult<String> {
        serde_json::to_string(self.model.manifest()).map_err(refused)
    }

    /// The scores of the calibration rows, ascending; None where there are none.
    fn calibration_scores<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyArray1<f64>>> {
        let calibration = self.model.calibration().ok()?;
        Some(calibration.scores().to_vec().into_pyarray(py))
    }

    /// The score above which a row is an anomaly; None where p-values decide, or nothing does.
    #[getter]
    fn threshold(&self) -> Option<f64> {
        let threshold = self.model.manifest().threshold;
        threshold.map(|threshold| threshold.value())
    }

    /// The p-value up to which a row is an anomaly, where folds calibrated the model.
    #[getter]
    fn rate(&self) -> Option<f64> {
        self.model.manifest().cross.map(|cross| cross.rate)
    }

    /// A number of the fitted method's own, such as the `rho` of a one-class SVM; None where it has none.
    fn number(&self, name: &str) -> PyResult<Option<f64>> {
        let state = self
            .model
            .scorer()
            .state()
            .map_err(|error| raised(error.into()))?;
        let method = state
            .find_part("detector")
            .and_then(|pipeline| pipeline.find_part("detector"));
        Ok(method.and_then(|state| state.value(name).ok()))
    }

    /// The bytes of the file that [`save`](Self::save) writes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = run(py, |_| self.bytes())?.map_err(raised)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Writes it to one file: there is the whole file or what was there before.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let saved = run(py, |_| {
            let bytes = self.bytes()?;
            files::write(&path, &bytes).map_err(|source| ModelError::Write { path, source })
        })?;
        saved.map_err(raised)
    }

    /// The model that these bytes are.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let read = run(py, |_| State::from_bytes(bytes).map_err(ModelError::from))?;
        Self::of(py, read.and_then(Stored::from_state).map_err(raised)?)
    }

    /// The model in a file.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let stored = run(py, |_| Stored::read(&path))?;
        Self::of(py, stored.map_err(raised)?)
    }
}

impl Model {
    fn new(model: residuum::Model) -> Self {
        Self {
            model,
            offset: None,
        }
    }

    fn of(py: Python<'_>, stored: Stored) -> PyResult<Self> {
        let offset = stored.state().value(OFFSET).map_err(ModelError::from);
        let offset = offset.map_err(raised)?;
        let model = run(py, |_| stored.restore(residuum::methods(), &Runtime::cpu()))?;
        Ok(Self {
            model: model.map_err(raised)?,
            offset,
        })
    }

    fn bytes(&self) -> Result<Vec<u8>, ModelError> {
        let state = self.model.state()?;
        let state = match self.offset {
            Some(offset) => state.with_value(OFFSET, offset),
            None => state,
        };
        Ok(state.to_bytes()?)
    }
}
