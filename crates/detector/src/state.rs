mod element;
mod error;
mod file;
mod floats;
mod spoilt;

use std::collections::BTreeMap;

use ndarray::{Array, ArrayBase, Data, Dimension};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::element::{Element, StoredArray};
pub use self::error::StateError;

/// What a fitted detector knows, as plain data: enough to score with the same bits in another process.
///
/// `kind` names what wrote it and `version` the layout of its content. Numbers of a fit are arrays in their
/// own type; `config` and `values` are small and JSON. A detector that holds others has their states as
/// parts. Nothing in a state executes.
///
/// ```
/// use detector::{State, StateError};
/// use ndarray::{Array2, Ix2, array};
///
/// let state = State::new("knn", 1)
///     .with_value("neighbours", 5)
///     .with_array("rows", &array![[1.0f32, 2.0], [3.0, 4.0]]);
/// let bytes = state.to_bytes()?;
///
/// let read = State::from_bytes(&bytes)?;
/// read.expect("knn", 1)?;
/// let rows: Array2<f32> = read.array::<f32, Ix2>("rows")?;
/// assert_eq!(read.value::<usize>("neighbours")?, 5);
/// assert_eq!(rows[[1, 0]], 3.0);
/// # Ok::<(), StateError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// What kind of fitted detector it is of.
    pub kind: String,
    /// The layout of its content; raised when an older program could not read it.
    pub version: u32,
    /// The settings it was fitted with.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub config: Value,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    values: Map<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parts: BTreeMap<String, State>,
    /// Outside of the JSON.
    #[serde(skip)]
    arrays: BTreeMap<String, StoredArray>,
}

impl State {
    /// An empty state.
    pub fn new(kind: impl Into<String>, version: u32) -> Self {
        Self {
            kind: kind.into(),
            version,
            config: Value::Null,
            values: Map::new(),
            parts: BTreeMap::new(),
            arrays: BTreeMap::new(),
        }
    }

    /// With the settings it was fitted with. What has no JSON becomes `null`, which
    /// [`settings`](Self::settings) refuses.
    #[must_use]
    pub fn with_config(mut self, config: &impl Serialize) -> Self {
        self.config = serde_json::to_value(config).unwrap_or_default();
        self
    }

    /// With a small value. Numbers that may be infinite or NaN have no JSON: they belong into an array.
    #[must_use]
    pub fn with_value(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        self.values.insert(name.to_owned(), value);
        self
    }

    /// With a copy of an array. `name` has no slash.
    #[must_use]
    pub fn with_array<T: Element, S: Data<Elem = T>, D: Dimension>(
        mut self,
        name: &str,
        array: &ArrayBase<S, D>,
    ) -> Self {
        let array = array.as_standard_layout().into_owned().into_dyn();
        self.arrays.insert(name.to_owned(), T::store(array));
        self
    }

    /// With an array, whatever its type, which is not copied. `name` has no slash.
    #[must_use]
    pub fn with_stored(mut self, name: &str, array: StoredArray) -> Self {
        self.arrays.insert(name.to_owned(), array);
        self
    }

    /// With a list of numbers as an array of one dimension.
    #[must_use]
    pub fn with_list<T: Element>(self, name: &str, list: &[T]) -> Self {
        self.with_array(name, &ndarray::ArrayView1::from(list))
    }

    /// With the state of a detector that this one holds. `name` has no slash.
    #[must_use]
    pub fn with_part(mut self, name: &str, part: Self) -> Self {
        self.parts.insert(name.to_owned(), part);
        self
    }

    /// That it is of this kind, in a layout that is known.
    ///
    /// # Errors
    /// [`StateError::Kind`], [`StateError::Version`].
    pub fn expect(&self, kind: &'static str, version: u32) -> Result<(), StateError> {
        if self.kind != kind {
            return Err(StateError::Kind {
                found: self.kind.clone(),
                expected: kind,
            });
        }
        if self.version != version {
            return Err(StateError::Version {
                kind,
                found: self.version,
                known: version,
            });
        }
        Ok(())
    }

    /// The settings it was fitted with.
    ///
    /// # Errors
    /// [`StateError::Content`] where they are not of this type.
    pub fn settings<C: DeserializeOwned>(&self) -> Result<C, StateError> {
        C::deserialize(&self.config).map_err(|error| self.wrong("the settings", error))
    }

    /// A small value.
    ///
    /// # Errors
    /// [`StateError::Content`] where it is missing or of another type.
    pub fn value<T: DeserializeOwned>(&self, name: &str) -> Result<T, StateError> {
        let value = self.values.get(name).unwrap_or(&Value::Null);
        T::deserialize(value).map_err(|error| self.wrong(name, error))
    }

    /// A copy of an array of `T` with as many dimensions as `D`.
    ///
    /// # Errors
    /// [`StateError::Content`] where it is missing, of another type or of other dimensions.
    pub fn array<T: Element, D: Dimension>(&self, name: &str) -> Result<Array<T, D>, StateError> {
        let stored = self.stored(name)?;
        let array = T::of(stored).ok_or_else(|| {
            let reason = format!("numbers of type {}, expected {}", stored.dtype(), T::NAME);
            self.wrong(name, reason)
        })?;
        array.clone().into_dimensionality::<D>().map_err(|_| {
            let reason = format!(
                "shape {:?}, expected another number of dimensions",
                array.shape()
            );
            self.wrong(name, reason)
        })
    }

    /// An [`array`](Self::array) of this shape.
    ///
    /// # Errors
    /// As [`array`](Self::array), and where it has another shape.
    pub fn array_of<T: Element, D: Dimension>(
        &self,
        name: &str,
        shape: D::Pattern,
    ) -> Result<Array<T, D>, StateError>
    where
        D::Pattern: PartialEq + std::fmt::Debug,
    {
        let array = self.array::<T, D>(name)?;
        if array.dim() != shape {
            let reason = format!("shape {:?}, expected {shape:?}", array.dim());
            return Err(self.wrong(name, reason));
        }
        Ok(array)
    }

    /// A list of numbers.
    ///
    /// # Errors
    /// As [`array`](Self::array).
    pub fn list<T: Element>(&self, name: &str) -> Result<Vec<T>, StateError> {
        Ok(self
            .array::<T, ndarray::Ix1>(name)?
            .into_raw_vec_and_offset()
            .0)
    }

    /// The array `name`, whatever its type.
    ///
    /// # Errors
    /// [`StateError::Content`] where it is missing.
    pub fn stored(&self, name: &str) -> Result<&StoredArray, StateError> {
        (self.arrays.get(name)).ok_or_else(|| self.wrong(name, "it is missing"))
    }

    /// The names of the arrays, sorted.
    pub fn array_names(&self) -> impl Iterator<Item = &str> {
        self.arrays.keys().map(String::as_str)
    }

    /// The state of a detector that this one holds.
    ///
    /// # Errors
    /// [`StateError::Content`] where it is missing.
    pub fn part(&self, name: &str) -> Result<&Self, StateError> {
        (self.find_part(name)).ok_or_else(|| self.wrong(name, "it is missing"))
    }

    /// The state of a detector that this one may hold.
    pub fn find_part(&self, name: &str) -> Option<&Self> {
        self.parts.get(name)
    }

    /// The error that says what is wrong with the content `name`.
    pub fn wrong(&self, name: &str, reason: impl ToString) -> StateError {
        StateError::Content {
            kind: self.kind.clone(),
            name: name.to_owned(),
            reason: reason.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Ix1, Ix2, array};

    use super::*;

    #[test]
    fn what_is_missing_or_of_another_type_is_named() {
        let state = State::new("pca", 1)
            .with_value("kept", 3)
            .with_array("mean", &array![1.0f64, 2.0]);
        let message = |error: StateError| error.to_string();
        assert_eq!(
            message(state.expect("knn", 1).unwrap_err()),
            "it is of the kind `pca`, expected `knn`"
        );
        assert_eq!(
            message(state.expect("pca", 2).unwrap_err()),
            "a stored `pca` of layout 1, but this program reads layout 2"
        );
        assert_eq!(
            message(state.array::<f32, Ix1>("mean").unwrap_err()),
            "`mean` of a stored `pca`: numbers of type f64, expected f32"
        );
        assert_eq!(
            message(state.array::<f64, Ix2>("mean").unwrap_err()),
            "`mean` of a stored `pca`: shape [2], expected another number of dimensions"
        );
        assert_eq!(
            message(state.array_of::<f64, Ix1>("mean", 3).unwrap_err()),
            "`mean` of a stored `pca`: shape 2, expected 3"
        );
        assert_eq!(
            message(state.part("detector").unwrap_err()),
            "`detector` of a stored `pca`: it is missing"
        );
        assert!(state.value::<bool>("kept").is_err());
        assert!(state.value::<usize>("lost").is_err());
        assert_eq!(state.value::<Option<usize>>("lost").unwrap(), None);
    }
}
