//! The accounting system: cursors, `SKU-17`, costs as decimal text, dates as `20261120`.
//!
//! An article's lead time is its supplier's unless it has its own; suppliers state theirs in
//! days or in weeks.

#![expect(clippy::unnecessary_wraps, reason = "every tool has the signature of `Handler`")]

use serde_json::{Value, json};

use crate::{
    Day,
    arguments::{Arguments, entry},
    backend::{Handler, Refusal},
    page::chained,
};

use super::{
    shop::{cents, money},
    world::{
        LeadTime, Product, ProductStatus, Purchase, PurchaseLine, PurchaseStatus, Supplier, TODAY,
        World, article_number,
    },
};

const LIMIT: usize = 50;

pub(crate) fn handler(tool: &str) -> Option<Handler> {
    Some(match tool {
        "get_company" => get_company,
        "list_articles" => list_articles,
        "get_article" => get_article,
        "search_articles" => search_articles,
        "update_article" => update_article,
        "list_suppliers" => list_suppliers,
        "get_supplier" => get_supplier,
        "update_supplier_lead_time" => update_supplier_lead_time,
        "list_purchase_orders" => list_purchase_orders,
        "get_purchase_order" => get_purchase_order,
        "create_purchase_order" => create_purchase_order,
        "approve_purchase_order" => approve_purchase_order,
        "cancel_purchase_order" => cancel_purchase_order,
        "book_goods_receipt" => book_goods_receipt,
        "get_supplier_spend" => get_supplier_spend,
        _ => return None,
    })
}

fn article_name(number: u32) -> String {
    format!("SKU-{number}")
}

const fn status_name(status: PurchaseStatus) -> &'static str {
    match status {
        PurchaseStatus::Draft => "draft",
        PurchaseStatus::Approved => "approved",
        PurchaseStatus::PartiallyReceived => "partially_received",
        PurchaseStatus::Received => "received",
        PurchaseStatus::Cancelled => "cancelled",
    }
}

fn article_json(product: &Product, world: &World) -> Value {
    let supplier = &world.suppliers[product.supplier];
    json!({
        "article": article_name(product.number),
        "description": product.title,
        "supplier_no": supplier.number,
        "unit_cost": money(product.cost_cents),
        "currency": "EUR",
        "carton_qty": product.carton,
        "lead_time_days": product.lead_days.unwrap_or(supplier.lead_time.days()),
        "safety_stock": product.min_stock,
        "qty_on_order": outstanding(world, product.number),
        "vat_code": "V19",
        "ledger_account": 3_400 + product.category,
        "blocked": product.status == ProductStatus::Archived
    })
}

/// Pieces of an article on open purchase orders that are still to come.
fn outstanding(world: &World, article: u32) -> u32 {
    let open = world.purchases.iter().filter(|purchase| purchase.status.is_open());
    let lines = open.flat_map(|purchase| &purchase.lines);
    lines.filter(|line| line.article == article).map(PurchaseLine::outstanding).sum()
}

fn supplier_json(supplier: &Supplier) -> Value {
    let (value, unit) = match supplier.lead_time {
        LeadTime::Days(days) => (days, "days"),
        LeadTime::Weeks(weeks) => (weeks, "weeks"),
    };
    json!({
        "supplier_no": supplier.number,
        "name": supplier.name,
        "country": supplier.country,
        "lead_time": { "value": value, "unit": unit },
        "payment_terms": { "net_days": supplier.payment_days },
        "contact": format!("orders.{}@example.net", supplier.number)
    })
}

fn total(purchase: &Purchase) -> u64 {
    let amount = |line: &PurchaseLine| u64::from(line.ordered) * u64::from(line.cost_cents);
    purchase.lines.iter().map(amount).sum()
}

fn purchase_json(purchase: &Purchase, world: &World) -> Value {
    let lines: Vec<Value> = purchase
        .lines
        .iter()
        .zip(1..)
        .map(|(line, position)| {
            json!({
                "pos": position * 10,
                "article": article_name(line.article),
                "qty_ordered": line.ordered,
                "qty_received": line.received,
                "unit_cost": money(line.cost_cents)
            })
        })
        .collect();
    json!({
        "po_number": format!("PO-{}", purchase.number),
        "supplier_no": world.suppliers[purchase.supplier].number,
        "status": status_name(purchase.status),
        "order_date": purchase.ordered.compact(),
        "currency": "EUR",
        "lines": lines,
        "total": money(total(purchase))
    })
}

fn page<T>(
    arguments: Arguments<'_>,
    name: &str,
    rows: &[T],
    show: impl Fn(&T) -> Value,
) -> Result<Value, Refusal> {
    let size = arguments.size("limit", LIMIT);
    let (shown, next) = chained(rows, name, arguments.text("cursor"), size)?;
    Ok(json!({
        "data": shown.iter().map(show).collect::<Vec<_>>(),
        "has_more": next.is_some(),
        "next_cursor": next
    }))
}

fn find_article(world: &World, arguments: Arguments<'_>) -> Result<u32, Refusal> {
    let name = arguments.need("article")?;
    article_number(name)
        .filter(|number| world.product(*number).is_some())
        .ok_or_else(|| Refusal::NotFound { what: "article", id: name.to_owned() })
}

fn find_supplier(world: &World, arguments: Arguments<'_>) -> Result<usize, Refusal> {
    let number = arguments.need_count("supplier_no")?;
    world
        .suppliers
        .iter()
        .position(|supplier| supplier.number == number)
        .ok_or_else(|| Refusal::NotFound { what: "supplier", id: number.to_string() })
}

fn find_purchase(world: &World, arguments: Arguments<'_>) -> Result<usize, Refusal> {
    let name = arguments.need("po_number")?;
    world
        .purchases
        .iter()
        .position(|purchase| format!("PO-{}", purchase.number) == name)
        .ok_or_else(|| Refusal::NotFound { what: "purchase order", id: name.to_owned() })
}

fn get_company(_: &mut World, _: Arguments<'_>) -> Result<Value, Refusal> {
    Ok(json!({
        "name": "Hearth & Field GmbH",
        "vat_id": "DE000000000",
        "base_currency": "EUR",
        "fiscal_year_start": "0101",
        "posting_date": TODAY.compact()
    }))
}

fn list_articles(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let supplier = match arguments.integer("supplier_no") {
        Some(_) => Some(find_supplier(world, arguments)?),
        None => None,
    };
    let rows: Vec<&Product> = world
        .products
        .iter()
        .filter(|product| supplier.is_none_or(|supplier| supplier == product.supplier))
        .collect();
    let name = format!("articles:{supplier:?}");
    page(arguments, &name, &rows, |product| article_json(product, world))
}

fn get_article(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let number = find_article(world, arguments)?;
    let unknown = || Refusal::NotFound { what: "article", id: number.to_string() };
    world.product(number).map(|product| article_json(product, world)).ok_or_else(unknown)
}

fn search_articles(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let text = arguments.need("text")?.to_lowercase();
    let rows: Vec<&Product> = world
        .products
        .iter()
        .filter(|product| product.title.to_lowercase().contains(&text))
        .collect();
    page(arguments, &format!("search:{text}"), &rows, |product| article_json(product, world))
}

fn update_article(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let cost = arguments.text("unit_cost").map(|text| cents("unit_cost", text)).transpose()?;
    let number = find_article(world, arguments)?;
    let count = |name| arguments.integer(name).and_then(|value| u32::try_from(value).ok());
    if let Some(product) = world.product_mut(number) {
        product.cost_cents = cost.unwrap_or(product.cost_cents);
        product.min_stock = count("safety_stock").or(product.min_stock);
        product.lead_days = count("lead_time_days").or(product.lead_days);
    }
    get_article(world, arguments)
}

fn list_suppliers(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    page(arguments, "suppliers", &world.suppliers, supplier_json)
}

fn get_supplier(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let index = find_supplier(world, arguments)?;
    Ok(supplier_json(&world.suppliers[index]))
}

fn update_supplier_lead_time(
    world: &mut World,
    arguments: Arguments<'_>,
) -> Result<Value, Refusal> {
    let value = arguments.need_count("value")?;
    let index = find_supplier(world, arguments)?;
    let supplier = &mut world.suppliers[index];
    supplier.lead_time = match arguments.need("unit")? {
        "weeks" => LeadTime::Weeks(value),
        _ => LeadTime::Days(value),
    };
    Ok(supplier_json(supplier))
}

fn list_purchase_orders(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let status = arguments.text("status");
    let is_wanted = |purchase: &&Purchase| match status {
        None => true,
        Some("open") => purchase.status.is_open(),
        Some(name) => name == status_name(purchase.status),
    };
    let rows: Vec<&Purchase> = world.purchases.iter().filter(is_wanted).collect();
    let name = format!("purchases:{}", status.unwrap_or_default());
    page(arguments, &name, &rows, |purchase| purchase_json(purchase, world))
}

fn get_purchase_order(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let index = find_purchase(world, arguments)?;
    Ok(purchase_json(&world.purchases[index], world))
}

fn create_purchase_order(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let supplier = find_supplier(world, arguments)?;
    let lines = arguments
        .list("lines")?
        .iter()
        .map(|line| purchase_line(world, supplier, entry(line)?))
        .collect::<Result<Vec<_>, Refusal>>()?;
    let last = world.purchases.iter().map(|purchase| purchase.number).max();
    let number = last.unwrap_or(45_000) + 1;
    let status = PurchaseStatus::Draft;
    let purchase = Purchase { number, supplier, status, ordered: TODAY, lines };
    let shown = purchase_json(&purchase, world);
    world.purchases.push(purchase);
    Ok(shown)
}

fn purchase_line(
    world: &World,
    supplier: usize,
    line: Arguments<'_>,
) -> Result<PurchaseLine, Refusal> {
    let name = line.need("article")?;
    let product = article_number(name)
        .and_then(|number| world.product(number))
        .ok_or_else(|| Refusal::NotFound { what: "article", id: name.to_owned() })?;
    let ordered = line.need_count("quantity")?;
    if product.supplier != supplier {
        return Err(Refusal::Conflict(format!(
            "article `{name}` is supplied by `{}`",
            world.suppliers[product.supplier].number
        )));
    }
    if ordered == 0 || !ordered.is_multiple_of(product.carton) {
        return Err(Refusal::Conflict(format!(
            "article `{name}` is bought in cartons of {}, and {ordered} is no multiple",
            product.carton
        )));
    }
    let (article, cost_cents) = (product.number, product.cost_cents);
    Ok(PurchaseLine { article, ordered, received: 0, cost_cents })
}

/// Sets the status of the order that a call names, if its status is one of `from`.
fn pass(
    world: &mut World,
    arguments: Arguments<'_>,
    from: &[PurchaseStatus],
    to: PurchaseStatus,
) -> Result<Value, Refusal> {
    let index = find_purchase(world, arguments)?;
    let purchase = &mut world.purchases[index];
    if !from.contains(&purchase.status) {
        return Err(Refusal::Conflict(format!(
            "purchase order `PO-{}` is {} and cannot become {}",
            purchase.number,
            status_name(purchase.status),
            status_name(to)
        )));
    }
    purchase.status = to;
    Ok(purchase_json(&world.purchases[index], world))
}

fn approve_purchase_order(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    pass(world, arguments, &[PurchaseStatus::Draft], PurchaseStatus::Approved)
}

fn cancel_purchase_order(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let from = [PurchaseStatus::Draft, PurchaseStatus::Approved];
    pass(world, arguments, &from, PurchaseStatus::Cancelled)
}

fn book_goods_receipt(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let (position, quantity) = (arguments.need_count("pos")?, arguments.need_count("quantity")?);
    let index = find_purchase(world, arguments)?;
    let purchase = &mut world.purchases[index];
    if !purchase.status.is_open() {
        return Err(Refusal::Conflict(format!(
            "purchase order `PO-{}` is {}",
            purchase.number,
            status_name(purchase.status)
        )));
    }
    let line = usize::try_from(position / 10)
        .ok()
        .filter(|_| position.is_multiple_of(10))
        .and_then(|line| purchase.lines.get_mut(line.checked_sub(1)?))
        .ok_or_else(|| Refusal::NotFound { what: "position", id: position.to_string() })?;
    if quantity > line.outstanding() {
        return Err(Refusal::Conflict(format!(
            "only {} pieces are still to come",
            line.outstanding()
        )));
    }
    line.received += quantity;
    let is_done = purchase.lines.iter().all(|line| line.outstanding() == 0);
    purchase.status =
        if is_done { PurchaseStatus::Received } else { PurchaseStatus::PartiallyReceived };
    Ok(purchase_json(&world.purchases[index], world))
}

fn get_supplier_spend(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let index = find_supplier(world, arguments)?;
    let since = arguments.day("since")?.unwrap_or(Day::from_epoch(0));
    let counted = |purchase: &&Purchase| {
        purchase.supplier == index
            && purchase.ordered >= since
            && !matches!(purchase.status, PurchaseStatus::Draft | PurchaseStatus::Cancelled)
    };
    let purchases: Vec<&Purchase> = world.purchases.iter().filter(counted).collect();
    Ok(json!({
        "supplier_no": world.suppliers[index].number,
        "purchase_orders": purchases.len(),
        "total": money(purchases.iter().map(|purchase| total(purchase)).sum::<u64>()),
        "currency": "EUR"
    }))
}
