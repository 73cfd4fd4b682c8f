//! The right answer, from the world itself.
//!
//! It never sees what the servers send, and shares no step of its computation with the
//! script or the call-by-call way: only then do three equal answers say something.

use super::{
    answer::{Answer, ReorderTotals, Short, ShortItem, StockoutItem, Stockouts},
    words::CATEGORIES,
    world::{
        Condition, Item, OrderStatus, Product, ProductStatus, ShipmentStatus, TODAY, World, sku,
    },
};

/// The days of sales that velocity is taken from, up to yesterday.
const WINDOW_DAYS: i32 = 28;

/// How many articles the answer names of each kind.
const WORST: usize = 3;

/// The right answer and the line of every article behind it.
#[derive(Clone, Debug)]
pub struct Truth {
    /// What the job must return.
    pub answer: Answer,
    /// Every active article, by its number.
    pub lines: Vec<Line>,
}

/// What is true of one article. All counts are pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The article's number.
    pub number: u32,
    /// Offered on the marketplace; none where there is no active offer.
    pub offered: Option<u32>,
    /// Sellable and not allocated.
    pub available: u32,
    /// Sold in the last 28 days, shop and marketplace together.
    pub sold: u32,
    /// Asked for within the lead time, at the velocity of the last 28 days.
    pub demand: u32,
    /// Arrives within the lead time.
    pub inbound: u32,
    /// Ordered and still to come.
    pub on_order: u32,
    /// Offered and not available.
    pub short: u32,
    /// Asked for in vain before new goods can arrive.
    pub missing: u32,
    /// To be ordered, in whole cartons.
    pub reorder: u32,
}

impl Truth {
    /// The truth of `world`.
    pub fn of(world: &World) -> Self {
        let lines: Vec<Line> = world
            .products
            .iter()
            .filter(|product| product.status == ProductStatus::Active)
            .map(|product| line(world, product))
            .collect();
        Self { answer: answer(world, &lines), lines }
    }
}

fn line(world: &World, product: &Product) -> Line {
    let number = product.number;
    let lead_days = product.lead_days.unwrap_or(world.suppliers[product.supplier].lead_time.days());
    let (available, sold) = (available(world, number), sold(world, number));
    let offered = offered(world, number);
    let demand = (lead_days * sold).div_ceil(28);
    let inbound = inbound(world, number, lead_days);
    let on_order = on_order(world, number);
    let safety = product.min_stock.unwrap_or(sold.div_ceil(4));
    let wanted = (demand + safety).saturating_sub(available + on_order);
    Line {
        number,
        offered,
        available,
        sold,
        demand,
        inbound,
        on_order,
        short: offered.unwrap_or(0).saturating_sub(available),
        missing: demand.saturating_sub(available + inbound),
        reorder: wanted.next_multiple_of(product.carton),
    }
}

fn available(world: &World, number: u32) -> u32 {
    world
        .stock
        .iter()
        .filter(|stock| stock.item == Item::Article(number))
        .filter(|stock| stock.condition == Condition::Sellable)
        .map(|stock| stock.pieces() - stock.allocated)
        .sum()
}

fn sold(world: &World, number: u32) -> u32 {
    let window = TODAY.plus(-WINDOW_DAYS)..TODAY;
    let in_shop: u32 = world
        .orders
        .iter()
        .filter(|order| window.contains(&order.day) && order.status != OrderStatus::Cancelled)
        .flat_map(|order| &order.lines)
        .filter(|line| line.article == number)
        .map(|line| line.quantity - line.refunded)
        .sum();
    let on_marketplace: u32 = world
        .sales
        .iter()
        .filter(|sale| window.contains(&sale.day))
        .map(|sale| (&world.listings[sale.listing], sale.packs))
        .filter(|(listing, _)| listing.article == Some(number))
        .map(|(listing, packs)| packs * listing.pack)
        .sum();
    in_shop + on_marketplace
}

fn offered(world: &World, number: u32) -> Option<u32> {
    let mut offers = world
        .listings
        .iter()
        .filter(|listing| listing.is_active && listing.article == Some(number))
        .map(|listing| listing.packs * listing.pack);
    let first = offers.next()?;
    Some(first + offers.sum::<u32>())
}

fn inbound(world: &World, number: u32, lead_days: u32) -> u32 {
    let last = TODAY.plus(i32::try_from(lead_days).expect("lead times are below two years"));
    world
        .shipments
        .iter()
        .filter(|shipment| {
            !matches!(shipment.status, ShipmentStatus::Received | ShipmentStatus::Cancelled)
                && shipment.eta.is_some_and(|eta| eta <= last)
        })
        .flat_map(|shipment| &shipment.lines)
        .filter(|line| line.article == number)
        .map(|line| line.cartons * line.pieces_per_carton)
        .sum()
}

fn on_order(world: &World, number: u32) -> u32 {
    world
        .purchases
        .iter()
        .filter(|purchase| purchase.status.is_open())
        .flat_map(|purchase| &purchase.lines)
        .filter(|line| line.article == number)
        .map(super::world::PurchaseLine::outstanding)
        .sum()
}

fn answer(world: &World, lines: &[Line]) -> Answer {
    let mut short: Vec<&Line> = lines.iter().filter(|line| line.short > 0).collect();
    short.sort_by_key(|line| (u32::MAX - line.short, line.number));
    let mut out: Vec<&Line> = lines.iter().filter(|line| line.missing > 0).collect();
    out.sort_by_key(|line| (u32::MAX - line.missing, line.number));
    Answer {
        compared: count(lines.iter().filter(|line| line.offered.is_some())),
        short: Short {
            skus: count(short.iter()),
            units: short.iter().map(|line| line.short).sum(),
            worst: short.iter().take(WORST).map(|line| short_item(line)).collect(),
        },
        stockouts: Stockouts {
            skus: count(out.iter()),
            worst: out.iter().take(WORST).map(|line| stockout_item(line)).collect(),
        },
        reorder: totals(world, lines),
        checksum: checksum(lines),
    }
}

fn short_item(line: &Line) -> ShortItem {
    ShortItem { sku: sku(line.number), short: line.short, reorder: line.reorder }
}

fn stockout_item(line: &Line) -> StockoutItem {
    StockoutItem {
        sku: sku(line.number),
        days_left: line.available * 28 / line.sold.max(1),
        missing: line.missing,
    }
}

fn totals(world: &World, lines: &[Line]) -> ReorderTotals {
    let mut totals = ReorderTotals {
        skus: 0,
        units: 0,
        cost_cents: 0,
        skus_by_category: std::collections::BTreeMap::new(),
    };
    for line in lines.iter().filter(|line| line.reorder > 0) {
        let Some(product) = world.product(line.number) else { continue };
        totals.skus += 1;
        totals.units += line.reorder;
        totals.cost_cents += u64::from(line.reorder) * u64::from(product.cost_cents);
        let category = CATEGORIES[product.category].0.to_owned();
        *totals.skus_by_category.entry(category).or_default() += 1;
    }
    totals
}

/// Every count stays far below 2^53, so that a script's numbers hold it exactly.
fn checksum(lines: &[Line]) -> u64 {
    lines.iter().fold(0, |sum, line| {
        let mixed = [(1, line.number), (3, line.short), (7, line.missing), (11, line.reorder)]
            .into_iter()
            .map(|(weight, count)| weight * u64::from(count))
            .sum::<u64>();
        (sum * 31 + mixed) % 1_000_000_007
    })
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).expect("there are 1,200 articles")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::SEED;

    #[test]
    fn nothing_is_short_where_the_offer_is_what_is_there() {
        let mut world = World::new(SEED);
        let available: Vec<u32> =
            world.products.iter().map(|product| available(&world, product.number)).collect();
        for listing in &mut world.listings {
            if let Some(article) = listing.article {
                listing.packs = available[article as usize - 1] / listing.pack;
            }
        }
        let truth = Truth::of(&world);
        assert_eq!((truth.answer.short.skus, truth.answer.short.units), (0, 0));
        assert!(truth.answer.compared > 900);
    }

    #[test]
    fn without_sales_and_minimum_stock_nothing_is_reordered() {
        let mut world = World::new(SEED);
        world.orders.clear();
        world.sales.clear();
        world.products.iter_mut().for_each(|product| product.min_stock = None);
        let truth = Truth::of(&world);
        assert_eq!((truth.answer.stockouts.skus, truth.answer.reorder.units), (0, 0));
    }

    #[test]
    fn a_reorder_is_whole_cartons_and_never_more_than_one_too_many() {
        let world = World::new(SEED);
        for line in &Truth::of(&world).lines {
            let product = world.product(line.number).unwrap();
            assert_eq!(line.reorder % product.carton, 0);
            if line.reorder > 0 {
                let safety = product.min_stock.unwrap_or(line.sold.div_ceil(4));
                let after = line.available + line.on_order + line.reorder;
                let wanted = line.demand + safety;
                assert!((wanted..wanted + product.carton).contains(&after), "{line:?}");
            }
        }
    }

    #[test]
    fn sales_outside_of_the_window_and_cancelled_ones_do_not_count() {
        let mut world = World::new(SEED);
        let before = Truth::of(&world).answer;
        world
            .orders
            .retain(|order| order.day >= TODAY.plus(-28) && order.status != OrderStatus::Cancelled);
        world.sales.retain(|sale| sale.day >= TODAY.plus(-28));
        assert_eq!(Truth::of(&world).answer, before);
        let yesterday = world.orders.last_mut().unwrap();
        yesterday.lines[0].quantity += 500;
        assert_ne!(Truth::of(&world).answer, before);
    }
}
