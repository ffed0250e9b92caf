use std::path::{Path, PathBuf};

use conformal::{Calibration, CrossCalibration};
use detector::{Detector, State, StateError};

use crate::data::Layout;
use crate::method::Method;
use crate::model::calibrated::Model;
use crate::model::error::ModelError;
use crate::model::folds::Folds;
use crate::model::manifest::Manifest;
use crate::model::seen::Seen;
use crate::registry::find_among;
use crate::runtime::Runtime;

const KIND: &str = "model";
const LAYOUT: u32 = 1;
const CALIBRATION: &str = "calibration";
const MEDIANS: &str = "medians";
/// How many detectors there are, where it is not one.
const DETECTORS: &str = "detectors";

/// A model as it is stored: what it says about itself can be read without the method that it needs.
#[derive(Debug, Clone)]
pub struct Stored {
    manifest: Manifest,
    state: State,
}

impl Model {
    /// Everything it knows, as data. Nothing in it executes.
    ///
    /// # Errors
    /// [`ModelError::Detector`] where numbers cannot be read back from a device.
    pub fn state(&self) -> Result<State, ModelError> {
        let mut state = State::new(KIND, LAYOUT)
            .with_config(self.manifest())
            .with_list(MEDIANS, self.medians());
        state = self.seen().store(state);
        if self.scorers().len() > 1 {
            state = state.with_value(DETECTORS, self.scorers().len());
        }
        state = match (self.cross(), self.find_calibration()) {
            (None, None) => state,
            (None, Some(calibration)) => state.with_list(CALIBRATION, calibration.scores()),
            (Some(cross), _) => {
                let folds = cross.folds().iter().enumerate();
                folds.fold(state, |state, (i, fold)| {
                    state.with_list(&fold_name(i), fold.scores())
                })
            }
        };
        Ok(self.scorers().store(state)?)
    }

    /// Writes it to one file, a safetensors file: there is the whole file or what was there before.
    ///
    /// # Errors
    /// [`ModelError::Write`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ModelError> {
        let path = path.as_ref();
        let bytes = self.state()?.to_bytes()?;
        files::write(path, &bytes).map_err(|source| ModelError::Write {
            path: path.to_owned(),
            source,
        })
    }

    /// The model in the file `path`, whose method is one of `methods`. It scores with the bits of the one
    /// that was saved.
    ///
    /// # Errors
    /// [`ModelError`] for a file that cannot be read, is not a model, is damaged or was written by a newer
    /// program, and for a method that is not among `methods`.
    pub fn load(
        path: impl AsRef<Path>,
        methods: &[Method],
        runtime: &Runtime,
    ) -> Result<Self, ModelError> {
        Stored::read(path)?.restore(methods, runtime)
    }
}

impl Stored {
    /// Reads the file `path`.
    ///
    /// # Errors
    /// As [`Model::load`], but for the method, which is not looked for.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let unreadable = |source| ModelError::Read {
            path: path.to_owned(),
            source,
        };
        files::check(path).map_err(|error| unreadable(std::io::Error::other(error)))?;
        let bytes = std::fs::read(path).map_err(unreadable)?;
        Self::from_bytes(&bytes).map_err(|error| match error {
            ModelError::State(source) => ModelError::File {
                path: PathBuf::from(path),
                source,
            },
            other => other,
        })
    }

    /// The model that these bytes are.
    ///
    /// # Errors
    /// [`ModelError::State`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        Self::from_state(State::from_bytes(bytes)?)
    }

    /// The model that this state is.
    ///
    /// # Errors
    /// [`ModelError::State`].
    pub fn from_state(state: State) -> Result<Self, ModelError> {
        state.expect(KIND, LAYOUT)?;
        let manifest: Manifest = state.settings()?;
        Ok(Self { manifest, state })
    }

    /// Everything that was stored.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What it says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The model, whose method is one of `methods`.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn restore(self, methods: &[Method], runtime: &Runtime) -> Result<Model, ModelError> {
        let Self { manifest, state } = self;
        let method = find_among(methods, &manifest.method)?;
        let mut config = method.config();
        config.set_all(&manifest.config)?;
        let detector = method.detector(&config, runtime)?;
        let n = state.value::<Option<usize>>(DETECTORS)?.unwrap_or(1);
        if n == 0 || n > MOST_FOLDS || (manifest.cross.is_some() && n < 2) {
            return Err(state.wrong(DETECTORS, n).into());
        }
        let parts = (0..n).map(|i| detector.restore(state.part(&Folds::name(i, n))?));
        let scorers = Folds::new(parts.collect::<Result<_, _>>()?);
        let cross = match manifest.cross {
            Some(_) => Some(cross(&state, n)?),
            None => None,
        };
        let calibration = match &cross {
            None if manifest.calibrated == 0 => None,
            None => Some(calibration(&state, CALIBRATION)?),
            Some(cross) => {
                let scores = cross.folds().iter().flat_map(|fold| fold.scores().to_vec());
                Some(Calibration::new(scores.collect())?)
            }
        };
        let n = calibration.as_ref().map_or(0, Calibration::n);
        if manifest.threshold.is_some_and(|t| t.n() != n) {
            let reason = "another number of scores than the threshold was made from";
            return Err(state.wrong(CALIBRATION, reason).into());
        }
        let medians: Vec<f64> = match width(&manifest.layout) {
            Some(width) => state.finite::<f64, ndarray::Ix1>(MEDIANS, width)?.to_vec(),
            None => Vec::new(),
        };
        let seen = Seen::restore(&state, scorers.len())?;
        Ok(Model::new(
            manifest,
            calibration,
            cross,
            medians,
            seen,
            scorers,
        ))
    }
}

/// How many numbers a row has; `None` for images.
fn width(layout: &Layout) -> Option<usize> {
    match layout {
        Layout::Table(layout) => Some(layout.width()),
        Layout::Array { columns, .. } => Some(*columns),
        Layout::Images { .. } => None,
    }
}

/// A file with more folds was not written here.
const MOST_FOLDS: usize = 1000;

fn fold_name(i: usize) -> String {
    format!("{CALIBRATION}-{i}")
}

fn calibration(state: &State, name: &str) -> Result<Calibration, StateError> {
    let scores: Vec<f64> = state.list(name)?;
    Calibration::new(scores).map_err(|error| state.wrong(name, error))
}

fn cross(state: &State, n: usize) -> Result<CrossCalibration, ModelError> {
    let folds = (0..n).map(|i| calibration(state, &fold_name(i)));
    let folds: Vec<Calibration> = folds.collect::<Result<_, _>>()?;
    Ok(CrossCalibration::new(folds)?)
}

#[cfg(test)]
mod tests {
    use columns::{Column, Columns, Values};
    use detector::Silent;

    use super::*;
    use crate::data::{Data, Roles};
    use crate::model::options::{Calibrating, FitOptions};

    fn table(n: usize) -> Columns {
        let number = |i: usize, k: f64| (i as f64 * k).sin() + (i as f64 * 0.37 * k).cos();
        let numbers = |k: f64| Values::Float64((0..n).map(|i| number(i, k)).collect());
        let colour = |i: usize| ["red", "blue", "green"][i % 3].to_owned();
        Columns::new(vec![
            Column::new("id", Values::Integer((0..n as i64).collect())),
            Column::new("a", numbers(0.7)),
            Column::new("b", numbers(1.3)),
            Column::new("colour", Values::Text((0..n).map(colour).collect())),
        ])
        .unwrap()
    }

    #[test]
    fn every_method_without_libtorch_is_stored_and_read_with_the_same_bits() {
        let (train, new) = (table(150), table(40));
        let folder = tempfile::tempdir().unwrap();
        let methods = crate::methods().iter().filter(|m| !m.needs_libtorch);
        let ways = [Calibrating::Share(0.2), Calibrating::Folds(3)];
        for (method, way) in methods.flat_map(|method| ways.map(|way| (method, way))) {
            let options = FitOptions {
                method: Some(method.config()),
                calibration: Some(way),
                roles: Roles {
                    key: Some("id".to_owned()),
                    ..Roles::default()
                },
                ..FitOptions::new(crate::methods())
            };
            let fitted = Model::fit(Data::Columns(&train), &options, &Silent).unwrap();
            let path = folder.path().join(format!("{}.residuum", method.name));
            fitted.model.save(&path).unwrap();
            let read = Model::load(&path, crate::methods(), &Runtime::cpu()).unwrap();
            let score = |model: &Model| model.score(Data::Columns(&new), &Silent).unwrap();
            let (before, after) = (score(&fitted.model), score(&read));
            assert_eq!(before, after, "{}", method.name);
            assert_eq!(read.manifest(), fitted.model.manifest());
            // A row by itself has the same bits.
            for row in [0, 17, 39] {
                let one = new.select(&[row]);
                let alone = read.score(Data::Columns(&one), &Silent).unwrap();
                assert_eq!(alone[0], after[row], "{} row {row}", method.name);
            }
        }
    }

    #[test]
    fn files_of_something_else_are_refused_with_their_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.residuum");
        let refused = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let error = Stored::read(&path).unwrap_err();
            assert!(matches!(error, ModelError::File { .. }), "{error:?}");
            assert!(error.to_string().contains("a.residuum"), "{error}");
        };
        refused(b"");
        // A Python pickle that would execute something.
        refused(b"cos\nsystem\n(S'true'\ntR.");
        refused(&State::new("pipeline", 1).to_bytes().unwrap());
        refused(&State::new(KIND, LAYOUT + 1).to_bytes().unwrap());
        assert!(matches!(
            Stored::read(folder.path().join("none")),
            Err(ModelError::Read { .. })
        ));
        assert!(matches!(
            Stored::read(folder.path()),
            Err(ModelError::Read { .. })
        ));
    }
}
