//! The world `inventory` through its servers: what they send, what they refuse, what it weighs.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![allow(clippy::needless_raw_string_hashes, reason = "`expect-test` writes them")]

use std::{cell::RefCell, collections::BTreeSet, convert::Infallible};

use expect_test::{Expect, expect};
use serde_json::{Map, Value, json};
use workroom_demo::{
    Backend, DemoServer, Refusal,
    inventory::{SEED, Truth, World, check, headline, traditional},
};
use workroom_ledger::tokens;

fn arguments(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn call(backend: &mut Backend, tool: &str, args: &Value) -> Result<Value, Refusal> {
    backend.call(tool, &arguments(args))
}

#[track_caller]
fn check_first(server: DemoServer, tool: &str, args: &Value, at: &str, expected: &Expect) {
    let result = call(&mut Backend::new(server, SEED), tool, args).unwrap();
    let first = result.pointer(at).unwrap_or_else(|| panic!("no {at} in {result}"));
    expected.assert_eq(&serde_json::to_string(first).unwrap());
}

#[test]
fn each_server_names_an_article_in_its_own_way() {
    use DemoServer::{Accounting, Marketplace, Shop, Warehouse};
    check_first(
        Shop,
        "list_products",
        &json!({ "per_page": 1 }),
        "/products/0",
        &expect![[
            r#"{"id":880001,"sku":"SKU-00001","title":"Oak Water Bottle Slate","handle":"oak-water-bottle-slate-1","status":"active","category":{"id":8,"name":"Outdoor"},"price":{"amount":"12.49","currency":"EUR"},"barcode":"4002600079192","weight":{"value":3430,"unit":"g"},"created_at":"2024-10-08T08:01:00Z","updated_at":"2026-11-19T00:01:00Z","links":{"self":"/admin/products/880001"}}"#
        ]],
    );
    check_first(
        Shop,
        "list_orders",
        &json!({ "created_from": "2026-11-19", "per_page": 1 }),
        "/orders/0",
        &expect![[
            r#"{"order_number":101084,"created_at":"2026-11-19T00:08:00Z","status":"open","customer":{"id":50238,"name":"Ada Petit","email":"ada.petit238@example.org"},"ship_to":{"city":"Torino"},"lines":[{"line":1,"sku":"SKU-00467","title":"Steel Water Bottle Rust","quantity":6,"refunded_quantity":0,"unit_price":"10.99"},{"line":2,"sku":"SKU-00250","title":"Walnut Cool Box Rust","quantity":1,"refunded_quantity":0,"unit_price":"69.99"},{"line":3,"sku":"SKU-00547","title":"Cork Monitor Stand Blush","quantity":7,"refunded_quantity":0,"unit_price":"31.99"},{"line":4,"sku":"SKU-00936","title":"Oak Kettle Navy","quantity":4,"refunded_quantity":0,"unit_price":"40.49"}],"total":{"amount":"521.82","currency":"EUR"},"notes":[],"links":{"self":"/admin/orders/101084"}}"#
        ]],
    );
    check_first(
        Marketplace,
        "listListings",
        &json!({ "state": "ACTIVE", "pageSize": 1 }),
        "/listings/0",
        &expect![[
            r#"{"listingId":"MP-36574187","sellerSku":"SKU-00510","title":"Glass Soap Dispenser Charcoal | Bath","state":"ACTIVE","condition":"NEW","unitsPerPack":1,"quantityAvailable":81,"price":{"amountMinor":2151,"currency":"EUR"},"fulfilment":{"channel":"MERCHANT","handlingDays":1},"lastUpdated":1792108800,"href":"https://api.market.example/v3/listings/MP-36574187"}"#
        ]],
    );
    check_first(
        Warehouse,
        "list-stock",
        &json!({ "limit": 1 }),
        "/items/0",
        &expect![[
            r#"{"location":"A-01-01-1","zone":"A","item_code":"SKU00201","quantity":32,"uom":"EA","units_per_carton":null,"allocated_units":15,"condition":"SELLABLE","lot":null,"last_counted":"16/10/2026"}"#
        ]],
    );
    check_first(
        Warehouse,
        "list-inbound-shipments",
        &json!({ "status": "OPEN", "limit": 1 }),
        "/items/0",
        &expect![[
            r#"{"asn":"ASN-008102","reference":"PO-45008","status":"ANNOUNCED","eta":"28/11/2026","carrier":"Kuehne+Nagel","dock":"D3","lines":[{"item_code":"SKU00102","cartons":1,"units_per_carton":12}]}"#
        ]],
    );
    check_first(
        Accounting,
        "list_articles",
        &json!({ "limit": 1 }),
        "/data/0",
        &expect![[
            r#"{"article":"SKU-1","description":"Oak Water Bottle Slate","supplier_no":70001,"unit_cost":"3.87","currency":"EUR","carton_qty":24,"lead_time_days":49,"safety_stock":14,"qty_on_order":24,"vat_code":"V19","ledger_account":3407,"blocked":false}"#
        ]],
    );
    check_first(
        Accounting,
        "list_purchase_orders",
        &json!({ "status": "open", "limit": 1 }),
        "/data/0",
        &expect![[
            r#"{"po_number":"PO-45001","supplier_no":70024,"status":"approved","order_date":"20261018","currency":"EUR","lines":[{"pos":10,"article":"SKU-160","qty_ordered":20,"qty_received":0,"unit_cost":"21.79"},{"pos":20,"article":"SKU-386","qty_ordered":48,"qty_received":0,"unit_cost":"23.24"},{"pos":30,"article":"SKU-803","qty_ordered":8,"qty_received":0,"unit_cost":"37.09"}],"total":"1848.04"}"#
        ]],
    );
}

/// Arguments for every tool. Calls change the world, so each tool gets a fresh one.
fn examples(server: DemoServer) -> Vec<(&'static str, Value)> {
    let day = json!({ "dateFrom": "2026-11-18", "dateTo": "2026-11-19" });
    match server {
        DemoServer::Kept(_) => Vec::new(),
        DemoServer::Shop => vec![
            ("get_shop", json!({})),
            ("list_products", json!({ "status": "active", "category_id": 3, "page": 2 })),
            ("get_product", json!({ "sku": "sku-17" })),
            ("search_products", json!({ "query": "oak lamp" })),
            ("update_product", json!({ "sku": "SKU-00017", "price": "1.05", "status": "draft" })),
            ("list_categories", json!({})),
            ("list_orders", json!({ "status": "open", "created_to": "2026-11-19" })),
            ("get_order", json!({ "order_number": 100_231 })),
            ("search_orders", json!({ "query": "@example.org" })),
            ("cancel_order", json!({ "order_number": open_order(), "reason": "asked for it" })),
            ("refund_order_line", json!({ "order_number": 100_231, "line": 1, "quantity": 1 })),
            ("add_order_note", json!({ "order_number": 100_231, "note": "call back" })),
            ("list_customers", json!({ "page": 1 })),
            ("get_customer", json!({ "customer_id": 50_001 })),
            ("get_sales_summary", json!({ "from": "2026-11-01", "to": "2026-11-19" })),
        ],
        DemoServer::Marketplace => vec![
            ("getSellerAccount", json!({})),
            ("listListings", json!({ "state": "INACTIVE" })),
            ("getListing", json!({ "listingId": listing(0) })),
            ("searchListings", json!({ "keywords": "clearance bundle" })),
            ("updateListingQuantity", json!({ "listingId": listing(0), "quantity": 3 })),
            (
                "bulkUpdateQuantities",
                json!({ "updates": [
                    { "listingId": listing(0), "quantity": 3 },
                    { "listingId": "MP-00000000", "quantity": 3 }
                ] }),
            ),
            ("updateListingPrice", json!({ "listingId": listing(0), "amountMinor": 999 })),
            ("setListingState", json!({ "listingId": listing(0), "state": "INACTIVE" })),
            ("linkSellerSku", json!({ "listingId": listing(0), "sellerSku": "SKU-99999" })),
            ("getListingIssues", json!({})),
            ("getSalesReport", day.clone()),
            ("listOrders", day),
            ("getOrder", json!({ "orderId": unshipped() })),
            ("confirmShipment", json!({ "orderId": unshipped(), "trackingNumber": "TRK1" })),
            ("estimateFees", json!({ "amountMinor": 1_999 })),
        ],
        DemoServer::Warehouse => warehouse_examples(),
        DemoServer::Accounting => vec![
            ("get_company", json!({})),
            ("list_articles", json!({ "supplier_no": 70_003 })),
            ("get_article", json!({ "article": "SKU-17" })),
            ("search_articles", json!({ "text": "oak" })),
            ("update_article", json!({ "article": "SKU-17", "unit_cost": "2.50" })),
            ("list_suppliers", json!({})),
            ("get_supplier", json!({ "supplier_no": 70_003 })),
            (
                "update_supplier_lead_time",
                json!({ "supplier_no": 70_003, "value": 2, "unit": "weeks" }),
            ),
            ("list_purchase_orders", json!({ "status": "draft" })),
            ("get_purchase_order", json!({ "po_number": "PO-45001" })),
            ("create_purchase_order", new_purchase()),
            ("approve_purchase_order", json!({ "po_number": purchase("draft") })),
            ("cancel_purchase_order", json!({ "po_number": purchase("draft") })),
            (
                "book_goods_receipt",
                json!({ "po_number": purchase("approved"), "pos": 10, "quantity": 1 }),
            ),
            ("get_supplier_spend", json!({ "supplier_no": 70_003, "since": "2026-10-01" })),
        ],
    }
}

fn warehouse_examples() -> Vec<(&'static str, Value)> {
    let mut warehouse = Backend::new(DemoServer::Warehouse, SEED);
    let stock = call(&mut warehouse, "list-stock", &json!({ "limit": 250 })).unwrap();
    let is_free = |line: &&Value| line["quantity"].as_u64() > Some(3) && line["uom"] == "CTN";
    let line = stock["items"].as_array().unwrap().iter().find(is_free).unwrap();
    let (item, bin) = (&line["item_code"], &line["location"]);
    let open = call(&mut warehouse, "list-inbound-shipments", &json!({ "status": "OPEN" }));
    let asn = open.unwrap()["items"][0]["asn"].clone();
    vec![
        ("get-warehouse", json!({})),
        ("list-locations", json!({ "zone": "B" })),
        ("get-location", json!({ "location": bin })),
        ("list-stock", json!({ "condition": "DAMAGED", "zone": "A" })),
        ("get-item-stock", json!({ "item_code": "SKU00017" })),
        ("get-item", json!({ "item_code": "TAPE-50" })),
        ("move-stock", json!({ "item_code": item, "from": bin, "to": "Z-01-01-1", "quantity": 2 })),
        (
            "adjust-stock",
            json!({ "item_code": item, "location": bin, "delta": -1, "reason": "count" }),
        ),
        (
            "set-stock-condition",
            json!({ "item_code": item, "location": bin, "condition": "QUARANTINE" }),
        ),
        ("list-stock-movements", json!({ "limit": 5 })),
        ("list-inbound-shipments", json!({ "status": "RECEIVED" })),
        ("get-inbound-shipment", json!({ "asn": asn })),
        (
            "create-inbound-shipment",
            json!({
                "reference": "PO-45001", "eta": "2026-12-01",
                "lines": [{ "item_code": "SKU00017", "cartons": 2 }]
            }),
        ),
        ("update-inbound-eta", json!({ "asn": asn, "eta": "2026-12-24" })),
        ("receive-inbound-shipment", json!({ "asn": asn, "location": "D-01-01-1" })),
    ]
}

fn listing(index: usize) -> Value {
    let mut backend = Backend::new(DemoServer::Marketplace, SEED);
    call(&mut backend, "listListings", &json!({})).unwrap()["listings"][index]["listingId"].clone()
}

fn open_order() -> Value {
    let mut backend = Backend::new(DemoServer::Shop, SEED);
    let open = call(&mut backend, "list_orders", &json!({ "status": "open" })).unwrap();
    open["orders"][0]["order_number"].clone()
}

fn unshipped() -> Value {
    let mut backend = Backend::new(DemoServer::Marketplace, SEED);
    let day = json!({ "dateFrom": "2026-11-19", "dateTo": "2026-11-19" });
    call(&mut backend, "listOrders", &day).unwrap()["orders"][0]["orderId"].clone()
}

fn purchase(status: &str) -> Value {
    let mut backend = Backend::new(DemoServer::Accounting, SEED);
    let found = call(&mut backend, "list_purchase_orders", &json!({ "status": status }));
    found.unwrap()["data"][0]["po_number"].clone()
}

fn new_purchase() -> Value {
    let mut backend = Backend::new(DemoServer::Accounting, SEED);
    let article = call(&mut backend, "get_article", &json!({ "article": "SKU-17" })).unwrap();
    let quantity = article["carton_qty"].as_u64().unwrap() * 3;
    json!({
        "supplier_no": article["supplier_no"],
        "lines": [{ "article": "SKU-17", "quantity": quantity }]
    })
}

#[test]
fn every_tool_answers_its_example() {
    for server in DemoServer::INVENTORY {
        let examples = examples(server);
        let named: BTreeSet<&str> = examples.iter().map(|(tool, _)| *tool).collect();
        let fresh = Backend::new(server, SEED);
        let tools: BTreeSet<&str> = fresh.tools().iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!(named, tools, "{server}");
        assert_eq!(tools.len(), 15, "{server}");
        for (tool, args) in examples {
            let mut backend = Backend::new(server, SEED);
            let result = call(&mut backend, tool, &args)
                .unwrap_or_else(|refusal| panic!("{server}.{tool}: {refusal}"));
            let schema = backend.tools().iter().find(|def| def.name == tool).unwrap();
            if let Some(schema) = &schema.output_schema {
                fits(&format!("{server}.{tool}"), schema, &result);
            }
        }
    }
}

/// Whether `value` has the types and properties that a tool's output schema promises.
#[track_caller]
fn fits(at: &str, schema: &Value, value: &Value) {
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let actual = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is_one =
        types.iter().any(|name| name == actual || (name == "number" && actual == "integer"));
    assert!(is_one, "{at} is {value}, not {types:?}");
    if let Some(object) = value.as_object() {
        let promised = schema["properties"].as_object().unwrap();
        assert_eq!(
            object.keys().collect::<BTreeSet<_>>(),
            promised.keys().collect::<BTreeSet<_>>(),
            "{at}"
        );
        for (name, value) in object {
            fits(&format!("{at}.{name}"), &promised[name], value);
        }
    }
    for item in value.as_array().into_iter().flatten() {
        fits(&format!("{at}[]"), &schema["items"], item);
    }
}

#[track_caller]
fn check_refused(server: DemoServer, tool: &str, args: &Value, expected: &str) {
    let refusal = call(&mut Backend::new(server, SEED), tool, args).unwrap_err();
    assert_eq!(refusal.to_string(), expected);
}

#[test]
fn a_call_that_cannot_be_done_says_why() {
    use DemoServer::{Accounting, Marketplace, Shop, Warehouse};
    check_refused(Shop, "get_products", &json!({}), "there is no tool `get_products`");
    check_refused(Shop, "get_product", &json!({ "sku": "X" }), "there is no product `X`");
    check_refused(
        Shop,
        "list_orders",
        &json!({ "created_from": "20.11.2026" }),
        "`created_from` is `20.11.2026`, which is no date like 2026-11-20",
    );
    check_refused(
        Shop,
        "list_products",
        &json!({ "per_page": 500 }),
        "`per_page` is 500, and must be at most 100",
    );
    check_refused(
        Shop,
        "cancel_order",
        &json!({ "order_number": 100_232, "reason": "late" }),
        "order `100232` is fulfilled and cannot be cancelled",
    );
    check_refused(
        Marketplace,
        "listListings",
        &json!({ "nextToken": "abc" }),
        "`abc` is not one that this list gave; start again without it",
    );
    check_refused(
        Warehouse,
        "move-stock",
        &json!({ "item_code": "SKU00017", "from": "Q-1", "to": "A", "quantity": 1 }),
        "there is no `SKU00017` in location `Q-1`",
    );
    check_refused(
        Accounting,
        "create_purchase_order",
        &json!({ "supplier_no": 70_001, "lines": [] }),
        "`lines` must have at least 1 items",
    );
}

/// Follows a list to its end, as `next` says, and checks that every row came once.
#[track_caller]
fn check_paging(
    server: DemoServer,
    tool: &str,
    (rows, id): (&str, &str),
    mut args: Value,
    total: usize,
    next: fn(&Value) -> Option<(&'static str, Value)>,
) {
    let mut backend = Backend::new(server, SEED);
    let (mut ids, mut count) = (BTreeSet::new(), 0);
    loop {
        let page = call(&mut backend, tool, &args).unwrap();
        for row in page[rows].as_array().unwrap() {
            ids.insert(row[id].to_string());
            count += 1;
        }
        let Some((name, value)) = next(&page) else { break };
        args[name] = value;
    }
    assert_eq!((count, ids.len()), (total, total), "{server}.{tool}");
}

#[test]
fn every_way_of_paging_gives_every_row_once() {
    let of = DemoServer::Shop;
    check_paging(of, "list_products", ("products", "sku"), json!({ "per_page": 7 }), 1_200, |p| {
        let (page, last) = (p["pagination"]["page"].as_u64()?, &p["pagination"]["total_pages"]);
        (page < last.as_u64()?).then(|| ("page", (page + 1).into()))
    });
    let of = DemoServer::Marketplace;
    let listings = call(&mut Backend::new(of, SEED), "getSellerAccount", &json!({})).unwrap();
    let count = |name: &str| usize::try_from(listings["listings"][name].as_u64().unwrap()).unwrap();
    let total = count("active") + count("inactive");
    let key = ("listings", "listingId");
    check_paging(of, "listListings", key, json!({ "pageSize": 33 }), total, |page| {
        Some(("nextToken", page["nextToken"].as_str()?.into()))
    });
    let of = DemoServer::Warehouse;
    let about = call(&mut Backend::new(of, SEED), "get-warehouse", &json!({})).unwrap();
    let total = usize::try_from(about["occupied_locations"].as_u64().unwrap()).unwrap();
    let key = ("items", "location");
    check_paging(of, "list-locations", key, json!({ "limit": 41 }), total, |page| {
        let offset = page["offset"].as_u64()? + 41;
        (offset < page["total"].as_u64()?).then(|| ("offset", offset.into()))
    });
    let of = DemoServer::Accounting;
    let key = ("data", "article");
    check_paging(of, "list_articles", key, json!({ "limit": 99 }), 1_200, |page| {
        Some(("cursor", page["next_cursor"].as_str()?.into()))
    });
}

#[test]
fn what_is_written_is_read_back() {
    let mut warehouse = Backend::new(DemoServer::Warehouse, SEED);
    let before = call(&mut warehouse, "get-item-stock", &json!({ "item_code": "SKU00017" }));
    let announced = call(
        &mut warehouse,
        "create-inbound-shipment",
        &json!({ "reference": "PO-1", "lines": [{ "item_code": "SKU00017", "cartons": 5 }] }),
    )
    .unwrap();
    let pieces = 5 * announced["lines"][0]["units_per_carton"].as_u64().unwrap();
    let receipt = json!({ "asn": announced["asn"], "location": "A-01-01-1" });
    call(&mut warehouse, "receive-inbound-shipment", &receipt).unwrap();
    let after = call(&mut warehouse, "get-item-stock", &json!({ "item_code": "SKU00017" }));
    assert_eq!(
        after.unwrap()["sellable_units"].as_u64().unwrap(),
        before.unwrap()["sellable_units"].as_u64().unwrap() + pieces
    );
    let again = call(&mut warehouse, "receive-inbound-shipment", &receipt).unwrap_err();
    assert!(again.to_string().ends_with("is RECEIVED"), "{again}");
}

/// Counts of a traditional run, in o200k tokens.
#[derive(Default)]
struct Passed {
    calls: usize,
    arguments: usize,
    results: usize,
}

async fn traditional_run(seed: u64) -> (workroom_demo::inventory::Answer, Passed) {
    let backends = RefCell::new(DemoServer::INVENTORY.map(|server| Backend::new(server, seed)));
    let passed = RefCell::new(Passed::default());
    let answer = traditional(async |server: &str, tool: &str, args: Map<String, Value>| {
        let index = DemoServer::INVENTORY.iter().position(|other| other.name() == server).unwrap();
        let result = backends.borrow_mut()[index].call(tool, &args).unwrap();
        let mut passed = passed.borrow_mut();
        passed.calls += 1;
        passed.arguments += tokens(&Value::Object(args).to_string());
        passed.results += tokens(&result.to_string());
        Ok::<_, Infallible>(result)
    })
    .await
    .unwrap();
    (answer, passed.into_inner())
}

#[tokio::test]
async fn call_by_call_gives_the_truth_and_weighs_three_hundred_times_the_code_way() {
    let (answer, passed) = traditional_run(SEED).await;
    let truth = Truth::of(&World::new(SEED));
    let value = serde_json::to_value(&answer).unwrap();
    assert_eq!(check(&value, &truth), Ok(()));
    let definitions: usize = DemoServer::INVENTORY
        .into_iter()
        .flat_map(|server| Backend::new(server, SEED).tools().to_vec())
        .map(|tool| tokens(&serde_json::to_string(&tool).unwrap()))
        .sum();
    let short = tokens(&value.to_string());
    expect![[r#"
        41 calls: definitions 14053, arguments 888, results 398303
        answer 42: {"short":[62,2026,"SKU-1056",151],"missing":[240,2153,"SKU-161",61],"reorder":[475,12336,"SKU-156",96]}"#]]
    .assert_eq(&format!(
        "{} calls: definitions {definitions}, arguments {}, results {}\n\
         answer {short}: {value}",
        passed.calls, passed.arguments, passed.results
    ));
    // Of the code way that is all there is, but for its tool list; `tests/demo.rs` of the binary
    // counts it.
    let code = 1_000;
    assert!(code * 300 < definitions + passed.arguments + passed.results);
    expect![[r#"
        SKU-1056: 151 pieces short: offered on the marketplace, and not there.
        SKU-161: 61 pieces missing before more can arrive: it sells out.
        SKU-156: 96 pieces to be reordered.
        62 articles oversold by 2,026 pieces; 240 articles will sell out. Reorder 12,336 pieces of 475 articles."#]]
    .assert_eq(&headline(&answer));
}

#[tokio::test]
async fn the_truth_holds_in_other_worlds() {
    for seed in [0, 1, 7, u64::MAX] {
        let (answer, _) = traditional_run(seed).await;
        let truth = Truth::of(&World::new(seed));
        assert_eq!(check(&serde_json::to_value(answer).unwrap(), &truth), Ok(()), "seed {seed}");
    }
}

#[test]
fn a_world_is_its_seeds_alone() {
    let hash = |seed| {
        let text = format!("{:?}", World::new(seed));
        text.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        })
    };
    assert_ne!(hash(SEED), hash(SEED + 1));
    expect!["48d9f7a36e4d385d"].assert_eq(&format!("{:x}", hash(SEED)));
}
