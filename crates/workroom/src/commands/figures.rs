//! Money and counts for people.

/// Dollars with as many digits as say something; a loss has its sign.
pub(crate) fn dollars(amount: f64) -> String {
    let sign = if amount <= -0.000_05 { "-" } else { "" };
    let amount = amount.abs();
    match amount {
        ..1.0 => format!("{sign}${amount:.4}"),
        1.0..1_000.0 => format!("{sign}${amount:.2}"),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "for people")]
        _ => format!("{sign}${}", thousands(amount.round() as u64)),
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count of things: `1 run`, `2 runs`.
pub(crate) fn count(number: u64, thing: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{} {thing}{end}", thousands(number))
}

/// A time in words: `840 ms`, `12.4 s`, `3 min 5 s`, `2 h 4 min`.
pub(crate) fn time(millis: u64) -> String {
    let seconds = millis / 1_000;
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{seconds}.{} s", millis % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown = [0, 999, 1_000, 1_234_567].map(thousands);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn money_has_the_digits_that_say_something() {
        let shown = [0.0, 0.012_34, -0.5, 1.0, -12.345, 1_234.5].map(dollars);
        assert_eq!(shown, ["$0.0000", "$0.0123", "-$0.5000", "$1.00", "-$12.35", "$1,235"]);
        assert_eq!(dollars(-0.000_04), "$0.0000");
    }

    #[test]
    fn times_have_two_units_at_most() {
        let shown = [840, 12_400, 185_000, 7_440_000].map(time);
        assert_eq!(shown, ["840 ms", "12.4 s", "3 min 5 s", "2 h 4 min"]);
    }
}
