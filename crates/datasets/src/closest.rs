//! Similar names, for hints.

/// A longer name is no slip of the pen, and would take long to compare.
const LONGEST: usize = 200;

/// Up to three of `names` that are close to `name`, closest first.
pub(crate) fn to<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    if name.len() > LONGEST {
        return Vec::new();
    }
    let name = name.to_lowercase();
    let limit = (name.chars().count() / 3).max(2);
    let mut near: Vec<_> = names
        .map(|known| (distance(&name, &known.to_lowercase()), known))
        .filter(|&(distance, _)| distance <= limit)
        .collect();
    near.sort();
    near.into_iter()
        .take(3)
        .map(|(_, known)| known.to_owned())
        .collect()
}

/// The Levenshtein distance: insertions, deletions and replacements that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_of_textbook_pairs() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("flaw", "lawn"), 2);
    }

    #[test]
    fn case_does_not_matter_and_the_closest_comes_first() {
        let names = ["MVTec-AD_tile", "MVTec-AD_pill", "6_cardio"];
        assert_eq!(
            to("mvtec-ad_tyle", names.into_iter()),
            ["MVTec-AD_tile", "MVTec-AD_pill"]
        );
        assert!(to("nothing like it", names.into_iter()).is_empty());
        assert!(to(&"x".repeat(LONGEST + 1), ["x"].into_iter()).is_empty());
    }
}
