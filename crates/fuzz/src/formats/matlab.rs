//! MAT-files of level 5, packed and plain.

use super::pack;
use crate::random::Random;

const UINT8: u32 = 2;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const DOUBLE: u32 = 9;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;

/// SVHN's two arrays with `n` images; now and then something in it lies.
pub(crate) fn digits(random: &mut Random, n: usize) -> Vec<u8> {
    let mut file = b"MATLAB 5.0 MAT-file".to_vec();
    file.resize(124, b' ');
    file.extend([0x00, 0x01, b'I', b'M']);
    let lying = random.one_in(5);
    let pixels = vec![random.byte(); 32 * 32 * 3 * n];
    let labels: Vec<u8> = (0..n)
        .map(|i| {
            if i < 11 {
                1
            } else {
                1 + random.below(10) as u8
            }
        })
        .collect();
    let doubles: Vec<u8> = labels
        .iter()
        .flat_map(|&label| f64::from(label).to_le_bytes())
        .collect();
    let packed = random.one_in(2);
    let x = array(random, lying, "X", &[32, 32, 3, n as u32], (UINT8, &pixels));
    let numbers = if random.one_in(2) {
        (DOUBLE, &doubles)
    } else {
        (UINT8, &labels)
    };
    let y = array(random, lying, "y", &[n as u32, 1], numbers);
    for array in [x, y] {
        if packed {
            let data = pack(&array);
            let size = if lying && random.one_in(4) {
                random.number() as u32
            } else {
                data.len() as u32
            };
            file.extend(COMPRESSED.to_le_bytes());
            file.extend(size.to_le_bytes());
            file.extend(data);
        } else {
            file.extend(array);
        }
    }
    file
}

fn array(
    random: &mut Random,
    lying: bool,
    name: &str,
    shape: &[u32],
    (kind, data): (u32, &Vec<u8>),
) -> Vec<u8> {
    let mut lie = |number: u32| {
        if lying && random.one_in(8) {
            random.number() as u32
        } else {
            number
        }
    };
    let shape: Vec<u8> = shape
        .iter()
        .flat_map(|&axis| lie(axis).to_le_bytes())
        .collect();
    let class = lie(9);
    let mut inner = element(UINT32, 8, &[class.to_le_bytes(), [0; 4]].concat());
    inner.extend(element(INT32, lie(shape.len() as u32), &shape));
    // A name of up to four bytes is a small element.
    inner.extend(lie((name.len() as u32) << 16 | 1).to_le_bytes());
    inner.extend(name.as_bytes());
    inner.resize(inner.len().next_multiple_of(8), 0);
    inner.extend(element(lie(kind), lie(data.len() as u32), data));
    element(lie(MATRIX), lie(inner.len() as u32), &inner)
}

fn element(kind: u32, size: u32, data: &[u8]) -> Vec<u8> {
    let mut element = kind.to_le_bytes().to_vec();
    element.extend(size.to_le_bytes());
    element.extend(data);
    element.resize(element.len().next_multiple_of(8), 0);
    element
}
