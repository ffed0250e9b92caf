//! Tables written as text, which are not read yet: what they look like, and the line that converts them.

use std::path::Path;

use crate::python;

/// Names of a column of labels, compared without case.
const LABELS: [&str; 12] = [
    "y",
    "label",
    "labels",
    "target",
    "class",
    "outlier",
    "is_outlier",
    "anomaly",
    "is_anomaly",
    "anomalous",
    "ground_truth",
    "fraud",
];

/// The text that a file begins with, up to its last whole line; `None` where it is not text.
pub(super) fn text_of(start: &[u8]) -> Option<String> {
    let units = |unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = start[2..]
            .chunks_exact(2)
            .map(|b| unit([b[0], b[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    match start {
        [0xff, 0xfe, ..] => return Some(units(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => return Some(units(u16::from_be_bytes)),
        _ => {}
    }
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let odd = |byte: &&u8| **byte < 32 && !b"\t\n\r\x0c".contains(byte);
    // Other encodings than UTF-8 are text all the same; their letters do not matter here.
    (text.iter().find(odd).is_none()).then(|| String::from_utf8_lossy(text).into_owned())
}

/// What stands between the cells, where the first lines have equally many of them.
pub(super) fn separator(text: &str) -> Option<char> {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(3)
        .collect();
    let [first, rest @ ..] = lines.as_slice() else {
        return None;
    };
    [',', '\t', ';', '|'].into_iter().find(|&c| {
        let n = first.matches(c).count();
        // The last line may be cut off.
        n > 0 && rest.iter().take(1).all(|line| line.matches(c).count() == n)
    })
}

pub(super) fn name(start: &[u8]) -> &'static str {
    match text_of(start).and_then(|text| separator(&text)) {
        Some('\t') => "a TSV table",
        _ => "a CSV table",
    }
}

/// The line that makes an `.npz` of a table.
pub(super) fn hint(path: &Path, start: &[u8]) -> String {
    let text = text_of(start).unwrap_or_default();
    let separator = separator(&text).unwrap_or(',');
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let cells: Vec<&str> = first
        .split(separator)
        .map(|cell| cell.trim().trim_matches('"'))
        .collect();
    let has_names = !cells.iter().any(|cell| cell.parse::<f64>().is_ok());
    let mut read = python::path(path);
    match separator {
        ',' => {}
        '\t' => read.push_str(", sep='\\t'"),
        c => read.push_str(&format!(", sep='{c}'")),
    }
    if text_is_utf16(start) {
        read.push_str(", encoding='utf-16'");
    }
    let to = python::path(&python::converted(path));
    if !has_names {
        read.push_str(", header=None");
        return format!(
            "with the number of the column of labels (0 normal, 1 anomalous), from 0, in place of LABEL: {}",
            savez(&read, "LABEL", &to)
        );
    }
    let is_label = |cell: &&&str| LABELS.iter().any(|label| cell.eq_ignore_ascii_case(label));
    let mut labels = cells.iter().filter(is_label);
    match (labels.next(), labels.next()) {
        (Some(label), None) => format!(
            "if `{label}` is 0 for normal and 1 for anomalous rows: {}",
            savez(&read, &python::text(label), &to)
        ),
        _ => format!(
            "with the column of labels (0 normal, 1 anomalous) in place of LABEL: {}",
            savez(&read, "'LABEL'", &to)
        ),
    }
}

fn savez(read: &str, label: &str, to: &str) -> String {
    python::line(&format!(
        "import numpy as np, pandas as pd; d = pd.read_csv({read}); \
         np.savez({to}, X=d.drop(columns={label}).to_numpy(), y=d[{label}].to_numpy())"
    ))
}

fn text_is_utf16(start: &[u8]) -> bool {
    matches!(start, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_knows_separator_names_and_label() {
        let hint = |bytes: &[u8]| hint(Path::new("t.csv"), bytes);
        assert_eq!(
            hint(b"a,b,y\n1,2,0\n"),
            "if `y` is 0 for normal and 1 for anomalous rows: python3 -c \"import numpy as np, pandas as pd; \
             d = pd.read_csv('t.csv'); np.savez('t.npz', X=d.drop(columns='y').to_numpy(), y=d['y'].to_numpy())\""
        );
        assert!(hint(b"a;b\n1;2\n").contains("read_csv('t.csv', sep=';')"));
        assert!(hint(b"a\tb\n1\t2\n").contains(r"sep='\t'"));
        assert!(hint(b"a,b\n1,2\n").contains("columns='LABEL'"));
        assert!(hint(b"1,2\n3,4\n").contains("header=None"));
        assert!(hint(b"\xff\xfea\0,\0b\0\n\0").contains("encoding='utf-16'"));
        assert_eq!(name(b"a\tb\n1\t2\n"), "a TSV table");
    }
}
