//! The four ways in which the servers give a long list in parts.
//!
//! Each gives every row exactly once when it is followed from its beginning to its end.

use serde_json::{Value, json};

use crate::backend::Refusal;

/// Part number `page` (from 1) of parts of `per_page` rows, with the number of all parts.
pub(crate) fn numbered<T>(rows: &[T], page: usize, per_page: usize) -> (&[T], Value) {
    let shown = window(rows, page.saturating_sub(1).saturating_mul(per_page), per_page);
    let info = json!({
        "page": page,
        "per_page": per_page,
        "total_pages": rows.len().div_ceil(per_page).max(1),
        "total_count": rows.len()
    });
    (shown, info)
}

/// At most `limit` rows, `offset` rows left out.
pub(crate) fn window<T>(rows: &[T], offset: usize, limit: usize) -> &[T] {
    let begin = offset.min(rows.len());
    let end = begin.saturating_add(limit).min(rows.len());
    &rows[begin..end]
}

/// The part that `token` asks for, at most `size` rows, and the token of the part after it.
///
/// A token holds its list's `name`, the filters included, so that one of another list is
/// refused and never gives rows of the wrong place.
pub(crate) fn chained<'a, T>(
    rows: &'a [T],
    name: &str,
    token: Option<&str>,
    size: usize,
) -> Result<(&'a [T], Option<String>), Refusal> {
    let begin = match token {
        None => 0,
        Some(token) => position(name, token)
            .filter(|begin| *begin < rows.len())
            .ok_or_else(|| Refusal::Cursor(token.to_owned()))?,
    };
    let shown = window(rows, begin, size);
    let end = begin + shown.len();
    Ok((shown, (end < rows.len()).then(|| write(name, end))))
}

fn write(name: &str, position: usize) -> String {
    format!("{position:05x}{:08x}", seal(name, position))
}

fn position(name: &str, token: &str) -> Option<usize> {
    let (digits, sealed) = token.split_at_checked(token.len().checked_sub(8)?)?;
    let position = usize::from_str_radix(digits, 16).ok()?;
    (u32::from_str_radix(sealed, 16).ok()? == seal(name, position)).then_some(position)
}

/// FNV-1a over the list's name and the position. It catches mistakes, not attacks.
fn seal(name: &str, position: usize) -> u32 {
    let text = format!("{name}:{position}");
    text.bytes().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_gives_every_row_once() {
        for (count, size) in [(0, 10), (1, 10), (10, 10), (11, 10), (30, 7)] {
            let rows: Vec<usize> = (0..count).collect();
            let total = numbered(&rows, 1, size).1["total_pages"].as_u64().unwrap();
            let by_number: Vec<usize> = (1..=usize::try_from(total).unwrap())
                .flat_map(|page| numbered(&rows, page, size).0.to_vec())
                .collect();
            assert_eq!(by_number, rows);
            let by_offset: Vec<usize> = (0..count.div_ceil(size))
                .flat_map(|part| window(&rows, part * size, size).to_vec())
                .collect();
            assert_eq!(by_offset, rows);
            let (mut by_token, mut token) = (Vec::new(), None);
            loop {
                let (shown, next) = chained(&rows, "all", token.as_deref(), size).unwrap();
                by_token.extend_from_slice(shown);
                token = next;
                if token.is_none() {
                    break;
                }
            }
            assert_eq!(by_token, rows);
        }
    }

    #[test]
    fn a_token_of_another_list_or_a_made_up_one_is_refused() {
        let rows = [1, 2, 3];
        let token = chained(&rows, "open", None, 1).unwrap().1.unwrap();
        assert!(chained(&rows, "open", Some(&token), 1).is_ok());
        for (name, token) in [("closed", token.as_str()), ("open", "2"), ("open", "zzzzzzzzzz")] {
            let refused = chained(&rows, name, Some(token), 1).unwrap_err();
            assert!(refused.to_string().contains("is not one that this list gave"), "{refused}");
        }
    }

    #[test]
    fn a_part_past_the_end_is_empty() {
        assert!(numbered(&[1, 2, 3], usize::MAX, 2).0.is_empty());
        assert!(window(&[1, 2, 3], 4, usize::MAX).is_empty());
    }
}
