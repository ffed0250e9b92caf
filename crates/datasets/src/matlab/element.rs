//! Elements: a type, a size, the data.

/// What stands before the first element.
pub(super) const HEADER_BYTES: usize = 128;
/// A deflated element.
pub(super) const COMPRESSED: u32 = 15;

/// Why an array could not be read. The caller adds the file.
#[derive(Debug)]
pub(super) enum Wrong {
    /// What was found and what was expected.
    Malformed(String, String),
    /// As many bytes do not fit the memory.
    Memory(u64),
}

pub(super) fn malformed(found: impl Into<String>, expected: impl Into<String>) -> Wrong {
    Wrong::Malformed(found.into(), expected.into())
}

fn cut() -> Wrong {
    malformed("the end of the data", "a whole element")
}

pub(super) fn word(bytes: &[u8], at: usize) -> Result<u32, Wrong> {
    let word = bytes.get(at..at + 4).and_then(|w| w.first_chunk());
    word.map(|&w| u32::from_le_bytes(w)).ok_or_else(cut)
}

/// The type and the data of the first element, and what follows it.
pub(super) fn element(bytes: &[u8]) -> Result<(u32, &[u8], &[u8]), Wrong> {
    let first = word(bytes, 0)?;
    // Small elements hold size, type and up to four bytes of data in eight bytes.
    let small = first >> 16;
    if small != 0 {
        let data = bytes.get(4..4 + small as usize).filter(|_| small <= 4);
        let after = bytes.get(8..).unwrap_or_default();
        return Ok((first & 0xffff, data.ok_or_else(cut)?, after));
    }
    let size = word(bytes, 4)? as usize;
    let data = size.checked_add(8).and_then(|end| bytes.get(8..end));
    let data = data.ok_or_else(cut)?;
    // Packed elements are not padded.
    let padded = if first == COMPRESSED {
        size
    } else {
        size.next_multiple_of(8)
    };
    let after = bytes.get(8 + padded..).unwrap_or_default();
    Ok((first, data, after))
}
