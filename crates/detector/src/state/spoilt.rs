//! Changed copies of a state, for the conformance suite.

use safetensors::Dtype;
use serde_json::{Value, json};

use super::{State, StoredArray};

impl State {
    /// Copies of the state in each of which one array, value, setting or part is missing or changed, and what
    /// is wrong with it. `place` chooses the number of an array that is changed.
    pub(crate) fn spoilt(&self, place: usize) -> Vec<(String, Self)> {
        let mut all = Vec::new();
        let mut push = |what: String, change: &dyn Fn(&mut Self)| {
            let mut copy = self.clone();
            change(&mut copy);
            all.push((what, copy));
        };
        for (name, array) in &self.arrays {
            push(format!("{name} is missing"), &|copy| {
                copy.arrays.remove(name);
            });
            for (what, array) in spoilt_arrays(array, place) {
                push(format!("{name} {what}"), &|copy| {
                    copy.arrays.insert(name.clone(), array.clone());
                });
            }
        }
        for name in self.values.keys() {
            push(format!("{name} is missing"), &|copy| {
                copy.values.remove(name);
            });
            for value in spoilt_values() {
                push(format!("{name} = {value}"), &|copy| {
                    copy.values.insert(name.clone(), value.clone());
                });
            }
        }
        for name in self
            .config
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys())
        {
            for value in spoilt_values() {
                push(format!("the setting {name} = {value}"), &|copy| {
                    copy.config[name] = value.clone();
                });
            }
        }
        for (name, part) in &self.parts {
            push(format!("the part {name} is missing"), &|copy| {
                copy.parts.remove(name);
            });
            for (what, part) in part.spoilt(place) {
                push(format!("of the part {name} {what}"), &|copy| {
                    copy.parts.insert(name.clone(), part.clone());
                });
            }
        }
        all
    }
}

fn spoilt_values() -> [Value; 9] {
    [
        json!(0),
        json!(1),
        json!(-1),
        json!(u64::MAX),
        json!(1e308),
        json!(-1e-308),
        json!("other"),
        json!([]),
        json!(null),
    ]
}

/// The array with one number changed, cut, in another shape or of another type.
fn spoilt_arrays(array: &StoredArray, place: usize) -> Vec<(&'static str, StoredArray)> {
    let (dtype, shape, bytes) = (array.file_dtype(), array.shape(), array.to_bytes());
    let size = dtype.bitsize() / 8;
    let mut all = Vec::new();
    let mut push = |what, array: Option<StoredArray>| all.extend(array.map(|array| (what, array)));

    if let Some(at) = place.checked_rem(bytes.len() / size) {
        let infinity = match dtype {
            Dtype::F32 => f32::INFINITY.to_le_bytes().to_vec(),
            _ => f64::INFINITY.to_le_bytes()[..size.min(8)].to_vec(),
        };
        let number = &bytes[at * size..(at + 1) * size];
        let mut flipped = number.to_vec();
        let bit = place / 7 % (8 * size);
        flipped[bit / 8] ^= 1 << (bit % 8);
        let opposite: Vec<u8> = number.iter().map(|byte| !byte).collect();
        for (what, number) in [
            ("has a flipped bit", flipped),
            ("has an opposite number", opposite),
            ("has a number of ones", vec![0xff; size]),
            ("has a large number", vec![0x7e; size]),
            ("has a zero", vec![0; size]),
            ("has an infinity", infinity),
        ] {
            let mut bytes = bytes.to_vec();
            bytes[at * size..(at + 1) * size].copy_from_slice(&number);
            push(what, StoredArray::from_bytes(dtype, shape, &bytes));
        }
    }
    for axis in 0..shape.len() {
        let mut shorter = shape.to_vec();
        shorter[axis] = shorter[axis].saturating_sub(1);
        let left = shorter.iter().product::<usize>() * size;
        push(
            "is cut",
            StoredArray::from_bytes(dtype, &shorter, &bytes[..left]),
        );
    }
    push(
        "is empty",
        StoredArray::from_bytes(dtype, &vec![0; shape.len()], &[]),
    );
    let len = bytes.len() / size;
    let other_shape = if shape.len() == 1 {
        vec![1, len]
    } else {
        vec![len]
    };
    push(
        "is of another shape",
        StoredArray::from_bytes(dtype, &other_shape, &bytes),
    );
    let other_type = match dtype {
        Dtype::F32 => Dtype::U32,
        Dtype::U32 => Dtype::F32,
        Dtype::F64 => Dtype::U64,
        _ => Dtype::F64,
    };
    push(
        "is of another type",
        StoredArray::from_bytes(other_type, shape, &bytes),
    );
    all
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn every_copy_differs_from_the_state() {
        let part = State::new("part", 1).with_list("places", &[1u64, 2]);
        let state = State::new("whole", 1)
            .with_config(&json!({"neighbours": 5}))
            .with_value("width", 2)
            .with_array("rows", &array![[1.5f32, -2.0], [0.5, 7.0]])
            .with_part("part", part);
        let all = state.spoilt(2);
        for (what, spoilt) in &all {
            assert_ne!(spoilt.to_bytes().ok(), state.to_bytes().ok(), "{what}");
        }
        for expected in [
            "rows is missing",
            "rows has an infinity",
            "width = -1",
            "the setting neighbours = 0",
            "the part part is missing",
            "of the part part places is cut",
        ] {
            assert!(all.iter().any(|(what, _)| what == expected), "{expected}");
        }
    }
}
