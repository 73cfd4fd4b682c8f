//! Servers that answer to do harm, and modules asked for what they do not have.

use super::{Case, case};

const MEMORY: &str = "limit: the run went past its limit of 32 MiB for memory";

pub(crate) const CASES: &[Case] = &[
    // Failures as large as results may not be.
    case("import { failHuge } from './servers/odd'; await failHuge()", &[
        "exception: ToolError: ", MEMORY,
    ]),
    case("import { refuse } from './servers/odd'; await refuse()", &[
        "exception: ToolError: ", MEMORY,
    ]),
    case("import { image } from './servers/odd'; return (await image()).length", &[
        "exception: ToolError: the result of `odd.image` is 52.4 MB",
    ]),
    case("import { gone } from './servers/odd';
          try { await gone() } catch (e) { return [e.name, e.code] }", &[
        "ok [\"ToolError\",\"server_gone\"]",
    ]),
    case("import { hang } from './servers/odd';
          return await Promise.race([hang(), new Promise(r => setTimeout(r, 5, 'late'))])", &[
        "ok \"late\"", "limit: ",
    ]),
    // Structured content is data too.
    case("import { keys } from './servers/odd'; const r = await keys();
          return [Object.getPrototypeOf(r) === Object.prototype, Object.keys(r).sort().join(),
            ({}).leaked, typeof r.hasOwnProperty, r.then, await r === r]", &[
        "ok [true,\"__proto__,constructor,hasOwnProperty,then,toJSON,valueOf\",null,\"number\",\"x\",true]",
    ]),
    case("import { keys } from './servers/odd'; return JSON.stringify(await keys())", &[
        "ok \"{\\\"__proto__\\\":{\\\"leaked\\\":1}",
    ]),
    case("import { keys } from './servers/odd'; return { ...await keys() }", &[
        "ok {\"__proto__\":{\"leaked\":1}",
    ]),
    case("import { keys } from './servers/odd'; const o = Object.assign({}, await keys());
          return [({}).leaked, o.leaked]", &["ok [null,1]", "ok [null,null]"]),
    case("import { keys } from './servers/odd'; return structuredClone(await keys())", &["ok {"]),
    case("import { keys } from './servers/odd'; console.log(await keys()); return 1", &["ok 1"]),
    case("import { keys, echo } from './servers/odd'; return await echo(await keys())", &[
        "ok {\"__proto__\":{\"leaked\":1}",
    ]),
    // Text that looks like something else.
    case("import { text } from './servers/odd';
          return await text({ text: '{\"a\":1}garbage' })", &["ok \"{\\\"a\\\":1}garbage\""]),
    case("import { text } from './servers/odd';
          return await text({ text: '); globalThis.leaked = 1; (' })", &["ok \"); globalThis"]),
    case("import { text } from './servers/odd';
          const t = await text({ text: '\\u2028${leaked = 1}\\u2029`' });
          return [t.length, typeof leaked]", &["ok [16,\"undefined\"]"]),
    case("import { text } from './servers/odd';
          const n = '[' + '0,'.repeat(2e4) + '0]'; return (await text({ text: n })).length", &[
        "ok 20001",
    ]),
    case("import { text } from './servers/odd';
          const n = '['.repeat(127) + ']'.repeat(127);
          return JSON.stringify(await text({ text: n })) === n", &["ok true"]),
    case("import { text } from './servers/odd';
          const n = '['.repeat(3e4) + ']'.repeat(3e4); return typeof await text({ text: n })", &[
        "ok \"string\"", "ok \"object\"", "exception: ",
    ]),
    case("import { fail } from './servers/odd';
          Object.defineProperty(Object.prototype, 'code', { set() { leaked = 1 }, configurable: true });
          try { await fail({ text: 'x' }) } catch (e) { return [e.code, e.server, typeof leaked] }", &[
        "ok [\"tool_error\",\"odd\",\"undefined\"]",
    ]),
    case("import { fail } from './servers/odd';
          globalThis.ToolError = class { constructor() { throw 1 } };
          try { await fail({ text: 'x' }) } catch (e) { return e.message }", &["ok \"x\""]),
    // Arguments whose making does something.
    case("import { echo } from './servers/odd';
          return await echo({ toJSON() { return echo({ n: 1 }) } })", &["ok {}", "exception: "]),
    case("import { echo } from './servers/odd'; let n = 0;
          return await echo({ get a() { return n++ < 60 ? (echo({}).catch(() => 0), n) : n } })", &[
        "ok {\"a\":1}",
    ]),
    case("import { echo } from './servers/odd';
          return await echo({ get a() { return echo(this) } })", &[
        "limit: ", "exception: RangeError: Maximum call stack size exceeded",
    ]),
    case("import { echo } from './servers/odd';
          const o = { then(resolve) { resolve(1) } }; return await echo({ o })", &["ok {\"o\":{}}"]),
    case("import { echo } from './servers/odd'; return await echo(Object.create(null))", &["ok {}"]),
    case("import { echo } from './servers/odd'; return await echo(null)", &["ok {}", "exception: "]),
    case("import { echo } from './servers/odd'; return await echo({}, { more: 1 })", &["check: "]),
    case("import { echo } from './servers/odd'; return await echo.call({ a: 1 }, { b: 2 })", &[
        "ok {\"b\":2}",
    ]),
    case("import { echo } from './servers/odd'; return await new echo({})", &["exception: TypeError"]),
    case("import { echo } from './servers/odd';
          return await echo({ ['k'.repeat(6e4)]: 1, '': 2, '\\u0000': 3 })", &["ok {", "limit: "]),
    case("import { echo } from './servers/odd'; const { proxy, revoke } = Proxy.revocable({}, {});
          revoke(); return await echo(proxy)", &["exception: TypeError"]),
    case("import { echo } from './servers/odd'; return await echo({ d: new Date(NaN) })", &[
        "ok {\"d\":null}",
    ]),
    // Modules.
    case("import * as odd from './servers/odd'; odd.echo = () => 'mine'; return 1", &[
        "exception: TypeError", "syntax: ", "ok 1",
    ]),
    case("import * as odd from './servers/odd'; return odd.constructor?.('return process')()", &[
        "exception: ", "unknown_import: ", "ok ",
    ]),
    case("import * as odd from './servers/odd'; return odd.__proto__", &[
        "unknown_import: ", "exception: ", "ok {}", "ok null", "ok undefined",
    ]),
    case("import { __proto__ } from './servers/odd'; return __proto__", &[
        "unknown_import: ", "syntax: ",
    ]),
    case("import { constructor } from './servers/odd'; return constructor", &["unknown_import: "]),
    case("import x from './servers/__proto__'; return x", &["unknown_import: "]),
    case("import x from './servers/odd/../odd'; return x", &["unknown_import: "]),
    case("import x from './servers/odd/\\u0000'; return x", &["unknown_import: ", "syntax: "]),
    case("return servers.constructor.constructor('return typeof process')()", &[
        "ok \"undefined\"", "exception: ", "unknown_import: ",
    ]),
    case("return await __workroom.call('odd', 'echo\\u0000', {})", &["ok ", "exception: ToolError"]),
    case("return await __workroom.call('odd'.repeat(3e4), 'echo', {})", &["limit: "]),
    case("return await __workroom.module('odd', [['then', 'echo']])", &["ok ", "exception: ", "deadlock: "]),
    case("return __workroom.module('odd', { length: 2 ** 53 - 1 })", &["exception: ", "limit: "]),
];

/// A session's id, and what is said where there is none.
pub(crate) const NO_SESSIONS: &[&str] = &[
    "s_00000000000000000000000000",
    "canary\u{0}",
    "CANARY",
    " canary",
    "../canary",
    "__proto__",
    "",
    "first 0; --",
];
