// `console`, with values shown as Node shows them: nested up to a depth, lists up to a length,
// all of it up to a size. A top-level text is shown as it is.

const DEPTH_MAX = 4;
const ITEMS_MAX = 100;
const TEXT_MAX = 10000;
const SHOWN_MAX = 65536;
const WIDTH = 76;

const quoted = (text) => {
  const json = slice(stringify(text), 1, -1);
  if (includes(text, "'") && !includes(text, '"')) return `"${json}"`;
  return `'${join(splitText(join(splitText(json, '\\"'), '"'), "'"), "\\'")}'`;
};
const splitText = uncurry(String.prototype.split);
const shortened = (text) =>
  (text.length > TEXT_MAX
    ? `${quoted(slice(text, 0, TEXT_MAX))}... ${text.length - TEXT_MAX} more characters`
    : quoted(text));

function showFunction(value) {
  const source = /^class\b/.test(toText(value)) ? "class" : "Function";
  const name = typeof value.name === "string" && value.name !== "" ? value.name : "(anonymous)";
  return source === "class" ? `[class ${name}]` : `[Function: ${name}]`;
}

function showPrimitive(value) {
  switch (typeof value) {
    case "string":
      return shortened(value);
    case "number":
      return value === 0 && 1 / value < 0 ? "-0" : toText(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return symbolText(value);
    default:
      return toText(value);
  }
}

// The parts between two brackets: on one line where they fit, else one line each.
function enclosed(open, parts, close, indent) {
  if (parts.length === 0) return `${open}${close}`;
  const line = join(parts, ", ");
  if (line.length + indent.length <= WIDTH && !includes(line, "\n")) {
    return `${open} ${line} ${close}`;
  }
  const next = `\n${indent}  `;
  return `${open}${next}${join(parts, `,${next}`)}\n${indent}${close}`;
}

const more = (parts, total) => {
  if (total > ITEMS_MAX) {
    push(parts, `... ${total - ITEMS_MAX} more item${total - ITEMS_MAX === 1 ? "" : "s"}`);
  }
  return parts;
};

function showItems(object, state, indent) {
  const parts = [];
  const shown = min(object.length, ITEMS_MAX);
  for (let i = 0; i < shown; i++) {
    const missing = !isPropertyOf(object, i);
    push(parts, missing ? "<empty item>" : show(object[i], state, `${indent}  `));
  }
  return more(parts, object.length);
}

const shownKey = (key) => {
  if (typeof key === "symbol") return `[${symbolText(key)}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key);
};

function showProperties(object, state, indent, isLeftOut = () => false) {
  const parts = [];
  let total = 0;
  const names = ownKeys(object);
  for (let i = 0; i < names.length; i++) {
    const property = getOwnPropertyDescriptor(object, names[i]);
    if (!property?.enumerable || isLeftOut(names[i])) continue;
    total += 1;
    if (total > ITEMS_MAX) continue;
    const value = "value" in property
      ? show(property.value, state, `${indent}  `)
      : property.get ? "[Getter]" : "[Setter]";
    push(parts, `${shownKey(names[i])}: ${value}`);
  }
  return more(parts, total);
}

function showMap(map, state, indent) {
  const parts = [];
  let total = 0;
  forEachInMap(map, (value, key) => {
    total += 1;
    if (total > ITEMS_MAX) return;
    push(parts, `${show(key, state, `${indent}  `)} => ${show(value, state, `${indent}  `)}`);
  });
  return enclosed(`Map(${total}) {`, more(parts, total), "}", indent);
}

function showSet(set, state, indent) {
  const parts = [];
  let total = 0;
  forEachInSet(set, (value) => {
    total += 1;
    if (total <= ITEMS_MAX) push(parts, show(value, state, `${indent}  `));
  });
  return enclosed(`Set(${total}) {`, more(parts, total), "}", indent);
}

// Without the stack: its positions are those of the compiled text.
function showError(error, state, indent) {
  const name = toText(error.name);
  const message = toText(error.message);
  const head = message === "" ? name : `${name}: ${message}`;
  const parts = showProperties(error, state, indent);
  if (isPropertyOf(error, "cause")) {
    push(parts, `[cause]: ${show(error.cause, state, `${indent}  `)}`);
  }
  return parts.length === 0 ? head : enclosed(`${head} {`, parts, "}", indent);
}

function className(object) {
  const proto = getPrototypeOf(object);
  if (proto === null) return "[Object: null prototype] ";
  const maker = proto.constructor;
  const name = typeof maker === "function" && typeof maker.name === "string" ? maker.name : "";
  return name === "" || name === "Object" ? "" : `${name} `;
}

function showObject(object, state, indent) {
  const kind = native.kind(object);
  if (looksLikeError(object)) return showError(object, state, indent);
  switch (kind) {
    case "Map":
      return showMap(object, state, indent);
    case "Set":
      return showSet(object, state, indent);
    case "Date": {
      const time = dateTime(object);
      return time === time ? dateToISO(object) : "Invalid Date";
    }
    case "RegExp":
      return regExpText(object);
    case "Promise":
      return "Promise { not awaited }";
    case "WeakMap":
    case "WeakSet":
    case "WeakRef":
      return `${kind} { <items unknown> }`;
    case "Number":
    case "String":
    case "Boolean":
    case "BigInt":
    case "Symbol":
      return `[${kind}: ${show(object.valueOf(), state, indent)}]`;
    case "ArrayBuffer":
      return `ArrayBuffer { byteLength: ${object.byteLength} }`;
  }
  if (kind === "Proxy" && !isArray(object)) {
    return enclosed("{", showProperties(object, state, indent), "}", indent);
  }
  if (isArray(object)) {
    const parts = showItems(object, state, indent);
    const isIndex = (key) => typeof key === "string" && /^(0|[1-9]\d*)$/.test(key);
    const extra = object.length > ITEMS_MAX ? [] : showProperties(object, state, indent, isIndex);
    for (let i = 0; i < extra.length; i++) push(parts, extra[i]);
    return enclosed("[", parts, "]", indent);
  }
  if (isPrototypeOf(typedArray, object)) {
    return enclosed(`${kind}(${object.length}) [`, showItems(object, state, indent), "]", indent);
  }
  if (isPrototypeOf(urlPrototype, object)) return `URL { ${quoted(urlHref(object))} }`;
  if (isPrototypeOf(paramsPrototype, object)) {
    return `URLSearchParams { ${quoted(paramsText(object))} }`;
  }
  return enclosed(`${className(object)}{`, showProperties(object, state, indent), "}", indent);
}

function show(value, state, indent) {
  if (typeof value === "function") return showFunction(value);
  if (!isObject(value)) {
    const text = showPrimitive(value);
    state.left -= text.length;
    return text;
  }
  for (let link = state.above; link !== null; link = link.above) {
    if (link.value === value) return "[Circular]";
  }
  if (state.depth > DEPTH_MAX) return isArray(value) ? "[Array]" : "[Object]";
  if (state.left <= 0) return "...";
  const { above, depth } = state;
  state.above = { value, above };
  state.depth = depth + 1;
  state.left -= 4;
  const text = showObject(value, state, indent);
  state.above = above;
  state.depth = depth;
  return text;
}

function inspect(value) {
  try {
    return show(value, { above: null, depth: 0, left: SHOWN_MAX }, "");
  } catch {
    return "[a value that throws when it is looked at]";
  }
}

// ---- console ----

const shownArgument = (value) => (typeof value === "string" ? value : inspect(value));

function substitute(directive, value) {
  switch (directive) {
    case "s":
      return isObject(value) ? inspect(value) : shownArgument(value);
    case "d":
      return isObject(value) ? "NaN" : toText(Number(value));
    case "i":
      return isObject(value) ? "NaN" : toText(parseInt(value, 10));
    case "f":
      return typeof value === "symbol" ? "NaN" : toText(parseFloat(value));
    case "j":
      return stringify(value) ?? "undefined";
    case "c":
      return "";
    default:
      return inspect(value);
  }
}

function format(values) {
  if (values.length === 0) return "";
  let text = "";
  let next = 1;
  const first = values[0];
  if (typeof first !== "string" || values.length === 1 || !includes(first, "%")) {
    text = shownArgument(first);
  } else {
    for (let i = 0; i < first.length; i++) {
      const directive = first[i + 1];
      if (first[i] !== "%" || directive === undefined) {
        text += first[i];
      } else if (directive === "%") {
        text += "%";
        i += 1;
      } else if (includes("sdifjoOc", directive) && next < values.length) {
        text += substitute(directive, values[next]);
        next += 1;
        i += 1;
      } else {
        text += "%";
      }
    }
  }
  for (; next < values.length; next++) text += ` ${shownArgument(values[next])}`;
  return text;
}

const cell = (value) => show(value, { above: null, depth: DEPTH_MAX, left: SHOWN_MAX }, "");

// The rows of `console.table`: a heading, then one list of texts for each row.
function tableRows(data, only) {
  const rows = [];
  const columns = [];
  const isColumn = create(null);
  let hasValues = false;
  const collect = (index, value) => {
    const cells = create(null);
    if (isObject(value)) {
      const names = only ?? namesOf(value);
      for (let i = 0; i < names.length; i++) {
        const name = toText(names[i]);
        if (!(name in isColumn)) {
          isColumn[name] = true;
          push(columns, name);
        }
        if (isPropertyOf(value, name)) cells[name] = cell(value[name]);
      }
    } else {
      hasValues = true;
    }
    push(rows, { index, cells, value: isObject(value) ? "" : cell(value) });
  };
  const kind = native.kind(data);
  let at = 0;
  if (kind === "Map") forEachInMap(data, (value, key) => collect(shownArgument(key), value));
  else if (kind === "Set") forEachInSet(data, (value) => collect(toText(at++), value));
  else {
    const names = namesOf(data);
    for (let i = 0; i < names.length; i++) collect(names[i], data[names[i]]);
  }
  const heading = ["(index)"];
  for (let i = 0; i < columns.length; i++) push(heading, columns[i]);
  if (hasValues) push(heading, "Values");
  const lines = [heading];
  for (let r = 0; r < rows.length; r++) {
    const line = [rows[r].index];
    for (let i = 0; i < columns.length; i++) push(line, rows[r].cells[columns[i]] ?? "");
    if (hasValues) push(line, rows[r].value);
    push(lines, line);
  }
  return lines;
}

function table(data, only) {
  const lines = tableRows(data, only);
  const widths = [];
  for (let r = 0; r < lines.length; r++) {
    for (let c = 0; c < lines[r].length; c++) widths[c] = max(widths[c] ?? 0, lines[r][c].length);
  }
  const texts = [];
  for (let r = 0; r < lines.length; r++) {
    const cells = [];
    for (let c = 0; c < widths.length; c++) push(cells, padEnd(lines[r][c], widths[c]));
    push(texts, `| ${join(cells, " | ")} |`);
    if (r === 0) {
      const rules = [];
      for (let c = 0; c < widths.length; c++) push(rules, repeat("-", widths[c]));
      push(texts, `| ${join(rules, " | ")} |`);
    }
  }
  return join(texts, "\n");
}

const padEnd = uncurry(String.prototype.padEnd);
const repeat = uncurry(String.prototype.repeat);

const LEVELS = { debug: 0, log: 1, info: 2, warn: 3, error: 4 };
const logger = (level) => (...values) => native.log(level, format(values));

provide("console", {
  debug: logger(LEVELS.debug),
  log: logger(LEVELS.log),
  info: logger(LEVELS.info),
  warn: logger(LEVELS.warn),
  error: logger(LEVELS.error),
  dir: (value) => native.log(LEVELS.log, inspect(value)),
  trace: logger(LEVELS.debug),
  table: (data, columns) =>
    native.log(LEVELS.log, isObject(data) ? table(data, columns) : shownArgument(data)),
});
for (const [name, method] of Object.entries(globalThis.console)) {
  defineProperty(method, "name", { value: name });
}
