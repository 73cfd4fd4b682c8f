//! The names that scripts find, and what to do instead of those that other hosts have.

/// Names that every script finds. A test holds them against the sandbox.
const KNOWN: &[&str] = &[
    "AggregateError",
    "Array",
    "ArrayBuffer",
    "AsyncDisposableStack",
    "Atomics",
    "BigInt",
    "BigInt64Array",
    "BigUint64Array",
    "Boolean",
    "DOMException",
    "DataView",
    "Date",
    "DisposableStack",
    "Error",
    "EvalError",
    "FinalizationRegistry",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "Function",
    "Infinity",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "InternalError",
    "Iterator",
    "JSON",
    "Map",
    "Math",
    "NaN",
    "Number",
    "Object",
    "Promise",
    "Proxy",
    "RangeError",
    "ReferenceError",
    "Reflect",
    "RegExp",
    "Set",
    "SharedArrayBuffer",
    "String",
    "SuppressedError",
    "Symbol",
    "SyntaxError",
    "TextDecoder",
    "TextEncoder",
    "TypeError",
    "URIError",
    "URL",
    "URLSearchParams",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "WeakMap",
    "WeakRef",
    "WeakSet",
    "__workroom",
    "arguments",
    "atob",
    "btoa",
    "clearImmediate",
    "clearInterval",
    "clearTimeout",
    "console",
    "crypto",
    "decodeURI",
    "decodeURIComponent",
    "encodeURI",
    "encodeURIComponent",
    "escape",
    "eval",
    "globalThis",
    "isFinite",
    "isNaN",
    "paginate",
    "parseFloat",
    "parseInt",
    "performance",
    "pii",
    "queueMicrotask",
    "readFile",
    "read_file",
    "servers",
    "setImmediate",
    "setInterval",
    "setTimeout",
    "show",
    "structuredClone",
    "undefined",
    "unescape",
];

const NO_NETWORK: &str = "the sandbox has no network: call a server's tool (`search` finds one)";
const NO_FILES: &str = "the sandbox has no files: call a server's tool, or return the data";
const NO_PROCESS: &str =
    "the sandbox has no environment and no process: write values into the code";
const NO_PAGE: &str = "the sandbox has no page: return the data, or log it with `console.log`";
const NO_SHELL: &str = "the sandbox has no shell: call a server's tool (`search` finds one)";
const BYTES: &str = "use `Uint8Array`, `TextEncoder`, `TextDecoder`, `btoa` or `atob`";
const RESULT: &str = "write `return …` or `export default …`";
const LIBRARY: &str = "libraries cannot be loaded: plain JavaScript has `Array`, `Map` and `Date`";
pub(crate) const FORMAT: &str =
    "format it yourself: `toFixed(2)`, `toISOString().slice(0, 10)`, `padStart(9)`";
const LOG: &str = "write `console.log(…)`, or return the value";
const SERVERS: &str = "tools are functions of their server: `import * as name from \
                       './servers/<server>'`, then `await name.tool({ … })`";
const LOWER: &str = "write `true`, `false` or `null`";

/// Names of other hosts and languages, and what to do instead.
const ABSENT: &[(&[&str], &str)] = &[
    (
        &[
            "fetch",
            "XMLHttpRequest",
            "WebSocket",
            "EventSource",
            "axios",
            "Request",
            "Response",
            "Headers",
            "FormData",
            "navigator",
            "got",
            "requests",
            "urllib",
        ],
        NO_NETWORK,
    ),
    (&["fs", "path", "__dirname", "__filename", "Blob", "File", "FileReader", "open"], NO_FILES),
    (&["process", "os", "sys", "Deno", "Bun"], NO_PROCESS),
    (
        &[
            "window",
            "document",
            "location",
            "localStorage",
            "sessionStorage",
            "alert",
            "confirm",
            "prompt",
            "HTMLElement",
            "requestAnimationFrame",
            "DOMParser",
            "display",
        ],
        NO_PAGE,
    ),
    (&["child_process", "exec", "execSync", "spawn", "ls", "pwd", "whoami"], NO_SHELL),
    (&["Buffer"], BYTES),
    (&["module", "exports"], RESULT),
    (&["global", "self"], "write `globalThis`"),
    (&["_", "lodash", "moment", "dayjs", "luxon", "z", "zod", "jQuery", "pd", "np"], LIBRARY),
    (&["Intl"], FORMAT),
    (&["print", "println", "printf"], LOG),
    (&["True", "False", "None", "nil"], LOWER),
    (&["len"], "write `list.length`"),
    (&["str", "int", "float", "bool"], "write `String(…)`, `Number(…)` or `Boolean(…)`"),
    (&["range"], "write `Array.from({ length: n }, (_, i) => i)`"),
    (&["enumerate"], "write `list.entries()`"),
    (&["asyncio", "gather"], "write `await Promise.all([…])`"),
    (&["json"], "write `JSON.parse(…)` or `JSON.stringify(…)`"),
    (&["require"], "write `import * as name from './servers/<server>'` at the top"),
    (&["AbortController", "AbortSignal"], "a call ends with its run: leave it out"),
    (&["WebAssembly", "Worker", "SharedWorker", "importScripts"], "do it in this script"),
    (&["tools", "mcp", "client", "codemode", "mcpClient", "session"], SERVERS),
    (&["util", "inspect"], "write `console.log(value)` or `JSON.stringify(value)`"),
];

/// Modules of Node that have a global here, and what it is. Others are judged by their names.
const MODULES: &[(&[&str], &str)] = &[
    (&["crypto", "uuid"], "`crypto.randomUUID()` is there without an import"),
    (&["url", "querystring"], "`URL` and `URLSearchParams` are there without an import"),
    (&["timers", "timers/promises"], "`setTimeout` is there without an import"),
    (&["perf_hooks"], "`performance.now()` is there without an import"),
    (&["buffer"], BYTES),
    (&["fs", "fs/promises", "path", "stream", "readline", "fs-extra", "glob"], NO_FILES),
    (
        &[
            "http",
            "https",
            "net",
            "dns",
            "node-fetch",
            "axios",
            "got",
            "undici",
            "ws",
            "superagent",
        ],
        NO_NETWORK,
    ),
    (&["os", "process", "dotenv", "cluster", "worker_threads"], NO_PROCESS),
    (&["child_process", "execa", "shelljs"], NO_SHELL),
    (&["util", "events", "assert"], LIBRARY),
    (
        &["lodash", "moment", "dayjs", "date-fns", "luxon", "zod", "ramda", "csv-parse", "xlsx"],
        LIBRARY,
    ),
];

/// Names that surely mean another host's, and are no likely names of variables.
const HOSTS: &[&str] = &[
    "Buffer",
    "Bun",
    "Deno",
    "Intl",
    "WebSocket",
    "XMLHttpRequest",
    "__dirname",
    "__filename",
    "fetch",
    "localStorage",
    "process",
    "require",
    "sessionStorage",
];

/// Whether `name` is another host's, also where the script's own may be many.
pub(crate) fn is_of_host(name: &str) -> bool {
    HOSTS.contains(&name)
}

/// Whether every script finds `name`.
pub(crate) fn is_known(name: &str) -> bool {
    KNOWN.binary_search(&name).is_ok()
}

/// The names that every script finds.
pub(crate) fn known<'n>() -> impl Iterator<Item = &'n str> {
    KNOWN.iter().copied()
}

/// What to do instead of using `name`, which other hosts or languages have.
pub(crate) fn instead_of(name: &str) -> Option<&'static str> {
    ABSENT.iter().find(|(names, _)| names.contains(&name)).map(|(_, hint)| *hint)
}

/// What to do instead of importing the module `specifier` of another host.
pub(crate) fn instead_of_module(specifier: &str) -> Option<&'static str> {
    let name = specifier.strip_prefix("node:").unwrap_or(specifier);
    let name = name.strip_prefix("npm:").unwrap_or(name);
    MODULES.iter().find(|(names, _)| names.contains(&name)).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_in_order() {
        assert!(KNOWN.is_sorted());
        let both = ABSENT.iter().flat_map(|(names, _)| *names).find(|name| is_known(name));
        assert_eq!(both, None);
    }
}
