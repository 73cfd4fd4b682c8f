// Parsing of URLs after the URL Standard, for `url.js`. Left out: host names that are not ASCII
// (they need the tables of Punycode) and the drive letters of `file:`.

const SPECIAL_PORTS = { __proto__: null, "http:": "80", "https:": "443", "ws:": "80", "wss:": "443",
  "ftp:": "21", "file:": "" };
const isSpecial = (scheme) => scheme in SPECIAL_PORTS;

// Which ASCII characters are escaped where; what is not ASCII always is.
const FRAGMENT_SET = " \"<>`";
const QUERY_SET = " \"#<>";
const SPECIAL_QUERY_SET = `${QUERY_SET}'`;
const PATH_SET = `${QUERY_SET}?^\`{}`;
const USER_SET = `${PATH_SET}/:;=@[\\]|`;

const hex = (byte) => `%${byte < 16 ? "0" : ""}${byte.toString(16).toUpperCase()}`;

function percentEncode(text, set) {
  let encoded = "";
  for (const character of wellFormed(text)) {
    const code = character.codePointAt(0);
    if (code > 0x20 && code < 0x7f && !set.includes(character)) {
      encoded += character;
    } else if (code === 0x20 && !set.includes(" ")) {
      encoded += " ";
    } else {
      for (const byte of native.encode(character)) encoded += hex(byte);
    }
  }
  return encoded;
}

function percentDecode(text) {
  if (!text.includes("%")) return text;
  const bytes = native.encode(wellFormed(text));
  const decoded = [];
  for (let i = 0; i < bytes.length; i++) {
    const digits = bytes[i] === 0x25 ? String.fromCharCode(bytes[i + 1], bytes[i + 2]) : "";
    if (/^[0-9a-f]{2}$/i.test(digits)) {
      decoded.push(parseInt(digits, 16));
      i += 2;
    } else {
      decoded.push(bytes[i]);
    }
  }
  return native.decode(new Uint8Array(decoded), false);
}

// ---- hosts ----

const invalid = (input, why = "") => {
  const error = new TypeError(`Invalid URL${why === "" ? "" : `: ${why}`}`);
  visible(error, "code", "ERR_INVALID_URL");
  visible(error, "input", input);
  return error;
};

// A number of an IPv4 address: decimal, 0x…, or 0… in octal. NaN for anything else.
function ipv4Number(text) {
  if (/^0x[0-9a-f]*$/i.test(text)) return text.length === 2 ? 0 : parseInt(text.slice(2), 16);
  if (/^0[0-7]+$/.test(text)) return parseInt(text, 8);
  return /^\d+$/.test(text) ? parseInt(text, 10) : NaN;
}

function parseIpv4(host) {
  const parts = host.split(".");
  if (parts.length > 1 && parts[parts.length - 1] === "") parts.pop();
  const last = parts[parts.length - 1];
  if (!/^\d+$/.test(last) && !/^0x[0-9a-f]*$/i.test(last)) return host;
  const numbers = parts.map(ipv4Number);
  const tail = numbers.pop();
  if (numbers.length > 3 || !numbers.every((number) => number <= 255)) return null;
  if (!(tail < 256 ** (4 - numbers.length))) return null;
  const address = numbers.reduce((sum, number, i) => sum + number * 256 ** (3 - i), tail);
  return [24, 16, 8, 0].map((shift) => floor(address / 2 ** shift) % 256).join(".");
}

function parseIpv6(text) {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const groups = (half) => {
    if (half === "") return [];
    const found = [];
    const parts = half.split(":");
    for (let i = 0; i < parts.length; i++) {
      if (parts[i].includes(".") && i === parts.length - 1) {
        if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(parts[i])) return null;
        const bytes = parts[i].split(".").map(Number);
        if (bytes.some((byte) => byte > 255)) return null;
        found.push(bytes[0] * 256 + bytes[1], bytes[2] * 256 + bytes[3]);
      } else if (/^[0-9a-f]{1,4}$/i.test(parts[i])) {
        found.push(parseInt(parts[i], 16));
      } else {
        return null;
      }
    }
    return found;
  };
  const [front, back] = [groups(halves[0]), groups(halves[1] ?? "")];
  if (front === null || back === null) return null;
  const gap = 8 - front.length - back.length;
  if (halves.length === 2 ? gap < 1 : gap !== 0) return null;
  return ipv6Text([...front, ...Array(gap).fill(0), ...back]);
}

// With the first longest run of two zeros or more written as `::`.
function ipv6Text(groups) {
  let [start, length] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (groups[i + run] === 0) run += 1;
    if (run > length) [start, length] = [i, run];
    i += run;
  }
  const text = (part) => part.map((group) => group.toString(16)).join(":");
  if (start < 0) return `[${text(groups)}]`;
  return `[${text(groups.slice(0, start))}::${text(groups.slice(start + length))}]`;
}

function parseHost(text, scheme, input) {
  if (text.startsWith("[")) {
    const address = text.endsWith("]") ? parseIpv6(text.slice(1, -1)) : null;
    if (address === null) throw invalid(input, "the IPv6 address is malformed");
    return address;
  }
  if (!isSpecial(scheme)) {
    if (/[\0\t\n\r #/:<>?@[\\\]^|]/.test(text)) throw invalid(input, "the host is malformed");
    return percentEncode(text, "");
  }
  const host = percentDecode(text).toLowerCase();
  if (/[^\0-\x7f]/.test(host)) throw invalid(input, "host names must be ASCII in the sandbox");
  if (host === "" || /[\0-\x20#%/:<>?@[\\\]^`{|}\x7f]/.test(host)) {
    throw invalid(input, "the host is malformed");
  }
  const parsed = parseIpv4(host);
  if (parsed === null) throw invalid(input, "the IPv4 address is malformed");
  return parsed;
}

function parsePort(text, scheme, input) {
  if (text === "") return "";
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65535)) throw invalid(input, "the port is malformed");
  return toText(port) === SPECIAL_PORTS[scheme] ? "" : toText(port);
}

// ---- parsing ----

// [user:password@]host[:port] into `url`.
function parseAuthority(url, text, input) {
  const at = text.lastIndexOf("@");
  if (at >= 0) {
    const user = text.slice(0, at);
    const colon = user.indexOf(":");
    url.username = percentEncode(colon < 0 ? user : user.slice(0, colon), USER_SET);
    url.password = percentEncode(colon < 0 ? "" : user.slice(colon + 1), USER_SET);
  }
  const place = text.slice(at + 1);
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(place) ?? [];
  if (host === undefined) throw invalid(input, "the host is malformed");
  if (host === "" && at >= 0) throw invalid(input, "the host is missing");
  if (url.scheme === "file:") {
    const isLocal = host === "" || host.toLowerCase() === "localhost";
    url.host = isLocal ? "" : parseHost(host, url.scheme, input);
  } else {
    if (host === "" && (isSpecial(url.scheme) || port !== undefined)) {
      throw invalid(input, "the host is missing");
    }
    url.host = host === "" ? "" : parseHost(host, url.scheme, input);
  }
  url.port = parsePort(port ?? "", url.scheme, input);
}

const isDot = (segment) => /^(\.|%2e)$/i.test(segment);
const isDots = (segment) => /^(\.|%2e){2}$/i.test(segment);

// `text` after `above`, with its dots resolved, as a list of segments.
function resolvePath(above, text, scheme) {
  const segments = [...above];
  const parts = text.split(isSpecial(scheme) ? /[/\\]/ : "/");
  parts.forEach((part, i) => {
    const isLast = i === parts.length - 1;
    if (isDots(part)) {
      segments.pop();
      if (isLast) segments.push("");
    } else if (isDot(part)) {
      if (isLast) segments.push("");
    } else {
      segments.push(percentEncode(part, PATH_SET));
    }
  });
  return segments;
}

function parseTail(url, text) {
  const hash = text.indexOf("#");
  if (hash >= 0) {
    url.fragment = percentEncode(text.slice(hash + 1), FRAGMENT_SET);
    text = text.slice(0, hash);
  }
  const mark = text.indexOf("?");
  if (mark >= 0) {
    const set = isSpecial(url.scheme) ? SPECIAL_QUERY_SET : QUERY_SET;
    url.query = percentEncode(text.slice(mark + 1), set);
    text = text.slice(0, mark);
  }
  return text;
}

function parseRelative(text, base, input) {
  if (base === null) throw invalid(input);
  if (base.opaque !== null && !text.startsWith("#")) throw invalid(input, "the base cannot be one");
  const url = { ...base, fragment: null };
  const slash = isSpecial(base.scheme) ? /^[/\\]/ : /^\//;
  if (slash.test(text) && slash.test(text.slice(1))) {
    return parseHierarchy({ ...blank(base.scheme) }, text, input);
  }
  const isQueryKept = text === "" || text.startsWith("#");
  if (!isQueryKept) url.query = null;
  const path = parseTail(url, text);
  if (path === "") return url;
  const above = slash.test(path) ? [] : url.path.slice(0, -1);
  url.path = resolvePath(above, slash.test(path) ? path.slice(1) : path, url.scheme);
  return url;
}

const blank = (scheme) => ({
  scheme, username: "", password: "", host: null, port: "", path: [], opaque: null, query: null,
  fragment: null,
});

// `text` begins with the slashes that an authority follows.
function parseHierarchy(url, text, input) {
  const special = isSpecial(url.scheme);
  let rest = text.replace(special && url.scheme !== "file:" ? /^[/\\]*/ : /^[/\\]{2}/, "");
  rest = parseTail(url, rest);
  const end = rest.search(special ? /[/\\]/ : /\//);
  parseAuthority(url, end < 0 ? rest : rest.slice(0, end), input);
  if (end >= 0) url.path = resolvePath([], rest.slice(end + 1), url.scheme);
  else if (special) url.path = [""];
  return url;
}

function parseUrl(input, base) {
  let text = input.replace(/^[\0-\x20]+|[\0-\x20]+$/g, "").replace(/[\t\n\r]/g, "");
  const found = /^([a-z][a-z0-9+.-]*):/i.exec(text);
  if (found === null) return parseRelative(text, base, input);
  const scheme = found[0].toLowerCase();
  text = text.slice(found[0].length);
  const url = blank(scheme);
  if (isSpecial(scheme)) {
    if (base?.scheme === scheme && !/^[/\\]/.test(text)) return parseRelative(text, base, input);
    if (scheme === "file:" && !/^[/\\]{2}/.test(text)) {
      url.host = "";
      const path = parseTail(url, text);
      url.path = resolvePath([], path.replace(/^[/\\]/, ""), scheme);
      return url;
    }
    return parseHierarchy(url, text, input);
  }
  if (text.startsWith("//")) return parseHierarchy(url, text, input);
  const path = parseTail(url, text);
  if (path.startsWith("/")) url.path = resolvePath([], path.slice(1), scheme);
  else url.opaque = percentEncode(path, "").replace(/ +$/, (spaces) => "%20".repeat(spaces.length));
  return url;
}

const hostOf = (url) => `${url.host ?? ""}${url.port === "" ? "" : `:${url.port}`}`;
const pathOf = (url) =>
  url.opaque ?? (url.path.length === 0 ? "" : `/${url.path.join("/")}`);

function urlText(url) {
  let text = url.scheme;
  if (url.host !== null) {
    text += "//";
    if (url.username !== "" || url.password !== "") {
      text += `${url.username}${url.password === "" ? "" : `:${url.password}`}@`;
    }
    text += hostOf(url);
  } else if (url.opaque === null && url.path.length > 1 && url.path[0] === "") {
    text += "/.";
  }
  text += pathOf(url);
  if (url.query !== null) text += `?${url.query}`;
  if (url.fragment !== null) text += `#${url.fragment}`;
  return text;
}
