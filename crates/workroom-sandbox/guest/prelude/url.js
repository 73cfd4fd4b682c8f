// `URL` and `URLSearchParams` after the URL Standard, over `url-parse.js`.

// ---- URLSearchParams ----

const formEncode = (text) =>
  percentEncode(text, "!\"#$%&'()+,/:;<=>?@[\\]^`{|}~").replace(/ /g, "+");
const formDecode = (text) => percentDecode(text.replace(/\+/g, " "));

function parsePairs(query) {
  const pairs = [];
  for (const part of query.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    pairs.push(equals < 0
      ? [formDecode(part), ""]
      : [formDecode(part.slice(0, equals)), formDecode(part.slice(equals + 1))]);
  }
  return pairs;
}

function pairsOf(init) {
  if (init === undefined) return [];
  if (!isObject(init)) return parsePairs(toText(init).replace(/^\?/, ""));
  if (typeof init[Symbol.iterator] !== "function") {
    return Object.entries(init).map(([name, value]) => [toText(name), toText(value)]);
  }
  return Array.from(init, (pair) => {
    const [name, value, ...rest] = [...pair];
    if (value === undefined || rest.length > 0) throw new TypeError("each pair needs two items");
    return [toText(name), toText(value)];
  });
}

class URLSearchParams {
  #pairs;
  #changed = () => {};

  constructor(init) {
    this.#pairs = pairsOf(init);
  }

  static {
    // For `URL`: makes `params` follow a URL, and gives what tells it of a new query.
    URLSearchParams.follow = (params, changed) => {
      params.#changed = changed;
      return (query) => {
        params.#pairs = parsePairs(query);
      };
    };
  }

  get size() {
    return this.#pairs.length;
  }

  append(name, value) {
    this.#pairs.push([toText(name), toText(value)]);
    this.#changed(this.toString());
  }

  delete(name, value) {
    const isOther = ([key, held]) =>
      key !== toText(name) || (value !== undefined && held !== toText(value));
    this.#pairs = this.#pairs.filter(isOther);
    this.#changed(this.toString());
  }

  get(name) {
    return this.#pairs.find(([key]) => key === toText(name))?.[1] ?? null;
  }

  getAll(name) {
    return this.#pairs.filter(([key]) => key === toText(name)).map(([, value]) => value);
  }

  has(name, value) {
    return this.#pairs.some(([key, held]) =>
      key === toText(name) && (value === undefined || held === toText(value)));
  }

  set(name, value) {
    const key = toText(name);
    const first = this.#pairs.find((pair) => pair[0] === key);
    if (first === undefined) {
      this.#pairs.push([key, toText(value)]);
    } else {
      first[1] = toText(value);
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== key);
    }
    this.#changed(this.toString());
  }

  sort() {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#changed(this.toString());
  }

  forEach(callback, thisArg) {
    for (const [name, value] of this) callback.call(thisArg, value, name, this);
  }

  *keys() {
    for (const [name] of this.#pairs) yield name;
  }

  *values() {
    for (const [, value] of this.#pairs) yield value;
  }

  *entries() {
    for (const [name, value] of this.#pairs) yield [name, value];
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  toString() {
    return this.#pairs.map(([name, value]) => `${formEncode(name)}=${formEncode(value)}`).join("&");
  }
}

const { follow } = URLSearchParams;
delete URLSearchParams.follow;

// ---- URL ----

class URL {
  #url;
  #params;
  #tellParams;

  constructor(input, base) {
    const from = base === undefined ? null : parseUrl(toText(base), null);
    this.#set(parseUrl(toText(input), from));
  }

  static canParse(input, base) {
    return URL.parse(input, base) !== null;
  }

  static parse(input, base) {
    try {
      return new URL(input, base);
    } catch {
      return null;
    }
  }

  #set(url) {
    this.#url = url;
    this.#tellParams?.(url.query ?? "");
  }

  // As the standard has it: a part that cannot be is left as it was.
  #change(change) {
    const url = { ...this.#url };
    try {
      change(url);
    } catch {
      return;
    }
    this.#set(url);
  }

  get href() {
    return urlText(this.#url);
  }

  set href(input) {
    this.#set(parseUrl(toText(input), null));
  }

  get origin() {
    const { scheme } = this.#url;
    return isSpecial(scheme) && scheme !== "file:" ? `${scheme}//${this.host}` : "null";
  }

  get protocol() {
    return this.#url.scheme;
  }

  set protocol(text) {
    const scheme = /^([a-z][a-z0-9+.-]*):?/i.exec(toText(text))?.[1].toLowerCase();
    if (scheme === undefined || isSpecial(`${scheme}:`) !== isSpecial(this.#url.scheme)) return;
    this.#change((url) => {
      url.scheme = `${scheme}:`;
      url.port = parsePort(url.port, url.scheme, text);
    });
  }

  get username() {
    return this.#url.username;
  }

  set username(text) {
    if (this.#url.host) this.#url.username = percentEncode(toText(text), USER_SET);
  }

  get password() {
    return this.#url.password;
  }

  set password(text) {
    if (this.#url.host) this.#url.password = percentEncode(toText(text), USER_SET);
  }

  get host() {
    return hostOf(this.#url);
  }

  set host(text) {
    const [, host, port] = /^(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?/.exec(toText(text)) ?? [];
    if (host === "" || this.#url.opaque !== null) return;
    this.#change((url) => {
      url.host = parseHost(host, url.scheme, text);
      if (port !== undefined) url.port = parsePort(port, url.scheme, text);
    });
  }

  get hostname() {
    return this.#url.host ?? "";
  }

  set hostname(text) {
    const [host] = /^(\[[^\]]*\]|[^:/?#]*)/.exec(toText(text));
    if (host === "" || this.#url.opaque !== null) return;
    this.#change((url) => {
      url.host = parseHost(host, url.scheme, text);
    });
  }

  get port() {
    return this.#url.port;
  }

  set port(text) {
    const digits = /^\d*/.exec(toText(text))[0];
    if (!this.#url.host || (digits === "" && toText(text) !== "")) return;
    this.#change((url) => {
      url.port = parsePort(digits, url.scheme, text);
    });
  }

  get pathname() {
    return pathOf(this.#url);
  }

  set pathname(text) {
    if (this.#url.opaque !== null) return;
    this.#change((url) => {
      const path = toText(text).replace(isSpecial(url.scheme) ? /^[/\\]/ : /^\//, "");
      url.path = resolvePath([], path, url.scheme);
    });
  }

  get search() {
    return this.#url.query ? `?${this.#url.query}` : "";
  }

  set search(text) {
    this.#change((url) => {
      const query = toText(text).replace(/^\?/, "");
      const set = isSpecial(url.scheme) ? SPECIAL_QUERY_SET : QUERY_SET;
      url.query = query === "" ? null : percentEncode(query, set);
    });
  }

  get searchParams() {
    if (this.#params === undefined) {
      this.#params = new URLSearchParams(this.#url.query ?? "");
      this.#tellParams = follow(this.#params, (query) => {
        this.#url.query = query === "" ? null : query;
      });
    }
    return this.#params;
  }

  get hash() {
    return this.#url.fragment ? `#${this.#url.fragment}` : "";
  }

  set hash(text) {
    const fragment = toText(text).replace(/^#/, "");
    this.#url.fragment = fragment === "" ? null : percentEncode(fragment, FRAGMENT_SET);
  }

  toString() {
    return this.href;
  }

  toJSON() {
    return this.href;
  }
}

// How `console` shows them.
const urlPrototype = URL.prototype;
const paramsPrototype = URLSearchParams.prototype;
const urlHref = uncurry(getOwnPropertyDescriptor(urlPrototype, "href").get);
const paramsText = uncurry(paramsPrototype.toString);

provide("URL", URL);
provide("URLSearchParams", URLSearchParams);
