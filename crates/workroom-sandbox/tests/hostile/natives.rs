//! Built-in functions given what nobody would give them.

use super::{Case, case};

const CPU: &str = "limit: the run went past its limit of 150 ms for computing time";
const MEMORY: &str = "limit: the run went past its limit of 32 MiB for memory";
const OUTPUT: &str = "limit: the run went past its limit of 64 KiB for output";
const ARGUMENT: &str = "limit: the run went past its limit of 64 KiB for the arguments of one call";
const STRING: &str = "exception: RangeError: invalid string length";
const RANGE: &str = "exception: RangeError";
const TYPE: &str = "exception: TypeError";

pub(crate) const CASES: &[Case] = &[
    // Lengths that nothing has.
    case("const a = []; a.length = 2 ** 32 - 1; return a", &[CPU, MEMORY, OUTPUT, STRING]),
    case("const a = []; a[2 ** 32 - 2] = 1; return JSON.stringify(a)", &[CPU, MEMORY, STRING]),
    case("const a = []; a.length = 2 ** 32 - 1; console.log(a)", &["ok undefined", CPU]),
    case(
        "import { echo } from './servers/odd';
         const a = []; a.length = 2 ** 32 - 1; return await echo({ a })",
        &[CPU, MEMORY, STRING, ARGUMENT],
    ),
    case("return Array(2 ** 32 - 1).join().length", &[CPU, MEMORY, STRING]),
    case("return [].indexOf.call({ length: 2 ** 53 - 1 }, 1)", &[CPU]),
    case("return [].lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)", &[CPU]),
    case("return [].includes.call({ length: 2 ** 53 - 1 }, 1)", &[CPU]),
    case("return [].reverse.call({ length: 2 ** 53 - 1 })", &[CPU, MEMORY]),
    case("return [].fill.call({ length: 2 ** 53 - 1 }, 1)", &[CPU, MEMORY]),
    case("return [].sort.call({ length: 2 ** 53 - 1 })", &[CPU, MEMORY, TYPE]),
    case("return [].copyWithin.call({ length: 2 ** 53 - 1 }, 1)", &[CPU, MEMORY]),
    case("return [].every.call({ length: 2 ** 53 - 1 }, () => true)", &[CPU]),
    case(
        "return [].splice.call({ length: 2 ** 53 - 1 }, 0, 2 ** 31).length",
        &[CPU, MEMORY, RANGE, TYPE],
    ),
    case("return Array.from({ length: 2 ** 53 - 1 }).length", &[CPU, MEMORY, RANGE]),
    case("return String.raw({ raw: { length: 2 ** 53 - 1 } })", &[CPU, MEMORY, STRING]),
    case("return Math.max.apply(null, { length: 2 ** 31 })", &[CPU, MEMORY, RANGE]),
    case("return String.fromCharCode.apply(null, { length: 1e6 }).length", &[RANGE, MEMORY]),
    case("return Reflect.construct(Array, { length: 1e9 })", &[CPU, MEMORY, RANGE]),
    case("return new Uint8Array({ length: 2 ** 53 - 1 })", &[CPU, MEMORY, RANGE]),
    case("return new Uint8Array(8).set({ length: 2 ** 53 - 1 })", &[CPU, RANGE]),
    // Native code without an end in sight.
    case("return (7n ** 3000000n).toString().length", &[CPU, MEMORY, RANGE, "ok "]),
    case(
        "return BigInt('9'.repeat(1e6)) % 7n",
        &[CPU, MEMORY, RANGE, "exception: SyntaxError", "ok "],
    ),
    case("return BigInt.asUintN(2 ** 53 - 1, -1n)", &[CPU, MEMORY, RANGE]),
    case("return 1n << (2n ** 64n)", &[CPU, MEMORY, RANGE]),
    case("return 'x'.repeat(3e4).replace(/x/g, \"$'\").length", &[CPU, MEMORY, STRING, "ok "]),
    case("return 'x'.repeat(1e6).replaceAll('x', '$&$&$&$&').length", &["ok 4000000", MEMORY, CPU]),
    case("return 'a,'.repeat(1e6).split(',').length", &["ok 1000001", MEMORY, CPU]),
    case("return encodeURIComponent('é'.repeat(4e6)).length", &[CPU, MEMORY, STRING]),
    case("return escape('€'.repeat(4e6)).length", &[CPU, MEMORY, STRING]),
    case("return btoa('x'.repeat(7e6)).length", &["ok ", CPU, MEMORY, STRING]),
    case("return new URL('http://a/' + '../'.repeat(1e6)).href", &["ok ", "limit: "]),
    case("return [...new URLSearchParams('a=1&'.repeat(2e5))].length", &["ok 200000", CPU, MEMORY]),
    case(
        "return new TextDecoder().decode(new Uint8Array(9e6).fill(255)).length",
        &["ok ", MEMORY, CPU],
    ),
    case(
        "console.table(Array.from({ length: 5e3 }, (_, i) => ({ ['k' + i]: i })))",
        &[CPU, MEMORY, OUTPUT, STRING],
    ),
    case("console.log('%s'.repeat(1e5), ...Array(1e4).fill('x'))", &[OUTPUT, RANGE, CPU]),
    case("return new Date(NaN)", &["ok null"]),
    case("return Intl", &["check: the sandbox has no `Intl`"]),
    case(
        "return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
        &["exception: ReferenceError"],
    ),
    // Buffers that change while somebody looks at them.
    case(
        "const b = new ArrayBuffer(8, { maxByteLength: 1 << 20 }); const u = new Uint8Array(b);
          return u.map((x, i) => { b.resize(i % 2 ? 0 : 1 << 20); return 1 }).length",
        &["ok ", TYPE],
    ),
    case(
        "const b = new ArrayBuffer(1 << 20); const u = new Uint8Array(b);
          u.sort(() => { b.transfer(0); return 1 }); return u.length",
        &["ok ", TYPE],
    ),
    case(
        "const b = new ArrayBuffer(8); const u = new Uint8Array(b); b.transfer();
          crypto.getRandomValues(u); return new TextDecoder().decode(u)",
        &["ok \"\"", TYPE],
    ),
    case(
        "const u = new Uint8Array(8);
          return new TextEncoder().encodeInto('x'.repeat(1e6), u)",
        &["ok {", TYPE],
    ),
    case(
        "const b = new ArrayBuffer(8); structuredClone(b, { transfer: [b] }); return b.byteLength",
        &["ok 0", "ok 8", TYPE, "exception: "],
    ),
    case(
        "const v = new DataView(new ArrayBuffer(8, { maxByteLength: 16 }));
          return v.getFloat64({ valueOf() { v.buffer.resize(0); return 0 } })",
        &[RANGE, TYPE],
    ),
    case(
        "const a = [1, 2, 3]; a.sort(() => { a.length = 0; a.push(...Array(999)); return -1 });
          return a.length",
        &["ok "],
    ),
    case(
        "const a = Array(100).fill(0);
          return a.concat({ [Symbol.isConcatSpreadable]: true, length: 50,
            get 0() { a.length = 0; return 1 } }).length",
        &["ok 150"],
    ),
    case(
        "const m = new Map([[1, 1], [2, 2]]); m.forEach(() => m.clear()); return m.size",
        &["ok 0"],
    ),
    case(
        "const s = new Set([1]); for (const x of s) { s.clear(); if (x < 9) s.add(x + 1) }
          return [...s]",
        &["ok [9]", "ok []"],
    ),
    case(
        "const a = [1, 2, 3]; return JSON.stringify(a, (k, v) => { a.length = 0; return v })",
        &["ok ", TYPE],
    ),
    case(
        "return JSON.stringify({ a: 1, b: 2 }, ['a', { toString() { throw 1 } }])",
        &["ok \"{\\\"a"],
    ),
    case(
        "const o = { a: 1, get b() { delete o.c; delete o.a; return 2 }, c: 3 }; return o",
        &["ok {"],
    ),
    case(
        "const a = [1]; Object.defineProperty(a, 0, { get() { a.length = 0; return 1 },
            configurable: true }); a.push(2, 3); return a",
        &["ok ", TYPE],
    ),
    // Species, proxies and getters where built-ins look.
    case(
        "class A extends Array { static get [Symbol.species]() { return function () {
            return new Proxy([], { defineProperty() { throw new Error('no') } }) } } }
          return new A(1, 2).map(x => x)",
        &["exception: Error: no"],
    ),
    case(
        "class P extends Promise { static get [Symbol.species]() { throw new Error('species') } }
          return await P.resolve(1).then(x => x)",
        &["exception: Error: species"],
    ),
    case(
        "const p = Promise.resolve(1); p.constructor = { [Symbol.species]: null };
          return await p",
        &["ok 1", TYPE],
    ),
    case("return await { then: 1, catch: 2 }", &["ok {\"then\":1,\"catch\":2}"]),
    case(
        "const r = /x/; r.exec = () => ({ index: 0, length: 2 ** 53 - 1, 0: '' });
          return 'xx'.replace(r, '')",
        &[CPU, MEMORY, "ok "],
    ),
    case("const r = /x/g; r.exec = () => ['']; return 'xx'.replace(r, '')", &[CPU, MEMORY]),
    case("const r = /x/y; r.lastIndex = { valueOf() { for (;;) {} } }; return r.test('x')", &[CPU]),
    case("return new RegExp('(?<a>x)'.repeat(300), 'd')", &["exception: SyntaxError", "ok "]),
    case(
        "return /(?:(?=(a+))\\1)+b/.test('a'.repeat(2e4))",
        &["ok false", CPU, "limit: the run went past its limit of 60 ms for one match"],
    ),
    case("return 'x'.localeCompare({ toString() { for (;;) {} } })", &[CPU]),
    case("return +{ [Symbol.toPrimitive]: () => ({}) }", &[TYPE]),
    // Reflection of functions does not lead to who called.
    case("return new Function('return arguments.callee.caller')()", &["ok ", TYPE]),
    case("return new Function('/*', '*/){ return process')()", &["exception: "]),
    case("Error.stackTraceLimit = { valueOf() { for (;;) {} } }; null.x", &[TYPE, CPU]),
    case(
        "Error.stackTraceLimit = 1e9; (function f(n) { if (n) f(n - 1); else null.x })(200)",
        &[TYPE],
    ),
    case(
        "const o = {}; Error.captureStackTrace?.(o); return /\\.rs|\\/home/.test(o.stack)",
        &["ok false"],
    ),
    // What the collector runs.
    case(
        "const r = new FinalizationRegistry(() => { for (;;) {} });
          for (let i = 0; i < 1e4; i++) r.register({}, i); await null; return 1",
        &["ok 1", CPU],
    ),
    case(
        "for (let i = 0; i < 1e5; i++) { const a = {}; a.a = a; new WeakRef(a) } return 1",
        &["ok 1", CPU, MEMORY],
    ),
    // Timers.
    case("await new Promise(r => setTimeout(r, NaN)); return 1", &["ok 1"]),
    case("await new Promise(r => setTimeout(r, -1e9)); return 1", &["ok 1"]),
    case("await new Promise(r => setTimeout(r, { valueOf() { for (;;) {} } }))", &[CPU]),
    case(
        "for (const id of [-1, 0, 1e9, NaN, 'x', {}, null]) clearTimeout(id); return 1",
        &["ok 1"],
    ),
    case(
        "setTimeout(() => { throw new Error('later') }, 1);
          await new Promise(r => setTimeout(r, 5)); return 1",
        &["ok 1", "exception: Error: later"],
    ),
    case(
        "const id = setInterval(() => clearInterval(id), 0);
          await new Promise(r => setTimeout(r, 5)); return 1",
        &["ok 1"],
    ),
    // What helps with results.
    case("show(new Proxy({}, { get() { for (;;) {} } }))", &[CPU]),
    case("const a = []; a.push(a); show(a)", &[TYPE]),
    case(
        "const data = 'A'.repeat(4e6); for (;;) show({ type: 'image', data, mimeType: '' })",
        &["limit: the run went past its limit of 8192 KiB for what `show` passes on", CPU, MEMORY],
    ),
    case("show({ type: 'image', data: '<script>', mimeType: '\\u0000' }); return 1", &["ok 1"]),
    case(
        "return await paginate(() => ({ items: [Math.random()], nextCursor: Math.random() }))",
        &["ok [0."],
    ),
    case("return await paginate(() => { for (;;) {} })", &[CPU]),
    case(
        "return await paginate(() => ({ get items() { throw 7 } }))",
        &["exception: the script threw 7"],
    ),
    case(
        "return (await paginate(() => [], {}, { items: () => new Proxy([], { get() { return 1e9 } }) }))",
        &["exception: ", "ok ", CPU, MEMORY],
    ),
    case("return await readFile('../../../etc/passwd')", &["exception: Error: "]),
    case("return await readFile({ get path() { for (;;) {} } })", &[CPU]),
    // What looks at values runs on its own; what it is told is shown and nothing else.
    case("__workroom.seen(new Error('x'), [() => { for (;;) {} }])", &[CPU]),
    case(
        "const e = new Error('x'); __workroom.seen(e, [() => ({ ['k'.repeat(1e6)]: 1 })]); throw e",
        &["exception: Error: x"],
    ),
    case(
        "const e = new Error('x'); for (let i = 0; i < 1e4; i++) e['k' + i] = 'v'.repeat(100); throw e",
        &["exception: Error: x"],
    ),
    case("const o = new Proxy({}, { ownKeys() { for (;;) {} } }); return o.a.b", &[TYPE]),
    case("const o = { get a() { throw 1 } }; try { o.a } catch {} return o.b.c", &[TYPE]),
];
