//! A state as one safetensors file: its arrays as tensors, all else as JSON under one key of the metadata.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use safetensors::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{State, StateError, StoredArray};

/// Raised when an older program could not read what is written now.
const FORMAT: u64 = 1;
/// The one key of the metadata: several have no fixed order.
const KEY: &str = "residuum";
/// Parts of parts beyond this were not written here.
const MOST_DEEP: usize = 16;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u64,
    /// Of every array's name, type, shape and bytes, and of the state's JSON.
    sha256: String,
    state: State,
}

/// Enough to refuse a newer file whatever else it holds.
#[derive(Deserialize)]
struct Format {
    format: u64,
}

impl State {
    /// The state as the bytes of a safetensors file. The same state gives the same bytes.
    ///
    /// # Errors
    /// [`StateError::Damaged`] where a name has a slash.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        let mut arrays = BTreeMap::new();
        self.collect("", 0, &mut arrays)?;
        let manifest = Manifest {
            format: FORMAT,
            sha256: checksum(self, &arrays)?,
            state: self.clone_without_arrays(),
        };
        let text = serde_json::to_string(&manifest).map_err(damaged)?;
        let metadata = HashMap::from([(KEY.to_owned(), text)]);
        let tensors = arrays.iter().map(|(name, array)| (name, Tensor(array)));
        safetensors::serialize(tensors, Some(metadata)).map_err(damaged)
    }

    /// The state that [`to_bytes`](Self::to_bytes) made these of.
    ///
    /// # Errors
    /// [`StateError::Damaged`] for other or changed bytes, [`StateError::Newer`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let text = metadata.metadata().as_ref().and_then(|all| all.get(KEY));
        let text = text.ok_or_else(|| damaged("a safetensors file of something else"))?;
        let Format { format } = serde_json::from_str(text).map_err(damaged)?;
        if format > FORMAT {
            return Err(StateError::Newer {
                found: format,
                known: FORMAT,
            });
        }
        let manifest: Manifest = serde_json::from_str(text).map_err(damaged)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let mut arrays = BTreeMap::new();
        for (name, tensor) in tensors.iter() {
            let (dtype, shape) = (tensor.dtype(), tensor.shape());
            let array = StoredArray::from_bytes(dtype, shape, tensor.data())
                .ok_or_else(|| damaged(format!("the array {name} is of another type")))?;
            arrays.insert(name.to_owned(), array);
        }
        let mut state = manifest.state;
        let sum = {
            let borrowed = arrays.iter().map(|(name, array)| (name.clone(), array));
            checksum(&state, &borrowed.collect())?
        };
        if sum != manifest.sha256 {
            return Err(damaged("it is not as it was written"));
        }
        for (name, array) in arrays {
            state.put(&name, array)?;
        }
        Ok(state)
    }

    fn clone_without_arrays(&self) -> Self {
        let parts = self.parts.iter();
        Self {
            kind: self.kind.clone(),
            version: self.version,
            config: self.config.clone(),
            values: self.values.clone(),
            parts: parts
                .map(|(name, part)| (name.clone(), part.clone_without_arrays()))
                .collect(),
            arrays: BTreeMap::new(),
        }
    }

    /// Adds the arrays of the state and of its parts, whose names stand before theirs with a slash.
    fn collect<'a>(
        &'a self,
        prefix: &str,
        depth: usize,
        into: &mut BTreeMap<String, &'a StoredArray>,
    ) -> Result<(), StateError> {
        let names = self.arrays.keys().chain(self.parts.keys());
        if let Some(name) = { names }.find(|name| name.contains('/')) {
            return Err(damaged(format!("the name {name} has a slash")));
        }
        if depth > MOST_DEEP {
            return Err(damaged("parts nest too deep"));
        }
        for (name, array) in &self.arrays {
            into.insert(format!("{prefix}{name}"), array);
        }
        for (name, part) in &self.parts {
            part.collect(&format!("{prefix}{name}/"), depth + 1, into)?;
        }
        Ok(())
    }

    /// Puts an array back where [`collect`](Self::collect) found it.
    fn put(&mut self, path: &str, array: StoredArray) -> Result<(), StateError> {
        match path.split_once('/') {
            None => {
                self.arrays.insert(path.to_owned(), array);
                Ok(())
            }
            Some((part, rest)) => {
                let part = self.parts.get_mut(part);
                part.ok_or_else(|| damaged(format!("the array {path} belongs to no part")))?
                    .put(rest, array)
            }
        }
    }
}

/// SHA-256, in hex, of everything that was stored.
fn checksum(state: &State, arrays: &BTreeMap<String, &StoredArray>) -> Result<String, StateError> {
    let mut hash = Sha256::new();
    // Arrays are skipped in the JSON, whose keys are sorted.
    hash.update(serde_json::to_vec(state).map_err(damaged)?);
    for (name, array) in arrays {
        hash.update(format!("\n{name} {} {:?} ", array.dtype(), array.shape()));
        hash.update(array.to_bytes());
    }
    let digits = hash.finalize();
    Ok(digits.iter().map(|byte| format!("{byte:02x}")).collect())
}

struct Tensor<'a>(&'a StoredArray);

impl View for Tensor<'_> {
    fn dtype(&self) -> Dtype {
        self.0.file_dtype()
    }

    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.0.to_bytes()
    }

    fn data_len(&self) -> usize {
        self.0.shape().iter().product::<usize>() * self.dtype().bitsize() / 8
    }
}

fn damaged(reason: impl ToString) -> StateError {
    StateError::Damaged(reason.to_string())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array0, Ix2, array};
    use proptest::prelude::*;

    use super::*;

    fn state() -> State {
        let inner = State::new("knn", 2)
            .with_config(&serde_json::json!({"neighbours": 5}))
            .with_array("rows", &array![[1.5f64, f64::NAN], [-0.0, 1e300]]);
        State::new("pipeline", 1)
            .with_value("width", 2)
            .with_array("scale", &array![0.1f32, 3.0])
            .with_list("order", &[3u64, u64::MAX])
            .with_array("one", &Array0::<u8>::from_elem((), 7))
            .with_array("none", &ndarray::Array2::<i64>::zeros((0, 4)))
            .with_part("detector", inner)
    }

    #[test]
    fn every_number_comes_back_with_its_bits() {
        let bytes = state().to_bytes().unwrap();
        assert_eq!(bytes, state().to_bytes().unwrap());
        let read = State::from_bytes(&bytes).unwrap();
        assert_eq!(read.to_bytes().unwrap(), bytes);
        assert_eq!(read.list::<u64>("order").unwrap(), [3, u64::MAX]);
        assert_eq!(read.array::<i64, Ix2>("none").unwrap().dim(), (0, 4));
        let inner = read.part("detector").unwrap();
        let bits = |rows: ndarray::Array2<f64>| rows.mapv(f64::to_bits);
        assert_eq!(
            bits(inner.array::<f64, Ix2>("rows").unwrap()),
            bits(array![[1.5, f64::NAN], [-0.0, 1e300]])
        );
        assert_eq!(
            inner.settings::<serde_json::Value>().unwrap()["neighbours"],
            5
        );
    }

    #[test]
    fn arrays_are_stored_row_by_row_whatever_their_layout() {
        let x = array![[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let turned = State::new("a", 1).with_array("x", &x.t());
        let read = State::from_bytes(&turned.to_bytes().unwrap()).unwrap();
        assert_eq!(read.array::<f32, Ix2>("x").unwrap(), x.t());
    }

    #[test]
    fn newer_and_foreign_files_are_refused() {
        let text = |json: &str| {
            let metadata = HashMap::from([(KEY.to_owned(), json.to_owned())]);
            let none: [(&str, Tensor<'_>); 0] = [];
            safetensors::serialize(none, Some(metadata)).unwrap()
        };
        let error = State::from_bytes(&text(r#"{"format": 2, "what": "else"}"#)).unwrap_err();
        assert_eq!(error, StateError::Newer { found: 2, known: 1 });
        for bytes in [
            text("{"),
            text(r#"{"format": 1}"#),
            b"PK\x03\x04".to_vec(),
            Vec::new(),
        ] {
            assert!(matches!(
                State::from_bytes(&bytes),
                Err(StateError::Damaged(_))
            ));
        }
        let slash = State::new("a", 1).with_list("a/b", &[1u8]);
        assert!(slash.to_bytes().is_err());
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_found(at in any::<prop::sample::Index>(), bit in 0..8) {
            let mut bytes = state().to_bytes().unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1u8 << bit;
            if let Ok(read) = State::from_bytes(&bytes) {
                // White space of the header is the one place where it makes no difference.
                prop_assert_eq!(read.to_bytes().unwrap(), state().to_bytes().unwrap());
            }
        }

        #[test]
        fn a_file_that_was_cut_off_is_refused(at in any::<prop::sample::Index>()) {
            let bytes = state().to_bytes().unwrap();
            prop_assert!(State::from_bytes(&bytes[..at.index(bytes.len())]).is_err());
        }
    }
}
