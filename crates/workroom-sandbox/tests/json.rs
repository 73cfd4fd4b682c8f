//! The guest's own `JSON` beside QuickJS': the same values, texts and errors.
//!
//! A reviver or replacer that changes nothing makes the guest take QuickJS' way, so that each
//! script here compares the two by itself.

mod common;

use common::{open, run};

/// Compares both ways of both functions. What a value is: its text, and for what JSON cannot
/// tell apart, the signs of zeros and the order of keys, more.
const COMPARE: &str = r#"
const same = value => value;
const attempt = work => { try { return work(); } catch (error) { return String(error); } };
const show = value => typeof value !== 'object' || value === null
  ? (Object.is(value, -0) ? '-0' : typeof value + String(value))
  : (Array.isArray(value) ? 'a' : 'o') + Object.getPrototypeOf(value).constructor.name
    + Reflect.ownKeys(value).map(key => key + '=' + show(value[key])
        + JSON.stringify(Object.getOwnPropertyDescriptor(value, key).writable)).join();
const different = [];
const tell = (what, own, quickjs) => {
  if (own !== quickjs && different.length < 5) different.push({ what, own, quickjs });
};
const parses = text => tell(text.slice(0, 200),
  attempt(() => show(JSON.parse(text))), attempt(() => show(JSON.parse(text, (key, value) => value))));
const prints = (name, value, gap) => tell(name,
  attempt(() => JSON.stringify(value, null, gap)), attempt(() => JSON.stringify(value, (key, value) => value, gap)));
"#;

#[track_caller]
fn agrees(script: &str) {
    let mut guest = open();
    let shown = run(&mut guest, &format!("(() => {{ {COMPARE} {script}; return different; }})()"));
    assert_eq!(shown, "= []\n");
}

#[test]
fn texts_are_parsed_as_quickjs_parses_them() {
    agrees(
        r#"
const texts = [
  '', ' ', 'null', ' true ', 'false', 'nul', 'truefalse', '"', '""', '"a', '"a"b', '{}', '[]', '[', ']',
  '{', '}', '{,}', '[,]', '[1,]', '[1 2]', '{"a":1,}', '{"a" 1}', '{"a":}', '{a:1}', "{'a':1}", '{"a":1}}',
  '[1]]', '[[]', '{"a":{}', '\uFEFF1', '\u00a01', '/* */1', '1//', 'undefined', 'NaN', 'Infinity', '-', '+1',
  '0', '-0', '-0.0', '0e5', '00', '01', '-01', '1.', '.5', '1.5', '-1.5e3', '1e', '1e+', '1E-2', '1e400',
  '-1e400', '1e-400', '123456789', '1234567890', '2147483647', '2147483648', '-2147483648', '-2147483649',
  '9007199254740991', '9007199254740993', '12345678901234567890', '0.1', '0.30000000000000004', '1e22',
  '1e23', '5e-324', '2.2250738585072014e-308', '1.7976931348623157e308', '0.000001', '1e21', '123e-20',
  '9007199254740992.5', '0.00000000000000000000000000000001', '1' + '0'.repeat(80), '1.' + '3'.repeat(80),
  '1e0000000000000000000001', '1e99999', '"\\u0041\\n\\t\\b\\f\\r\\/\\\\\\""', '"\\x"', '"\\u12"', '"\\u12g4"',
  '"\\ud800"', '"\\ud83d\\ude00"', '"\ud83d\ude00"', '"\ud800"', '"é"', '"日本"', '["é", "日本", "é日"]',
  '"\u0000"', '"\u001f"', '"\u007f"', '"\n"', '1\u0000', '\u00001', '{"é":1,"日":2}', '{"\\u0061":1,"a":2}',
  '{"a":1,"a":2}', '{"a":{"b":1},"a":{"b":2}}', '{"__proto__":{"x":1}}', '{"__proto__":1,"a":2}',
  '{"constructor":1,"toString":2}', '{"toJSON":1}', '{"":1}', '{"2":1,"1":2,"a":3,"-1":4,"1.5":5,"01":6}',
  '{"4294967294":1,"4294967295":2,"2147483647":3,"2147483648":4}', '{"length":1}', '{"a":1,"b":2}[]',
  '[{"a":1,"b":2},{"a":3,"b":4},{"a":5},{"a":6,"c":7},{"b":8,"a":9},{"a":1,"b":2,"c":3},{}]',
  '[{"a":{"a":{"a":1}}},{"a":{"a":{"a":2}}}]', '[{"a":[{"a":1}]},{"a":[{"a":2},{"b":3}]}]',
  '[{"k\\"":1},{"k\\"":2}]', '[{"é":1},{"é":2}]', '[{"a" : 1 , "b" : 2},{"a":1,"b"\n:\t2}]', '[{"a"x1},{"a":2}]',
  '[{"1":1},{"1":2}]', '{"a":1}'.repeat(2), '['.repeat(100) + ']'.repeat(100), '['.repeat(200) + ']'.repeat(200),
  '['.repeat(100000), '{"a":'.repeat(300) + '1' + '}'.repeat(300), '[' + '1,'.repeat(5000) + '1]',
];
for (let n = 0; n < 40; n++) {
  texts.push('"' + 'x'.repeat(n) + '"', '"' + 'x'.repeat(n) + '\\n"', '"' + 'x'.repeat(n) + 'é"', '"' + 'x'.repeat(n) + '日"',
    '"' + 'x'.repeat(n), '"' + 'x'.repeat(n) + '\u0001"', '{"' + 'k'.repeat(n) + '":1}');
}
texts.push('{' + Array.from({ length: 100 }, (_, n) => `"k${n}":${n}`) + '}');
texts.forEach(parses);
parses('[' + texts.slice(0, 8) + ']');
// A part of a longer string, which ends where the part ends and not where the string does.
const long = 'x'.repeat(9000) + '1234' + 'y'.repeat(9000);
parses(long.slice(9000, 9003));
parses(('[' + '1,'.repeat(9000) + '12345').slice(0, -2));
parses('{"a":"' + 'rope'.repeat(300) + '",' + '"b":[' + '7,'.repeat(300) + '7]}');
"#,
    );
}

#[test]
fn values_are_printed_as_quickjs_prints_them() {
    agrees(
        r#"
const circle = { list: [] }; circle.list.push(circle);
class Point { constructor() { this.x = 1; } get y() { return 2; } }
class Named { constructor() { this.a = 1; } toJSON(key) { return 'named ' + key; } }
const removed = { a: 1, b: 2, c: 3 }; delete removed.b;
const hidden = Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false });
const own = [1, 2]; own.toJSON = () => 'own'; const named = [1]; named.name = 'n';
const long = [1]; long.length = 3;
const shared = { a: 1 };
const values = {
  undefined: undefined, function: () => 1, symbol: Symbol('s'), big: 1n, null: null, empty: '', array: [], object: {},
  nested: { a: [1, { b: [] }], c: {} }, sparse: [1, , 3], long, undefineds: [undefined, () => 1, Symbol()],
  skipped: { a: undefined, b: () => 1, c: Symbol(), d: 1 }, symbols: { [Symbol('k')]: 1, a: 2 },
  date: new Date(0), invalid: new Date(NaN), map: new Map([[1, 2]]), set: new Set([1]), regexp: /x/g, error: new Error('e'),
  boxed: [new String('s'), new Number(1), new Boolean(false), Object(1n)], point: new Point(), named: new Named(),
  namedIn: { key: new Named(), list: [new Named()] }, getter: { get a() { return 1; }, b: 2 }, removed, hidden, own, ownName: named,
  proxy: new Proxy({ a: 1 }, {}), proxies: [new Proxy([1], {})], created: Object.create({ inherited: 1 }), bare: Object.assign(Object.create(null), { a: 1 }),
  frozen: Object.freeze({ a: 1 }), typed: new Uint8Array([1, 2]), arguments: (function () { return arguments; })(1, 2),
  ids: { 10: 'a', 9: 'b', x: 1, 1: 'c', 0: undefined, 2147483647: 'd' }, idGetter: { 1: 1, get 2() { return 2; } }, idsOnly: { 3: { 2: [{ 1: 0 }] } }, large: { 4294967294: 1, 4294967295: 2, 2147483648: 3, a: 4 }, circle, twice: [shared, shared],
  raw: { raw: JSON.rawJSON('1.0') }, toJson: { toJSON: 1 }, toJsonFunction: { toJSON: () => 1 }, infinite: [Infinity, -Infinity, NaN],
  rope: 'abc'.repeat(200) + String(Math.PI) + '"\\'.repeat(300), wide: '日本', wideKey: { '日': 1, 'é': 2 }, mixed: ['é', '日', 'plain', { a: 'b' }],
  lone: '\ud800', lonePair: ['\udc00\ud800', '\ud83d\ude00'], controls: Array.from({ length: 0x21 }, (_, n) => String.fromCharCode(n)).join(''),
  latin: Array.from({ length: 256 }, (_, n) => String.fromCharCode(n)).join(''), quotes: '"'.repeat(100), keys: { 'a"b': 1, 'a\\b': 2, 'a\nb': 3, '': 4 },
  numbers: [0, -0, 1, -1, 2147483647, -2147483648, 2147483648, 9007199254740991, 9007199254740993, 1e20, 1e21, 123456789012345680000, 0.1, 0.2, 0.1 + 0.2,
    1 / 3, 1e-6, 1e-7, 0.000001234, 1.5, 19.99, -19.99, 100.1, 999999999.99, 1000000000.1, 4.35, 1.005, 5e-324, 1.7976931348623157e308, 123456.789012, 0.123456, 0.1234567],
};
let deep = 1; for (let n = 0; n < 127; n++) deep = n % 2 ? [deep] : { deep };
values.deep = deep; values.deeper = [[[deep]]];
let deepest = []; for (let n = 0; n < 1000; n++) deepest = [deepest];
values.deepest = deepest;
for (let n = 0; n < 40; n++) values['text' + n] = ['x'.repeat(n), 'x'.repeat(n) + '\n', '\u0001' + 'x'.repeat(n) + '"'];
for (const [name, value] of Object.entries(values))
  for (const gap of [undefined, 2, 0, -1, 20, 2.7, '', '\t', 'a long long gap', '日', {}, null]) prints(name, value, gap);
Array.prototype.toJSON = function () { return 'array'; };
prints('every array', { a: [1] }); delete Array.prototype.toJSON;
Object.prototype.toJSON = function () { return 'object'; };
prints('every object', { a: [1] }); prints('every array', [1]); delete Object.prototype.toJSON;
Object.prototype.inherited = 1; prints('an inherited one', { a: 1 }); delete Object.prototype.inherited;
"#,
    );
}

#[test]
fn random_values_come_back() {
    agrees(
        r#"
let state = 12345;
const random = most => (state = (state * 1103515245 + 12345) % 2147483648, state % most);
const words = ['a', 'id', 'name', 'total', 'open', '', 'é', '日本', 'x'.repeat(15), 'y'.repeat(33), '"', '\n', '7', '__proto__x'];
const number = () => [random(10), -random(1000000), random(1000) / 100, random(1e9) / 997, random(1e9) * 1e9, random(100) * 10 ** (random(60) - 30)][random(6)];
const value = depth => {
  const kind = random(depth ? 8 : 5);
  if (kind === 0) return number();
  if (kind < 3) return words[random(words.length)] + (random(2) ? '' : random(50));
  if (kind === 3) return [null, true, false][random(3)];
  if (kind === 4) return number();
  if (kind === 5) return Array.from({ length: random(6) }, () => value(depth - 1));
  const object = {};
  for (let n = random(6); n--;) object[words[random(words.length)]] = value(depth - 1);
  return kind === 6 ? object : [object, ...Array.from({ length: random(4) }, () => ({ ...object, id: random(100) }))];
};
for (let n = 0; n < 1500; n++) {
  const made = value(5), text = JSON.stringify(made);
  prints(text.slice(0, 200), made, [undefined, 1][n % 2]);
  parses(text);
  tell('back', JSON.stringify(JSON.parse(text)), text);
  // One character less, more, or another one.
  const at = random(text.length + 1);
  parses(text.slice(0, at) + ['', '}', '"', '0', 'é'][random(5)] + text.slice(at + random(2)));
}
"#,
    );
}
