//! Arrays as NumPy writes them, and as it does not.

use crate::mutate;
use crate::random::Random;

/// Every type that is read, and some that are refused.
const TYPES: [&str; 18] = [
    "<f8", "<f4", "<f2", ">f8", ">f4", "<i8", ">i4", "<i2", "|i1", "|u1", "<u2", "<u4", "<u8",
    "|b1", "=f4", "<U3", "|O", "<c8",
];
/// Those of [`TYPES`] that are read.
const READ: usize = 15;

/// Numbers of a large array.
const MANY: usize = 1000;

/// How the numbers of an array are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// Small and finite, now and then one at an edge.
    Any,
    /// 0 and 1, now and then something else.
    Labels,
    /// Whole numbers from 0 to 255 below the given one.
    Bytes(usize),
}

/// An array of `shape` in one of the types; now and then its header or its length lies.
pub(crate) fn array(random: &mut Random, shape: &[usize], numbers: Numbers) -> Vec<u8> {
    let n: usize = shape.iter().product();
    let kind = match numbers {
        Numbers::Bytes(_) if n > MANY || !random.one_in(4) => "|u1",
        _ if random.one_in(40) => TYPES[READ + random.below(TYPES.len() - READ)],
        _ => TYPES[random.below(READ)],
    };
    let mut data = Vec::new();
    let edge = random.one_in(30).then(|| random.below(n));
    if let (Numbers::Bytes(below), "|u1", None) = (numbers, kind, edge) {
        // Many are alike: packing other ones would take most of the time.
        data = if n > MANY {
            vec![random.below(below) as u8; n]
        } else {
            random.bytes(n)
        };
        if below < 256 {
            data.iter_mut().for_each(|byte| *byte %= below as u8);
        }
    }
    for i in data.len()..n {
        let value = match numbers {
            _ if edge == Some(i) => random.number_text().parse().unwrap_or(f64::NAN),
            Numbers::Any => random.below(100) as f64,
            Numbers::Labels => random.below(2) as f64,
            Numbers::Bytes(below) => random.below(below) as f64,
        };
        number(kind, value, &mut data);
    }
    let axes: Vec<String> = shape.iter().map(usize::to_string).collect();
    let mut shape = axes.join(", ");
    if axes.len() == 1 {
        shape.push(',');
    }
    let order = if random.one_in(3) { "True" } else { "False" };
    let mut header =
        format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': ({shape}), }}")
            .into_bytes();
    if random.one_in(16) {
        lie(random, &mut header, &shape);
    }
    let mut file = file(random, &header);
    file.extend(data);
    if random.one_in(30) {
        file.truncate(random.below(file.len()));
    }
    file
}

/// The magic, the header padded as NumPy does, by version 1, 2 or 3.
fn file(random: &mut Random, header: &[u8]) -> Vec<u8> {
    let version = if random.one_in(8) {
        random.below(5) as u8
    } else {
        1
    };
    let mut file = b"\x93NUMPY".to_vec();
    file.extend([version, 0]);
    let mut header = header.to_vec();
    let wide = version > 1;
    let start = if wide { 12 } else { 10 };
    header.resize(
        (start + header.len() + 1).next_multiple_of(64) - start - 1,
        b' ',
    );
    header.push(b'\n');
    let length = if random.one_in(60) {
        random.number()
    } else {
        header.len() as u64
    };
    let length = length.to_le_bytes();
    file.extend(&length[..if wide { 4 } else { 2 }]);
    file.extend(header);
    file
}

fn lie(random: &mut Random, header: &mut Vec<u8>, shape: &str) {
    let text = String::from_utf8_lossy(header).into_owned();
    *header = match random.below(4) {
        0 => text
            .replace(shape, &random.number().to_string())
            .into_bytes(),
        1 => {
            let huge: Vec<String> = (0..=random.below(5))
                .map(|_| random.number().to_string())
                .collect();
            text.replace(shape, &huge.join(", ")).into_bytes()
        }
        2 => text.replace(shape, &format!("{shape}, 0")).into_bytes(),
        _ => {
            let mut changed = text.into_bytes();
            mutate::bytes(
                random,
                &mut changed,
                b"'shape': ()",
                &[b"{", b"'", b"(", b"[", b"L", b"O"],
            );
            changed
        }
    };
}

/// `value` as the type has it; types that are not read get eight bytes of nothing.
fn number(kind: &str, value: f64, to: &mut Vec<u8>) {
    let big = kind.starts_with('>');
    let mut raw = [0; 8];
    let bytes: &[u8] = match &kind[1..] {
        "f8" => &value.to_le_bytes(),
        "f4" => &(value as f32).to_le_bytes(),
        "f2" => &half(value).to_le_bytes(),
        "i8" => &(value as i64).to_le_bytes(),
        "i4" => &(value as i32).to_le_bytes(),
        "i2" => &(value as i16).to_le_bytes(),
        "i1" => &(value as i8).to_le_bytes(),
        "u1" => &[value as u8],
        "b1" => &[u8::from(value != 0.0)],
        "u2" => &(value as u16).to_le_bytes(),
        "u4" => &(value as u32).to_le_bytes(),
        "u8" => &(value as u64).to_le_bytes(),
        _ => &[0; 8],
    };
    let raw = &mut raw[..bytes.len()];
    raw.copy_from_slice(bytes);
    if big {
        raw.reverse();
    }
    to.extend_from_slice(raw);
}

/// Whole numbers below 2048 exactly, all else as infinity.
fn half(value: f64) -> u16 {
    let whole = value.abs() as u16;
    if value == 0.0 {
        return 0;
    }
    if !(1.0..2048.0).contains(&value.abs()) {
        return 0x7c00;
    }
    let exponent = 15 - whole.leading_zeros() as u16;
    let fraction = (whole << (10 - exponent)) & 0x3ff;
    (exponent + 15) << 10 | fraction
}
