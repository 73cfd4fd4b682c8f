//! Dates as systems write them.

/// A day, or a year alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    month_day: Option<(i64, i64)>,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

impl Date {
    /// Reads `1980-03-31` with or without a time, `19800331`, `31.03.1980`, `03/31/1980` (the month
    /// first, unless it can be none), `31 March 1980`, `March 31, 1980` and `1980`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        // What follows is the time.
        let day = text.split(['T', 't']).next().filter(|it| it.contains('-')).unwrap_or(text);
        let parts: Vec<&str> =
            day.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
        let number = |part: &str| part.parse::<i64>().ok().filter(|n| (0..=9999).contains(n));
        match parts.as_slice() {
            [one] if one.len() == 8 && one.is_ascii() => {
                Self::of(number(&one[..4])?, number(&one[4..6])?, number(&one[6..])?)
            }
            [one] if one.len() == 4 => Some(Self { year: number(one)?, month_day: None }),
            [year, month, day, ..] if year.len() == 4 && number(year).is_some() => {
                Self::of(number(year)?, number(month)?, number(day)?)
            }
            [first, second, year, ..] if year.len() == 4 => {
                let year = number(year)?;
                match (month(first), month(second)) {
                    (Some(month), _) => Self::of(year, month, day_of(second)?),
                    (_, Some(month)) => Self::of(year, month, day_of(first)?),
                    _ => {
                        let (a, b) = (number(first)?, number(second)?);
                        let american = text.contains('/') && a <= 12;
                        if american { Self::of(year, a, b) } else { Self::of(year, b, a) }
                    }
                }
            }
            _ => None,
        }
    }

    fn of(year: i64, month: i64, day: i64) -> Option<Self> {
        let is_day = (1..=12).contains(&month) && (1..=31).contains(&day);
        is_day.then_some(Self { year, month_day: Some((month, day)) })
    }

    /// Whole years from this day to the one of `millis` since 1970.
    pub(crate) fn years_until(self, millis: i64) -> i64 {
        let (year, month, day) = civil(millis.div_euclid(86_400_000));
        let (own_month, own_day) = self.month_day.unwrap_or((1, 1));
        year - self.year - i64::from((month, day) < (own_month, own_day))
    }

    /// Orders dates.
    pub(crate) fn key(self) -> (i64, i64, i64) {
        let (month, day) = self.month_day.unwrap_or_default();
        (self.year, month, day)
    }

    /// The date as `pattern` has `YYYY`, `MM` and `DD`; `None` where one of them is missing.
    pub(crate) fn written(self, pattern: &str) -> Option<String> {
        let (month, day) = self.month_day?;
        if !["YYYY", "MM", "DD"].iter().all(|part| pattern.contains(part)) {
            return None;
        }
        let text = pattern.replacen("YYYY", &format!("{:04}", self.year), 1);
        let text = text.replacen("MM", &format!("{month:02}"), 1);
        Some(text.replacen("DD", &format!("{day:02}"), 1))
    }
}

fn month(word: &str) -> Option<i64> {
    let begin = word.get(..3)?.to_ascii_lowercase();
    let index = MONTHS.iter().position(|month| *month == begin)?;
    i64::try_from(index).ok().map(|index| index + 1)
}

/// `31`, `31st`.
fn day_of(word: &str) -> Option<i64> {
    word.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse().ok()
}

/// Year, month and day of so many days since 1970, in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years that begin in March have their leap day at their end.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_systems_write_them() {
        let check = |text: &str, expected: Option<(i64, i64, i64)>| {
            assert_eq!(Date::read(text).map(Date::key), expected, "{text}");
        };
        let march = Some((1980, 3, 31));
        for text in [
            "1980-03-31",
            "1980-03-31T10:00:00Z",
            "19800331",
            "31.03.1980",
            "03/31/1980",
            "31/03/1980",
            "31 March 1980",
            "March 31, 1980",
            "31st mar 1980",
            " 1980/3/31 ",
        ] {
            check(text, march);
        }
        check("03/04/1980", Some((1980, 3, 4)));
        check("1980", Some((1980, 0, 0)));
        for none in
            ["", "x", "1980-13-01", "1980-01", "31.03.80", "１９８０", "ééé 1 1980", "9999999999"]
        {
            check(none, None);
        }
    }

    #[test]
    fn ages_are_whole_years() {
        let noon = |days: i64| days * 86_400_000 + 43_200_000;
        // 2024-02-29 and the days around it.
        assert_eq!(
            [19_781, 19_782, 19_783].map(civil),
            [(2024, 2, 28), (2024, 2, 29), (2024, 3, 1)]
        );
        assert_eq!(civil(-1), (1969, 12, 31));
        let born = Date::read("1980-02-29").unwrap();
        assert_eq!(born.years_until(noon(19_781)), 43);
        assert_eq!(born.years_until(noon(19_782)), 44);
    }
}
