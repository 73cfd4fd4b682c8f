//! What a script can reach: the language, what the crate's documentation lists, nothing else.

mod common;

use common::check;
use expect_test::expect;

#[test]
fn the_globals_are_the_language_and_what_is_documented() {
    check(
        "const names = Object.getOwnPropertyNames(globalThis).sort();
         while (names.length > 0) console.log(names.splice(0, 6).join(' '))",
        expect![[r#"
            AggregateError Array ArrayBuffer AsyncDisposableStack BigInt BigInt64Array
            BigUint64Array Boolean DOMException DataView Date DisposableStack
            Error EvalError FinalizationRegistry Float16Array Float32Array Float64Array
            Function Infinity Int16Array Int32Array Int8Array InternalError
            Iterator JSON Map Math NaN Number
            Object Promise Proxy RangeError ReferenceError Reflect
            RegExp Set SharedArrayBuffer String SuppressedError Symbol
            SyntaxError TextDecoder TextEncoder TypeError URIError URL
            URLSearchParams Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap
            WeakRef WeakSet __workroom atob btoa clearImmediate
            clearInterval clearTimeout console crypto decodeURI decodeURIComponent
            encodeURI encodeURIComponent escape eval globalThis isFinite
            isNaN paginate parseFloat parseInt performance pii
            queueMicrotask readFile read_file setImmediate setInterval setTimeout
            show structuredClone undefined unescape
            = undefined
        "#]],
    );
}

#[test]
fn nothing_of_a_host_is_there() {
    check(
        "['process', 'require', 'module', 'exports', 'fetch', 'XMLHttpRequest', 'WebSocket', 'Deno',
          'Bun', 'Buffer', 'std', 'os', 'bjson', 'print', 'scriptArgs', 'load', 'WebAssembly',
          'Worker', 'navigator', 'window', 'self', 'global', '__filename', 'native', 'hooks',
          'Intl', 'importScripts', 'localStorage', 'caches'].filter((name) => name in globalThis)",
        expect![[r#"
            = []
        "#]],
    );
    for absent in ["process", "require('fs')", "fetch('http://x')", "Deno", "Bun"] {
        let told = common::run(&mut common::open(), absent);
        assert!(told.starts_with("threw ReferenceError"), "{told}");
    }
    check(
        "import('fs')",
        expect![[r#"
        threw ReferenceError: could not load module 'fs'
    "#]],
    );
    check(
        "import('./x.js')",
        expect![[r#"
        threw ReferenceError: could not load module 'x.js'
    "#]],
    );
}

#[test]
fn constructors_lead_to_the_sandbox_only() {
    check(
        "const roots = [this, {}, [], () => 1, console.log, __workroom.call, __workroom.module,
           __workroom.module('m', [['f', 'f']]).f, new Error('e'), Promise.resolve(), URL,
           crypto.randomUUID, structuredClone, (async () => {}), (function* () {})];
         roots.map((root) => {
           const make = (root.constructor ?? root).constructor;
           return make('return this')() === globalThis && make('return typeof process')();
         }).every((kind) => kind === 'undefined')",
        expect![[r#"
            = true
        "#]],
    );
    check(
        "(async () => {
           const result = await __workroom.call('m', 'f', { '__proto__': 1, constructor: 2 });
           let error; try { await __workroom.call('m', 'fail', {}) } catch (e) { error = e }
           const odd = JSON.parse('{\"__proto__\": {\"admin\": 1}}');
           const json = await __workroom.call('m', 'f', odd);
           return [Object.getPrototypeOf(result) === Object.prototype, error.constructor === Error,
             ({}).admin, Object.keys(json), Object.getPrototypeOf(json) === Object.prototype];
         })()",
        expect![[r#"
            -> m.f({"constructor":2})
            -> m.fail({})
            -> m.f({"__proto__":{"admin":1}})
            = [true,true,null,["__proto__"],true]
        "#]],
    );
}

#[test]
fn stacks_and_call_sites_show_no_path_of_ours() {
    check(
        "Error.prepareStackTrace = (_, sites) => sites.map((site) => `${site.getFileName()}`);
         const list = [];
         try { __workroom.module('m', [['f', 'f']]).g } catch (e) { list.push(...e.stack) }
         list",
        expect![[r#"
            = ["workroom:prelude","workroom:prelude","run.ts"]
        "#]],
    );
}

#[test]
fn the_clock_is_coarse() {
    check(
        // Within rounding: QuickJS counts in nanoseconds, more of them than a number can hold.
        "const now = performance.now(); const times = [now, Date.now(), +new Date()];
         [times.every((time) => Math.abs(time - Math.round(time)) < 0.001), now >= 0 && now < 60000,
          Date.now() > 1.7e12, new Date(0).getTimezoneOffset()]",
        expect![[r#"
            = [true,true,true,0]
        "#]],
    );
}

#[test]
fn text_is_encoded_and_decoded() {
    check(
        "[...new TextEncoder().encode('aé€😀\\ud800')]",
        expect![[r#"
        = [97,195,169,226,130,172,240,159,152,128,239,191,189]
    "#]],
    );
    check(
        "new TextDecoder().decode(new Uint8Array([97, 0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80, 0xFF, \
         0xE2, 0x82, 98]))",
        expect![[r#"
        = "aé😀��b"
    "#]],
    );
    check(
        "new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xFF]))",
        expect![[r#"
        threw TypeError: the bytes are not valid UTF-8
          @run.ts:1:54
    "#]],
    );
    check(
        "const d = new TextDecoder(); \
         [d.decode(new Uint8Array([0xEF, 0xBB, 0xBF, 0xE2]), { stream: true }), \
         d.decode(new Uint8Array([0x82, 0xAC]), { stream: true }), d.decode()]",
        expect![[r#"
        = ["","€",""]
    "#]],
    );
    check(
        "new TextDecoder('latin1')",
        expect![[r#"
        threw RangeError: the encoding `latin1` is not available in the sandbox: only utf-8
          @run.ts:1:5
    "#]],
    );
    check(
        "new TextEncoder().encodeInto('a€b', new Uint8Array(4))",
        expect![[r#"
        = {"read":2,"written":4}
    "#]],
    );
    check(
        "[btoa('hello'), atob('aGVsbG8=')]",
        expect![[r#"
        = ["aGVsbG8=","hello"]
    "#]],
    );
    check(
        "btoa('€')",
        expect![[r#"
        threw InvalidCharacterError: String contains an invalid character
          @run.ts:1:1
    "#]],
    );
}

#[test]
fn structured_clone_copies_what_it_can() {
    check(
        "const shared = { n: 1 };
         const from = { shared, again: shared, map: new Map([[shared, new Set([1])]]),
           at: new Date(5),
           re: /x/gi, bytes: new Uint8Array([1, 2]), list: [1, , 3], big: 1n, u: undefined,
           err: new TypeError('t', { cause: 1 }), boxed: Object('s') };
         from.self = from;
         const to = structuredClone(from);
         [to !== from, to.self === to, to.shared === to.again, to.shared !== shared,
          [...to.map.keys()][0] === to.shared, to.at.getTime(), `${to.re}`, to.bytes, 1 in to.list,
          to.list.length, `${to.big}`, 'u' in to, to.err instanceof TypeError, to.err.cause,
          to.boxed instanceof String]",
        expect![[r#"
            = [true,true,true,true,true,5,"/x/gi",[1,2],false,3,"1",true,true,1,true]
        "#]],
    );
    check(
        "structuredClone({ f() {} })",
        expect![[r#"
        threw DataCloneError: the function `f` could not be cloned
          @run.ts:1:1
    "#]],
    );
    check(
        "structuredClone(new WeakMap())",
        expect![[r#"
        threw DataCloneError: an object of class WeakMap could not be cloned
          @run.ts:1:21
    "#]],
    );
}

#[test]
fn urls_follow_the_standard() {
    check(
        "[['HTTP://User:p%40@EXAMPLE.com:80/a/../b/./c?q=1 2#h\"'], ['../x?y', 'https://a.b/c/d/e'],
          ['//host:8443/p', 'https://a.b'], ['?q', 'https://a.b/c?x#y'],
          ['#f', 'https://a.b/c?x#y'],
          ['', 'https://a.b/c?x#y'], ['http:foo', 'http://a.b/c/d'], ['https:\\\\\\\\a.b\\\\c'],
          ['http://0x7f.1/'], ['http://2130706433/'], ['http://[2001:DB8:0:0:0::1]:443/'],
          ['https://[::ffff:1.2.3.4]'], ['mailto:a@b.c?subject=x y'], ['data:text/plain,hi there'],
          ['file:///etc/../x'], ['foo://Host/p/../q'], ['https://a.b/ü?ü#ü'], ['/p', 'foo:/a/b']]
           .forEach(([url, base]) => console.log(new URL(url, base).href))",
        expect![[r#"
            http://User:p%40@example.com/b/c?q=1%202#h%22
            https://a.b/c/x?y
            https://host:8443/p
            https://a.b/c?q
            https://a.b/c?x#f
            https://a.b/c?x
            http://a.b/c/foo
            https://a.b/c
            http://127.0.0.1/
            http://127.0.0.1/
            http://[2001:db8::1]:443/
            https://[::ffff:102:304]/
            mailto:a@b.c?subject=x%20y
            data:text/plain,hi there
            file:///x
            foo://Host/q
            https://a.b/%C3%BC?%C3%BC#%C3%BC
            foo:/p
            = undefined
        "#]],
    );
    check(
        "['', 'nothing', 'http://', 'http://a b/', 'https://a.b:99999/', 'http://1.2.3.4.5/',
          'http://[::1', 'https://exämple.org/', 'http://a.b:x/'].map((url) => URL.canParse(url))",
        expect![[r#"
            = [false,false,false,false,false,false,false,false,false]
        "#]],
    );
    check(
        "const u = new URL('https://u:p@a.b:8080/c/d?x=1&y=2#z');
         const parts = [u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port,
           u.pathname, u.search, u.hash];
         u.port = '443'; u.pathname = '/n e w'; u.hash = ''; u.searchParams.append('k', 'a&b c');
         u.hostname = 'C.D'; u.username = ''; u.password = ''; u.protocol = 'ftp';
         const params = u.searchParams; u.search = '?only=1';
         console.log(...parts);
         console.log(u.href, `${params}`, JSON.stringify({ u }), params.size)",
        expect![[r#"
            https://a.b:8080 https: u p a.b:8080 a.b 8080 /c/d ?x=1&y=2 #z
            ftp://c.d/n%20e%20w?only=1 only=1 {"u":"ftp://c.d/n%20e%20w?only=1"} 1
            = undefined
        "#]],
    );
    check(
        "const p = new URLSearchParams({ b: '1', a: 'x y' }); p.append('b', '2'); p.set('c', 'é');
         p.sort(); p.delete('b', '1');
         [`${p}`, p.get('a'), p.getAll('b'), p.has('c'), p.has('b', '1'), [...p.keys()],
          `${new URLSearchParams('?a=1&a=%zz+b&&c')}`, `${new URLSearchParams([['k', 'v']])}`]",
        expect![[r#"
            = ["a=x+y&b=2&c=%C3%A9","x y",["2"],true,false,["a","b","c"],"a=1&a=%25zz+b&c=","k=v"]
        "#]],
    );
    check(
        "console.log(new URL('https://a.b'), new URLSearchParams('a=1'))",
        expect![[r#"
        URL { 'https://a.b/' } URLSearchParams { 'a=1' }
        = undefined
    "#]],
    );
}

#[test]
fn randomness_is_the_hosts() {
    check(
        "const id = crypto.randomUUID();
         [/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id),
          id !== crypto.randomUUID(), new Set(Array.from({ length: 100 }, Math.random)).size,
          crypto.getRandomValues(new Uint8Array(64)).some((byte) => byte > 0),
          Array.from({ length: 1000 }, Math.random).every((n) => n >= 0 && n < 1)]",
        expect![[r#"
            = [true,true,100,true,true]
        "#]],
    );
    check(
        "crypto.getRandomValues(new Float64Array(1))",
        expect![[r#"
        threw TypeMismatchError: an integer typed array is needed
          @run.ts:1:28
    "#]],
    );
}

#[test]
fn timers_run_on_the_hosts_clock_and_can_be_cleared() {
    check(
        "(async () => {
            const told = [];
            const cleared = setTimeout(() => told.push('cleared'), 5);
            clearTimeout(cleared);
            clearTimeout(cleared);
            clearTimeout('x');
            setTimeout((a, b) => told.push(a + b), 2.5, 1, 2);
            setImmediate(() => { told.push('now'); throw new Error('lost') });
            let n = 0;
            await new Promise(done => {
                const each = setInterval(() => { if (++n === 3) { clearInterval(each); done() } });
            });
            return [told, n];
        })()",
        expect![[r#"
            -> 5 ms
            -> 3 ms
            -> 0 ms
            -> 1 ms
            error: uncaught in setImmediate: Error: lost
            -> 1 ms
            -> 1 ms
            -> 1 ms
            = [[3,"now"],3]
        "#]],
    );
    check(
        "[typeof setTimeout(() => {}, 1), setTimeout.name]",
        expect![[r#"
        -> 1 ms
        = ["number","setTimeout"]
    "#]],
    );
    check(
        "setTimeout('alert(1)')",
        expect![[r#"
        threw TypeError: setTimeout takes a function
          @run.ts:1:1
    "#]],
    );
}
