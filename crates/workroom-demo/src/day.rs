//! A calendar day, and the ways in which the servers write it.

use std::fmt;

/// A day of the Gregorian calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(i32);

impl Day {
    /// The day `days` after 1970-01-01.
    pub const fn from_epoch(days: i32) -> Self {
        Self(days)
    }

    /// The day of `year`, `month` and `day`, or `None` if there is no such day.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        if !(1..=9_999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        // Years are counted from March, so that the leap day is a year's last.
        let shifted = if month <= 2 { year - 1 } else { year };
        let era = shifted.div_euclid(400);
        let year_of_era = shifted.rem_euclid(400);
        let month_from_march = i32::try_from((month + 9) % 12).ok()?;
        let day_of_year = (153 * month_from_march + 2) / 5 + i32::try_from(day).ok()? - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let made = Self(era * 146_097 + day_of_era - 719_468);
        (made.civil() == (year, month, day)).then_some(made)
    }

    /// Reads `2026-11-20`; text after the day, such as a time, is ignored.
    pub fn parse_iso(text: &str) -> Option<Self> {
        let date = text.get(..10)?;
        let mut parts = date.split('-');
        let year = parts.next()?.parse().ok()?;
        let month = parts.next()?.parse().ok()?;
        let day = parts.next()?.parse().ok()?;
        Self::new(year, month, day)
    }

    /// The day `days` later.
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0 + days)
    }

    /// Seconds from 1970-01-01 to the day's first.
    pub fn epoch_seconds(self) -> i64 {
        i64::from(self.0) * 86_400
    }

    /// `20261120`
    pub fn compact(self) -> String {
        let (year, month, day) = self.civil();
        format!("{year:04}{month:02}{day:02}")
    }

    /// `20/11/2026`
    pub fn slashed(self) -> String {
        let (year, month, day) = self.civil();
        format!("{day:02}/{month:02}/{year:04}")
    }

    /// `2026-11-20T09:05:00Z`, `minute` minutes after midnight.
    pub fn at(self, minute: u32) -> String {
        format!("{self}T{:02}:{:02}:00Z", minute / 60 % 24, minute % 60)
    }

    /// `November 20, 2026`
    pub fn long(self) -> String {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let (year, month, day) = self.civil();
        format!("{} {day}, {year}", MONTHS[month as usize - 1])
    }

    /// `11/20/2026`, as in the United States.
    pub fn american(self) -> String {
        let (year, month, day) = self.civil();
        format!("{month:02}/{day:02}/{year:04}")
    }

    /// Whether it is a Saturday or a Sunday.
    pub const fn is_weekend(self) -> bool {
        // 1970-01-01 was a Thursday.
        matches!(self.0.rem_euclid(7), 2 | 3)
    }

    fn civil(self) -> (i32, u32, u32) {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, month.unsigned_abs(), day.unsigned_abs())
    }
}

/// `2026-11-20`
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(year: i32, month: u32, day: u32, expected: Option<i32>) {
        assert_eq!(Day::new(year, month, day), expected.map(Day::from_epoch));
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        check(1970, 1, 1, Some(0));
        check(2000, 2, 29, Some(11_016));
        check(2026, 11, 20, Some(20_777));
        check(2026, 2, 29, None);
        check(2026, 13, 1, None);
        check(2026, 4, 31, None);
    }

    #[test]
    fn a_day_is_written_in_each_servers_way() {
        let day = Day::parse_iso("2026-03-09T10:00:00Z").unwrap();
        assert_eq!(day.to_string(), "2026-03-09");
        assert_eq!(day.compact(), "20260309");
        assert_eq!(day.slashed(), "09/03/2026");
        assert_eq!(day.at(545), "2026-03-09T09:05:00Z");
        assert_eq!(day.epoch_seconds(), 1_773_014_400);
        assert_eq!(Day::parse_iso("2026-3-9"), None);
        assert_eq!(Day::parse_iso("soon"), None);
    }
}
