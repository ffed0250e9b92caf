//! Safetensors files of stored detectors, whose checksum fits what was changed.

use std::collections::BTreeMap;

use detector::State;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::json;
use crate::mutate;
use crate::random::Random;

/// The key of the header under which the manifest stands, as text.
const KEY: &str = "residuum";

/// The file with its description, its arrays or their shapes changed, and nearly always with a checksum that fits.
pub(crate) fn change(random: &mut Random, seed: &[u8]) -> Vec<u8> {
    let Some((mut header, mut body)) = parts(seed) else {
        return seed.to_vec();
    };
    let Some(mut manifest) = manifest(&header) else {
        return seed.to_vec();
    };
    match random.below(8) {
        0..=3 => json::change(random, &mut manifest["state"]),
        4 => json::change(random, &mut manifest),
        5 => {
            let metadata = header.remove("__metadata__");
            let mut arrays = Value::Object(header);
            json::change(random, &mut arrays);
            header = match arrays {
                Value::Object(arrays) => arrays,
                _ => Map::new(),
            };
            header.extend(metadata.map(|metadata| ("__metadata__".to_owned(), metadata)));
        }
        _ => numbers(random, &mut body),
    }
    if !random.one_in(16)
        && let Some(sum) = checksum(&manifest["state"], &header, &body)
    {
        manifest["sha256"] = Value::from(sum);
    }
    header.insert(
        "__metadata__".to_owned(),
        serde_json::json!({ KEY: manifest.to_string() }),
    );
    let mut text = Value::Object(header).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let length = (text.len() as u64).to_le_bytes();
    let mut file = [length.as_slice(), &text, &body].concat();
    if random.one_in(16) {
        mutate::bytes(
            random,
            &mut file,
            seed,
            &[b"__metadata__", b"\"F64\"", b"[0,0]"],
        );
    }
    file
}

/// Header and arrays of a file.
fn parts(file: &[u8]) -> Option<(Map<String, Value>, Vec<u8>)> {
    let (length, rest) = file.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let header = serde_json::from_slice(rest.get(..length)?).ok()?;
    Some((header, rest.get(length..)?.to_vec()))
}

fn manifest(header: &Map<String, Value>) -> Option<Value> {
    let text = header.get("__metadata__")?.get(KEY)?.as_str()?;
    serde_json::from_str(text).ok()
}

/// One to four numbers of the arrays become others: eight bytes, or four.
fn numbers(random: &mut Random, body: &mut [u8]) {
    for _ in 0..1 + random.below(4) {
        let width = 4 << random.below(2);
        let at = random.below(body.len() / width) * width;
        let number = match random.below(5) {
            0 => f64::NAN.to_bits(),
            1 => f64::INFINITY.to_bits(),
            2 => (random.below(100) as f64 - 50.0).to_bits(),
            3 => 0,
            _ => random.number(),
        };
        let number = number.to_le_bytes();
        // Of a 64-bit float the upper half says most.
        for (byte, new) in body.iter_mut().skip(at).zip(&number[8 - width..]) {
            *byte = *new;
        }
    }
}

/// As `detector::State` makes it; `None` where the description is not a state.
fn checksum(state: &Value, header: &Map<String, Value>, body: &[u8]) -> Option<String> {
    let state: State = serde_json::from_value(state.clone()).ok()?;
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&state).ok()?);
    let arrays: BTreeMap<&String, &Value> = header.iter().collect();
    for (name, array) in arrays
        .into_iter()
        .filter(|(name, _)| *name != "__metadata__")
    {
        let dtype = array.get("dtype")?.as_str()?.to_ascii_lowercase();
        let shape: Vec<usize> = serde_json::from_value(array.get("shape")?.clone()).ok()?;
        let [start, end]: [usize; 2] =
            serde_json::from_value(array.get("data_offsets")?.clone()).ok()?;
        hash.update(format!("\n{name} {dtype} {shape:?} "));
        hash.update(body.get(start..end)?);
    }
    let digits = hash.finalize();
    Some(digits.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_file() {
        let file = State::new("knn", 1)
            .with_value("neighbours", 5)
            .with_list("b", &[1u64, 2])
            .with_part("inner", State::new("x", 2).with_list("a", &[0.5f32]))
            .to_bytes()
            .unwrap();
        let (header, body) = parts(&file).unwrap();
        let manifest = manifest(&header).unwrap();
        let sum = checksum(&manifest["state"], &header, &body).unwrap();
        assert_eq!(manifest["sha256"], sum);
    }
}
