//! Changes to bytes that know no format.

use crate::random::Random;

/// Inputs grow no larger: what matters fits, and the rate stays high.
pub(crate) const MOST_BYTES: usize = 1 << 16;

/// One to four changes; `others` gives parts to splice in, `tokens` what the format is written with.
pub(crate) fn bytes(random: &mut Random, bytes: &mut Vec<u8>, others: &[u8], tokens: &[&[u8]]) {
    for _ in 0..1 + random.below(4) {
        change(random, bytes, others, tokens);
    }
    bytes.truncate(MOST_BYTES);
}

fn change(random: &mut Random, bytes: &mut Vec<u8>, others: &[u8], tokens: &[&[u8]]) {
    let at = place(random, bytes.len());
    match random.below(11) {
        0 | 1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        2 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.byte();
            }
        }
        3 | 4 => {
            let number = random.number();
            let width = 1 << random.below(4);
            let mut raw = number.to_le_bytes()[..width].to_vec();
            if random.one_in(2) {
                raw.reverse();
            }
            overwrite(bytes, at, &raw);
        }
        5 => bytes.truncate(at),
        6 => {
            let end = at + random.below((bytes.len() - at).min(64) + 1);
            bytes.drain(at..end);
        }
        7 => {
            let end = at + random.below((bytes.len() - at).min(64) + 1);
            let part = bytes[at..end].to_vec();
            let times = if random.one_in(20) { 200 } else { 1 };
            insert(bytes, at, &part.repeat(times));
        }
        8 if !tokens.is_empty() => {
            let token = tokens[random.below(tokens.len())];
            if random.one_in(2) {
                insert(bytes, at, token);
            } else {
                overwrite(bytes, at, token);
            }
        }
        9 if !others.is_empty() => {
            let start = random.below(others.len());
            let end = start + random.below((others.len() - start).min(256) + 1);
            insert(bytes, at, &others[start..end]);
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                let step = 1 + random.below(16) as u8;
                *byte = if random.one_in(2) {
                    byte.wrapping_add(step)
                } else {
                    byte.wrapping_sub(step)
                };
            }
        }
    }
}

/// A place, half of the time near the start, where headers are.
fn place(random: &mut Random, len: usize) -> usize {
    if random.one_in(2) {
        random.below(len.min(128) + 1).min(len)
    } else {
        random.below(len + 1)
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    for (byte, &new) in bytes.iter_mut().skip(at).zip(with) {
        *byte = new;
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, part: &[u8]) {
    if bytes.len() + part.len() <= MOST_BYTES {
        bytes.splice(at..at, part.iter().copied());
    }
}
