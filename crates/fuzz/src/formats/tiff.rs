//! TIFF images with changed entries.

use crate::random::Random;

/// Tags that decide about sizes and decoders.
const TAGS: [u16; 22] = [
    254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325,
    338, 339, 347,
];
const BYTES_OF_ENTRY: usize = 12;

/// Changes one to three entries of the first folder: a tag, a type, a count or a value.
pub(crate) fn change(random: &mut Random, seed: &[u8]) -> Vec<u8> {
    let mut file = seed.to_vec();
    let at = |file: &[u8], place: usize, n: usize| -> u64 {
        let raw = file.get(place..place + n).unwrap_or_default();
        raw.iter()
            .rev()
            .fold(0, |number, &byte| number << 8 | u64::from(byte))
    };
    let first = at(&file, 4, 4) as usize;
    let entries = at(&file, first, 2) as usize;
    for _ in 0..1 + random.below(3) {
        let entry = first + 2 + BYTES_OF_ENTRY * random.below(entries);
        let small = random.below(40) as u64;
        let number = if random.one_in(2) {
            random.number()
        } else {
            small
        };
        let (place, number, width) = match random.below(6) {
            0 => (entry, u64::from(TAGS[random.below(TAGS.len())]), 2),
            1 => (entry + 2, random.below(14) as u64, 2),
            2 => (entry + 4, number, 4),
            3 => {
                let compressions = [1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 50000];
                (entry + 8, compressions[random.below(compressions.len())], 2)
            }
            _ => (entry + 8, number, if random.one_in(2) { 2 } else { 4 }),
        };
        let raw = number.to_le_bytes();
        for (byte, &new) in file.iter_mut().skip(place).zip(&raw[..width]) {
            *byte = new;
        }
    }
    file
}
