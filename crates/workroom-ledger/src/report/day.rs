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

#[cfg(test)]
mod tests {
    use super::day;

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
