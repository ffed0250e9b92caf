//! What text looks like a date.

/// Whether a text begins with a date as ISO 8601 writes it: such texts are in the order of time.
pub(crate) fn is_iso(text: &str) -> bool {
    let text = text.trim();
    let date = text.get(..10).unwrap_or_default();
    let behind = text.as_bytes().get(10);
    matches!(behind, None | Some(b'T' | b't' | b' ')) && is_dashed(date)
}

fn is_dashed(date: &str) -> bool {
    parts(date, '-').is_some_and(|[year, month, day]| {
        year.len() == 4 && month.len() == 2 && day.len() == 2 && is_day(day, month)
    })
}

/// Whether a text is a date in numbers, with or without a time of day: `2026-01-31`, `31.01.2026`, `01/31/26 8:30`.
pub(super) fn is_date(text: &str) -> bool {
    let text = text.trim();
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "0:00"));
    let is_time =
        |time: &str| time.starts_with(|first: char| first.is_ascii_digit()) && time.contains(':');
    is_time(time.trim())
        && ['.', '/', '-']
            .into_iter()
            .any(|mark| is_date_with(date, mark))
}

fn is_date_with(date: &str, mark: char) -> bool {
    let Some([first, second, third]) = parts(date, mark) else {
        return false;
    };
    let either = |a, b| is_day(a, b) || is_day(b, a);
    match (first.len(), third.len()) {
        (4, 1 | 2) => is_day(third, second),
        (1 | 2, 4) => either(first, second),
        // 1.2.10 and 1-2-10 may well be versions or places.
        (1 | 2, 2) => mark == '/' && either(first, second),
        _ => false,
    }
}

/// Three runs of digits between two marks.
fn parts(date: &str, mark: char) -> Option<[&str; 3]> {
    let mut parts = date.split(mark);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    let is_digits =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (parts.next().is_none() && three.iter().all(is_digits)).then_some(three)
}

fn is_day(day: &str, month: &str) -> bool {
    let within = |part: &str, most| {
        part.len() <= 2 && part.parse().is_ok_and(|n: u8| (1..=most).contains(&n))
    };
    within(day, 31) && within(month, 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_numbers_are_told_from_versions_and_measures() {
        for date in [
            "2026-01-31",
            "2026-01-31T12:00:00Z",
            "31.01.2026",
            "1.2.2026",
            "01/31/2026",
            "31/01/2026",
            "1/31/26",
            "2026/1/31",
            "31-01-2026",
            "31.01.2026 8:30",
            " 31.01.2026 ",
        ] {
            assert!(is_date(date), "{date}");
        }
        for other in [
            "",
            "1.2.10",
            "10.11.12",
            "32.01.2026",
            "13/13/2026",
            "31.01.2026 x",
            "1.5",
            "1/2",
            "192.168.2026",
            "31.01.2026.1",
            "a.b.2026",
            "0/1/2026",
            "2026-01-31x",
            "31.01.20266",
            "ä.1.2026",
        ] {
            assert!(!is_date(other), "{other}");
        }
        for iso in ["2026-01-31", "2026-01-31 12:00", "2026-01-31T12:00:00Z"] {
            assert!(is_iso(iso), "{iso}");
        }
        for other in [
            "31.01.2026",
            "2026/01/31",
            "2026-1-31",
            "2026-01-311",
            "2026-13-31",
            "ä026-01-31",
        ] {
            assert!(!is_iso(other), "{other}");
        }
    }
}
