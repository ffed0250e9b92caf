//! Patterns over names: `*` is any run of characters, `?` is one; everything else is itself.

/// Whether `name` matches `pattern` as a whole, upper and lower case apart.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None; // the last `*`, and how much of the name it has eaten
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, eaten)) => {
                    star = Some((at, eaten + 1));
                    p = at + 1;
                    n = eaten + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// Whether `pattern` holds a wildcard at all.
pub(crate) fn is_pattern(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, expected) in [
            ("MVTec-AD_*", "MVTec-AD_tile", true),
            ("*tile", "MVTec-AD_tile", true),
            ("*_?@pixels", "FashionMNIST_3@pixels", true),
            ("*_?@pixels", "FashionMNIST_10@pixels", false),
            ("MNIST*", "FashionMNIST_3", false),
            ("*", "", true),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbX", false),
            ("ddpm", "ddpm", true),
            ("DDPM", "ddpm", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} against {name}");
        }
    }
}
