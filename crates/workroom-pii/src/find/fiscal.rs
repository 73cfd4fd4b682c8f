//! Italian tax codes: a form that nothing else has, and a check letter.

/// How sure these 16 letters and digits are an Italian's tax code: its form, and its last letter,
/// which follows from the others. Where one was made up or mistyped, the form alone is telling.
pub(crate) fn codice_fiscale(code: &[u8]) -> Option<u8> {
    /// What a letter or digit counts at an odd place; at an even one it counts its own number.
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    const FORM: &[u8; 16] = b"AAAAAA00M00A000A";
    let code: [u8; 16] = code.try_into().ok()?;
    let is_form = code.iter().zip(FORM).all(|(byte, form)| match form {
        b'A' => byte.is_ascii_alphabetic(),
        b'M' => b"ABCDEHLMPRST".contains(&byte.to_ascii_uppercase()),
        _ => byte.is_ascii_digit(),
    });
    let day = u32::from(code[9].saturating_sub(b'0')) * 10 + u32::from(code[10].wrapping_sub(b'0'));
    // The day of birth; of women 40 more.
    if !is_form || !matches!(day, 1..=31 | 41..=71) {
        return None;
    }
    let number = |byte: u8| match byte {
        b'0'..=b'9' => usize::from(byte - b'0'),
        _ => usize::from(byte.to_ascii_uppercase() - b'A'),
    };
    let sum: u32 = (0..15)
        .map(|at| match at % 2 {
            0 => ODD[number(code[at])],
            _ => u32::try_from(number(code[at])).unwrap_or_default(),
        })
        .sum();
    let is_right = sum % 26 == u32::from(code[15].to_ascii_uppercase() - b'A');
    Some(if is_right { 96 } else { 70 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_one_is_surer_than_one_of_the_form() {
        for (code, expected) in [
            ("RSSMRA80A01H501U", Some(96)),
            ("rssmra80a01h501u", Some(96)),
            ("RSSMRA80A01H501V", Some(70)),
            ("RSSMRA80A41H501Y", Some(96)),
            ("RSSMRA80A32H501U", None),
            ("RSSMRA80F01H501U", None),
            ("RSSMRA80A01H501", None),
            ("1234567890123456", None),
        ] {
            assert_eq!(codice_fiscale(code.as_bytes()), expected, "{code}");
        }
    }
}
