//! Tools that answer page by page: what to call them with is less than their schema says, since
//! `paginate` gives the cursors and numbers.
//!
//! The names are those that `paginate` knows; see
//! `crates/workroom-sandbox/guest/prelude/paginate.js`.

use super::types::{Local, Object, Property, Type};

/// Parameters that take the cursor of the page before.
const CURSORS: [&str; 8] = [
    "cursor",
    "pageToken",
    "page_token",
    "nextToken",
    "next_token",
    "continuationToken",
    "continuation_token",
    "starting_after",
];

/// Parameters that count pages or entries.
const NUMBERS: [&str; 9] = [
    "page",
    "pageNumber",
    "page_number",
    "offset",
    "skip",
    "startAt",
    "start_at",
    "startIndex",
    "start_index",
];

/// Parameters that say how long a page is.
const SIZES: [&str; 6] = ["limit", "per_page", "perPage", "pageSize", "page_size", "maxResults"];

/// Fields of a page that hold its entries, where there are several lists.
const ENTRIES: [&str; 8] =
    ["items", "results", "data", "entries", "records", "rows", "values", "list"];

/// `input` without what `paginate` fills in; `None` where a tool does not page, or needs to be
/// told where to begin. Where nobody says that a list comes back, numbers may count characters or
/// lines: then only a cursor is a sign of pages.
pub(super) fn without_paging(input: &Type, locals: &[Local], gives_list: bool) -> Option<Type> {
    let Type::Object(object) = input else { return None };
    let (mut kept, mut pages) = (Vec::new(), false);
    for property in &object.properties {
        let is_number =
            matches!(resolved(&property.ty, locals), Type::Text(text) if text == "number");
        let named = |names: &[&str]| names.contains(&property.key.as_str());
        let begins = named(&CURSORS) || (is_number && named(&NUMBERS));
        if begins && !property.optional {
            return None;
        }
        pages |= begins && (gives_list || named(&CURSORS));
        if !(property.optional && (begins || (is_number && named(&SIZES)))) {
            kept.push(property.clone());
        }
    }
    pages.then(|| Type::Object(Object { properties: kept, ..object.clone() }))
}

/// The type of the entries in the page `output`, as `paginate` finds them.
pub(super) fn entries<'a>(output: &'a Type, locals: &'a [Local]) -> Option<&'a Type> {
    let object = match resolved(output, locals) {
        Type::Array(item) => return Some(item),
        Type::Object(object) => object,
        _ => return None,
    };
    let list = |property: &'a Property| match resolved(&property.ty, locals) {
        Type::Array(item) => Some(&**item),
        _ => None,
    };
    let known = ENTRIES.iter().find_map(|name| {
        object.properties.iter().find(|property| property.key == *name).and_then(list)
    });
    known.or_else(|| {
        let mut lists = object.properties.iter().filter_map(list);
        let first = lists.next()?;
        lists.next().is_none().then_some(first)
    })
}

/// What a reference points at; a chain of them is followed for some steps.
fn resolved<'a>(ty: &'a Type, locals: &'a [Local]) -> &'a Type {
    let mut ty = ty;
    for _ in 0..8 {
        let Type::Local(index) = ty else { break };
        let Some(local) = locals.get(*index) else { break };
        ty = &local.ty;
    }
    ty
}
