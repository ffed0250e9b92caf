//! Which name of a class says that its images are normal: the one rule, and what hints may suggest.

/// What folders of normal images are called, compared without case.
const NORMAL: [&str; 3] = ["good", "normal", "ok"];

/// Words beside which those say the opposite.
const NEGATIONS: [&str; 5] = ["no", "non", "not", "un", "never"];

/// Whether a class of that name is normal where nobody says which one is.
pub(crate) fn is_normal(name: &str) -> bool {
    NORMAL
        .iter()
        .any(|normal| name.eq_ignore_ascii_case(normal))
}

/// The one class that is called normal; `None` where there are none or several.
pub(crate) fn normal_of(names: &[String]) -> Option<&String> {
    only(names, is_normal)
}

/// The one class that a hint may suggest: a name with `good`, `normal` or `ok` as a word of its own, such as
/// `normal_dir`, and with no other such class beside it.
pub(crate) fn suggested(names: &[String]) -> Option<&String> {
    only(names, |name| {
        let name = name.to_lowercase();
        let mut words = name.split(|c: char| !c.is_alphanumeric());
        let negated = words.clone().any(|word| NEGATIONS.contains(&word));
        !negated && words.any(is_normal)
    })
}

fn only(names: &[String], wanted: impl Fn(&str) -> bool) -> Option<&String> {
    let mut found = names.iter().filter(|name| wanted(name));
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn one_name_is_normal_whatever_its_case() {
        for (all, normal) in [
            (&["NG", "OK"][..], Some("OK")),
            (&["abnormal", "normal"], Some("normal")),
            (&["Bad", "Good"], Some("Good")),
            (&["abnormal_dir", "normal_dir"], None),
            (&["good", "ok"], None), // which one, nobody said
            (&["cat", "dog"], None),
        ] {
            assert_eq!(normal_of(&names(all)).map(String::as_str), normal);
        }
    }

    #[test]
    fn no_anomalous_class_is_suggested() {
        for (all, suggestion) in [
            (&["abnormal_dir", "normal_dir"][..], Some("normal_dir")),
            (&["not_ok", "ok-parts"], Some("ok-parts")),
            (&["NG", "defect"], None),
            (&["not ok", "not good"], None),
            (&["anomaly", "train"], None),
            (&["abnormal", "notgood"], None),
            (&["normal 1", "normal 2"], None),
        ] {
            assert_eq!(suggested(&names(all)).map(String::as_str), suggestion);
        }
    }
}
