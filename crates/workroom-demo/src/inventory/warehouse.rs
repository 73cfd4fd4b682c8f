//! The third-party warehouse: offset and limit, `SKU00017`, pieces or cartons, `20/11/2026`.
//!
//! It knows goods and places, not products: packing material lies beside articles, and what
//! is damaged or in quarantine is there but cannot be sold.

#![expect(clippy::unnecessary_wraps, reason = "every tool has the signature of `Handler`")]

use serde_json::{Value, json};

use crate::{
    Day,
    arguments::{Arguments, entry},
    backend::{Handler, Refusal},
    page::window,
};

use super::world::{
    Condition, Item, Movement, Shipment, ShipmentLine, ShipmentStatus, Stock, TODAY, Unit, World,
    article_number,
};

const LIMIT: usize = 100;

pub(crate) fn handler(tool: &str) -> Option<Handler> {
    Some(match tool {
        "get-warehouse" => get_warehouse,
        "list-locations" => list_locations,
        "get-location" => get_location,
        "list-stock" => list_stock,
        "get-item-stock" => get_item_stock,
        "get-item" => get_item,
        "move-stock" => move_stock,
        "adjust-stock" => adjust_stock,
        "set-stock-condition" => set_stock_condition,
        "list-stock-movements" => list_stock_movements,
        "list-inbound-shipments" => list_inbound_shipments,
        "get-inbound-shipment" => get_inbound_shipment,
        "create-inbound-shipment" => create_inbound_shipment,
        "update-inbound-eta" => update_inbound_eta,
        "receive-inbound-shipment" => receive_inbound_shipment,
        _ => return None,
    })
}

fn code(item: &Item) -> String {
    match item {
        Item::Article(number) => format!("SKU{number:05}"),
        Item::Supply(name) => (*name).to_owned(),
    }
}

const fn condition_name(condition: Condition) -> &'static str {
    match condition {
        Condition::Sellable => "SELLABLE",
        Condition::Damaged => "DAMAGED",
        Condition::Quarantine => "QUARANTINE",
    }
}

fn condition(name: &str) -> Option<Condition> {
    [Condition::Sellable, Condition::Damaged, Condition::Quarantine]
        .into_iter()
        .find(|condition| condition_name(*condition) == name)
}

const fn status_name(status: ShipmentStatus) -> &'static str {
    match status {
        ShipmentStatus::Announced => "ANNOUNCED",
        ShipmentStatus::InTransit => "IN_TRANSIT",
        ShipmentStatus::Received => "RECEIVED",
        ShipmentStatus::Cancelled => "CANCELLED",
    }
}

fn stock_json(stock: &Stock) -> Value {
    let (uom, per_carton) = match stock.unit {
        Unit::Piece => ("EA", None),
        Unit::Carton(pieces) => ("CTN", Some(pieces)),
    };
    json!({
        "location": stock.bin,
        "zone": stock.bin.get(..1),
        "item_code": code(&stock.item),
        "quantity": stock.quantity,
        "uom": uom,
        "units_per_carton": per_carton,
        "allocated_units": stock.allocated,
        "condition": condition_name(stock.condition),
        "lot": null,
        "last_counted": stock.counted.slashed()
    })
}

fn shipment_json(shipment: &Shipment) -> Value {
    let lines: Vec<Value> = shipment
        .lines
        .iter()
        .map(|line| {
            json!({
                "item_code": code(&Item::Article(line.article)),
                "cartons": line.cartons,
                "units_per_carton": line.pieces_per_carton
            })
        })
        .collect();
    json!({
        "asn": asn(shipment.number),
        "reference": format!("PO-{}", shipment.purchase),
        "status": status_name(shipment.status),
        "eta": shipment.eta.map(Day::slashed),
        "carrier": shipment.carrier,
        "dock": format!("D{}", shipment.number % 6 + 1),
        "lines": lines
    })
}

fn asn(number: u32) -> String {
    format!("ASN-{number:06}")
}

fn page<T>(arguments: Arguments<'_>, rows: &[T], show: impl Fn(&T) -> Value) -> Value {
    let (offset, limit) = (arguments.size("offset", 0), arguments.size("limit", LIMIT));
    let items: Vec<Value> = window(rows, offset, limit).iter().map(show).collect();
    json!({ "total": rows.len(), "offset": offset, "limit": limit, "items": items })
}

/// The item that a call names, as this warehouse or as the company writes it.
fn item(world: &World, name: &str) -> Result<Item, Refusal> {
    let supply = world.stock.iter().find(|stock| code(&stock.item) == name);
    let article =
        article_number(name).filter(|number| world.product(*number).is_some()).map(Item::Article);
    article
        .or_else(|| supply.map(|stock| stock.item.clone()))
        .ok_or_else(|| Refusal::NotFound { what: "item", id: name.to_owned() })
}

/// The stock of the item that a call names, in the bin under `key`.
fn find_stock(world: &World, arguments: Arguments<'_>, key: &str) -> Result<usize, Refusal> {
    let (bin, name) = (arguments.need(key)?, arguments.need("item_code")?);
    let item = item(world, name)?;
    world
        .stock
        .iter()
        .position(|stock| stock.bin == bin && stock.item == item)
        .ok_or_else(|| Refusal::Conflict(format!("there is no `{name}` in location `{bin}`")))
}

fn find_shipment<'w>(
    world: &'w mut World,
    arguments: Arguments<'_>,
) -> Result<&'w mut Shipment, Refusal> {
    let name = arguments.need("asn")?;
    world
        .shipments
        .iter_mut()
        .find(|shipment| asn(shipment.number) == name)
        .ok_or_else(|| Refusal::NotFound { what: "inbound shipment", id: name.to_owned() })
}

fn bins(world: &World) -> Vec<&str> {
    let mut bins: Vec<&str> = world.stock.iter().map(|stock| stock.bin.as_str()).collect();
    bins.sort_unstable();
    bins.dedup();
    bins
}

fn get_warehouse(world: &mut World, _: Arguments<'_>) -> Result<Value, Refusal> {
    Ok(json!({
        "code": "RTM2",
        "operator": "Delta Fulfilment BV",
        "client": "HEARTHFIELD",
        "timezone": "UTC",
        "zones": ["A", "B", "C", "D"],
        "occupied_locations": bins(world).len(),
        "stock_lines": world.stock.len()
    }))
}

fn list_locations(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let zone = arguments.text("zone");
    let rows: Vec<&str> = bins(world)
        .into_iter()
        .filter(|bin| zone.is_none_or(|zone| bin.starts_with(zone)))
        .collect();
    Ok(page(arguments, &rows, |bin| json!({ "location": bin, "zone": bin.get(..1) })))
}

fn get_location(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let bin = arguments.need("location")?;
    let lines: Vec<Value> =
        world.stock.iter().filter(|stock| stock.bin == bin).map(stock_json).collect();
    if lines.is_empty() {
        return Err(Refusal::NotFound { what: "occupied location", id: bin.to_owned() });
    }
    Ok(json!({ "location": bin, "lines": lines }))
}

fn list_stock(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let (zone, condition) = (arguments.text("zone"), arguments.text("condition"));
    let rows: Vec<&Stock> = world
        .stock
        .iter()
        .filter(|stock| zone.is_none_or(|zone| stock.bin.starts_with(zone)))
        .filter(|stock| condition.is_none_or(|name| name == condition_name(stock.condition)))
        .collect();
    Ok(page(arguments, &rows, |stock| stock_json(stock)))
}

fn get_item_stock(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let item = item(world, arguments.need("item_code")?)?;
    let lines: Vec<&Stock> = world.stock.iter().filter(|stock| stock.item == item).collect();
    let sum = |condition| -> u32 {
        let wanted = lines.iter().filter(|stock| stock.condition == condition);
        wanted.map(|stock| stock.pieces()).sum()
    };
    Ok(json!({
        "item_code": code(&item),
        "sellable_units": sum(Condition::Sellable),
        "allocated_units": lines.iter().map(|stock| stock.allocated).sum::<u32>(),
        "damaged_units": sum(Condition::Damaged),
        "quarantine_units": sum(Condition::Quarantine),
        "lines": lines.iter().map(|stock| stock_json(stock)).collect::<Vec<_>>()
    }))
}

fn get_item(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let item = item(world, arguments.need("item_code")?)?;
    let product = match &item {
        Item::Article(number) => world.product(*number),
        Item::Supply(_) => None,
    };
    Ok(json!({
        "item_code": code(&item),
        "description": product.map(|product| product.title.to_uppercase()),
        "barcode": product.map(|product| product.ean.as_str()),
        "gross_weight_g": product.map(|product| product.weight_g),
        "units_per_carton": product.map(|product| product.carton),
        "is_packing_material": product.is_none()
    }))
}

fn log(
    world: &mut World,
    item: Item,
    from: Option<String>,
    to: Option<String>,
    pieces: i64,
    reason: &str,
) {
    let reason = reason.to_owned();
    world.movements.push(Movement { day: TODAY, item, from, to, pieces, reason });
}

fn move_stock(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let (to, quantity) = (arguments.need("to")?, arguments.need_count("quantity")?);
    let index = find_stock(world, arguments, "from")?;
    let source = &mut world.stock[index];
    if quantity > source.quantity || (quantity == source.quantity && source.allocated > 0) {
        return Err(Refusal::Conflict(format!(
            "location `{}` holds {}, of which {} units are allocated",
            source.bin, source.quantity, source.allocated
        )));
    }
    source.quantity -= quantity;
    let moved = Stock { bin: to.to_owned(), quantity, allocated: 0, ..source.clone() };
    let (from, item, pieces) = (source.bin.clone(), source.item.clone(), moved.pieces());
    let lines = json!([stock_json(source), stock_json(&moved)]);
    if source.quantity == 0 {
        world.stock.remove(index);
    }
    world.stock.push(moved);
    log(world, item, Some(from), Some(to.to_owned()), i64::from(pieces), "move");
    Ok(json!({ "lines": lines }))
}

fn adjust_stock(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let reason = arguments.need("reason")?;
    let delta = arguments.integer("delta").unwrap_or_default();
    let index = find_stock(world, arguments, "location")?;
    let stock = &mut world.stock[index];
    let after = u32::try_from(i64::from(stock.quantity).saturating_add(delta))
        .ok()
        .filter(|after| *after <= 100_000)
        .ok_or_else(|| {
            Refusal::Conflict(format!(
                "the quantity is {}, and {delta} is too much",
                stock.quantity
            ))
        })?;
    let changed = Stock { quantity: after, ..stock.clone() };
    if changed.pieces() < changed.allocated {
        return Err(Refusal::Conflict(format!("{} units are allocated", changed.allocated)));
    }
    let pieces = i64::from(changed.pieces()) - i64::from(stock.pieces());
    let (item, bin) = (changed.item.clone(), changed.bin.clone());
    *stock = changed;
    let shown = stock_json(stock);
    log(world, item, None, Some(bin), pieces, reason);
    Ok(shown)
}

fn set_stock_condition(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let index = find_stock(world, arguments, "location")?;
    let stock = &mut world.stock[index];
    stock.condition = condition(arguments.need("condition")?).unwrap_or(stock.condition);
    Ok(stock_json(stock))
}

fn list_stock_movements(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let item = arguments.text("item_code").map(|name| item(world, name)).transpose()?;
    let rows: Vec<&Movement> = world
        .movements
        .iter()
        .filter(|movement| item.as_ref().is_none_or(|item| *item == movement.item))
        .collect();
    Ok(page(arguments, &rows, |movement| {
        json!({
            "date": movement.day.slashed(),
            "item_code": code(&movement.item),
            "from": movement.from,
            "to": movement.to,
            "units": movement.pieces,
            "reason": movement.reason
        })
    }))
}

fn list_inbound_shipments(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let status = arguments.text("status");
    let is_wanted = |shipment: &&Shipment| match status {
        None => true,
        Some("OPEN") => {
            matches!(shipment.status, ShipmentStatus::Announced | ShipmentStatus::InTransit)
        }
        Some(name) => name == status_name(shipment.status),
    };
    let rows: Vec<&Shipment> = world.shipments.iter().filter(is_wanted).collect();
    Ok(page(arguments, &rows, |shipment| shipment_json(shipment)))
}

fn get_inbound_shipment(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    find_shipment(world, arguments).map(|shipment| shipment_json(shipment))
}

fn create_inbound_shipment(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let reference = arguments.need("reference")?;
    let purchase = reference
        .strip_prefix("PO-")
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| Refusal::Argument(format!("`reference` is `{reference}`, not PO-12345")))?;
    let eta = arguments.day("eta")?;
    let lines = arguments
        .list("lines")?
        .iter()
        .map(|line| {
            let line = entry(line)?;
            let name = line.need("item_code")?;
            let product = article_number(name).and_then(|number| world.product(number));
            let product =
                product.ok_or_else(|| Refusal::NotFound { what: "item", id: name.to_owned() })?;
            let (article, pieces_per_carton) = (product.number, product.carton);
            Ok(ShipmentLine { article, cartons: line.need_count("cartons")?, pieces_per_carton })
        })
        .collect::<Result<Vec<_>, Refusal>>()?;
    let last = world.shipments.iter().map(|shipment| shipment.number).max();
    let (number, status) = (last.unwrap_or(8_100) + 1, ShipmentStatus::Announced);
    let shipment = Shipment { number, purchase, status, eta, carrier: "unknown", lines };
    let shown = shipment_json(&shipment);
    world.shipments.push(shipment);
    Ok(shown)
}

fn refuse_closed(shipment: &Shipment) -> Result<(), Refusal> {
    match shipment.status {
        ShipmentStatus::Announced | ShipmentStatus::InTransit => Ok(()),
        status => Err(Refusal::Conflict(format!(
            "shipment `{}` is {}",
            asn(shipment.number),
            status_name(status)
        ))),
    }
}

fn update_inbound_eta(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let eta = arguments.day("eta")?;
    let shipment = find_shipment(world, arguments)?;
    refuse_closed(shipment)?;
    shipment.eta = eta;
    Ok(shipment_json(shipment))
}

fn receive_inbound_shipment(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let bin = arguments.need("location")?;
    let shipment = find_shipment(world, arguments)?;
    refuse_closed(shipment)?;
    shipment.status = ShipmentStatus::Received;
    let shipment = shipment.clone();
    let reason = format!("receipt of shipment {}", asn(shipment.number));
    for line in &shipment.lines {
        let item = Item::Article(line.article);
        let stock = Stock {
            bin: bin.to_owned(),
            item: item.clone(),
            quantity: line.cartons,
            unit: Unit::Carton(line.pieces_per_carton),
            allocated: 0,
            condition: Condition::Sellable,
            counted: TODAY,
        };
        let pieces = i64::from(stock.pieces());
        world.stock.push(stock);
        log(world, item, None, Some(bin.to_owned()), pieces, &reason);
    }
    Ok(shipment_json(&shipment))
}
