// What values look like, for telling why a script failed. The form of a value is told, and of
// texts and numbers what they are, at most a line; no code of the script's runs for it, but for
// that of a `Proxy`.
//
// `see` and `seen` are called by programs that are made to look at values where they fail: see
// `probe.rs` of workroom-script. Such a program runs in a guest of its own.

const SIGHTS_MAX = 1000;
const KEYS_SHOWN = 16;
const KEYS_MAX = 200;
const KEY_CHARS = 40;
const TEXT_CHARS = 80;
const DETAILS_MAX = 12;

const shortKey = (key) => (key.length > KEY_CHARS ? `${slice(key, 0, KEY_CHARS)}…` : key);
const shortText = (text) =>
  stringify(text.length > TEXT_CHARS ? `${slice(text, 0, TEXT_CHARS)}…` : text);

// Of an object: its keys, and in words those with a size.
function keysOf(object) {
  const names = [];
  const words = [];
  const all = ownKeys(object);
  let total = 0;
  for (let i = 0; i < all.length && i < KEYS_MAX * 10; i++) {
    const key = all[i];
    const property = typeof key === "string" ? getOwnPropertyDescriptor(object, key) : undefined;
    if (!property?.enumerable) continue;
    total += 1;
    if (total <= KEYS_MAX) push(names, slice(key, 0, KEY_CHARS));
    if (total > KEYS_SHOWN) continue;
    const { value } = property;
    const isSized = "value" in property && isObject(value);
    const size = isSized ? sizeOf(value) : undefined;
    push(words, size === undefined ? shortKey(key) : `${shortKey(key)}[${size}]`);
  }
  if (total > KEYS_SHOWN) push(words, `${total - KEYS_SHOWN} more`);
  return { names, text: join(words, ", ") };
}

// Whether `value` is the functions of a server, as they are imported.
function isServer(value) {
  const keys = namesOf(modules);
  for (let i = 0; i < keys.length; i++) if (modules[keys[i]] === value) return true;
  return false;
}

function formOfObject(value) {
  const kind = native.kind(value);
  if (looksLikeError(value)) return { kind: "error", text: shortText(toText(value.message)) };
  switch (kind) {
    case "Array": {
      const first = value.length > 0 ? getOwnPropertyDescriptor(value, 0)?.value : undefined;
      const isList = isObject(first) && native.kind(first) === "Object";
      if (isList) return { kind: "array", text: `${value.length} of { ${keysOf(first).text} }` };
      const of = first === undefined ? "" : ` of ${formOf(first).kind}`;
      return { kind: "array", text: `${value.length}${of}` };
    }
    case "Map":
    case "Set":
      return { kind: kind === "Map" ? "map" : "set", text: toText(sizeOf(value)) };
    case "Date": {
      const time = dateTime(value);
      return { kind: "date", text: time === time ? dateToISO(value) : "invalid" };
    }
    case "Promise":
      return { kind: "promise", text: "" };
  }
  return { kind: isServer(value) ? "server" : "object", ...keysOf(value) };
}

// What `value` is: its kind, a few words, and of an object its keys.
function formOf(value) {
  switch (typeof value) {
    case "undefined":
      return { kind: "undefined", text: "" };
    case "function":
      return { kind: "function", text: "" };
    case "string":
      return { kind: "string", text: shortText(value), size: value.length };
    case "object":
      return value === null ? { kind: "null", text: "" } : formOfObject(value);
    case "bigint":
      return { kind: "bigint", text: slice(toText(value), 0, TEXT_CHARS) };
    case "symbol":
      return { kind: "symbol", text: "" };
    default:
      return { kind: typeof value, text: toText(value) };
  }
}

// What was looked at on its way, by site.
const lookedAt = create(null);
// What was seen of each error, the first time it was caught.
const sights = [];

function see(site, value) {
  lookedAt[site] = { value };
  return value;
}

function seen(error, thunks) {
  if (sights.length >= SIGHTS_MAX || sightOf(error) !== undefined) return;
  const found = [];
  for (let i = 0; i < thunks.length; i++) {
    try {
      const thunk = thunks[i];
      if (typeof thunk === "function") push(found, { site: i, ...formOf(thunk()) });
      else if (i in lookedAt) push(found, { site: i, ...formOf(lookedAt[i].value) });
    } catch {
      // A variable before its declaration, or a getter that throws.
    }
  }
  push(sights, { error, found });
}

function sightOf(error) {
  for (let i = 0; i < sights.length; i++) {
    if (sights[i].error === error) return sights[i].found;
  }
  return undefined;
}

// What an error has beside its name and message: a tool's error has `server`, `tool` and `code`.
function detailsOf(error) {
  const found = [];
  const names = namesOf(error);
  for (let i = 0; i < names.length && found.length < DETAILS_MAX; i++) {
    const property = getOwnPropertyDescriptor(error, names[i]);
    if (property === undefined || !("value" in property)) continue;
    const { value } = property;
    if (value === null || typeof value === "boolean" || typeof value === "number") {
      push(found, [slice(names[i], 0, KEY_CHARS), toText(value)]);
    } else if (typeof value === "string") {
      push(found, [slice(names[i], 0, KEY_CHARS), slice(value, 0, 500)]);
    }
  }
  return found;
}
