//! Too much of everything.

use super::{Case, case};

const CPU: &str = "limit: the run went past its limit of 150 ms for computing time";
const MEMORY: &str = "limit: the run went past its limit of 32 MiB for memory";
const CALLS: &str = "limit: the run went past its limit of 50 calls for tool calls";
const REGEX: &str = "limit: the run went past its limit of 60 ms for one match";
const STACK: &str = "exception: RangeError: Maximum call stack size exceeded";
const STRING: &str = "exception: RangeError: invalid string length";
const TEXT: &str = "exception: InternalError: string too long";
const OUTPUT: &str = "limit: the run went past its limit of 64 KiB for output";
const TIMERS: &str = "limit: the run went past its limit of 50 timers for timers set";
const PENDING: &str = "limit: the run went past its limit of 40 pieces";

pub(crate) const CASES: &[Case] = &[
    // Loops without end, wherever code can be.
    case("while (true) {}", &[CPU]),
    case("for (;;) await 0", &[CPU]),
    case("const o = { get x() { for (;;) {} } }; return o.x", &[CPU]),
    case("return { get x() { for (;;) {} } }", &[CPU]),
    case("(function f() { Promise.resolve().then(f) })(); await new Promise(() => {})", &[CPU]),
    case("return { toJSON() { for (;;) {} } }", &[CPU]),
    case("return `${{ toString() { for (;;) {} } }}`", &[CPU]),
    case("return [3, 1, 2].sort(() => { for (;;) {} })", &[CPU]),
    case("new Proxy({}, { get() { for (;;) {} } }).x", &[CPU]),
    case("return Object.keys(new Proxy({}, { ownKeys() { for (;;) {} } }))", &[CPU]),
    case("throw { get message() { for (;;) {} } }", &[CPU, "exception: "]),
    case("function* g() { for (;;) yield 1 } for (const x of g()) {}", &[CPU]),
    case("async function* g() { for (;;) yield 1 } for await (const x of g()) {}", &[CPU]),
    case("for (;;) { try { for (;;) {} } catch {} finally { for (;;) {} } }", &[CPU]),
    case("class A { static { for (;;) {} } }", &[CPU]),
    case("label: for (;;) { for (;;) continue label }", &[CPU]),
    case("'x'.replace(/x/, () => { for (;;) {} })", &[CPU]),
    case("JSON.parse('[1]', () => { for (;;) {} })", &[CPU]),
    case("Array.from({ length: 1e9 }, () => 0)", &[CPU, MEMORY]),
    case(
        "const m = new Map([[1, 1]]); for (const [k] of m) { m.delete(k); m.set(k + 1, 1) }",
        &[CPU, MEMORY],
    ),
    case("console.log({ get x() { for (;;) {} } })", &[CPU, "ok undefined"]),
    case("console.log(new Proxy([], { get() { for (;;) {} } }))", &[CPU, "ok undefined"]),
    case("import { echo } from './servers/odd'; for (;;) await echo({})", &[CALLS]),
    // Native code that takes long.
    case("return /^(a+)+$/.test('a'.repeat(40) + 'b')", &[REGEX]),
    case("return /^(\\w+\\s?)*$/.test('a '.repeat(40) + '!')", &["ok false", REGEX]),
    case(
        "return 'a'.repeat(2 ** 20).replace(/(a+)+$/, '').length",
        &[
            "ok ",
            REGEX,
            STACK,
            MEMORY,
            "exception: InternalError: out of memory in regexp execution",
        ],
    ),
    case(
        "return [].concat(...Array(1e6)).length",
        &["ok ", STACK, MEMORY, "exception: RangeError"],
    ),
    case("return new Array(2 ** 31).fill(0).length", &[CPU, MEMORY, "exception: "]),
    case("return 2n ** (2n ** 30n)", &[MEMORY, CPU, "exception: RangeError"]),
    case("return (3n ** 2000000n) ** 5n", &[CPU, MEMORY, "exception: RangeError"]),
    case(
        "const a = 'a'.repeat(3e6), b = 'a'.repeat(1.5e6) + 'b'; return a.indexOf(b)",
        &[CPU, "ok -1"],
    ),
    case(
        "const a = Array.from({ length: 4e5 }, (_, i) => `${i * 7919 % 400009}`); a.sort()",
        &[CPU, MEMORY, "ok "],
    ),
    case("return 'é'.repeat(3e6).normalize('NFD').length", &["ok ", CPU, MEMORY]),
    // Memory.
    case("let s = 'x'; for (;;) s += s", &[TEXT, MEMORY]),
    case("return 'x'.repeat(2 ** 29).length", &[STRING, MEMORY]),
    case("return 'x'.padEnd(2 ** 30)", &[STRING, MEMORY]),
    case("return 'abc'.replaceAll('', 'x'.repeat(9e6)).length", &[STRING, MEMORY]),
    case("return Array(3e4).join('x'.repeat(1e4)).length", &[STRING, MEMORY]),
    case("const a = []; for (;;) a.push(new Array(1000).fill(Math.PI))", &[MEMORY, CPU]),
    case("const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))", &[MEMORY]),
    case("return new ArrayBuffer(2 ** 33)", &[MEMORY, "exception: RangeError"]),
    case("return new Float64Array(1e9).length", &[MEMORY, "exception: RangeError"]),
    case("const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })", &[MEMORY, CPU]),
    case("const s = new Set(); for (let i = 0; ; i++) s.add('k' + i)", &[MEMORY, CPU]),
    case("const f = []; for (let i = 0; ; i++) f.push(() => i)", &[MEMORY, CPU]),
    case("let o = {}; for (;;) o = { o, p: [o] }", &[MEMORY, CPU]),
    case("const o = {}; for (let i = 0; ; i++) o['k' + i] = i", &[MEMORY, CPU]),
    case("let j = '[1]'; for (;;) j = JSON.stringify([j, j])", &[STRING, MEMORY, CPU]),
    case("return JSON.parse('[' + '1,'.repeat(4e6) + '1]').length", &[MEMORY, CPU]),
    case("structuredClone(Array.from({ length: 3e5 }, (_, i) => ({ i })))", &[MEMORY, CPU]),
    case("const a = [1]; for (;;) a.push(...a)", &[MEMORY, STACK, CPU, "exception: RangeError"]),
    case("return new Array(1e8).map(String).length", &["ok ", CPU, MEMORY]),
    case("const w = new WeakMap(); for (;;) w.set({}, new Uint8Array(1 << 16))", &[CPU, MEMORY]),
    case("for (;;) Symbol.for('x' + Math.random())", &[CPU, MEMORY]),
    // Depth.
    case("(function f(n) { return f(n + 1) + 1 })(0)", &[STACK]),
    case(
        "let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; JSON.stringify(o)",
        &[STACK, CPU, MEMORY],
    ),
    case(
        "let o = []; for (let i = 0; i < 5e4; i++) o = [o]; return o",
        &[STACK, CPU, MEMORY, OUTPUT],
    ),
    case("JSON.parse('['.repeat(1e5))", &["exception: "]),
    case("JSON.parse('{\"a\":'.repeat(1e5))", &["exception: "]),
    case("const a = []; a[0] = a; return a", &["exception: TypeError: the returned value refers"]),
    case("return new RegExp('('.repeat(1e5))", &["exception: "]),
    case(
        "return /x/.test('(' .repeat(1e5)) || new RegExp('(?:a'.repeat(2e4) + ')'.repeat(2e4))",
        &["exception: ", "ok "],
    ),
    case("async function f() { await f() } await f()", &[STACK, MEMORY, CPU]),
    case("const o = { toString() { return `${o}` } }; return `${o}`", &[STACK]),
    case("const o = { get x() { return this.x } }; return o.x", &[STACK]),
    case(
        "let p = {}; for (let i = 0; i < 1e5; i++) p = Object.create(p); return p.nothing",
        &["ok undefined", CPU, MEMORY],
    ),
    case(
        "let f = () => 1; for (let i = 0; i < 1e5; i++) { const g = f; f = () => g() } f()",
        &[STACK],
    ),
    case(
        "let p = new Proxy({}, {}); for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x",
        &[STACK, "ok undefined", MEMORY],
    ),
    case("let b = f => f; for (let i = 0; i < 1e5; i++) b = b.bind(null); b()", &[STACK, MEMORY]),
    case("[1, 2].sort(function f() { return [1, 2].sort(f) })", &[STACK]),
    case("eval('('.repeat(1e5))", &["exception: "]),
    case("return eval('1' + '+1'.repeat(1e5))", &["ok 100001", "exception: ", CPU]),
    case("return eval('['.repeat(2e4) + ']'.repeat(2e4))", &["exception: ", "ok ", STACK]),
    // Floods.
    case(
        "const p = []; for (;;) { p.push(Promise.resolve().then(() => {})); await 0 }",
        &[CPU, MEMORY],
    ),
    case("for (;;) Promise.reject(1)", &[CPU, MEMORY]),
    case("for (;;) queueMicrotask(() => {})", &[CPU, MEMORY]),
    case("for (;;) setTimeout(() => {}, 1e6)", &[TIMERS, PENDING]),
    case("setInterval(() => {}, 1); await new Promise(() => {})", &[TIMERS]),
    case("const tick = () => setImmediate(tick); tick(); await new Promise(() => {})", &[TIMERS]),
    case("console.log('x'.repeat(1e6))", &[OUTPUT]),
    case("for (;;) console.log('')", &[OUTPUT]),
    case("return 'x'.repeat(1e6)", &[OUTPUT]),
    case("return Array(1e5).fill('x')", &[OUTPUT, MEMORY]),
    case(
        "import { echo } from './servers/odd';
          await Promise.all(Array(1e5).fill(0).map(() => echo({})))",
        &[CALLS, PENDING],
    ),
    case(
        "import { echo } from './servers/odd'; for (;;) echo({}).catch(() => {})",
        &[CALLS, PENDING],
    ),
    case("throw new Error('x'.repeat(9e6))", &["exception: Error: xxx"]),
];
