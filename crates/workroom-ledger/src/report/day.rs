//! Days, without a clock.

/// The day of `at`, milliseconds since 1970 UTC, as `2026-03-01`.
pub fn day(at: i64) -> String {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    // Years that begin in March end with the day that is not always there.
    let days = at.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{date:02}")
}

/// The first millisecond of a day that is written as [`day`] writes it.
pub fn millis(day_text: &str) -> Option<i64> {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    let mut parts = day_text.splitn(3, '-').map(|part| {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i64>().ok().filter(|_| digits)
    });
    let (year, month, date) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + date - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + of_year - 719_468;
    let at = days * DAY;
    // A 31st of June would be another day.
    (day(at) == day_text).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::{day, millis};

    #[test]
    fn a_day_is_read_as_it_is_written_and_no_other_is_one() {
        for at in (0..60_000).map(|days| days * 86_400_000) {
            assert_eq!(millis(&day(at)), Some(at), "{}", day(at));
        }
        for text in
            ["2026-02-29", "2026-06-31", "2026-13-01", "26-01-01", "2026-1-1", "+026-01-01", "x"]
        {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    #[test]
    fn days_have_their_names() {
        const DAY: i64 = 86_400_000;
        for (at, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400_000, "2000-02-29"),
            (951_782_400_000 + DAY, "2000-03-01"),
            (1_772_323_200_000 - 1, "2026-02-28"),
            (1_772_323_200_000, "2026-03-01"),
            (1_798_761_599_999, "2026-12-31"),
        ] {
            assert_eq!(day(at), expected);
        }
    }
}
