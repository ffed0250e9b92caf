//! Time stamps as ISO 8601 writes them. Days from and to dates of the Gregorian calendar by counting eras
//! of 400 years that begin on 1 March, so that a leap day is the last of its year.

const DAY: i64 = 86_400;
const SECOND: i128 = 1_000_000_000;

/// Nanoseconds since 1970-01-01 00:00 UTC of `2026-01-31`, `2026-01-31T12:30`, `2026-01-31 12:30:15.25+01:00`.
///
/// A stamp without a zone counts as UTC. `None` where it is none or outside of the years 1678 to 2261.
pub fn parse_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (
        digits(&bytes[..4])?,
        digits(&bytes[5..7])?,
        digits(&bytes[8..10])?,
    );
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return None;
    }
    let days = days_from_date(year, month, day);
    let (seconds, nanoseconds) = match &bytes[10..] {
        [] => (0, 0),
        [b'T' | b't' | b' ', rest @ ..] => clock(rest)?,
        _ => return None,
    };
    let moment = i128::from(days * DAY + seconds) * SECOND + i128::from(nanoseconds);
    i64::try_from(moment).ok()
}

/// Seconds since midnight UTC and nanoseconds of `12:30`, `12:30:15`, `12:30:15.25`, each with or without a zone.
fn clock(text: &[u8]) -> Option<(i64, i64)> {
    let (time, zone) = match text
        .iter()
        .position(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'))
    {
        Some(place) => (&text[..place], zone(&text[place..])?),
        None => (text, 0),
    };
    let (clock, fraction) = match time.iter().position(|byte| matches!(byte, b'.' | b',')) {
        Some(place) if place == 8 => (&time[..place], fraction(&time[place + 1..])?),
        Some(_) => return None,
        None => (time, 0),
    };
    let (hour, minute, second) = match *clock {
        [a, b, b':', c, d] => (digits(&[a, b])?, digits(&[c, d])?, 0),
        [a, b, b':', c, d, b':', e, f] => (digits(&[a, b])?, digits(&[c, d])?, digits(&[e, f])?),
        _ => return None,
    };
    let valid = hour < 24 && minute < 60 && second < 60;
    valid.then_some((hour * 3600 + minute * 60 + second - zone, fraction))
}

/// Seconds east of UTC.
fn zone(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text {
        [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match *rest {
        [a, b] => (digits(&[a, b])?, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (digits(&[a, b])?, digits(&[c, d])?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Nanoseconds of one to nine decimals.
fn fraction(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    Some(digits(text)? * 10_i64.pow(9 - text.len() as u32))
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |number, byte| match byte {
        b'0'..=b'9' => Some(number * 10 + i64::from(byte - b'0')),
        _ => None,
    })
}

fn days_of(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days before 1970-01-01 in the era's count: 719468 is the number of 1970-01-01 counted from 0000-03-01.
const EPOCH: i64 = 719_468;
/// Days in 400 years.
const ERA: i64 = 146_097;

fn days_from_date(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH
}

fn date_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12 + 1;
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// The date of a moment in nanoseconds since 1970-01-01 00:00 UTC, also where 64 bits do not hold it.
pub(crate) fn format_date(moment: i128) -> String {
    let days = moment.div_euclid(i128::from(DAY) * SECOND);
    // Days of 64-bit seconds are far from the ends of the type.
    let days = days.clamp(-i128::from(FAR), i128::from(FAR)) as i64;
    let (year, month, day) = date_from_days(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// More days than 64 bits of seconds hold.
const FAR: i64 = 1 << 50;

/// A moment in nanoseconds since 1970-01-01 00:00 UTC as `2026-01-31T12:30:15.25Z`.
pub fn format_time(moment: i64) -> String {
    let second = SECOND as i64;
    let (seconds, nanoseconds) = (moment.div_euclid(second), moment.rem_euclid(second));
    let (year, month, day) = date_from_days(seconds.div_euclid(DAY));
    let clock = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    let fraction = match nanoseconds {
        0 => String::new(),
        _ => format!(".{nanoseconds:09}")
            .trim_end_matches('0')
            .to_owned(),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_beyond_64_bits_are_named() {
        let day = i128::from(DAY) * SECOND;
        assert_eq!(format_date(2_932_896 * day), "9999-12-31");
        assert_eq!(format_date(-719_162 * day), "0001-01-01");
        assert_eq!(format_date(-1), "1969-12-31");
        // A number that is no date in any calendar has one all the same.
        format_date(i128::MAX);
        format_date(i128::MIN);
    }

    #[test]
    fn stamps_are_read_in_every_usual_form() {
        // Seconds as `date -u -d STAMP +%s` gives them.
        for (text, seconds) in [
            ("1970-01-01", 0),
            ("2000-02-29", 951_782_400),
            ("2026-11-29T01:22:42Z", 1_795_915_362),
            ("2026-11-29 01:22:42", 1_795_915_362),
            ("2026-11-29T02:22+01:00", 1_795_915_320),
            ("2026-11-28T20:22:42-0500", 1_795_915_362),
            ("1900-03-01T00:00:00+00", -2_203_891_200),
        ] {
            assert_eq!(parse_time(text), Some(seconds * 1_000_000_000), "{text}");
        }
        assert_eq!(parse_time("1970-01-01T00:00:00.25"), Some(250_000_000));
        assert_eq!(parse_time("1969-12-31 23:59:59.999999999"), Some(-1));
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-1-01",
            "2026-01-01T24:00",
            "2026-01-01T",
            "2026-01-01T1:00",
            "2026-01-01T00:00:60",
            "2026-01-01T00:00.5",
            "2026-01-01T00:00:00.",
            "1500-01-01",
            "2026-01-01X",
            "2026-01-01T00:00:00.0123456789",
            "2026-01-01T00:00+1",
            "+026-01-01",
            "2026-01-01T00:00:00ZZ",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(moment in any::<i64>()) {
            prop_assert_eq!(parse_time(&format_time(moment)), Some(moment));
        }

        #[test]
        fn no_text_panics(text in "[0-9T: .Z+-]{0,30}", tail in ".{0,6}") {
            let _ = parse_time(&format!("{text}{tail}"));
            let _ = parse_time(&format!("2026-01-01T{text}{tail}"));
        }
    }
}
