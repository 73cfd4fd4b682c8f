// What the host and the rest of the prelude stand on: the intrinsics as they were before any
// script could touch them, `__workroom`, and what the C side calls at the end of a run.
//
// The files of this folder are joined into one strict function, `(native) => hooks`, and run
// once, when the image is built. No Map or Set may be made here: QuickJS' hash seed is frozen in
// the image, and a table of ours would be the same in every guest.

const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const {
  create, defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf, keys: namesOf,
} = Object;
const { ownKeys } = Reflect;
const { isArray } = Array;
const { stringify } = JSON;
const { isError } = Error;
const join = uncurry(Array.prototype.join);
const push = uncurry(Array.prototype.push);
const sort = uncurry(Array.prototype.sort);
const slice = uncurry(String.prototype.slice);
const includes = uncurry(String.prototype.includes);
const lowerCase = uncurry(String.prototype.toLowerCase);
const wellFormed = uncurry(String.prototype.toWellFormed);
const isPropertyOf = uncurry(Object.prototype.hasOwnProperty);
const isPrototypeOf = uncurry(Object.prototype.isPrototypeOf);
const forEachInMap = uncurry(Map.prototype.forEach);
const forEachInSet = uncurry(Set.prototype.forEach);
const dateToISO = uncurry(Date.prototype.toISOString);
const dateTime = uncurry(Date.prototype.getTime);
const regExpText = uncurry(RegExp.prototype.toString);
const symbolText = uncurry(Symbol.prototype.toString);
const nativeStack = uncurry(getOwnPropertyDescriptor(Error.prototype, "stack").get);
const reject = Promise.reject.bind(Promise);
const then = uncurry(Promise.prototype.then);
const { apply } = Reflect;
const slicedArray = uncurry(Array.prototype.slice);
const mapSize = uncurry(getOwnPropertyDescriptor(Map.prototype, "size").get);
const setSize = uncurry(getOwnPropertyDescriptor(Set.prototype, "size").get);
const domError = DOMException.prototype;
const toText = String;
const { min, max, floor } = Math;

const MESSAGE_MAX = 65536;

const hidden = (object, name, value) =>
  defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
const visible = (object, name, value) =>
  defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
const isObject = (value) => (typeof value === "object" && value !== null);
const looksLikeError = (value) =>
  isObject(value) && (isError(value) || isPrototypeOf(domError, value));

// Global names of ours behave as built-in ones: not listed, and free to be replaced.
const provide = (name, value) => hidden(globalThis, name, value);

// ---- __workroom ----

const NEAREST_MAX = 3;

// How many letters differ, case and underscores left out.
function distance(left, right) {
  let row = [];
  for (let j = 0; j <= right.length; j++) row[j] = j;
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const cost = left[i - 1] === right[j - 1] ? 0 : 1;
      next[j] = min(row[j] + 1, next[j - 1] + 1, row[j - 1] + cost);
    }
    row = next;
  }
  return row[right.length];
}

function letters(name) {
  let kept = "";
  const lower = lowerCase(slice(name, 0, 64));
  for (let i = 0; i < lower.length; i++) {
    if (lower[i] !== "_" && lower[i] !== "-") kept += lower[i];
  }
  return kept;
}

function nearest(wanted, names) {
  const sought = letters(wanted);
  const ranked = [];
  for (let i = 0; i < names.length; i++) {
    const name = letters(names[i]);
    const isPart = sought !== "" && (includes(name, sought) || includes(sought, name));
    const away = distance(sought, name);
    if (isPart || away <= max(2, floor(name.length / 3))) {
      push(ranked, { name: names[i], away: isPart ? min(away, 1) : away });
    }
  }
  sort(ranked, (a, b) => a.away - b.away);
  const found = [];
  for (let i = 0; i < min(ranked.length, NEAREST_MAX); i++) push(found, `\`${ranked[i].name}\``);
  return found;
}

function missing(module, wanted, names) {
  const near = nearest(wanted, names);
  const hint = near.length > 0
    ? `; the nearest ${near.length === 1 ? "is" : "are"} ${join(near, ", ")}`
    : `; it has ${names.length} functions`;
  return new TypeError(`module \`${module}\` has no function \`${wanted}\`${hint}`);
}

function makeModule(name, list) {
  const target = {};
  for (let i = 0; i < list.length; i++) {
    const [exported, tool] = [list[i][0], list[i][1]];
    const run = (input = {}) => {
      try {
        return then(native.call(name, tool, input), keepBinary);
      } catch (error) {
        return reject(error);
      }
    };
    defineProperty(run, "name", { value: exported });
    visible(target, exported, freeze(run));
  }
  freeze(target);
  return new Proxy(target, {
    get(_, key) {
      // `then` and `toJSON` are asked for by `await` and `JSON.stringify`, not by the script.
      if (typeof key === "symbol" || key === "then" || key === "toJSON" || key in target) {
        return target[key];
      }
      throw missing(name, key, namesOf(target));
    },
  });
}

const modules = create(null);

function module(name, list) {
  const key = stringify([name, list]);
  return (modules[key] ??= makeModule(name, list));
}

const callTool = native.call;
defineProperty(globalThis, "__workroom", {
  value: freeze({
    __proto__: null,
    call: freeze(callTool),
    module: freeze(module),
    see: freeze(see),
    seen: freeze(seen),
  }),
  writable: false,
  enumerable: false,
  configurable: false,
});

// ---- the end of a run ----

// Makes `error`, which was created where the call was made, what the call failed with.
function fail(error, answer) {
  const { properties } = answer;
  if (isObject(properties)) {
    const names = namesOf(properties);
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      if (name !== "name" && name !== "message" && name !== "stack") {
        visible(error, name, properties[name]);
      }
    }
  }
  hidden(error, "name", answer.name);
  hidden(error, "message", answer.message);
  return error;
}

function stackOf(error) {
  const stack = isError(error) ? nativeStack(error) : error.stack;
  return typeof stack === "string" ? stack : "";
}

// What was thrown, as JSON. Scripts throw anything, also what throws when it is looked at.
function describe(thrown) {
  let name = "";
  let message = "a value that cannot be shown";
  let stack = "";
  let details = [];
  try {
    if (looksLikeError(thrown)) {
      message = "an error that cannot be shown";
      stack = stackOf(thrown);
      name = slice(toText(thrown.name), 0, 256);
      message = toText(thrown.message);
      details = detailsOf(thrown);
    } else {
      message = typeof thrown === "string" ? thrown : inspect(thrown);
    }
  } catch {
    // The words above stand.
  }
  const report = { name, message: slice(message, 0, MESSAGE_MAX), stack };
  if (details.length > 0) report.details = details;
  const sight = sightOf(thrown);
  if (sight !== undefined) report.seen = sight;
  return stringify(report);
}

// ---- the value of a run ----

const refersToItself = (path) =>
  new TypeError(`the returned value refers to itself at ${path === "" ? "its top" : path}`);

const step = (key) =>
  (/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${stringify(key)}]`);

function plainArray(length, at, path, above) {
  const made = [];
  for (let i = 0; i < length; i++) made[i] = plainValue(at(i), `${path}[${i}]`, above) ?? null;
  return made;
}

function plainProperties(object, made, path, above) {
  const names = namesOf(object);
  for (let i = 0; i < names.length; i++) {
    const value = plainValue(object[names[i]], path + step(names[i]), above);
    if (value !== undefined) visible(made, names[i], value);
  }
  return made;
}

// An object where every key is text, else a list of pairs.
function plainMap(map, path, above) {
  const entries = [];
  let isKeyed = true;
  forEachInMap(map, (value, key) => {
    push(entries, [key, value]);
    isKeyed &&= typeof key === "string";
  });
  if (!isKeyed) {
    return plainArray(entries.length, (i) => entries[i], path, above);
  }
  const made = {};
  for (let i = 0; i < entries.length; i++) {
    const [key, value] = [entries[i][0], entries[i][1]];
    visible(made, key, plainValue(value, path + step(key), above) ?? null);
  }
  return made;
}

function plainObject(object, path, above) {
  const kind = native.kind(object);
  if (typeof object.toJSON === "function") return plainValue(object.toJSON(), path, above);
  if (looksLikeError(object)) {
    const made = { name: toText(object.name), message: toText(object.message) };
    if (object.cause !== undefined) made.cause = plainValue(object.cause, `${path}.cause`, above);
    return plainProperties(object, made, path, above);
  }
  switch (kind) {
    case "Map":
      return plainMap(object, path, above);
    case "Set": {
      const values = [];
      forEachInSet(object, (value) => push(values, value));
      return plainArray(values.length, (i) => values[i], path, above);
    }
    case "RegExp":
      return regExpText(object);
    case "Promise":
      return "[promise, not awaited]";
    case "Number":
    case "String":
    case "Boolean":
    case "BigInt":
    case "Symbol":
      return plainValue(object.valueOf(), path, above);
    case "ArrayBuffer":
      return plainValue(new Uint8Array(object), path, above);
  }
  if (isPrototypeOf(paramsPrototype, object)) return paramsText(object);
  if (isArray(object) || isPrototypeOf(typedArray, object)) {
    return plainArray(object.length, (i) => object[i], path, above);
  }
  return plainProperties(object, {}, path, above);
}

const typedArray = getPrototypeOf(Uint8Array.prototype);

function plainValue(value, path, above) {
  switch (typeof value) {
    case "bigint":
      return toText(value);
    case "symbol":
      return symbolText(value);
    case "function":
      return `[function ${value.name || "anonymous"}]`;
    case "object":
      break;
    default:
      return value;
  }
  if (value === null) return null;
  for (let link = above; link !== null; link = link.above) {
    if (link.value === value) throw refersToItself(path);
  }
  return plainObject(value, path, { value, above });
}

// The returned value as plain data: what JSON.stringify would drop or refuse is kept as text,
// maps and sets as objects and lists.
const plain = (value) => plainValue(value, "", null);

// ---- the variables of a session ----

// How many things a variable holds, where that is a number that says something. Runs no code of
// the script's.
function sizeOf(value) {
  if (typeof value === "string") return value.length;
  if (!isObject(value)) return undefined;
  switch (native.kind(value)) {
    case "Array":
      return value.length;
    case "Map":
      return mapSize(value);
    case "Set":
      return setSize(value);
  }
  return undefined;
}

// Of the global variables `names`, as JSON: those that hold something, with their size; and those
// whose promise nobody will ever settle, since the run is over.
function survey(names) {
  const found = [];
  for (let i = 0; i < names.length; i++) {
    const property = getOwnPropertyDescriptor(globalThis, names[i]);
    if (property === undefined || !("value" in property)) continue;
    const { value } = property;
    if (value === undefined) continue;
    const about = { name: names[i] };
    const size = sizeOf(value);
    if (size !== undefined) about.size = size;
    if (isObject(value) && native.pending(value)) about.pending = true;
    push(found, about);
  }
  return stringify(found);
}
