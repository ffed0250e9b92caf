use std::collections::HashSet;

use super::fields::split;
use super::value::trimmed;

/// The fields of a record without quotes.
pub(crate) fn fields_of(record: &str, delimiter: u8) -> Vec<String> {
    let mut fields = Vec::new();
    split(record, delimiter, |_, _, text| {
        fields.push(text.into_owned());
        true
    });
    fields
}

/// Names of columns by the first record, each once; what had to be changed goes into `odd`.
pub(crate) fn names(first: &[String], header: bool, odd: &mut Vec<String>) -> Vec<String> {
    let fields = first
        .iter()
        .map(|field| if header { trimmed(field) } else { "" });
    let given: HashSet<&str> = fields.clone().collect();
    let mut taken = HashSet::new();
    let mut names = Vec::with_capacity(first.len());
    for (number, field) in fields.enumerate() {
        let mut name = match field {
            "" => format!("column_{}", number + 1),
            _ => field.to_owned(),
        };
        let base = name.clone();
        let mut copy = 0;
        // A made name may be that of another column.
        while taken.contains(&name)
            || copy + usize::from(field.is_empty()) > 0 && given.contains(name.as_str())
        {
            copy += 1;
            name = format!("{base}.{copy}");
        }
        if header && name != field {
            odd.push(match field {
                "" => format!("column {} has no name and is called {name:?}", number + 1),
                _ => format!(
                    "the name {field:?} stands twice; column {} is called {name:?}",
                    number + 1
                ),
            });
        }
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(first: &[&str], header: bool) -> (Vec<String>, usize) {
        let mut odd = Vec::new();
        let first: Vec<String> = first.iter().map(|name| (*name).to_owned()).collect();
        (names(&first, header, &mut odd), odd.len())
    }

    #[test]
    fn every_column_gets_a_name_of_its_own() {
        let (names, odd) = of(&["a", "a", " b ", "", "a.1", "column_4"], true);
        assert_eq!(names, ["a", "a.2", "b", "column_4.1", "a.1", "column_4"]);
        assert_eq!(odd, 2);
        assert_eq!(
            of(&["1", "1"], false),
            (vec!["column_1".into(), "column_2".into()], 0)
        );
    }
}
