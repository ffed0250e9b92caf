//! The header: magic, version, and a Python dictionary of three keys.

use std::io::Read;

use super::error::{NpyError, malformed};

/// Longest header accepted; NumPy itself stops at 10,000 bytes.
const MAX_HEADER: u32 = 1 << 16;

/// What a header says, before any of it is acted on.
#[derive(Debug)]
pub(crate) struct Header {
    /// The type as the file writes it.
    pub(crate) descr: String,
    pub(crate) fortran: bool,
    pub(crate) shape: Vec<u64>,
}

/// The header and how many bytes it took.
pub(crate) fn read_header(reader: &mut impl Read) -> Result<(Header, u64), NpyError> {
    let mut start = [0; 8];
    reader.read_exact(&mut start)?;
    if &start[..6] != b"\x93NUMPY" {
        return malformed(format!("a start of {:02x?}", &start[..6]), "\\x93NUMPY");
    }
    let (length, taken) = match start[6] {
        1 => {
            let mut length = [0; 2];
            reader.read_exact(&mut length)?;
            (u32::from(u16::from_le_bytes(length)), 10)
        }
        2 | 3 => {
            let mut length = [0; 4];
            reader.read_exact(&mut length)?;
            (u32::from_le_bytes(length), 12)
        }
        other => return malformed(format!("npy version {other}"), "1, 2 or 3"),
    };
    if length > MAX_HEADER {
        return malformed(
            format!("a header of {length} bytes"),
            format!("at most {MAX_HEADER}"),
        );
    }
    let mut text = vec![0; length as usize];
    reader.read_exact(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    Ok((parse_header(&text)?, taken + u64::from(length)))
}

fn parse_header(text: &str) -> Result<Header, NpyError> {
    let unreadable = || NpyError::Malformed {
        found: format!(
            "the header {:?}",
            text.trim().chars().take(80).collect::<String>()
        ),
        expected: "a dictionary of 'descr', 'fortran_order' and 'shape'".to_owned(),
    };
    let value = |key: &str| {
        let at = ['\'', '"'].iter().find_map(|quote| {
            let key = format!("{quote}{key}{quote}");
            Some(text.find(&key)? + key.len())
        })?;
        Some(text[at..].trim_start().strip_prefix(':')?.trim_start())
    };
    let descr = value("descr").ok_or_else(unreadable)?;
    let quote = descr.chars().next().filter(|c| "'\"[".contains(*c));
    let descr = match quote {
        Some('[') => "[",
        Some(quote) => descr[1..].split_once(quote).ok_or_else(unreadable)?.0,
        None => return Err(unreadable()),
    };
    let fortran = value("fortran_order").ok_or_else(unreadable)?;
    let fortran = match fortran {
        word if word.starts_with("True") => true,
        word if word.starts_with("False") => false,
        _ => return Err(unreadable()),
    };
    let shape = value("shape")
        .and_then(|rest| rest.strip_prefix('('))
        .and_then(|rest| rest.split_once(')'))
        .ok_or_else(unreadable)?
        .0;
    let shape = shape
        .split(',')
        .map(str::trim)
        .filter(|axis| !axis.is_empty())
        // Python 2 wrote long integers with an L.
        .map(|axis| axis.trim_end_matches('L').parse())
        .collect::<Result<Vec<u64>, _>>()
        .map_err(|_| unreadable())?;
    Ok(Header {
        descr: descr.to_owned(),
        fortran,
        shape,
    })
}

#[cfg(test)]
mod tests {
    use super::super::dtype::DType;
    use super::*;

    fn number(descr: &str, bytes: &[u8]) -> f64 {
        DType::parse(descr).unwrap().number(bytes)
    }

    #[test]
    fn objects_structures_and_text_are_refused() {
        assert!(matches!(DType::parse("|O"), Err(NpyError::Pickled)));
        for descr in ["<U3", "|S8", "<c8", "<f16", "<M8[ns]", "", "8", "é8", "["] {
            assert!(
                matches!(DType::parse(descr), Err(NpyError::Malformed { .. })),
                "{descr}"
            );
        }
        let structured = "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,), }";
        assert_eq!(parse_header(structured).unwrap().descr, "[");
    }

    #[test]
    fn what_numpy_takes_without_a_byte_order_or_with_other_quotes_is_read() {
        assert_eq!(number("f8", &(-0.1f64).to_ne_bytes()), -0.1);
        assert_eq!(number("int16", &(-3i16).to_ne_bytes()), -3.0);
        let header = "{\"descr\" : \"<f4\", \"fortran_order\" : False, \"shape\" : (2,)}";
        assert_eq!(parse_header(header).unwrap().shape, [2]);
    }

    #[test]
    fn headers_of_numpy_and_of_python_2_parse() {
        let header =
            parse_header("{'descr': '<f4', 'fortran_order': True, 'shape': (7L, 3), }   \n")
                .unwrap();
        assert_eq!(header.shape, [7, 3]);
        assert!(header.fortran);
        assert_eq!(
            parse_header("{'descr': '|u1', 'fortran_order': False, 'shape': (), }")
                .unwrap()
                .shape,
            [0u64; 0]
        );
    }
}
