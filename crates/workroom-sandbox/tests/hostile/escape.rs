//! Ways out that are none.

use super::{Case, case};

pub(crate) const CASES: &[Case] = &[
    // The constructors lead to this realm's own global, which holds nothing of a host's.
    case(
        "return this.constructor.constructor('return process')()",
        &["exception: ReferenceError: process is not defined", "exception: TypeError"],
    ),
    case("return globalThis.constructor.constructor('return this')() === globalThis", &["ok true"]),
    case(
        "return globalThis.__proto__.constructor.constructor('return typeof require')()",
        &["ok \"undefined\""],
    ),
    case(
        "return ['process', 'require', 'Deno', 'Bun', 'std', 'os', 'module', 'exports', 'window',
            'self', 'global', 'fetch', 'XMLHttpRequest', 'WebSocket', 'Worker', 'navigator',
            'indexedDB', 'localStorage', 'SharedArrayBuffer', 'WebAssembly', 'importScripts']
            .filter(name => typeof globalThis[name] !== 'undefined')",
        &["ok []", "ok [\"SharedArrayBuffer\"]"],
    ),
    // Through every value that crosses.
    case(
        "import { echo } from './servers/odd';
         return echo.constructor.constructor('return typeof process')()",
        &["ok \"undefined\""],
    ),
    case(
        "import { echo } from './servers/odd';
         const result = await echo({ a: 1 });
         return [Object.getPrototypeOf(result) === Object.prototype,
             result.constructor.constructor('return typeof process')()]",
        &["ok [true,\"undefined\"]"],
    ),
    case(
        "import { fail } from './servers/odd';
         try { await fail({ text: 'no' }) } catch (e) {
           return [e instanceof Error, e.constructor.constructor('return typeof process')()] }",
        &["ok [true,\"undefined\"]"],
    ),
    case(
        "import { echo } from './servers/odd';
         const p = echo({});
         const told = p.constructor.constructor('return typeof process')();
         await p; return [told, p instanceof Promise]",
        &["ok [\"undefined\",true]"],
    ),
    case("return console.log.constructor('return typeof process')()", &["ok \"undefined\""]),
    case("return setTimeout.constructor('return typeof process')()", &["ok \"undefined\""]),
    // Stack traces hold no frame and no path of the host.
    case(
        "Error.prepareStackTrace = (_, frames) => String(frames);
         const told = String(new Error('x').stack); delete Error.prepareStackTrace;
         return /\\/(root|home|work|usr|src)\\//.test(told)",
        &["ok false"],
    ),
    case(
        "try { null.x } catch (e) { return /(\\/home|\\/root|\\.rs|wasm|shim)/.test(e.stack) }",
        &["ok false"],
    ),
    case(
        "import { echo } from './servers/odd';
         Error.prepareStackTrace = (e, frames) => { globalThis.seen = frames; return 'x' };
         const given = [1n]; try { await echo(given[0]) } catch (e) { e.stack }
         delete Error.prepareStackTrace;
         return typeof seen",
        &["ok \"undefined\"", "ok \"object\""],
    ),
    // Modules: there are those of the servers, by one door.
    case("import fs from 'fs'; return fs", &["unknown_import: "]),
    case("import 'node:child_process'; return 1", &["unknown_import: "]),
    case("import x from '../../../../etc/passwd'; return x", &["unknown_import: "]),
    case("import x from './servers/../../etc/passwd'; return x", &["unknown_import: "]),
    case("import x from 'https://127.0.0.1:1/x.js'; return x", &["unknown_import: "]),
    case("import x from 'data:text/javascript,export default 1'; return x", &["unknown_import: "]),
    case("export * from 'fs'", &["unknown_import: ", "syntax: "]),
    case("export { readFile } from 'node:fs/promises'", &["unknown_import: ", "syntax: "]),
    case("return await import('fs')", &["unknown_import: ", "syntax: ", "exception: "]),
    case("return await import('file:///etc/passwd')", &["unknown_import: ", "syntax: "]),
    case(
        "const name = 'fs'; return await import(name)",
        &["unknown_import: ", "syntax: ", "exception: "],
    ),
    case(
        "return await eval('import(\"fs\")')",
        &["exception: ReferenceError: could not load module", "exception: TypeError"],
    ),
    case(
        "return await new Function('return import(\"/etc/passwd\")')()",
        &["exception: ReferenceError: could not load module", "exception: TypeError"],
    ),
    case("return require('fs')", &["exception: ReferenceError", "unknown_import", "syntax"]),
    case("return import.meta.url", &["syntax: ", "exception: ", "ok undefined"]),
    // What evaluates code has no more than its caller.
    case("return eval('typeof process')", &["ok \"undefined\""]),
    case("return new Function('return typeof require')()", &["ok \"undefined\""]),
    case("return (0, eval)('this') === globalThis", &["ok true"]),
    case("eval('for (;;) {}')", &["limit: the run went past its limit of 150 ms for computing"]),
    case(
        "new Function('for (;;) {}')()",
        &["limit: the run went past its limit of 150 ms for computing"],
    ),
    case("setTimeout('leaked = 1', 1); return 1", &["exception: TypeError: setTimeout takes"]),
    case(
        "return Object.getPrototypeOf(async function* () {}).constructor('yield typeof process')()
             .next().then(r => r.value)",
        &["ok \"undefined\""],
    ),
    // Text that becomes other text.
    case("\\u0070rocess.exit()", &["check: the sandbox has no `process`"]),
    case("return 'a\u{2028}b'.length", &["ok 3"]),
    case("//# sourceMappingURL=file:///etc/passwd\nreturn 1", &["ok 1"]),
    case("#!/bin/sh\nreturn 1", &["ok 1", "syntax: "]),
    case("<!-- comment\nreturn 1", &["syntax: ", "ok 1", "exception: "]),
    case("return `</script>${1}`", &["ok \"</script>1\""]),
    case("namespace N { export const x = process }", &["exception: ReferenceError", "syntax: "]),
    case("enum E { A = process.pid } return E.A", &["check: the sandbox has no `process`"]),
    // The gateway's own door cannot be bent.
    case("__workroom.call = () => 'mine'; return 1", &["exception: TypeError", "ok 1", "syntax: "]),
    case(
        "delete globalThis.__workroom; return typeof __workroom",
        &["exception: TypeError", "ok \"object\"", "syntax: "],
    ),
    case(
        "return await __workroom.call('no such server', 'x', {})",
        &["exception: ToolError: there is no server `no such server`"],
    ),
    case(
        "return await __workroom.call('odd', 'no such tool', {})",
        &["ok ", "exception: ToolError"],
    ),
    case(
        "return await __workroom.call({ toString() { return 'odd' } }, 'echo', { a: 1 })",
        &["ok {\"a\":1}"],
    ),
    case(
        "return await __workroom.call()",
        &["exception: ToolError: there is no server `undefined`"],
    ),
    // No fine clock, nothing of the host's.
    case(
        "const times = new Set(); for (let i = 0; i < 1e4; i++) times.add(performance.now());
         return [...times].every(t => Math.abs(t - Math.round(t)) < 0.001)",
        &["ok true"],
    ),
    case("return Date.now() % 1", &["ok 0"]),
    case(
        "return Object.getOwnPropertyNames(globalThis).filter(n => /host|native|wasm/i.test(n))",
        &["ok []"],
    ),
    case(
        "const seen = new Set(), found = [];
         (function walk(o, path) {
           if (o === null || !/object|function/.test(typeof o) || seen.has(o)) return;
           seen.add(o);
           for (const key of Reflect.ownKeys(o)) {
             const d = Reflect.getOwnPropertyDescriptor(o, key);
             if (/pid|env|argv|socket/i.test(String(key))) found.push(path + String(key));
             if (d && 'value' in d) walk(d.value, path + String(key) + '.');
           }
           walk(Object.getPrototypeOf(o), path + '__proto__.');
         })(globalThis, '');
         return found.slice(0, 5)",
        &["ok []"],
    ),
];
