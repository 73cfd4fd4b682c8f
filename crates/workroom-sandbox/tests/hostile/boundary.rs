//! What goes to a server and comes back.

use super::{Case, case};

const STACK: &str = "exception: RangeError: Maximum call stack size exceeded";

pub(crate) const CASES: &[Case] = &[
    // Arguments.
    case("import { echo } from './servers/odd'; return await echo({ text: 'x'.repeat(1e5) })", &[
        "limit: the run went past its limit of 64 KiB for the arguments of one call",
    ]),
    case("import { echo } from './servers/odd';
          let o = {}; for (let i = 0; i < 2e4; i++) o = { o }; return await echo(o)", &[
        STACK, "exception: ArgumentError: the arguments of `odd.echo` cannot be read", "limit: ",
    ]),
    case("import { echo } from './servers/odd';
          let o = {}; for (let i = 0; i < 500; i++) o = { o }; return await echo(o)", &[
        "exception: ArgumentError: the arguments of `odd.echo` cannot be read: recursion limit",
    ]),
    case("import { echo } from './servers/odd'; const o = {}; o.o = o; return await echo(o)", &[
        "exception: TypeError: circular reference",
    ]),
    case("import { echo } from './servers/odd'; return await echo({ n: 1n })", &[
        "exception: TypeError: ",
    ]),
    case("import { echo } from './servers/odd';
          return await echo({ s: Symbol('x'), f() {}, u: undefined, d: new Date(0) })", &[
        "ok {\"d\":\"1970-01-01T00:00:00.000Z\"}",
    ]),
    case("import { echo } from './servers/odd'; const given = [() => 1]; return await echo(given[0])", &["ok {}"]),
    case("import { echo } from './servers/odd'; const given = [[1, 2]]; return await echo(given[0])", &[
        "exception: ArgumentError: `odd.echo` was not called: the argument is an array; it takes one",
    ]),
    case("import { echo } from './servers/odd'; const given = ['x']; return await echo(given[0])", &[
        "exception: ArgumentError: `odd.echo` was not called: the argument is a string; it takes one",
    ]),
    case("import { echo } from './servers/odd'; return await echo({ n: [NaN, Infinity, -0] })", &[
        "ok {\"n\":[null,null,0]}",
    ]),
    case("import { echo } from './servers/odd'; return await echo({ m: new Map([[1, 2]]) })", &[
        "ok {\"m\":{}}",
    ]),
    case("import { echo } from './servers/odd';
          return await echo(new Proxy({ a: 1 }, { get: (o, k) => o[k], ownKeys: () => ['a'] }))", &[
        "ok {\"a\":1}",
    ]),
    case("import { echo } from './servers/odd';
          return await echo(new Proxy({}, { ownKeys() { throw new Error('trap') } }))", &[
        "exception: Error: trap",
    ]),
    case("import { echo } from './servers/odd';
          return await echo({ toJSON() { throw new Error('toJSON') } })", &[
        "exception: Error: toJSON",
    ]),
    case("import { echo } from './servers/odd';
          return await echo({ toJSON() { for (;;) {} } })", &["limit: "]),
    case("import { echo } from './servers/odd';
          return await echo({ a: { get b() { throw 1 } } })", &["exception: the script threw 1"]),
    case("import { echo } from './servers/odd';
          return await echo(JSON.parse('{\"__proto__\":{\"leaked\":1},\"constructor\":1}'))", &[
        "ok {\"__proto__\":{\"leaked\":1},\"constructor\":1}",
    ]),
    case("import { echo } from './servers/odd'; return await echo({ s: 'a\\ud800b\\u0000c' })", &[
        "ok {\"s\":\"a\u{fffd}b\\u0000c\"}",
    ]),
    // Results are data, whatever their keys are.
    case("import { text } from './servers/odd';
          const r = await text({ text: '{\"__proto__\":{\"leaked\":1}}' });
          return [({}).leaked, Object.keys(r), Object.getPrototypeOf(r) === Object.prototype]", &[
        "ok [null,[\"__proto__\"],true]",
    ]),
    case("import { text } from './servers/odd';
          const r = await text({ text: '{\"constructor\":{\"prototype\":{\"leaked\":1}},\
            \"hasOwnProperty\":1,\"__defineGetter__\":2,\"toString\":3,\"length\":4}' });
          return [({}).leaked, Object.keys(r).length]", &["ok [null,5]"]),
    case("import { text } from './servers/odd';
          const r = await text({ text: '{\"then\":\"x\",\"toJSON\":\"y\"}' });
          return [r.then, r.toJSON]", &["ok [\"x\",\"y\"]"]),
    case("import { text } from './servers/odd';
          return await text({ text: '{\"then\":\"x\"}' })", &["ok {\"then\":\"x\"}"]),
    case("import { text } from './servers/odd';
          return (await text({ text: '{\"a\":1,\"a\":2}' })).a", &["ok 2"]),
    case("import { text } from './servers/odd';
          return (await text({ text: '[9007199254740993,1e400,-0,0.30000000000000004]' })).map(String)", &[
        "ok [\"9007199254740992\",\"Infinity\",\"0\",\"0.30000000000000004\"]",
    ]),
    case("import { text } from './servers/odd';
          return await text({ text: '[' + '9'.repeat(1000) + ']' })", &["ok [null]"]),
    case("import { text } from './servers/odd';
          return await text({ text: '[\"\\\\ud800\"]' })", &[
        "ok [\"\\ufffd\"]", "ok \"[\\\"\\\\ud800\\\"]\"", "ok \"[",
    ]),
    case("import { text } from './servers/odd';
          return await text({ text: '\\ufeff{\"a\":1}' })", &["ok \"\u{feff}{"]),
    case("import { text } from './servers/odd'; return await text({ text: '' })", &["ok \"\""]),
    case("import { huge } from './servers/odd'; return (await huge({})).length", &[
        "exception: ToolError: the result of `odd.huge` is 52.4 MB",
    ]),
    case("import { deep } from './servers/odd'; return typeof (await deep({}))", &[
        "ok \"string\"", "ok \"object\"", STACK, "exception: ",
    ]),
    case("import { broken } from './servers/odd';
          return [...await broken({})].map(c => c.codePointAt(0))", &["ok [97,65533,65533,0,65533]"]),
    case("import { fail } from './servers/odd'; await fail({ text: 'x'.repeat(5e4) })", &[
        "exception: ToolError: xxx",
    ]),
    case("import { fail } from './servers/odd';
          try { await fail({ text: '{\"stack\":\"forged\",\"name\":\"X\"}' }) }
          catch (e) { return [e.name, e.message.length > 10, e.stack === 'forged'] }", &[
        "ok [\"ToolError\",true,false]",
    ]),
    // What a script throws or returns.
    case("throw null", &["exception: the script threw null"]),
    case("throw undefined", &["exception: the script threw undefined"]),
    case("throw { toString() { throw 1 } }", &["exception: the script threw "]),
    case("throw new Proxy({}, { get() { throw 2 }, getPrototypeOf() { throw 3 } })", &["exception: "]),
    case("throw new Proxy(function () {}, {})", &["exception: "]),
    case("const a = new Error('a'), b = new Error('b', { cause: a }); a.cause = b; throw a", &[
        "exception: Error: a",
    ]),
    case("throw Object.assign(new Error('x'), { name: { toString() { for (;;) {} } } })", &[
        "limit: ", "exception: ",
    ]),
    case("throw 'x'.repeat(1e6)", &["exception: the script threw xxx"]),
    case("Promise.reject(new Error('floating')); return 1", &["ok 1"]),
    case("return { then(resolve) { resolve('thenable') } }", &["ok \"thenable\""]),
    case("return { then() { throw new Error('then') } }", &["exception: Error: then"]),
    case("return { then(resolve) { resolve(this) } }", &["limit: ", "exception: ", "deadlock: "]),
    case("return { get then() { throw new Error('getter') } }", &["exception: Error: getter"]),
    case("return new Proxy({}, { get: (_, k) => k === 'then' ? undefined : 1 })", &["ok "]),
    case("return { n: 1n, s: Symbol('x'), f() {}, u: undefined, m: new Map([['k', 1]]) }", &["ok {"]),
    case("return Object.create({ inherited: 1 }, { hidden: { value: 2 } })", &["ok {}"]),
    case("return 'a\\ud800b'", &["ok \"a\\ufffdb\""]),
    case("return '\\u0000'", &["ok \"\\u0000\""]),
    case("return JSON.parse('{\"__proto__\":1}')", &["ok {\"__proto__\":1}"]),
    case("await new Promise(() => {})", &["deadlock: "]),
    // Built-ins that are not what they were.
    case("JSON.stringify = () => 'mine'; JSON.parse = () => 'mine'; return { a: 1 }", &["ok {\"a\":1}"]),
    case("import { echo } from './servers/odd';
          JSON.stringify = () => { throw 1 }; return await echo({ a: 1 })", &["ok {\"a\":1}"]),
    case("import { echo } from './servers/odd';
          Promise.prototype.then = () => { throw 1 };
          return await echo({ a: 1 })", &["ok {\"a\":1}", "exception: ", "deadlock: "]),
    case("globalThis.Promise = class {}; return (async () => 1)()", &["ok 1"]),
    case("Array.prototype.map = () => 'mine'; Array.prototype.push = () => { throw 1 };
          console.log([1, 2]); return [1]", &["ok [1]"]),
    case("Object.prototype.leaked = 1; return { a: 1 }", &["ok {\"a\":1}"]),
    case("Object.defineProperty(Object.prototype, 'toJSON', { value: () => 'mine' }); return { a: 1 }", &[
        "ok \"mine\"", "ok {\"a\":1}",
    ]),
    case("Array.prototype[Symbol.iterator] = () => { throw 1 }; console.log([1]); return [1]", &["ok [1]"]),
    case("Error.prepareStackTrace = () => { throw new Error('again') }; null.x", &["exception: "]),
    case("Object.defineProperty(Error.prototype, 'message', { get() { throw 1 } });
          throw new Error('x')", &["exception: "]),
    case("String.prototype.slice = () => { throw 1 }; Math.min = () => NaN; throw new Error('x')", &[
        "exception: Error: x",
    ]),
    case("globalThis.undefined = 1; return typeof undefined", &["ok \"undefined\"", "exception: TypeError", "syntax: "]),
    case("Object.freeze(globalThis); return 1", &["ok 1", "exception: "]),
    case("Object.defineProperty(globalThis, 'x', { get() { for (;;) {} } }); return 1", &["ok 1"]),
];

/// What one run does to its session, what the next one does, and how that begins.
pub(crate) const SPOILT: &[(&str, &str, &str)] = &[
    (
        "JSON.parse = JSON.stringify = null",
        "import { echo } from './servers/odd';
        return await echo({ a: [1] })",
        "ok {\"a\":[1]}",
    ),
    (
        "Promise = null; Promise = undefined",
        "import { echo } from './servers/odd';
        return await echo({ a: 1 })",
        "ok {\"a\":1}",
    ),
    ("Object.prototype.then = 1; Array.prototype.then = 2", "return { a: 1 }", "ok {"),
    ("console.log = () => { throw 1 }", "return 1", "ok 1"),
    ("Error = class { constructor() { throw 1 } }", "null.x", "exception: TypeError"),
    (
        "Object.keys = Object.defineProperty = Reflect.ownKeys = null",
        "return new Map([['k', 1]])",
        "ok {\"k\":1}",
    ),
    ("Array.isArray = () => { throw 1 }", "return new Set([1])", "ok [1]"),
    ("Symbol.prototype.toString = null", "return Symbol('x')", "ok \"Symbol(x)\""),
    (
        "var sheet = 1; Object.defineProperty(globalThis, 'later', { get() { throw 1 } })",
        "return sheet",
        "ok 1",
    ),
    (
        "setTimeout(() => { globalThis.sheet = 'late' }, 1); var sheet = 'first'",
        "return sheet",
        "ok \"first\"",
    ),
    (
        "import { echo } from './servers/odd'; var late = echo({}).then(() => { globalThis.x = 1 })",
        "return typeof x",
        "ok \"",
    ),
    ("var n = 1; throw new Error('half way')", "return n", "ok 1"),
    ("var n = 2; for (;;) {}", "return n", "ok 2"),
    ("Math.random = () => 4; Date.now = () => 5", "return crypto.randomUUID().length", "ok 36"),
    // Setters where the gateway's own code writes.
    (
        "for (const key of ['0', 'name', 'size', 'pending', 'value', 'above', 'then', 'away'])
          Object.defineProperty(Object.prototype, key, { set() { throw 1 }, configurable: true })",
        "return [1, new Map([['k', new Set([1n])]])]",
        "ok [1,{\"k\":[\"1\"]}]",
    ),
    (
        "Object.defineProperty(Array.prototype, '0', { set() { throw 1 }, configurable: true })",
        "console.log([1], new Map([[1, 2]])); return new Set([1n])",
        "",
    ),
    (
        "Object.setPrototypeOf(globalThis, new Proxy({}, { has() { throw 1 }, get() { throw 2 } }))",
        "return 1 + 1",
        "ok 2",
    ),
    (
        "Object.prototype.toJSON = () => 'mine'; Array.prototype.toJSON = () => 'mine'",
        "import { echo } from './servers/odd'; return await echo({ a: 1 })",
        "",
    ),
    (
        "Error.prepareStackTrace = (_, f) => { globalThis.frames = f.map(String); return '' }",
        "import { fail } from './servers/odd';
        try { await fail({ text: 'x' }) } catch {} return /\\.rs|\\.c:|home/.test(String(frames))",
        "ok false",
    ),
    (
        "Function.prototype.call = Function.prototype.apply = Function.prototype.bind = null",
        "import { echo } from './servers/odd';
        console.log({ a: [1] }); return [await echo({ a: 1 }), new URL('http://a/b').href]",
        "ok [{\"a\":1},\"http://a/b\"]",
    ),
    ("Promise.prototype.then = Promise.resolve = () => { throw 1 }", "return await 7", ""),
    (
        "RegExp.prototype.exec = () => { throw 1 }; String.prototype.split = () => { throw 1 }",
        "return [new Map([['odd key', 1n]]), new URL('http://a/?b=c').search]",
        "",
    ),
    (
        "TypeError = RangeError = undefined; delete globalThis.InternalError",
        "const o = {}; o.o = o; return o",
        "exception: TypeError",
    ),
    (
        "queueMicrotask = setTimeout = clearTimeout = structuredClone = null",
        "import { echo } from './servers/odd'; return await echo({ a: 1 })",
        "ok {\"a\":1}",
    ),
    (
        "Array.prototype[Symbol.iterator] = Map.prototype.forEach = Set.prototype.forEach = null",
        "return { m: new Map(), s: new Set() }",
        "ok {\"m\":{},\"s\":[]}",
    ),
];
