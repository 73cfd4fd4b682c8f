//! The job done the traditional way: one tool call after another, each result in full.
//!
//! In a real conversation a model reads the results and works the answer out. Here Rust code
//! does that part, so that the run is repeatable and needs no model: what it shows is what the
//! calls cost and that they suffice, not how well a model would count. It is generous to this
//! way: every page is asked for at its largest, and no call is wasted.
//!
//! Everything is read from what the servers send; nothing from the world.

use std::{collections::BTreeMap, error::Error};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::answer::{Answer, ReorderTotals, Short, ShortItem, StockoutItem, Stockouts};
use crate::Day;

/// The window of sales and the day it is looked at, as the job states them.
const FROM: &str = "2026-10-23";
const TO: &str = "2026-11-19";
const TODAY: &str = "2026-11-20";

const PAGES_MAX: usize = 1_000;

/// Why the call-by-call way has no answer.
#[derive(Debug, Error)]
pub enum TraditionalError<E: Error + 'static> {
    /// A call failed.
    #[error("the call of `{server}.{tool}` failed")]
    Call {
        /// The server.
        server: &'static str,
        /// The tool.
        tool: &'static str,
        /// Why.
        source: E,
    },
    /// A result was not what the tool promises.
    #[error("the result of `{server}.{tool}` cannot be read: {reason}")]
    Result {
        /// The server.
        server: &'static str,
        /// The tool.
        tool: &'static str,
        /// What was wrong.
        reason: String,
    },
}

/// One list of one server, page by page.
struct List<'c, C> {
    call: &'c C,
    server: &'static str,
    tool: &'static str,
    arguments: Value,
    /// Where a page has its rows.
    rows: &'static str,
}

/// How a list is asked for its next part.
#[derive(Clone, Copy)]
enum Paging {
    Number,
    Offset(u64),
    Token { argument: &'static str, result: &'static str },
}

#[derive(Deserialize)]
struct Product {
    sku: String,
    category: Category,
}

#[derive(Deserialize)]
struct Category {
    name: String,
}

#[derive(Deserialize)]
struct Order {
    status: String,
    lines: Vec<OrderLine>,
}

#[derive(Deserialize)]
struct OrderLine {
    sku: String,
    quantity: i64,
    refunded_quantity: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    seller_sku: Option<String>,
    units_per_pack: i64,
    quantity_available: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SalesRow {
    seller_sku: Option<String>,
    packs_sold: i64,
    units_per_pack: i64,
}

#[derive(Deserialize)]
struct StockLine {
    item_code: String,
    quantity: i64,
    units_per_carton: Option<i64>,
    allocated_units: i64,
}

#[derive(Deserialize)]
struct Inbound {
    eta: Option<String>,
    lines: Vec<InboundLine>,
}

#[derive(Deserialize)]
struct InboundLine {
    item_code: String,
    cartons: i64,
    units_per_carton: i64,
}

#[derive(Deserialize)]
struct Article {
    #[serde(rename = "article")]
    name: String,
    supplier_no: i64,
    unit_cost: String,
    carton_qty: i64,
    lead_time_days: Option<i64>,
    safety_stock: Option<i64>,
}

#[derive(Deserialize)]
struct Supplier {
    supplier_no: i64,
    lead_time: LeadTime,
}

#[derive(Deserialize)]
struct LeadTime {
    value: i64,
    unit: String,
}

#[derive(Deserialize)]
struct Purchase {
    lines: Vec<PurchaseLine>,
}

#[derive(Deserialize)]
struct PurchaseLine {
    article: String,
    qty_ordered: i64,
    qty_received: i64,
}

/// All that the job needs, as it came.
struct Collected {
    products: Vec<Product>,
    orders: Vec<Order>,
    listings: Vec<Listing>,
    sales: Vec<SalesRow>,
    stock: Vec<StockLine>,
    inbound: Vec<Inbound>,
    articles: Vec<Article>,
    suppliers: Vec<Supplier>,
    purchases: Vec<Purchase>,
}

/// One article's line; the checksum runs over these.
struct Row {
    number: i64,
    category: String,
    days_left: i64,
    short: i64,
    missing: i64,
    reorder: i64,
    cost_cents: i64,
}

type PerArticle = BTreeMap<i64, i64>;

/// Does the job with one call after another, through `call`, which gets the server, the tool
/// and the arguments, and gives the result as parsed data.
///
/// # Errors
///
/// See [`TraditionalError`].
pub async fn traditional<E, C>(call: C) -> Result<Answer, TraditionalError<E>>
where
    E: Error + 'static,
    C: AsyncFn(&str, &str, Map<String, Value>) -> Result<Value, E>,
{
    let collected = collect(&call).await?;
    Ok(answer(&rows(&collected), &collected))
}

async fn collect<E, C>(call: &C) -> Result<Collected, TraditionalError<E>>
where
    E: Error + 'static,
    C: AsyncFn(&str, &str, Map<String, Value>) -> Result<Value, E>,
{
    let list = |server, tool, rows, arguments| List { call, server, tool, arguments, rows };
    let market = Paging::Token { argument: "nextToken", result: "nextToken" };
    let books = Paging::Token { argument: "cursor", result: "next_cursor" };
    let window = json!({ "created_from": FROM, "created_to": TO, "per_page": 100 });
    let period = json!({ "dateFrom": FROM, "dateTo": TO, "pageSize": 100 });
    Ok(Collected {
        products: list(
            "shop",
            "list_products",
            "products",
            json!({
                "status": "active", "per_page": 100
            }),
        )
        .all(Paging::Number)
        .await?,
        orders: list("shop", "list_orders", "orders", window).all(Paging::Number).await?,
        listings: list(
            "marketplace",
            "listListings",
            "listings",
            json!({
                "state": "ACTIVE", "pageSize": 100
            }),
        )
        .all(market)
        .await?,
        sales: list("marketplace", "getSalesReport", "rows", period).all(market).await?,
        stock: list(
            "warehouse",
            "list-stock",
            "items",
            json!({
                "condition": "SELLABLE", "limit": 250
            }),
        )
        .all(Paging::Offset(250))
        .await?,
        inbound: list(
            "warehouse",
            "list-inbound-shipments",
            "items",
            json!({
                "status": "OPEN", "limit": 250
            }),
        )
        .all(Paging::Offset(250))
        .await?,
        articles: list("accounting", "list_articles", "data", json!({ "limit": 100 }))
            .all(books)
            .await?,
        suppliers: list("accounting", "list_suppliers", "data", json!({ "limit": 100 }))
            .all(books)
            .await?,
        purchases: list(
            "accounting",
            "list_purchase_orders",
            "data",
            json!({
                "status": "open", "limit": 100
            }),
        )
        .all(books)
        .await?,
    })
}

impl<C> List<'_, C> {
    async fn all<T, E>(self, paging: Paging) -> Result<Vec<T>, TraditionalError<E>>
    where
        T: DeserializeOwned,
        E: Error + 'static,
        C: AsyncFn(&str, &str, Map<String, Value>) -> Result<Value, E>,
    {
        let (server, tool) = (self.server, self.tool);
        let unreadable = |reason: String| TraditionalError::Result { server, tool, reason };
        let mut arguments = self.arguments.as_object().cloned().unwrap_or_default();
        if let Paging::Number = paging {
            arguments.insert("page".to_owned(), 1.into());
        }
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = (self.call)(server, tool, arguments.clone())
                .await
                .map_err(|source| TraditionalError::Call { server, tool, source })?;
            let rows = Vec::<T>::deserialize(&page[self.rows])
                .map_err(|error| unreadable(error.to_string()))?;
            all.extend(rows);
            let Some((name, value)) = next(paging, &page) else { return Ok(all) };
            arguments.insert(name.to_owned(), value);
        }
        Err(unreadable(format!("the list has more than {PAGES_MAX} pages")))
    }
}

/// The argument that asks for the part after `page`, unless that was the last.
fn next(paging: Paging, page: &Value) -> Option<(&'static str, Value)> {
    match paging {
        Paging::Number => {
            let number = page["pagination"]["page"].as_u64()?;
            let last = page["pagination"]["total_pages"].as_u64()?;
            (number < last).then(|| ("page", (number + 1).into()))
        }
        Paging::Offset(limit) => {
            let offset = page["offset"].as_u64()? + limit;
            (offset < page["total"].as_u64()?).then(|| ("offset", offset.into()))
        }
        Paging::Token { argument, result } => {
            Some((argument, page[result].as_str()?.to_owned().into()))
        }
    }
}

/// The number in the name of an article; other goods have none.
fn number(name: &str) -> Option<i64> {
    let lower = name.trim().to_ascii_lowercase();
    let digits = lower.strip_prefix("sku")?;
    digits.strip_prefix(['-', '_', ' ']).unwrap_or(digits).parse().ok()
}

fn tally<'a>(pieces: impl Iterator<Item = (&'a str, i64)>) -> PerArticle {
    let mut sums = PerArticle::new();
    for (name, count) in pieces {
        if let Some(number) = number(name) {
            *sums.entry(number).or_default() += count;
        }
    }
    sums
}

/// `20/11/2026`
fn slashed(text: &str) -> Option<Day> {
    let mut parts = text.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    Day::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

fn offered(collected: &Collected) -> PerArticle {
    let of = |listing: &Listing| listing.quantity_available * listing.units_per_pack;
    tally(collected.listings.iter().filter_map(|row| Some((row.seller_sku.as_deref()?, of(row)))))
}

fn sold(collected: &Collected) -> PerArticle {
    let in_shop = collected
        .orders
        .iter()
        .filter(|order| order.status != "cancelled")
        .flat_map(|order| &order.lines)
        .map(|line| (line.sku.as_str(), line.quantity - line.refunded_quantity));
    let on_market = collected
        .sales
        .iter()
        .filter_map(|row| Some((row.seller_sku.as_deref()?, row.packs_sold * row.units_per_pack)));
    tally(in_shop.chain(on_market))
}

fn rows(collected: &Collected) -> Vec<Row> {
    let (offered, sold) = (offered(collected), sold(collected));
    let available = tally(collected.stock.iter().map(|line| {
        let pieces = line.quantity * line.units_per_carton.unwrap_or(1);
        (line.item_code.as_str(), pieces - line.allocated_units)
    }));
    let on_order = tally(
        collected
            .purchases
            .iter()
            .flat_map(|purchase| &purchase.lines)
            .map(|line| (line.article.as_str(), line.qty_ordered - line.qty_received)),
    );
    let articles: BTreeMap<i64, &Article> = collected
        .articles
        .iter()
        .filter_map(|article| Some((number(&article.name)?, article)))
        .collect();
    let get = |sums: &PerArticle, number| sums.get(&number).copied().unwrap_or(0);
    let mut rows: Vec<Row> = collected
        .products
        .iter()
        .filter_map(|product| {
            let number = number(&product.sku)?;
            let article = articles.get(&number)?;
            let (there, sold) = (get(&available, number), get(&sold, number));
            let lead = lead_days(article, &collected.suppliers)?;
            let demand = ceil(lead * sold, 28);
            let safety = article.safety_stock.unwrap_or_else(|| ceil(sold, 4));
            let need = (demand + safety - there - get(&on_order, number)).max(0);
            let reorder = ceil(need, article.carton_qty) * article.carton_qty;
            Some(Row {
                number,
                category: product.category.name.clone(),
                days_left: there * 28 / sold.max(1),
                short: (get(&offered, number) - there).max(0),
                missing: (demand - there - arriving(collected, number, lead)).max(0),
                reorder,
                cost_cents: reorder * cents(&article.unit_cost)?,
            })
        })
        .collect();
    rows.sort_by_key(|row| row.number);
    rows
}

fn ceil(count: i64, size: i64) -> i64 {
    (count + size - 1) / size.max(1)
}

fn cents(text: &str) -> Option<i64> {
    text.replace('.', "").parse().ok()
}

fn lead_days(article: &Article, suppliers: &[Supplier]) -> Option<i64> {
    if let Some(days) = article.lead_time_days {
        return Some(days);
    }
    let supplier = suppliers.iter().find(|other| other.supplier_no == article.supplier_no)?;
    let days_per_unit = if supplier.lead_time.unit == "weeks" { 7 } else { 1 };
    Some(supplier.lead_time.value * days_per_unit)
}

fn arriving(collected: &Collected, article: i64, lead: i64) -> i64 {
    let last = Day::parse_iso(TODAY).zip(i32::try_from(lead).ok()).map(|(day, n)| day.plus(n));
    collected
        .inbound
        .iter()
        .filter(|shipment| {
            shipment.eta.as_deref().and_then(slashed).is_some_and(|eta| Some(eta) <= last)
        })
        .flat_map(|shipment| &shipment.lines)
        .filter(|line| number(&line.item_code) == Some(article))
        .map(|line| line.cartons * line.units_per_carton)
        .sum()
}

fn answer(rows: &[Row], collected: &Collected) -> Answer {
    let offered = offered(collected);
    let ranked = |key: fn(&Row) -> i64| {
        let mut ranked: Vec<&Row> = rows.iter().filter(|row| key(row) > 0).collect();
        ranked.sort_by_key(|row| -key(row));
        ranked
    };
    let (short, out, order) =
        (ranked(|row| row.short), ranked(|row| row.missing), ranked(|row| row.reorder));
    let mut skus_by_category = BTreeMap::new();
    for row in &order {
        *skus_by_category.entry(row.category.clone()).or_default() += 1;
    }
    Answer {
        compared: size(rows.iter().filter(|row| offered.contains_key(&row.number)).count()),
        short: Short {
            skus: size(short.len()),
            units: positive(short.iter().map(|row| row.short).sum()),
            worst: short.iter().take(3).map(|row| short_item(row)).collect(),
        },
        stockouts: Stockouts {
            skus: size(out.len()),
            worst: out.iter().take(3).map(|row| stockout_item(row)).collect(),
        },
        reorder: ReorderTotals {
            skus: size(order.len()),
            units: positive(order.iter().map(|row| row.reorder).sum()),
            cost_cents: order.iter().map(|row| row.cost_cents.unsigned_abs()).sum(),
            skus_by_category,
        },
        checksum: rows.iter().fold(0, |sum, row| {
            let mixed = row.number + 3 * row.short + 7 * row.missing + 11 * row.reorder;
            (sum * 31 + mixed.unsigned_abs()) % 1_000_000_007
        }),
    }
}

fn short_item(row: &Row) -> ShortItem {
    let sku = format!("SKU-{:05}", row.number);
    ShortItem { sku, short: positive(row.short), reorder: positive(row.reorder) }
}

fn stockout_item(row: &Row) -> StockoutItem {
    let sku = format!("SKU-{:05}", row.number);
    StockoutItem { sku, days_left: positive(row.days_left), missing: positive(row.missing) }
}

fn size(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A server that lies could send counts of any size; they end up wrong, and never panic.
fn positive(count: i64) -> u32 {
    u32::try_from(count).unwrap_or_default()
}
