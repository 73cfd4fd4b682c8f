//! The right answer, from the world itself.
//!
//! It never sees what the servers send, and shares no step of its computation with the
//! script or the call-by-call way: only then do three equal answers say something.

use super::{
    answer::{Answer, Found},
    world::{Condition, Item, OrderStatus, Product, ProductStatus, TODAY, World},
};

/// The days of sales that velocity is taken from, up to yesterday.
const WINDOW_DAYS: i32 = 28;

/// The right answer and the line of every article behind it.
#[derive(Clone, Debug)]
pub struct Truth {
    /// What the job must return.
    pub answer: Answer,
    /// Every article that is not blocked, by its number.
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
    /// Ordered and still to come.
    pub on_order: u32,
    /// Offered and not available.
    pub short: u32,
    /// Asked for in vain, even if all that is on order comes in time.
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
            .filter(|product| product.status != ProductStatus::Archived)
            .map(|product| line(world, product))
            .collect();
        Self { answer: answer(&lines), lines }
    }
}

fn line(world: &World, product: &Product) -> Line {
    let number = product.number;
    let lead_days = product.lead_days.unwrap_or(world.suppliers[product.supplier].lead_time.days());
    let (available, sold) = (available(world, number), sold(world, number));
    let offered = offered(world, number);
    let demand = (lead_days * sold).div_ceil(28);
    let on_order = on_order(world, number);
    let wanted = (demand + product.min_stock.unwrap_or(0)).saturating_sub(available + on_order);
    Line {
        number,
        offered,
        available,
        sold,
        demand,
        on_order,
        short: offered.unwrap_or(0).saturating_sub(available),
        missing: demand.saturating_sub(available + on_order),
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

fn answer(lines: &[Line]) -> Answer {
    Answer {
        short: found(lines, |line| line.short),
        missing: found(lines, |line| line.missing),
        reorder: found(lines, |line| line.reorder),
    }
}

fn found(lines: &[Line], pieces: fn(&Line) -> u32) -> Found {
    let mut found: Vec<(u32, u32)> = lines
        .iter()
        .map(|line| (pieces(line), line.number))
        .filter(|(pieces, _)| *pieces > 0)
        .collect();
    found.sort_by_key(|(pieces, number)| (u32::MAX - pieces, *number));
    Found {
        articles: u32::try_from(found.len()).expect("there are 1,200 articles"),
        pieces: found.iter().map(|(pieces, _)| pieces).sum(),
        worst: found.first().map(|(_, number)| format!("SKU-{number}")).unwrap_or_default(),
        worst_pieces: found.first().map_or(0, |(pieces, _)| *pieces),
    }
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
        assert_eq!((truth.answer.short.articles, truth.answer.short.pieces), (0, 0));
        assert!(truth.lines.iter().filter(|line| line.offered.is_some()).count() > 900);
    }

    #[test]
    fn without_sales_and_minimum_stock_nothing_is_reordered() {
        let mut world = World::new(SEED);
        world.orders.clear();
        world.sales.clear();
        world.products.iter_mut().for_each(|product| product.min_stock = None);
        let truth = Truth::of(&world);
        assert_eq!((truth.answer.missing.articles, truth.answer.reorder.pieces), (0, 0));
    }

    #[test]
    fn a_reorder_is_whole_cartons_and_never_more_than_one_too_many() {
        let world = World::new(SEED);
        for line in &Truth::of(&world).lines {
            let product = world.product(line.number).unwrap();
            assert_eq!(line.reorder % product.carton, 0);
            if line.reorder > 0 {
                let safety = product.min_stock.unwrap_or(0);
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
