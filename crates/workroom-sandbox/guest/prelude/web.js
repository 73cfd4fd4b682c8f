// What scripts expect of every JavaScript host and ECMAScript does not name: text encoding,
// structuredClone, randomness.

// ---- TextEncoder, TextDecoder ----

const asBytes = (source) => {
  if (source === undefined) return new Uint8Array(0);
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  }
  return new Uint8Array(source);
};

class TextEncoder {
  get encoding() {
    return "utf-8";
  }

  encode(text = "") {
    return native.encode(wellFormed(toText(text)));
  }

  encodeInto(text, into) {
    let read = 0;
    let written = 0;
    for (const character of wellFormed(toText(text))) {
      const bytes = native.encode(character);
      if (written + bytes.length > into.length) break;
      into.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }
}

// How many bytes at the end begin a character that is not complete.
function unfinished(bytes) {
  for (let back = 1; back <= min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? back : 0;
    }
    if (byte < 0x80) return 0;
  }
  return 0;
}

class TextDecoder {
  #fatal;
  #ignoreBOM;
  #held = new Uint8Array(0);
  #started = false;

  constructor(label = "utf-8", options = {}) {
    const name = lowerCase(toText(label).trim());
    if (name !== "utf-8" && name !== "utf8" && name !== "unicode-1-1-utf-8") {
      throw new RangeError(`the encoding \`${label}\` is not available in the sandbox: only utf-8`);
    }
    this.#fatal = Boolean(options?.fatal);
    this.#ignoreBOM = Boolean(options?.ignoreBOM);
  }

  get encoding() {
    return "utf-8";
  }

  get fatal() {
    return this.#fatal;
  }

  get ignoreBOM() {
    return this.#ignoreBOM;
  }

  decode(source, options = {}) {
    let bytes = asBytes(source);
    if (this.#held.length > 0) {
      const joined = new Uint8Array(this.#held.length + bytes.length);
      joined.set(this.#held);
      joined.set(bytes, this.#held.length);
      bytes = joined;
      this.#held = new Uint8Array(0);
    }
    if (options?.stream) {
      const end = bytes.length - unfinished(bytes);
      this.#held = bytes.slice(end);
      bytes = bytes.subarray(0, end);
    }
    let text = native.decode(bytes, this.#fatal);
    if (!this.#started && text.length > 0) {
      if (!this.#ignoreBOM && text[0] === "\uFEFF") text = slice(text, 1);
      this.#started = true;
    }
    if (!options?.stream) this.#started = false;
    return text;
  }
}

provide("TextEncoder", TextEncoder);
provide("TextDecoder", TextDecoder);

// ---- structuredClone ----

const cannotClone = (what) =>
  new DOMException(`${what} could not be cloned`, "DataCloneError");

const ERRORS = create(null);
for (const maker of [
  Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError,
]) {
  ERRORS[maker.name] = maker;
}

function cloneError(error, seen) {
  const maker = ERRORS[error.name] ?? Error;
  const copy = new maker(toText(error.message));
  seen.set(error, copy);
  if (isPropertyOf(error, "cause")) hidden(copy, "cause", cloneValue(error.cause, seen));
  return copy;
}

function cloneProperties(object, copy, seen) {
  seen.set(object, copy);
  const names = namesOf(object);
  for (let i = 0; i < names.length; i++) {
    visible(copy, names[i], cloneValue(object[names[i]], seen));
  }
  return copy;
}

function cloneView(view, kind, seen) {
  const buffer = cloneValue(view.buffer, seen);
  const length = kind === "DataView" ? view.byteLength : view.length;
  const copy = new globals[kind](buffer, view.byteOffset, length);
  seen.set(view, copy);
  return copy;
}

// The makers as they were, by the names that `native.kind` gives.
const globals = create(null);
for (const name of [
  "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array",
  "Uint32Array", "BigInt64Array", "BigUint64Array", "Float16Array", "Float32Array",
  "Float64Array", "DataView",
]) {
  globals[name] = globalThis[name];
}

function cloneObject(object, seen) {
  const kind = native.kind(object);
  if (isError(object)) return cloneError(object, seen);
  const keep = (copy) => {
    seen.set(object, copy);
    return copy;
  };
  switch (kind) {
    case "Object":
      return cloneProperties(object, {}, seen);
    case "Array": {
      const copy = [];
      copy.length = object.length;
      return cloneProperties(object, copy, seen);
    }
    case "Date":
      return keep(new Date(dateTime(object)));
    case "RegExp":
      return keep(new RegExp(object.source, object.flags));
    case "Map": {
      const copy = keep(new Map());
      const entries = [];
      forEachInMap(object, (value, key) => push(entries, [key, value]));
      for (let i = 0; i < entries.length; i++) {
        copy.set(cloneValue(entries[i][0], seen), cloneValue(entries[i][1], seen));
      }
      return copy;
    }
    case "Set": {
      const copy = keep(new Set());
      const values = [];
      forEachInSet(object, (value) => push(values, value));
      for (let i = 0; i < values.length; i++) copy.add(cloneValue(values[i], seen));
      return copy;
    }
    case "ArrayBuffer":
      return keep(object.slice(0));
    case "Number":
    case "String":
    case "Boolean":
    case "BigInt":
      return keep(Object(object.valueOf()));
  }
  if (kind in globals) return cloneView(object, kind, seen);
  throw cannotClone(kind === "Proxy" ? "a Proxy" : `an object of class ${kind}`);
}

function cloneValue(value, seen) {
  if (typeof value === "function") throw cannotClone(`the function \`${value.name}\``);
  if (typeof value === "symbol") throw cannotClone(symbolText(value));
  if (!isObject(value)) return value;
  return seen.get(value) ?? cloneObject(value, seen);
}

provide("structuredClone", function structuredClone(value, options) {
  if (arguments.length === 0) throw new TypeError("structuredClone needs a value");
  if (options?.transfer?.length > 0) {
    throw cannotClone("what is transferred (the sandbox has nothing to transfer to)");
  }
  return cloneValue(value, new Map());
});

// ---- crypto ----

const INTEGER = /^(Big)?(Int|Uint)/;
const RANDOM_MAX = 65536;

function randomBytes(count) {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) bytes[i] = native.random() * 256;
  return bytes;
}

provide("crypto", freeze({
  randomUUID() {
    const bytes = randomBytes(16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = "";
    for (let i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
      text += (bytes[i] + 256).toString(16).slice(1);
    }
    return text;
  },
  getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || !INTEGER.test(native.kind(array))) {
      throw new DOMException("an integer typed array is needed", "TypeMismatchError");
    }
    if (array.byteLength > RANDOM_MAX) {
      throw new DOMException(`at most ${RANDOM_MAX} bytes at once`, "QuotaExceededError");
    }
    asBytes(array).set(randomBytes(array.byteLength));
    return array;
  },
}));
