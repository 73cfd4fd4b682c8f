//! Scripts that try to get personal data out: every way to write it, over every channel.

/// How a script writes a value: JavaScript, of `v`.
const WRITE: [&str; ENCODERS] = [
    "v",
    "[...v].reverse().join('')",
    "btoa(v)",
    "[...new TextEncoder().encode(v)].map((b) => b.toString(16).padStart(2, '0')).join('')",
    "encodeURIComponent(v)",
    "[...v].map((c) => c.charCodeAt(0)).join(',')",
    "[...v].join(' ')",
    "v.replace(/[a-z]/gi, (c) => String.fromCharCode((c <= 'Z' ? 90 : 122) >= \
     (c = c.charCodeAt(0) + 13) ? c : c - 26))",
    "[...v].map((c) => '\\\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')).join('')",
    "JSON.stringify(JSON.stringify({ v }))",
    "v.toUpperCase()",
    "[...v].join('-')",
    "[...v].map((c) => '&#' + c.charCodeAt(0) + ';').join('')",
    "[v.slice(0, 3), v.slice(3)].join('')",
    "[...v].sort().join('') + v.length + (v > 'm')",
    "`${v.at(0)}${v.substring(1)}`",
    "new TextDecoder().decode(new Uint8Array([...new TextEncoder().encode(v)]))",
    "Object.keys({ [v]: 1 })[0]",
    "Array.from(v)",
    "v.split('').map((c, i) => v.charAt(i)).join('')",
];

/// How many of them there are.
pub(crate) const ENCODERS: usize = 20;

/// Where a script sends `all`, the values as it wrote them.
const SEND: [&str; 12] = [
    "return all;",
    "console.log(all); console.error(String(all)); console.table([{ all }]);",
    "throw new Error(String(all));",
    "try { await archive.keep({ text: String(all) }); } catch (e) { return e.message; }",
    "try { await callMCPTool(String(all[0]), {}); } catch (e) { return [e.message, e.stack]; }",
    "try { return await readFile('./results/' + all[0]); } catch (e) { return e.message; }",
    "kept = (typeof kept === 'undefined' ? [] : kept).concat(all); return kept.slice(-40);\nvar kept;",
    "const byKey = {}; for (const one of all.flat()) byKey[one] = { [one]: [one] }; return byKey;",
    "const sums = all.map((one) => { let s = 0; for (const c of String(one)) s = (s * 31 + \
     c.charCodeAt(0)) % 65521; return [s, String(one).length]; }); return { sums, all };",
    "await Promise.all(all.map((one) => clinic.fail({ id: 'P00012' }).catch((e) => \
     console.log(e.message, one)))); return (null).x[all];",
    "const waited = [];\nfor (const one of all.slice(0, 2)) {\n  for (const c of String(one).slice(0, 4)) \
     {\n    const from = Date.now();\n    await new Promise((done) => setTimeout(done, c.charCodeAt(0) % \
     4));\n    waited.push(Date.now() - from);\n  }\n}\nreturn [waited, all];",
    "await clinic.crash({ id: 'P00012' }).catch((e) => console.log(e)); show({ type: 'text', text: \
     String(all) }); show({ type: 'resource', resource: { uri: 'a://' + all[0], text: String(all) } });",
];

/// Where a script has its values from; `number` is the script's, by which they differ.
const TAKE: [&str; 4] = [
    "const { patients } = await clinic.listPatients({ page: String(number % 10) });\n\
     const values = patients.slice(number % 92).slice(0, 8).flatMap((p) => [p.name, p.email, p.phone, \
     p.ssn, p.address.street]);",
    "const notes = await Promise.all([1, 2, 3].map((n) => clinic.getNote({ id: `P00${number}${n}` })));\n\
     const values = notes;",
    "const values = [];\nfor (const id of ['P00021', `P00${number}1`]) {\n  \
     values.push(await clinic.fail({ id }).catch((e) => e.message));\n  \
     const p = await clinic.getPatient({ id });\n  \
     values.push(...Object.values(p).filter((v) => typeof v === 'string'));\n}",
    "const chart = await clinic.chart({ id: `P00${number}2` });\n\
     const values = [JSON.stringify(chart), ...Object.values(chart.patient ?? {})].map(String);",
];

/// What hands out every patient, a page a script: as records, as one text, and as keys.
pub(crate) fn pages() -> Vec<String> {
    let page = |page: usize| {
        format!(
            "import * as clinic from './servers/clinic';\n\
             const {{ patients }} = await clinic.listPatients({{ page: '{page}' }});\n\
             console.log(patients.map((p) => Object.values(p).join(' ')).join());\n\
             return {{ patients, texts: patients.map((p) => btoa(p.email) + encodeURIComponent(p.name)), \
             by: Object.fromEntries(patients.map((p) => [p.email, p.ssn])) }};"
        )
    };
    (0..10).map(page).collect()
}

/// What one session does with the tokens of another: all of these calls must fail.
pub(crate) fn with_tokens_of_another(tokens: &[String]) -> String {
    format!(
        "import * as archive from './servers/archive';\n\
         import * as clinic from './servers/clinic';\n\
         const tokens = {tokens:?};\nlet failed = 0;\n\
         for (const token of tokens) {{\n  \
         await archive.keep({{ text: token }}).catch(() => failed++);\n  \
         await clinic.getPatient({{ id: token }}).catch(() => failed++);\n  \
         await pii.domain(token).catch(() => failed++);\n}}\n\
         return failed === 3 * tokens.length ? 'ALL FAILED' : failed;"
    )
}

/// All of them: each way to write over each channel.
pub(crate) fn scripts() -> Vec<String> {
    let mut scripts = Vec::new();
    for send in SEND {
        for write in WRITE {
            let number = scripts.len() % 100;
            // So that each way to write meets each place.
            let take = TAKE[(scripts.len() + scripts.len() / WRITE.len()) % TAKE.len()];
            let write = format!("const all = values.map((v) => {write});");
            let imports = "import * as clinic from './servers/clinic';\n\
                           import * as archive from './servers/archive';";
            let number = format!("const number = {number};");
            scripts.push(format!("{imports}\n{number}\n{take}\n{write}\n{send}"));
        }
    }
    scripts
}
