//! The marketplace: next-page tokens, money in cents, times in epoch seconds, packs of pieces.
//!
//! An offer's `sellerSku` is what somebody once typed: padded or not, in either case, with
//! either dash, and missing where the offer was never connected with an article.

#![expect(clippy::unnecessary_wraps, reason = "every tool has the signature of `Handler`")]

use serde_json::{Value, json};

use crate::{
    Day,
    arguments::{Arguments, entry},
    backend::{Handler, Refusal},
    page::chained,
};

use super::world::{Listing, Sale, TODAY, World};

const PAGE_SIZE: usize = 50;

/// What the marketplace keeps of a sale, in percent.
const FEE_PERCENT: u32 = 12;

pub(crate) fn handler(tool: &str) -> Option<Handler> {
    Some(match tool {
        "getSellerAccount" => get_seller_account,
        "listListings" => list_listings,
        "getListing" => get_listing,
        "searchListings" => search_listings,
        "updateListingQuantity" => update_listing_quantity,
        "bulkUpdateQuantities" => bulk_update_quantities,
        "updateListingPrice" => update_listing_price,
        "setListingState" => set_listing_state,
        "linkSellerSku" => link_seller_sku,
        "getListingIssues" => get_listing_issues,
        "getSalesReport" => get_sales_report,
        "listOrders" => list_orders,
        "getOrder" => get_order,
        "confirmShipment" => confirm_shipment,
        "estimateFees" => estimate_fees,
        _ => return None,
    })
}

fn state_name(listing: &Listing) -> &'static str {
    if listing.is_active { "ACTIVE" } else { "INACTIVE" }
}

fn listing_json(listing: &Listing) -> Value {
    json!({
        "listingId": listing.id,
        "sellerSku": listing.seller_sku,
        "title": listing.title,
        "state": state_name(listing),
        "condition": "NEW",
        "unitsPerPack": listing.pack,
        "quantityAvailable": listing.packs,
        "price": { "amountMinor": listing.price_cents, "currency": "EUR" },
        "fulfilment": { "channel": "MERCHANT", "handlingDays": 1 },
        "lastUpdated": listing.updated.epoch_seconds(),
        "href": format!("https://api.market.example/v3/listings/{}", listing.id)
    })
}

fn sale_json(sale: &Sale, world: &World) -> Value {
    let listing = &world.listings[sale.listing];
    json!({
        "orderId": sale.id,
        "purchasedAt": sale.day.epoch_seconds(),
        "state": if sale.tracking.is_some() { "SHIPPED" } else { "UNSHIPPED" },
        "item": {
            "listingId": listing.id,
            "sellerSku": listing.seller_sku,
            "packs": sale.packs,
            "unitsPerPack": listing.pack
        },
        "totalMinor": sale.packs * listing.price_cents,
        "trackingNumber": sale.tracking
    })
}

/// A part of `rows` under `key`. `name` stands for the list and its filters.
fn page<T>(
    arguments: Arguments<'_>,
    key: &str,
    name: &str,
    rows: &[T],
    show: impl Fn(&T) -> Value,
) -> Result<Value, Refusal> {
    let size = arguments.size("pageSize", PAGE_SIZE);
    let (shown, next) = chained(rows, name, arguments.text("nextToken"), size)?;
    Ok(json!({
        key: shown.iter().map(show).collect::<Vec<_>>(),
        "resultCount": shown.len(),
        "nextToken": next
    }))
}

fn find<'w>(world: &'w mut World, id: &str) -> Result<&'w mut Listing, Refusal> {
    world
        .listings
        .iter_mut()
        .find(|listing| listing.id == id)
        .ok_or_else(|| Refusal::NotFound { what: "listing", id: id.to_owned() })
}

fn get_seller_account(world: &mut World, _: Arguments<'_>) -> Result<Value, Refusal> {
    let active = world.listings.iter().filter(|listing| listing.is_active).count();
    Ok(json!({
        "sellerId": "A2X7HF",
        "displayName": "Hearth & Field",
        "marketplace": "EU",
        "currency": "EUR",
        "listings": { "active": active, "inactive": world.listings.len() - active },
        "unshippedOrders": world.sales.iter().filter(|sale| sale.tracking.is_none()).count()
    }))
}

fn list_listings(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let state = arguments.text("state");
    let rows: Vec<&Listing> = world
        .listings
        .iter()
        .filter(|listing| state.is_none_or(|state| state == state_name(listing)))
        .collect();
    let name = format!("listings:{}", state.unwrap_or_default());
    page(arguments, "listings", &name, &rows, |listing| listing_json(listing))
}

fn get_listing(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    find(world, arguments.need("listingId")?).map(|listing| listing_json(listing))
}

fn search_listings(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let keywords = arguments.need("keywords")?.to_lowercase();
    let rows: Vec<&Listing> = world
        .listings
        .iter()
        .filter(|listing| {
            let title = listing.title.to_lowercase();
            let seller_sku = listing.seller_sku.as_deref().unwrap_or_default();
            keywords.split_whitespace().all(|word| title.contains(word))
                || seller_sku.eq_ignore_ascii_case(&keywords)
        })
        .collect();
    let name = format!("search:{keywords}");
    page(arguments, "listings", &name, &rows, |listing| listing_json(listing))
}

fn set_quantity(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let quantity = arguments.need_count("quantity")?;
    let listing = find(world, arguments.need("listingId")?)?;
    let before = std::mem::replace(&mut listing.packs, quantity);
    listing.updated = TODAY;
    Ok(json!({ "listingId": listing.id, "previousQuantity": before, "quantity": quantity }))
}

fn update_listing_quantity(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    set_quantity(world, arguments)
}

/// Each update stands alone: one that fails is reported and stops no other.
fn bulk_update_quantities(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let results: Vec<Value> = arguments
        .list("updates")?
        .iter()
        .map(|update| match entry(update).and_then(|update| set_quantity(world, update)) {
            Ok(done) => json!({ "status": "ACCEPTED", "result": done }),
            Err(refusal) => json!({ "status": "REJECTED", "reason": refusal.to_string() }),
        })
        .collect();
    Ok(json!({ "results": results }))
}

fn update_listing_price(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let price = arguments.need_count("amountMinor")?;
    let listing = find(world, arguments.need("listingId")?)?;
    listing.price_cents = price;
    listing.updated = TODAY;
    Ok(listing_json(listing))
}

fn set_listing_state(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let state = arguments.need("state")?;
    let listing = find(world, arguments.need("listingId")?)?;
    if state == "ACTIVE" && listing.seller_sku.is_none() {
        return Err(Refusal::Conflict(format!(
            "listing `{}` has no seller SKU; link one first with linkSellerSku",
            listing.id
        )));
    }
    listing.is_active = state == "ACTIVE";
    listing.updated = TODAY;
    Ok(listing_json(listing))
}

fn link_seller_sku(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let name = arguments.need("sellerSku")?;
    let taken = world
        .listings
        .iter()
        .any(|listing| listing.seller_sku.as_deref().is_some_and(|other| other == name));
    if taken {
        return Err(Refusal::Conflict(format!("seller SKU `{name}` has a listing already")));
    }
    let listing = find(world, arguments.need("listingId")?)?;
    listing.article = super::world::article_number(name);
    listing.seller_sku = Some(name.to_owned());
    listing.updated = TODAY;
    Ok(listing_json(listing))
}

fn get_listing_issues(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let issues: Vec<Value> = world
        .listings
        .iter()
        .filter_map(|listing| {
            let issue = match listing {
                Listing { seller_sku: None, .. } => "SELLER_SKU_MISSING",
                Listing { is_active: true, packs: 0, .. } => "OUT_OF_STOCK",
                Listing { updated, .. } if *updated < TODAY.plus(-55) => "STALE",
                _ => return None,
            };
            Some(json!({ "listingId": listing.id, "issue": issue, "title": listing.title }))
        })
        .collect();
    page(arguments, "issues", "issues", &issues, Value::clone)
}

fn need_range(arguments: Arguments<'_>) -> Result<(Day, Day), Refusal> {
    arguments.need("dateFrom")?;
    arguments.need("dateTo")?;
    match (arguments.day("dateFrom")?, arguments.day("dateTo")?) {
        (Some(from), Some(to)) if from <= to => Ok((from, to)),
        _ => Err(Refusal::Argument("`dateTo` must not be before `dateFrom`".to_owned())),
    }
}

fn get_sales_report(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let (from, to) = need_range(arguments)?;
    let mut packs = vec![0; world.listings.len()];
    let mut orders = vec![0; world.listings.len()];
    for sale in world.sales.iter().filter(|sale| (from..=to).contains(&sale.day)) {
        packs[sale.listing] += sale.packs;
        orders[sale.listing] += 1;
    }
    let rows: Vec<Value> = world
        .listings
        .iter()
        .enumerate()
        .filter(|(index, _)| packs[*index] > 0)
        .map(|(index, listing)| {
            json!({
                "listingId": listing.id,
                "sellerSku": listing.seller_sku,
                "orders": orders[index],
                "packsSold": packs[index],
                "unitsPerPack": listing.pack,
                "grossMinor": packs[index] * listing.price_cents
            })
        })
        .collect();
    let name = format!("sales:{from}:{to}");
    let mut report = page(arguments, "rows", &name, &rows, Value::clone)?;
    report["period"] = json!({ "from": from.epoch_seconds(), "to": to.epoch_seconds() });
    Ok(report)
}

fn list_orders(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let (from, to) = need_range(arguments)?;
    let rows: Vec<&Sale> =
        world.sales.iter().filter(|sale| (from..=to).contains(&sale.day)).collect();
    page(arguments, "orders", &format!("orders:{from}:{to}"), &rows, |sale| sale_json(sale, world))
}

fn find_sale(world: &World, arguments: Arguments<'_>) -> Result<usize, Refusal> {
    let id = arguments.need("orderId")?;
    world
        .sales
        .iter()
        .position(|sale| sale.id == id)
        .ok_or_else(|| Refusal::NotFound { what: "order", id: id.to_owned() })
}

fn get_order(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let index = find_sale(world, arguments)?;
    Ok(sale_json(&world.sales[index], world))
}

fn confirm_shipment(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let tracking = arguments.need("trackingNumber")?;
    let index = find_sale(world, arguments)?;
    let sale = &mut world.sales[index];
    if let Some(earlier) = &sale.tracking {
        return Err(Refusal::Conflict(format!(
            "order `{}` was shipped already, with tracking number `{earlier}`",
            sale.id
        )));
    }
    sale.tracking = Some(tracking.to_owned());
    Ok(sale_json(&world.sales[index], world))
}

fn estimate_fees(_: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let price = arguments.need_count("amountMinor")?;
    let fee = u64::from(price) * u64::from(FEE_PERCENT) / 100;
    Ok(json!({
        "amountMinor": price,
        "referralFeeMinor": fee,
        "proceedsMinor": u64::from(price) - fee,
        "currency": "EUR"
    }))
}
