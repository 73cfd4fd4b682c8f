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

use super::answer::{Answer, Found};

/// The window of sales, as the job states it.
const FROM: &str = "2026-10-23";
const TO: &str = "2026-11-19";

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
struct Article {
    #[serde(rename = "article")]
    name: String,
    carton_qty: i64,
    lead_time_days: i64,
    safety_stock: Option<i64>,
    qty_on_order: i64,
    blocked: bool,
}

/// All that the job needs, as it came.
struct Collected {
    articles: Vec<Article>,
    listings: Vec<Listing>,
    stock: Vec<StockLine>,
    orders: Vec<Order>,
    sales: Vec<SalesRow>,
}

/// One article's line.
struct Row {
    number: i64,
    short: i64,
    missing: i64,
    reorder: i64,
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
    Ok(answer(&rows(&collected)))
}

async fn collect<E, C>(call: &C) -> Result<Collected, TraditionalError<E>>
where
    E: Error + 'static,
    C: AsyncFn(&str, &str, Map<String, Value>) -> Result<Value, E>,
{
    let list = |server, tool, rows, arguments| List { call, server, tool, arguments, rows };
    let market = Paging::Token { argument: "nextToken", result: "nextToken" };
    let books = Paging::Token { argument: "cursor", result: "next_cursor" };
    let articles = list("accounting", "list_articles", "data", json!({ "limit": 100 }));
    let active = json!({ "state": "ACTIVE", "pageSize": 100 });
    let listings = list("marketplace", "listListings", "listings", active);
    let sellable = json!({ "condition": "SELLABLE", "limit": 250 });
    let stock = list("warehouse", "list-stock", "items", sellable);
    let window = json!({ "created_from": FROM, "created_to": TO, "per_page": 100 });
    let orders = list("shop", "list_orders", "orders", window);
    let period = json!({ "dateFrom": FROM, "dateTo": TO, "pageSize": 100 });
    let sales = list("marketplace", "getSalesReport", "rows", period);
    Ok(Collected {
        articles: articles.all(books).await?,
        listings: listings.all(market).await?,
        stock: stock.all(Paging::Offset(250)).await?,
        orders: orders.all(Paging::Number).await?,
        sales: sales.all(market).await?,
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
    let get = |sums: &PerArticle, number| sums.get(&number).copied().unwrap_or(0);
    let mut rows: Vec<Row> = collected
        .articles
        .iter()
        .filter(|article| !article.blocked)
        .filter_map(|article| {
            let number = number(&article.name)?;
            let there = get(&available, number);
            let demand = ceil(article.lead_time_days * get(&sold, number), 28);
            let missing = demand - there - article.qty_on_order;
            let wanted = (missing + article.safety_stock.unwrap_or(0)).max(0);
            Some(Row {
                number,
                short: get(&offered, number) - there,
                missing,
                reorder: ceil(wanted, article.carton_qty) * article.carton_qty,
            })
        })
        .collect();
    rows.sort_by_key(|row| row.number);
    rows
}

fn ceil(count: i64, size: i64) -> i64 {
    (count + size - 1) / size.max(1)
}

fn answer(rows: &[Row]) -> Answer {
    Answer {
        short: found(rows, |row| row.short),
        missing: found(rows, |row| row.missing),
        reorder: found(rows, |row| row.reorder),
    }
}

fn found(rows: &[Row], pieces: fn(&Row) -> i64) -> Found {
    let mut found: Vec<&Row> = rows.iter().filter(|row| pieces(row) > 0).collect();
    // Rows are in the order of their numbers, and stay so where they are equal.
    found.sort_by_key(|row| -pieces(row));
    let worst = found.first();
    Found {
        articles: u32::try_from(found.len()).unwrap_or(u32::MAX),
        pieces: positive(found.iter().map(|row| pieces(row)).sum()),
        worst: worst.map(|row| format!("SKU-{}", row.number)).unwrap_or_default(),
        worst_pieces: worst.map_or(0, |row| positive(pieces(row))),
    }
}

/// A server that lies could send counts of any size; they end up wrong, and never panic.
fn positive(count: i64) -> u32 {
    u32::try_from(count).unwrap_or_default()
}
