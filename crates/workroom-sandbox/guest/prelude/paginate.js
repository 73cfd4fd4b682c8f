// `paginate(tool, args, options)`: all entries of a list that a tool gives page by page.
//
// What comes next is told by the page: a cursor, a link, or a number to count on from. A page that
// tells of nothing more is the last one. The names below are those that APIs use; `options` names
// what is called differently.

const PAGES_MAX = 100;
const ENTRIES_MAX = 10000;

// Fields of a page that hold the next cursor, and the parameter that takes it.
const CURSORS = [
  ["nextCursor", "cursor"], ["next_cursor", "cursor"], ["nextPageToken", "pageToken"],
  ["next_page_token", "page_token"], ["nextToken", "nextToken"], ["next_token", "next_token"],
  ["continuationToken", "continuationToken"], ["continuation_token", "continuation_token"],
  ["endCursor", "after"], ["end_cursor", "after"], ["after", "after"],
];
// Objects in a page that may hold them.
const WRAPPERS = [
  "pagination", "pageInfo", "page_info", "paging", "cursors", "meta", "_meta", "links", "_links",
  "metadata", "response_metadata", "data", "result",
];
const MORE = ["hasMore", "has_more", "hasNextPage", "has_next_page", "hasNext", "has_next", "more"];
const ENTRIES = [
  "items", "results", "data", "entries", "records", "rows", "values", "list", "hits", "nodes",
  "edges", "objects", "result",
];
const TOTALS = ["total", "total_count", "totalCount", "totalResults", "total_results"];
const PAGE_TOTALS = ["totalPages", "total_pages", "pageCount", "page_count", "lastPage", "last_page"];
// Parameters that count: pages, or entries.
const PAGE_NUMBERS = ["page", "pageNumber", "page_number"];
const OFFSETS = ["offset", "skip", "start", "startAt", "start_at", "startIndex", "from"];
const SIZES = ["limit", "per_page", "perPage", "pageSize", "page_size", "maxResults", "count"];

const isSet = (value) => value !== undefined && value !== null && value !== "" && value !== false;
const isNumber = (value) => typeof value === "number" && value === value;

function firstOf(object, names, fits) {
  for (let i = 0; i < names.length; i++) {
    const value = object[names[i]];
    if (fits(value)) return { name: names[i], value };
  }
  return undefined;
}

// The objects of a page in which its place is told: itself, and what is around lists.
function placesIn(page, depth = 0, found = []) {
  if (!isObject(page) || isArray(page) || depth > 2) return found;
  push(found, page);
  for (let i = 0; i < WRAPPERS.length; i++) placesIn(page[WRAPPERS[i]], depth + 1, found);
  return found;
}

function inPlaces(places, names, fits) {
  for (let i = 0; i < places.length; i++) {
    const found = firstOf(places[i], names, fits);
    if (found !== undefined) return found;
  }
  return undefined;
}

function entriesOf(page, wanted, name) {
  if (typeof wanted === "function") return wanted(page);
  if (wanted !== undefined) {
    const list = isObject(page) ? page[wanted] : undefined;
    if (isArray(list)) return list;
    throw new TypeError(`paginate: \`${wanted}\` is no list in what ${name} gave: ${inspect(page)}`);
  }
  if (isArray(page)) return page;
  if (!isObject(page)) {
    throw new TypeError(`paginate: ${name} gave no page with a list: ${inspect(page)}`);
  }
  const known = firstOf(page, ENTRIES, isArray);
  if (known !== undefined) return known.value;
  const lists = [];
  const names = namesOf(page);
  for (let i = 0; i < names.length; i++) if (isArray(page[names[i]])) push(lists, names[i]);
  if (lists.length === 1) return page[lists[0]];
  const inner = firstOf(page, WRAPPERS, (value) => isObject(value));
  if (lists.length === 0 && inner !== undefined) return entriesOf(inner.value, undefined, name);
  throw new TypeError(
    lists.length === 0
      ? `paginate: ${name} gave a page without a list (it has ${join(names, ", ")})`
      : `paginate: ${name} gave pages with several lists: say which, as { items: "${lists[0]}" }` +
        ` (there are ${join(lists, ", ")})`,
  );
}

// The query of a link, as parameters.
function ofLink(link, args) {
  const at = link.indexOf("?");
  if (at < 0) return undefined;
  const next = {};
  const query = new URLSearchParams(slice(link, at + 1));
  let count = 0;
  query.forEach((value, key) => {
    count += 1;
    visible(next, key, isNumber(args[key]) || /^\d{1,9}$/.test(value) ? Number(value) : value);
  });
  return count > 0 ? next : undefined;
}

function ofCursor(places, args, options, more) {
  const fits = (value) => isSet(value) && !isObject(value) && value !== true;
  if (options.next !== undefined) {
    const named = inPlaces(places, [options.next], fits);
    return named && { [options.cursor ?? options.next]: named.value };
  }
  for (let i = 0; i < CURSORS.length; i++) {
    const [field, parameter] = [CURSORS[i][0], CURSORS[i][1]];
    const found = inPlaces(places, [field], fits);
    if (found === undefined) continue;
    // GraphQL tells the end's cursor on the last page too.
    if (parameter === "after" && more?.value === false) return undefined;
    return { [options.cursor ?? parameter]: found.value };
  }
  const next = inPlaces(places, ["next", "next_page", "nextPage", "next_url"], isSet)?.value;
  const target = isObject(next) ? next.href ?? next.url : next;
  if (isNumber(target)) return { [options.cursor ?? "page"]: target };
  if (typeof target !== "string") return undefined;
  return ofLink(target, args) ?? { [options.cursor ?? "cursor"]: target };
}

// The next number of a page or an entry, where the arguments or the page count so.
function ofNumber(state, count) {
  const { args, places, more, entries } = state;
  const total = inPlaces(places, TOTALS, isNumber)?.value;
  const pages = inPlaces(places, PAGE_TOTALS, isNumber)?.value;
  const size = firstOf(args, SIZES, isNumber)?.value;
  if (more?.value === false || count === 0) return undefined;
  const paged = firstOf(args, PAGE_NUMBERS, isNumber) ?? inPlaces(places, PAGE_NUMBERS, isNumber);
  const isLast = (at) =>
    more === undefined &&
    (pages !== undefined ? at >= pages : total !== undefined ? entries.length >= total
      : size !== undefined && count < size);
  if (paged !== undefined) {
    return isLast(paged.value) ? undefined : { [paged.name]: paged.value + 1 };
  }
  const offset = firstOf(args, OFFSETS, isNumber) ?? inPlaces(places, OFFSETS, isNumber);
  if (offset !== undefined) {
    const isEnd = more === undefined &&
      (total !== undefined ? offset.value + count >= total : size !== undefined && count < size);
    return isEnd ? undefined : { [offset.name]: offset.value + count };
  }
  return undefined;
}

// What to call with next, beside the first arguments; `undefined` after the last page.
function nextOf(page, list, state, options, name) {
  const places = placesIn(page);
  const more = inPlaces(places, MORE, (value) => typeof value === "boolean");
  if (more?.value === false) return undefined;
  const cursor = ofCursor(places, state.args, options, more);
  if (cursor !== undefined) return cursor;
  const number = ofNumber({ ...state, places, more }, list.length);
  if (number !== undefined || more === undefined || list.length === 0) return number;
  const last = list[list.length - 1];
  const id = isObject(last) ? last.id ?? last.ID ?? last._id : undefined;
  if (isSet(id)) return { [options.cursor ?? "starting_after"]: id };
  throw new Error(
    `paginate: ${name} says that there is more and not how to get it; its page has ` +
      `${join(namesOf(page), ", ")}`,
  );
}

function bound(value, otherwise, name) {
  if (value === undefined) return otherwise;
  if (isNumber(value) && value >= 1) return value;
  throw new TypeError(`paginate: \`${name}\` is a number of 1 or more`);
}

function cut(entries, next, pages, name) {
  hidden(entries, "isCut", true);
  hidden(entries, "next", next);
  native.log(
    3,
    `paginate stopped after ${pages} page${pages === 1 ? "" : "s"} of ${name} with ` +
      `${entries.length} entries, and there are more: raise { maxPages, maxItems }, or go on with ` +
      `\`.next\` of the list: ${inspect(next)}`,
  );
  return entries;
}

async function paginate(tool, args = {}, options = {}) {
  if (typeof tool !== "function") {
    throw new TypeError(
      "paginate takes the imported function first: paginate(crm.listDeals, { status: 'open' })",
    );
  }
  const name = tool.name || "the tool";
  const maxPages = bound(options.maxPages, PAGES_MAX, "maxPages");
  const maxItems = bound(options.maxItems, ENTRIES_MAX, "maxItems");
  const entries = [];
  const asked = create(null);
  let before = "";
  let next = {};
  for (let pages = 1; ; pages++) {
    const now = { ...args, ...next };
    const page = await tool(now);
    const list = entriesOf(page, options.items, name);
    if (!isArray(list)) throw new TypeError("paginate: `items` gives no list");
    const text = list.length > 0 ? stringify(list) : "";
    if (text !== "" && text === before) {
      throw new Error(
        `paginate: ${name} gave the same page for ${inspect(next)} as before: it takes another ` +
          'parameter; name it, as { cursor: "page_token" }',
      );
    }
    before = text;
    for (let i = 0; i < list.length; i++) {
      if (entries.length >= maxItems) return cut(entries, next, pages, name);
      push(entries, list[i]);
    }
    next = nextOf(page, list, { args: now, entries }, options, name);
    if (next === undefined) return entries;
    const key = stringify(next);
    if (key in asked) {
      throw new Error(`paginate: ${name} gave a cursor for the second time: ${inspect(next)}`);
    }
    asked[key] = true;
    if (pages >= maxPages || entries.length >= maxItems) {
      return cut(entries, next, pages, name);
    }
  }
}

provide("paginate", paginate);
