//! Makes a world from a seed.
//!
//! The order in which numbers are drawn is part of each world: a new fact draws after the
//! existing ones, or every world changes. Sales come first, then stock and purchases to
//! match them: some articles have plenty, some run out, and some offers are out of date.

use crate::{Day, rng::Rng};

use super::{
    words::{
        CARRIERS, CATEGORIES, CITIES, COLOURS, FIRST_NAMES, LAST_NAMES, MATERIALS, SUPPLIERS,
        SUPPLIES,
    },
    world::{
        ARTICLES, Condition, Customer, Item, LeadTime, Listing, Movement, Order, OrderLine,
        OrderStatus, Product, ProductStatus, Purchase, PurchaseLine, PurchaseStatus, Sale,
        Shipment, ShipmentLine, ShipmentStatus, Stock, Supplier, TODAY, Unit, World, sku,
    },
};

/// How far back the histories go: further than the job looks, so that it must choose.
const HISTORY_DAYS: i32 = 42;

const CUSTOMERS: u32 = 240;

pub(super) fn world(seed: u64) -> World {
    let mut rng = Rng::new(seed);
    let suppliers = suppliers(&mut rng);
    let products = products(&mut rng);
    let customers = customers(&mut rng);
    // The most popular first; what sells well has nothing to do with its number.
    let mut ranking: Vec<u32> = (1..=ARTICLES).collect();
    rng.shuffle(&mut ranking);
    let orders = orders(&mut rng, &products, &ranking);
    let mut world = World {
        products,
        customers,
        orders,
        listings: Vec::new(),
        sales: Vec::new(),
        stock: Vec::new(),
        shipments: Vec::new(),
        movements: Vec::new(),
        suppliers,
        purchases: Vec::new(),
    };
    list_offers(&mut rng, &mut world);
    sell_offers(&mut rng, &mut world, &ranking);
    let demand = demand(&world);
    fill_warehouse(&mut rng, &mut world, &demand);
    set_offers(&mut rng, &mut world);
    purchase(&mut rng, &mut world, &demand);
    ship(&mut rng, &mut world);
    world
}

fn suppliers(rng: &mut Rng) -> Vec<Supplier> {
    (1..)
        .zip(SUPPLIERS)
        .map(|(number, (name, country))| Supplier {
            number: 70_000 + number,
            name,
            country,
            lead_time: if rng.chance(40) {
                LeadTime::Weeks(rng.within(1, 7))
            } else {
                LeadTime::Days(rng.within(4, 30))
            },
            payment_days: *rng.pick(&[14, 30, 45, 60]),
        })
        .collect()
}

fn products(rng: &mut Rng) -> Vec<Product> {
    (1..=ARTICLES)
        .map(|number| {
            let category = rng.below(8) as usize;
            let noun = rng.pick(&CATEGORIES[category].1);
            let title = format!("{} {noun} {}", rng.pick(&MATERIALS), rng.pick(&COLOURS));
            let price_cents = rng.within(6, 180) * 50 - 1;
            let status = match rng.below(100) {
                0..=2 => ProductStatus::Draft,
                3..=7 => ProductStatus::Archived,
                _ => ProductStatus::Active,
            };
            Product {
                number,
                title,
                category,
                status,
                price_cents,
                weight_g: rng.within(8, 900) * 10,
                ean: ean(number),
                created: TODAY.plus(-days(rng.within(60, 1_400))),
                supplier: rng.below(24) as usize,
                cost_cents: price_cents * rng.within(31, 58) / 100,
                carton: *rng.pick(&[4, 6, 8, 10, 12, 20, 24, 36, 48]),
                lead_days: rng.chance(9).then(|| rng.within(3, 40)),
                min_stock: rng.chance(78).then(|| rng.below(25)),
            }
        })
        .collect()
}

/// An EAN-13 with its check digit.
fn ean(number: u32) -> String {
    let digits = format!("40{:010}", u64::from(number) * 7_919 + 260_000_000);
    let sum: u32 = digits
        .bytes()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

fn customers(rng: &mut Rng) -> Vec<Customer> {
    (1..=CUSTOMERS)
        .map(|number| {
            let (first, last) = (rng.pick(&FIRST_NAMES), rng.pick(&LAST_NAMES));
            let email = format!("{first}.{last}{number}@example.org").to_lowercase();
            let city = rng.pick(&CITIES);
            Customer { number: 50_000 + number, name: format!("{first} {last}"), email, city }
        })
        .collect()
}

fn orders(rng: &mut Rng, products: &[Product], ranking: &[u32]) -> Vec<Order> {
    let mut orders = Vec::new();
    for back in (1..=HISTORY_DAYS).rev() {
        let mut minutes: Vec<u32> = (0..rng.within(16, 26)).map(|_| rng.below(1_440)).collect();
        minutes.sort_unstable();
        for minute in minutes {
            let lines = (0..rng.within(1, 4))
                .map(|_| {
                    let article = ranking[rng.skewed(ARTICLES) as usize];
                    let quantity = rng.within(1, 8);
                    let price_cents = products[article as usize - 1].price_cents;
                    let refunded = if rng.chance(4) { rng.within(1, quantity) } else { 0 };
                    OrderLine { article, quantity, refunded, price_cents }
                })
                .collect();
            let status = match rng.below(100) {
                0..=4 => OrderStatus::Cancelled,
                _ if back <= 2 => OrderStatus::Open,
                _ => OrderStatus::Fulfilled,
            };
            orders.push(Order {
                number: 100_231 + u32::try_from(orders.len()).expect("a few thousand"),
                customer: rng.below(CUSTOMERS) as usize,
                day: TODAY.plus(-back),
                minute,
                status,
                lines,
                notes: Vec::new(),
            });
        }
    }
    orders
}

/// Offers for most articles, and some that belong to none. Quantities follow in [`set_offers`].
fn list_offers(rng: &mut Rng, world: &mut World) {
    for product in &world.products {
        if product.status == ProductStatus::Draft || rng.chance(5) {
            continue;
        }
        let (number, id) = (product.number, offer_id(rng));
        let seller_sku = match rng.below(100) {
            0..=5 => format!("sku-{number:05}"),
            6..=9 => format!("SKU-{number}"),
            10..=12 => format!("SKU_{number:05}"),
            _ => sku(number),
        };
        world.listings.push(Listing {
            id,
            article: Some(number),
            seller_sku: Some(seller_sku),
            title: format!("{} | {}", product.title, CATEGORIES[product.category].0),
            is_active: product.status == ProductStatus::Active && !rng.chance(3),
            pack: if rng.chance(12) { *rng.pick(&[2, 3, 6]) } else { 1 },
            packs: 0,
            price_cents: product.price_cents * rng.within(102, 118) / 100,
            updated: TODAY.plus(-days(rng.below(60))),
        });
    }
    for _ in 0..24 {
        let id = offer_id(rng);
        let colour = rng.pick(&COLOURS);
        world.listings.push(Listing {
            id,
            article: None,
            seller_sku: None,
            title: format!("Clearance bundle {colour}"),
            is_active: rng.chance(60),
            pack: 1,
            packs: rng.below(9),
            price_cents: rng.within(10, 60) * 100,
            updated: TODAY.plus(-days(rng.within(90, 400))),
        });
    }
    rng.shuffle(&mut world.listings);
}

fn offer_id(rng: &mut Rng) -> String {
    format!("MP-{:08}", rng.within(10_000_000, 99_999_999))
}

fn sell_offers(rng: &mut Rng, world: &mut World, ranking: &[u32]) {
    let mut offer_of = vec![None; ARTICLES as usize + 1];
    for (index, listing) in world.listings.iter().enumerate() {
        if let Some(article) = listing.article.filter(|_| listing.is_active) {
            offer_of[article as usize] = Some(index);
        }
    }
    for back in (1..=HISTORY_DAYS).rev() {
        for _ in 0..rng.within(50, 75) {
            let article = ranking[rng.skewed(ARTICLES) as usize];
            let packs = rng.within(1, 3);
            let Some(listing) = offer_of[article as usize] else { continue };
            let day = TODAY.plus(-back);
            let serial = world.sales.len() + 10_000;
            let tracking = (back > 2).then(|| format!("TRK{:010}", rng.below(u32::MAX)));
            let id = format!("MPO-{}-{serial}", day.compact());
            world.sales.push(Sale { id, listing, day, packs, tracking });
        }
    }
}

/// About how many pieces of each article went in four weeks, to make stock that fits.
fn demand(world: &World) -> Vec<u32> {
    let mut sold = vec![0; ARTICLES as usize + 1];
    for line in world.orders.iter().flat_map(|order| &order.lines) {
        sold[line.article as usize] += line.quantity;
    }
    for sale in &world.sales {
        let listing = &world.listings[sale.listing];
        if let Some(article) = listing.article {
            sold[article as usize] += sale.packs * listing.pack;
        }
    }
    sold.iter().map(|pieces| pieces * 28 / HISTORY_DAYS.unsigned_abs()).collect()
}

fn fill_warehouse(rng: &mut Rng, world: &mut World, demand: &[u32]) {
    for product in &world.products {
        let wanted = demand[product.number as usize];
        let target = match rng.below(10) {
            0 => 0,
            1..=3 => wanted * rng.within(10, 70) / 100,
            _ => wanted * rng.within(80, 260) / 100 + rng.within(2, 40),
        };
        let cartons = if rng.chance(55) { target / product.carton } else { 0 };
        let loose = target - cartons * product.carton;
        let allocated = if loose > 4 && rng.chance(30) { rng.within(1, loose / 2) } else { 0 };
        let item = Item::Article(product.number);
        let mut put = |rng: &mut Rng, quantity, unit, allocated, condition| {
            let (bin, counted) = (bin(rng), TODAY.plus(-days(rng.within(1, 90))));
            let item = item.clone();
            world.stock.push(Stock { bin, item, quantity, unit, allocated, condition, counted });
        };
        if loose > 0 {
            put(rng, loose, Unit::Piece, allocated, Condition::Sellable);
        }
        if cartons > 0 {
            put(rng, cartons, Unit::Carton(product.carton), 0, Condition::Sellable);
        }
        if rng.chance(8) {
            let condition = if rng.chance(60) { Condition::Damaged } else { Condition::Quarantine };
            let quantity = rng.within(1, 12);
            put(rng, quantity, Unit::Piece, 0, condition);
        }
    }
    for supply in SUPPLIES {
        let (bin, quantity) = (bin(rng), rng.within(20, 900));
        world.stock.push(Stock {
            bin,
            item: Item::Supply(supply),
            quantity,
            unit: Unit::Piece,
            allocated: 0,
            condition: Condition::Sellable,
            counted: TODAY.plus(-30),
        });
    }
    world.stock.sort_by(|a, b| a.bin.cmp(&b.bin));
}

fn bin(rng: &mut Rng) -> String {
    let zone = rng.pick(&["A", "B", "C", "D"]);
    format!("{zone}-{:02}-{:02}-{}", rng.within(1, 24), rng.within(1, 40), rng.within(1, 5))
}

/// Offers what the warehouse has, but for offers that nobody brought up to date.
fn set_offers(rng: &mut Rng, world: &mut World) {
    let mut free = vec![0_u32; ARTICLES as usize + 1];
    for stock in &world.stock {
        if let (Item::Article(article), Condition::Sellable) = (&stock.item, stock.condition) {
            free[*article as usize] += stock.pieces() - stock.allocated;
        }
    }
    for listing in &mut world.listings {
        let Some(article) = listing.article else { continue };
        let packs = free[article as usize] / listing.pack;
        listing.packs = match rng.below(100) {
            0..=6 => packs + rng.within(1, 60) / listing.pack.min(2),
            7..=39 => packs * rng.within(40, 99) / 100,
            _ => packs,
        };
    }
}

fn purchase(rng: &mut Rng, world: &mut World, demand: &[u32]) {
    for serial in 0..150 {
        let supplier = rng.below(24) as usize;
        let status = match rng.below(100) {
            0..=7 => PurchaseStatus::Draft,
            8..=45 => PurchaseStatus::Approved,
            46..=60 => PurchaseStatus::PartiallyReceived,
            61..=94 => PurchaseStatus::Received,
            _ => PurchaseStatus::Cancelled,
        };
        let mut articles: Vec<&Product> =
            world.products.iter().filter(|product| product.supplier == supplier).collect();
        rng.shuffle(&mut articles);
        let count = rng.within(2, 6) as usize;
        let lines = articles
            .into_iter()
            .take(count)
            .map(|product| {
                let cartons = 1 + demand[product.number as usize] * rng.within(20, 140)
                    / 100
                    / product.carton;
                let received = match status {
                    PurchaseStatus::Received => cartons,
                    PurchaseStatus::PartiallyReceived => rng.below(cartons + 1),
                    _ => 0,
                };
                PurchaseLine {
                    article: product.number,
                    ordered: cartons * product.carton,
                    received: received * product.carton,
                    cost_cents: product.cost_cents,
                }
            })
            .collect();
        let ordered = TODAY.plus(-days(rng.within(1, 75)));
        world.purchases.push(Purchase {
            number: 45_001 + serial,
            supplier,
            status,
            ordered,
            lines,
        });
    }
}

/// Announces the goods of most open purchases, and remembers those of received ones.
fn ship(rng: &mut Rng, world: &mut World) {
    for purchase in &world.purchases {
        let is_received = purchase.status == PurchaseStatus::Received;
        if !(is_received || purchase.status.is_open()) || rng.chance(25) {
            continue;
        }
        let lines: Vec<ShipmentLine> = purchase
            .lines
            .iter()
            .filter_map(|line| {
                let pieces_per_carton = world.product(line.article)?.carton;
                let pieces = if is_received { line.received } else { line.outstanding() };
                let cartons = pieces / pieces_per_carton;
                let article = line.article;
                (cartons > 0).then_some(ShipmentLine { article, cartons, pieces_per_carton })
            })
            .collect();
        if lines.is_empty() {
            continue;
        }
        let (status, eta) = if is_received {
            (ShipmentStatus::Received, Some(purchase.ordered.plus(days(rng.within(4, 40)))))
        } else {
            let status = match rng.below(10) {
                0 => ShipmentStatus::Cancelled,
                1..=4 => ShipmentStatus::Announced,
                _ => ShipmentStatus::InTransit,
            };
            let eta = TODAY.plus(days(rng.below(45)) - 4);
            (status, (!rng.chance(9)).then_some(eta))
        };
        let number = 8_101 + u32::try_from(world.shipments.len()).expect("a few hundred");
        let carrier = rng.pick(&CARRIERS);
        if let Some(day) = eta.filter(|_| is_received) {
            world.movements.extend(lines.iter().map(|line| received(number, day, line)));
        }
        let purchase = purchase.number;
        world.shipments.push(Shipment { number, purchase, status, eta, carrier, lines });
    }
    world.movements.sort_by_key(|movement| movement.day);
}

fn received(number: u32, day: Day, line: &ShipmentLine) -> Movement {
    Movement {
        day: day.min(TODAY),
        item: Item::Article(line.article),
        from: None,
        to: Some("RECEIVING".to_owned()),
        pieces: i64::from(line.cartons * line.pieces_per_carton),
        reason: format!("receipt of shipment ASN-{number:06}"),
    }
}

fn days(count: u32) -> i32 {
    i32::try_from(count).expect("a few years of days")
}
