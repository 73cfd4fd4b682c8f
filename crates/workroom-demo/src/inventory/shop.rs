//! The web shop: pages by number, money as decimal text, RFC 3339 times, `SKU-00017`.
//!
//! Its order lines are the only place that says what the shop sold of an article: the sales
//! summary counts days, not articles.

#![expect(clippy::unnecessary_wraps, reason = "every tool has the signature of `Handler`")]

use serde_json::{Value, json};

use crate::{
    arguments::Arguments,
    backend::{Handler, Refusal},
    page::numbered,
};

use super::{
    words::CATEGORIES,
    world::{
        Customer, Order, OrderLine, OrderStatus, Product, ProductStatus, TODAY, World,
        article_number, sku,
    },
};

const PER_PAGE: usize = 25;

pub(crate) fn handler(tool: &str) -> Option<Handler> {
    Some(match tool {
        "get_shop" => get_shop,
        "list_products" => list_products,
        "get_product" => get_product,
        "search_products" => search_products,
        "update_product" => update_product,
        "list_categories" => list_categories,
        "list_orders" => list_orders,
        "get_order" => get_order,
        "search_orders" => search_orders,
        "cancel_order" => cancel_order,
        "refund_order_line" => refund_order_line,
        "add_order_note" => add_order_note,
        "list_customers" => list_customers,
        "get_customer" => get_customer,
        "get_sales_summary" => get_sales_summary,
        _ => return None,
    })
}

/// `1999` is `19.99`.
pub(super) fn money(cents: impl Into<u64>) -> String {
    let cents = cents.into();
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn amount(cents: u64) -> Value {
    json!({ "amount": money(cents), "currency": "EUR" })
}

/// `19.99` is `1999`.
pub(super) fn cents(name: &str, text: &str) -> Result<u32, Refusal> {
    let wrong =
        || Refusal::Argument(format!("`{name}` is `{text}`, which is no amount like 19.99"));
    let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if part.len() != 2 || whole.is_empty() || !is_digits(whole) || !is_digits(part) {
        return Err(wrong());
    }
    let (whole, part): (u32, u32) =
        (whole.parse().map_err(|_| wrong())?, part.parse().map_err(|_| wrong())?);
    whole.checked_mul(100).and_then(|cents| cents.checked_add(part)).ok_or_else(wrong)
}

fn status_name(status: ProductStatus) -> &'static str {
    match status {
        ProductStatus::Active => "active",
        ProductStatus::Draft => "draft",
        ProductStatus::Archived => "archived",
    }
}

fn order_status_name(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Open => "open",
        OrderStatus::Fulfilled => "fulfilled",
        OrderStatus::Cancelled => "cancelled",
    }
}

fn slug(title: &str) -> String {
    title.to_lowercase().replace(' ', "-")
}

fn product_json(product: &Product) -> Value {
    let number = product.number;
    let id = 880_000 + number;
    json!({
        "id": id,
        "sku": sku(number),
        "title": product.title,
        "handle": format!("{}-{number}", slug(&product.title)),
        "status": status_name(product.status),
        "category": {
            "id": product.category + 1,
            "name": CATEGORIES[product.category].0
        },
        "price": amount(product.price_cents.into()),
        "barcode": product.ean,
        "weight": { "value": product.weight_g, "unit": "g" },
        "created_at": product.created.at(480 + number % 600),
        "updated_at": TODAY.plus(-1).at(number % 1_440),
        "links": { "self": format!("/admin/products/{id}") }
    })
}

fn line_json(index: usize, line: &OrderLine, world: &World) -> Value {
    let title = world.product(line.article).map(|product| product.title.as_str());
    json!({
        "line": index + 1,
        "sku": sku(line.article),
        "title": title,
        "quantity": line.quantity,
        "refunded_quantity": line.refunded,
        "unit_price": money(line.price_cents)
    })
}

fn order_json(order: &Order, world: &World) -> Value {
    let customer = &world.customers[order.customer];
    let total =
        order.lines.iter().map(|line| u64::from(line.quantity) * u64::from(line.price_cents)).sum();
    let lines: Vec<Value> =
        order.lines.iter().enumerate().map(|(index, line)| line_json(index, line, world)).collect();
    json!({
        "order_number": order.number,
        "created_at": order.day.at(order.minute),
        "status": order_status_name(order.status),
        "customer": { "id": customer.number, "name": customer.name, "email": customer.email },
        "ship_to": { "city": customer.city },
        "lines": lines,
        "total": amount(total),
        "notes": order.notes,
        "links": { "self": format!("/admin/orders/{}", order.number) }
    })
}

fn customer_json(customer: &Customer, world: &World) -> Value {
    let index = world.customers.iter().position(|other| other.number == customer.number);
    let orders = world.orders.iter().filter(|order| Some(order.customer) == index).count();
    json!({
        "id": customer.number,
        "name": customer.name,
        "email": customer.email,
        "city": customer.city,
        "orders_count": orders
    })
}

/// A page of `rows` under `key`.
fn page<T>(arguments: Arguments<'_>, key: &str, rows: &[T], show: impl Fn(&T) -> Value) -> Value {
    let (number, size) = (arguments.size("page", 1), arguments.size("per_page", PER_PAGE));
    let (shown, info) = numbered(rows, number, size);
    json!({ key: shown.iter().map(show).collect::<Vec<_>>(), "pagination": info })
}

fn find_product<'w>(
    world: &'w mut World,
    arguments: Arguments<'_>,
) -> Result<&'w mut Product, Refusal> {
    let name = arguments.need("sku")?;
    let unknown = || Refusal::NotFound { what: "product", id: name.to_owned() };
    article_number(name).and_then(|number| world.product_mut(number)).ok_or_else(unknown)
}

fn find_order<'w>(
    world: &'w mut World,
    arguments: Arguments<'_>,
) -> Result<&'w mut Order, Refusal> {
    let number = arguments.need_count("order_number")?;
    world
        .orders
        .iter_mut()
        .find(|order| order.number == number)
        .ok_or_else(|| Refusal::NotFound { what: "order", id: number.to_string() })
}

fn get_shop(world: &mut World, _: Arguments<'_>) -> Result<Value, Refusal> {
    Ok(json!({
        "name": "Hearth & Field",
        "domain": "shop.example.com",
        "currency": "EUR",
        "timezone": "UTC",
        "business_date": TODAY.to_string(),
        "products_count": world.products.len(),
        "orders_count": world.orders.len()
    }))
}

fn list_products(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let (status, category) = (arguments.text("status"), arguments.integer("category_id"));
    let rows: Vec<&Product> = world
        .products
        .iter()
        .filter(|product| status.is_none_or(|status| status == status_name(product.status)))
        .filter(|product| category.is_none_or(|id| usize::try_from(id) == Ok(product.category + 1)))
        .collect();
    Ok(page(arguments, "products", &rows, |product| product_json(product)))
}

fn get_product(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    find_product(world, arguments).map(|product| product_json(product))
}

fn search_products(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let query = arguments.need("query")?.to_lowercase();
    let rows: Vec<&Product> = world
        .products
        .iter()
        .filter(|product| {
            let title = product.title.to_lowercase();
            query.split_whitespace().all(|word| title.contains(word))
                || product.ean == query
                || article_number(&query) == Some(product.number)
        })
        .collect();
    Ok(page(arguments, "products", &rows, |product| product_json(product)))
}

fn update_product(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let price = arguments.text("price").map(|text| cents("price", text)).transpose()?;
    let product = find_product(world, arguments)?;
    if let Some(title) = arguments.text("title") {
        title.clone_into(&mut product.title);
    }
    if let Some(price) = price {
        product.price_cents = price;
    }
    product.status = match arguments.text("status") {
        Some("active") => ProductStatus::Active,
        Some("draft") => ProductStatus::Draft,
        Some("archived") => ProductStatus::Archived,
        _ => product.status,
    };
    Ok(product_json(product))
}

fn list_categories(world: &mut World, _: Arguments<'_>) -> Result<Value, Refusal> {
    let categories: Vec<Value> = CATEGORIES
        .iter()
        .enumerate()
        .map(|(index, (name, _))| {
            let count = world.products.iter().filter(|product| product.category == index).count();
            json!({ "id": index + 1, "name": name, "products_count": count })
        })
        .collect();
    Ok(json!({ "categories": categories }))
}

fn list_orders(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let (from, to) = (arguments.day("created_from")?, arguments.day("created_to")?);
    let status = arguments.text("status");
    let rows: Vec<&Order> = world
        .orders
        .iter()
        .filter(|order| from.is_none_or(|from| order.day >= from))
        .filter(|order| to.is_none_or(|to| order.day <= to))
        .filter(|order| status.is_none_or(|status| status == order_status_name(order.status)))
        .collect();
    Ok(page(arguments, "orders", &rows, |order| order_json(order, world)))
}

fn get_order(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let order = find_order(world, arguments)?.clone();
    Ok(order_json(&order, world))
}

fn search_orders(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let query = arguments.need("query")?.to_lowercase();
    let article = article_number(&query);
    let rows: Vec<&Order> = world
        .orders
        .iter()
        .filter(|order| {
            let customer = &world.customers[order.customer];
            customer.email.contains(&query)
                || customer.name.to_lowercase().contains(&query)
                || order.lines.iter().any(|line| Some(line.article) == article)
        })
        .collect();
    Ok(page(arguments, "orders", &rows, |order| order_json(order, world)))
}

fn cancel_order(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let reason = arguments.need("reason")?;
    let order = find_order(world, arguments)?;
    if order.status != OrderStatus::Open {
        return Err(Refusal::Conflict(format!(
            "order `{}` is {} and cannot be cancelled",
            order.number,
            order_status_name(order.status)
        )));
    }
    order.status = OrderStatus::Cancelled;
    order.notes.push(format!("cancelled: {reason}"));
    let order = order.clone();
    Ok(order_json(&order, world))
}

fn refund_order_line(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let (number, quantity) = (arguments.need_count("line")?, arguments.need_count("quantity")?);
    let order = find_order(world, arguments)?;
    let line = usize::try_from(number)
        .ok()
        .and_then(|number| order.lines.get_mut(number.checked_sub(1)?))
        .ok_or_else(|| Refusal::NotFound { what: "order line", id: number.to_string() })?;
    let left = line.quantity - line.refunded;
    if quantity > left {
        return Err(Refusal::Conflict(format!("only {left} pieces of the line can be refunded")));
    }
    line.refunded += quantity;
    let order = order.clone();
    Ok(order_json(&order, world))
}

fn add_order_note(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let note = arguments.need("note")?.to_owned();
    let order = find_order(world, arguments)?;
    order.notes.push(note);
    Ok(json!({ "order_number": order.number, "notes": order.notes }))
}

fn list_customers(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    Ok(page(arguments, "customers", &world.customers, |customer| customer_json(customer, world)))
}

fn get_customer(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    let number = arguments.need_count("customer_id")?;
    let customer = world.customers.iter().find(|customer| customer.number == number);
    let unknown = || Refusal::NotFound { what: "customer", id: number.to_string() };
    customer.map(|customer| customer_json(customer, world)).ok_or_else(unknown)
}

fn get_sales_summary(world: &mut World, arguments: Arguments<'_>) -> Result<Value, Refusal> {
    arguments.need("from")?;
    arguments.need("to")?;
    let (from, to) = (arguments.day("from")?, arguments.day("to")?);
    let (Some(mut day), Some(to)) = (from, to) else {
        return Err(Refusal::Argument("`from` and `to` must be dates".to_owned()));
    };
    if to < day || to >= day.plus(366) {
        return Err(Refusal::Argument("`to` must be from 0 to 365 days after `from`".to_owned()));
    }
    let mut days = Vec::new();
    while day <= to {
        let orders = world
            .orders
            .iter()
            .filter(|order| order.day == day && order.status != OrderStatus::Cancelled);
        let (mut count, mut net) = (0, 0_u64);
        for order in orders {
            count += 1;
            net += order
                .lines
                .iter()
                .map(|line| u64::from(line.quantity - line.refunded) * u64::from(line.price_cents))
                .sum::<u64>();
        }
        days.push(json!({ "date": day.to_string(), "orders": count, "net_sales": money(net) }));
        day = day.plus(1);
    }
    Ok(json!({ "currency": "EUR", "days": days }))
}
