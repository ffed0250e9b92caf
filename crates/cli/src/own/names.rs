//! Lists of columns, as options take them and messages show them.

use crate::failure::{Failure, exit};

/// The names in the values of a list option, each with commas between names: `a,b`, or `"a, with a comma",b` as in CSV.
/// Blanks around a name go unless a column of `known` has them.
///
/// # Errors
/// A quote that is not closed, or that closes within a name.
pub(super) fn names(
    option: &str,
    given: &[String],
    known: &[&str],
) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for list in given {
        let mut rest = Some(list.as_str());
        while let Some(text) = rest {
            let (name, behind) = first(text, known).ok_or_else(|| {
                let message = format!("{option} {list}: quotes stand around a whole name");
                Failure::new(exit::USAGE, message).hint("'\"a, with a comma\",b'")
            })?;
            names.push(name);
            rest = behind;
        }
    }
    Ok(names)
}

/// The first name of a list, and what stands behind its comma.
fn first<'a>(text: &'a str, known: &[&str]) -> Option<(String, Option<&'a str>)> {
    let bare = || {
        let (name, behind) = match text.split_once(',') {
            Some((name, behind)) => (name, Some(behind)),
            None => (text, None),
        };
        let exact = known.contains(&name);
        (if exact { name } else { name.trim() }.to_owned(), behind)
    };
    let is_known = known.contains(&bare().0.as_str());
    let Some(mut rest) = text.trim_start().strip_prefix('"').filter(|_| !is_known) else {
        return Some(bare());
    };
    let mut name = String::new();
    loop {
        let (part, behind) = rest.split_once('"')?;
        name.push_str(part);
        rest = behind;
        match behind.strip_prefix('"') {
            Some(behind) => {
                name.push('"');
                rest = behind;
            }
            None => break,
        }
    }
    match rest.trim_start() {
        "" => Some((name, None)),
        rest => Some((name, Some(rest.strip_prefix(',')?))),
    }
}

/// Names with commas between them, those in quotes that could be taken for several or others.
pub(super) fn listed(names: &[String]) -> String {
    let quoted = |name: &String| match name.contains([',', '"']) || name.trim() != name {
        true => format!("\"{}\"", name.replace('"', "\"\"")),
        false => name.clone(),
    };
    names.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(list: &str) -> Option<Vec<String>> {
        let known = ["a", " b", "note, long", "say \"x\"", "\"q\""];
        names("--drop", &[list.to_owned()], &known).ok()
    }

    #[test]
    fn lists_are_read_as_csv_is() {
        for (list, expected) in [
            ("a,c", &["a", "c"][..]),
            ("a, c , b", &["a", "c", " b"]),
            ("\"note, long\"", &["note, long"]),
            ("a, \"note, long\" ,c", &["a", "note, long", "c"]),
            ("\"say \"\"x\"\"\"", &["say \"x\""]),
            ("say \"x\",a", &["say \"x\"", "a"]),
            ("\"q\"", &["\"q\""]),
            ("a,", &["a", ""]),
        ] {
            let expected = expected.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(of(list), Some(expected), "{list}");
        }
        for list in ["\"note, long", "\"a\"b", "a,\""] {
            assert_eq!(of(list), None, "{list}");
        }
    }

    #[test]
    fn what_is_listed_is_read_again() {
        let all = ["a", " b", "note, long", "say \"x\""].map(str::to_owned);
        let list = listed(&all);
        assert_eq!(list, "a, \" b\", \"note, long\", \"say \"\"x\"\"\"");
        assert_eq!(of(&list), Some(all.to_vec()));
    }
}
