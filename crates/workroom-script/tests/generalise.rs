//! Runs' code made into skills.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use workroom_script::{Recorded, generalise, shape, uses};

#[track_caller]
fn check_with(source: &str, value: &Value, keep: &[&str], expected: &Expect) {
    let keep: Vec<String> = keep.iter().map(|&name| name.to_owned()).collect();
    let is_token = |text: &str| text.starts_with('[') && text.ends_with(']');
    let recorded = Recorded { value, is_token, keep: &keep };
    let made = generalise(source, &recorded).unwrap();
    expected.assert_eq(&format!("{}// {}\n", made.code, made.input()));
    // It is the code of a skill: it parses, and what it exports is `run`.
    assert_eq!(workroom_script::exports(&made.code), ["run"]);
}

#[track_caller]
fn check(source: &str, value: &Value, expected: &Expect) {
    check_with(source, value, &[], expected);
}

#[test]
fn constants_in_arguments_become_parameters() {
    check(
        "import * as crm from './servers/crm';
// Who is it?
const contact = await crm.getContact({ id: 'C-1042', fields: ['name', 'email'], limit: 50 });
return { name: contact.name };",
        &json!({"name": "Ann"}),
        &expect![[r#"
            import * as crm from './servers/crm';

            export async function run(input: {
              /** Of `crm.getContact`; "C-1042" in the recorded run. */
              id: string;
              /** Of `crm.getContact`; 50 in the recorded run. */
              limit?: number;
            }): Promise<{ name: string }> {
              // Who is it?
              const contact = await crm.getContact({ id: input.id, fields: ['name', 'email'], limit: input.limit ?? 50 });
              return { name: contact.name };
            }
            // {"id":"C-1042","limit":50}
        "#]],
    );
}

#[test]
fn comparisons_name_what_they_compare() {
    check(
        "import { listOrders } from './servers/shop';
const orders = await listOrders({ page: 1, customer_email: 'ann@example.org' });
const late = orders.filter((o) => o.status === 'unpaid' && o.total > 500 && o.placed_at < '2026-03-01');
late.map((o) => o.id)",
        &json!(["1"]),
        &expect![[r#"
            import { listOrders } from './servers/shop';

            export async function run(input: {
              /** Of `listOrders`; "ann@example.org" in the recorded run. */
              customerEmail: string;
              /** Of a comparison; "unpaid" in the recorded run. */
              status?: string;
              /** Of a comparison; 500 in the recorded run. */
              minTotal?: number;
              /** Of a comparison; "2026-03-01" in the recorded run. */
              maxPlacedAt: string;
            }): Promise<string[]> {
              const orders = await listOrders({ page: 1, customer_email: input.customerEmail });
              const late = orders.filter((o) => o.status === (input.status ?? "unpaid") && o.total > (input.minTotal ?? 500) && o.placed_at < input.maxPlacedAt);
              return late.map((o) => o.id);
            }
            // {"customerEmail":"ann@example.org","status":"unpaid","minTotal":500,"maxPlacedAt":"2026-03-01"}
        "#]],
    );
}

#[test]
fn variables_that_hold_constants_give_their_names() {
    check(
        "import * as crm from './servers/crm';
const CUSTOMER_ID = 'C-7', limit = 25, title = 'Report';
const token = '[email_1]';
async function main() {
  const deals = await crm.listDeals({ owner: CUSTOMER_ID, limit, email: token });
  return `${title}
  of ${deals.length}`;
}
export default main;",
        &json!("Report\n  of 2"),
        &expect![[r#"
            import * as crm from './servers/crm';

            export async function run(input: {
              /** `CUSTOMER_ID`; "C-7" in the recorded run. */
              customerId: string;
              /** `limit`; 25 in the recorded run. */
              limit?: number;
              /** `token`; "[email_1]" in the recorded run. */
              token: string;
            }): Promise<string> {
              const CUSTOMER_ID = input.customerId, limit = input.limit ?? 25, title = 'Report';
              const token = input.token;
              async function main() {
                const deals = await crm.listDeals({ owner: CUSTOMER_ID, limit, email: token });
                return `${title}
              of ${deals.length}`;
              }
              return await main();
            }
            // {"customerId":"C-7","limit":25,"token":"[email_1]"}
        "#]],
    );
}

#[test]
fn what_nothing_uses_goes() {
    check(
        "import * as crm from './servers/crm';
import { send, list } from './servers/mail';
import * as old from './servers/old';
interface Deal { id: string }
type Unused = { a: string };
const all = await crm.listDeals({});
console.log('looked', all.length, old);
function helper(x) { return x + 1; }
const sizes = all.map((deal) => helper(deal.size));


const made = await crm.createDeal({ name: 'x' });
if (made) { console.log(made); }
const deals: Deal[] = await crm.listDeals({ stage: 'open' });
await list();
export { deals };
deals.length",
        &json!(2),
        &expect![[r#"
            import * as crm from './servers/crm';
            import { list } from './servers/mail';

            export async function run(input: {
              /** Of `crm.createDeal`; "x" in the recorded run. */
              name?: string;
              /** Of `crm.listDeals`; "open" in the recorded run. */
              stage?: string;
            } = {}): Promise<number> {
              interface Deal { id: string }

              const made = await crm.createDeal({ name: input.name ?? "x" });
              if (made) {  }
              const deals: Deal[] = await crm.listDeals({ stage: input.stage ?? "open" });
              await list();

              return deals.length;
            }
            // {"name":"x","stage":"open"}
        "#]],
    );
}

#[test]
fn every_form_of_a_value_is_returned() {
    let head = "import * as crm from './servers/crm';\n";
    let make = |code: &str| {
        let recorded = Recorded { value: &json!(1), is_token: |_| false, keep: &[] };
        let code = generalise(&format!("{head}{code}"), &recorded).unwrap().code;
        let (_, body) = code.split_once("{\n").unwrap();
        body.trim_end_matches("}\n").to_owned()
    };
    expect![[r#"
          return crm.a();
        ---
          return ({ a: await crm.a() });
        ---
          return await crm.a();
        ---
          return await (async () => { return crm.a(); })();
        ---
          return await (async function () { return crm.a(); })();
        ---
          async function all() { return crm.a(); }
          return await all();
        ---
          async function main() { return crm.a(); }
          return await main();
        ---
          return await (async () => crm.a())();
        ---
          const x = await crm.a();
          return x;
    "#]]
    .assert_eq(
        &[
            "return crm.a();",
            "({ a: await crm.a() })",
            "export default await crm.a();",
            "export default async () => { return crm.a(); };",
            "export default async function () { return crm.a(); }",
            "export default async function all() { return crm.a(); }",
            "async function main() { return crm.a(); }",
            "async () => crm.a()",
            "export const x = await crm.a();\nx",
        ]
        .map(make)
        .join("---\n"),
    );
}

#[test]
fn a_parameter_can_stay_a_constant_and_a_name_is_free() {
    check_with(
        "const input = await servers.crm.getContact({ id: 'C-1042', note: 'Call her' });
input.name",
        &json!("Ann"),
        &["note"],
        &expect![[r#"
            export async function run(given: {
              /** Of `servers.crm.getContact`; "C-1042" in the recorded run. */
              id: string;
            }): Promise<string> {
              const input = await servers.crm.getContact({ id: given.id, note: 'Call her' });
              return input.name;
            }
            // {"id":"C-1042"}
        "#]],
    );
}

#[test]
fn texts_that_shape_the_output_stay() {
    check(
        "import * as crm from './servers/crm';
const contact = await crm.getContact({});
if (typeof contact.name !== 'string' || contact.deals.length > 100) throw new Error('no name 42');
const kind = contact['kind_17'];
[contact.name, kind].join(', ').replace('a', 'b').padStart(20)",
        &json!("x"),
        &expect![[r#"
            import * as crm from './servers/crm';

            export async function run(input: {} = {}): Promise<string> {
              const contact = await crm.getContact({});
              if (typeof contact.name !== 'string' || contact.deals.length > 100) throw new Error('no name 42');
              const kind = contact['kind_17'];
              return [contact.name, kind].join(', ').replace('a', 'b').padStart(20);
            }
            // {}
        "#]],
    );
}

#[test]
fn there_are_only_so_many_parameters() {
    let arguments: Vec<String> = (10..60).map(|n| format!("a{n}: 'X-{n}'")).collect();
    let source = format!("await servers.crm.add({{ {} }})", arguments.join(", "));
    let recorded = Recorded { value: &Value::Null, is_token: |_| false, keep: &[] };
    let made = generalise(&source, &recorded).unwrap();
    assert_eq!(made.parameters.len(), workroom_script::PARAMETERS_MAX);
}

#[test]
fn what_does_not_parse_is_no_skill() {
    let recorded = Recorded { value: &Value::Null, is_token: |_| false, keep: &[] };
    assert!(generalise("const = 1", &recorded).is_none());
    assert!(shape("const = 1").is_none());
    assert!(shape("1 + 1").is_none(), "no server, no shape");
}

#[track_caller]
fn alike(one: &str, other: &str, expected: bool) {
    let (one, other) = (shape(one).unwrap(), shape(other).unwrap());
    assert_eq!(one == other, expected);
}

#[test]
fn names_values_and_spacing_do_not_change_a_shape() {
    let code = "import * as crm from './servers/crm';
const contact = await crm.getContact({ id: 'C-1' });
console.log(contact);
return contact.deals.filter((d) => d.total > 500).length;";
    alike(
        code,
        "```ts
import * as c from './servers/crm';
// The second one
let person: any = await c.getContact({ id: \"C-2\" })
return person.deals.filter(deal => deal.total > 70).length
```",
        true,
    );
    alike(code, &code.replace("getContact", "getDeal"), false);
    alike(code, &code.replace("d.total", "d.size"), false);
    alike(code, &code.replace("servers/crm", "servers/shop"), false);
    alike(code, &code.replace("filter", "map"), false);
    alike(code, &code.replace("> 500", "< 500"), false);
}

#[test]
fn what_a_code_uses_is_seen() {
    let seen = uses(
        "import * as crm from './servers/crm';
import { send as s } from '../servers/mail/index.ts';
import post from './servers/blog/createPost';
const { x } = servers.shop;
await servers['my-shop'].listAll();
crm.getContact(); crm['odd name']();",
    );
    let seen: Vec<String> =
        seen.iter().map(|it| format!("{}: {}", it.folder, it.functions.join(", "))).collect();
    expect![[r#"
        blog: createPost
        crm: getContact, odd name
        mail: send
        my-shop: listAll
        shop: "#]]
    .assert_eq(&seen.join("\n"));
}
