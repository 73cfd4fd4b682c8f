//! The facts of the world, in one form: pieces, cents, days, and the number of an article.

use crate::Day;

use super::seed;

/// The seed of the world that the demo shows: one whose worst articles show every finding.
pub const SEED: u64 = 2037;

/// How many articles there are, numbered from 1.
pub(crate) const ARTICLES: u32 = 1_200;

/// The day on which the world is looked at: 2026-11-20.
pub(crate) const TODAY: Day = Day::from_epoch(20_777);

/// A company's goods, sales and purchases.
#[derive(Clone, Debug)]
pub struct World {
    /// Article `n` is at `n - 1`.
    pub(crate) products: Vec<Product>,
    pub(crate) customers: Vec<Customer>,
    /// The shop's orders, the oldest first.
    pub(crate) orders: Vec<Order>,
    pub(crate) listings: Vec<Listing>,
    /// What the marketplace sold, the oldest first.
    pub(crate) sales: Vec<Sale>,
    pub(crate) stock: Vec<Stock>,
    pub(crate) shipments: Vec<Shipment>,
    pub(crate) movements: Vec<Movement>,
    pub(crate) suppliers: Vec<Supplier>,
    pub(crate) purchases: Vec<Purchase>,
}

/// An article that the company sells.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub(crate) number: u32,
    pub(crate) title: String,
    /// Index into [`super::words::CATEGORIES`].
    pub(crate) category: usize,
    pub(crate) status: ProductStatus,
    pub(crate) price_cents: u32,
    pub(crate) weight_g: u32,
    pub(crate) ean: String,
    pub(crate) created: Day,
    /// Index into [`World::suppliers`].
    pub(crate) supplier: usize,
    pub(crate) cost_cents: u32,
    /// Pieces in one carton; goods are bought by the carton.
    pub(crate) carton: u32,
    /// The article's own lead time, where it differs from its supplier's.
    pub(crate) lead_days: Option<u32>,
    /// Pieces that should always be there; none where nobody has set it.
    pub(crate) min_stock: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProductStatus {
    Active,
    Draft,
    Archived,
}

#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) city: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) number: u32,
    /// Index into [`World::customers`].
    pub(crate) customer: usize,
    pub(crate) day: Day,
    /// Minutes after midnight.
    pub(crate) minute: u32,
    pub(crate) status: OrderStatus,
    pub(crate) lines: Vec<OrderLine>,
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderStatus {
    Open,
    Fulfilled,
    Cancelled,
}

#[derive(Clone, Debug)]
pub(crate) struct OrderLine {
    pub(crate) article: u32,
    pub(crate) quantity: u32,
    pub(crate) refunded: u32,
    pub(crate) price_cents: u32,
}

/// An offer on the marketplace.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    /// Such as `MP-4417203`.
    pub(crate) id: String,
    /// None for an offer that was never connected with an article.
    pub(crate) article: Option<u32>,
    /// The article's name as somebody once typed it.
    pub(crate) seller_sku: Option<String>,
    pub(crate) title: String,
    pub(crate) is_active: bool,
    /// Pieces that one sale takes.
    pub(crate) pack: u32,
    /// Packs offered.
    pub(crate) packs: u32,
    pub(crate) price_cents: u32,
    pub(crate) updated: Day,
}

/// A sale on the marketplace.
#[derive(Clone, Debug)]
pub(crate) struct Sale {
    pub(crate) id: String,
    /// Index into [`World::listings`].
    pub(crate) listing: usize,
    pub(crate) day: Day,
    pub(crate) packs: u32,
    pub(crate) tracking: Option<String>,
}

/// Goods of one kind at one place in the warehouse.
#[derive(Clone, Debug)]
pub(crate) struct Stock {
    /// Such as `A-03-12-2`.
    pub(crate) bin: String,
    pub(crate) item: Item,
    /// In [`Stock::unit`]s.
    pub(crate) quantity: u32,
    pub(crate) unit: Unit,
    /// Pieces promised to orders that are not yet picked.
    pub(crate) allocated: u32,
    pub(crate) condition: Condition,
    pub(crate) counted: Day,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Article(u32),
    /// Packing material, which nobody sells.
    Supply(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Piece,
    /// Of as many pieces.
    Carton(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Sellable,
    Damaged,
    Quarantine,
}

/// Goods on their way to the warehouse.
#[derive(Clone, Debug)]
pub(crate) struct Shipment {
    pub(crate) number: u32,
    /// [`Purchase::number`]
    pub(crate) purchase: u32,
    pub(crate) status: ShipmentStatus,
    /// None where the carrier has not said.
    pub(crate) eta: Option<Day>,
    pub(crate) carrier: &'static str,
    pub(crate) lines: Vec<ShipmentLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShipmentStatus {
    Announced,
    InTransit,
    Received,
    Cancelled,
}

#[derive(Clone, Debug)]
pub(crate) struct ShipmentLine {
    pub(crate) article: u32,
    pub(crate) cartons: u32,
    pub(crate) pieces_per_carton: u32,
}

/// A change of stock.
#[derive(Clone, Debug)]
pub(crate) struct Movement {
    pub(crate) day: Day,
    pub(crate) item: Item,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) pieces: i64,
    pub(crate) reason: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Supplier {
    pub(crate) number: u32,
    pub(crate) name: &'static str,
    pub(crate) country: &'static str,
    /// In days, or in weeks of seven days.
    pub(crate) lead_time: LeadTime,
    pub(crate) payment_days: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeadTime {
    Days(u32),
    Weeks(u32),
}

impl LeadTime {
    pub(crate) const fn days(self) -> u32 {
        match self {
            LeadTime::Days(days) => days,
            LeadTime::Weeks(weeks) => weeks * 7,
        }
    }
}

/// An order to a supplier.
#[derive(Clone, Debug)]
pub(crate) struct Purchase {
    pub(crate) number: u32,
    /// Index into [`World::suppliers`].
    pub(crate) supplier: usize,
    pub(crate) status: PurchaseStatus,
    pub(crate) ordered: Day,
    pub(crate) lines: Vec<PurchaseLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PurchaseStatus {
    Draft,
    Approved,
    PartiallyReceived,
    Received,
    Cancelled,
}

#[derive(Clone, Debug)]
pub(crate) struct PurchaseLine {
    pub(crate) article: u32,
    pub(crate) ordered: u32,
    pub(crate) received: u32,
    pub(crate) cost_cents: u32,
}

impl World {
    /// The world of `seed`: the same on every machine.
    pub fn new(seed: u64) -> Self {
        seed::world(seed)
    }

    /// The article of that number.
    pub(crate) fn product(&self, number: u32) -> Option<&Product> {
        self.products.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    pub(crate) fn product_mut(&mut self, number: u32) -> Option<&mut Product> {
        self.products.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }
}

impl Stock {
    /// What is there, in pieces.
    pub(crate) const fn pieces(&self) -> u32 {
        match self.unit {
            Unit::Piece => self.quantity,
            Unit::Carton(pieces) => self.quantity * pieces,
        }
    }
}

impl PurchaseLine {
    /// Pieces that are still to come.
    pub(crate) const fn outstanding(&self) -> u32 {
        self.ordered.saturating_sub(self.received)
    }
}

impl PurchaseStatus {
    /// Whether goods are still to come.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, PurchaseStatus::Approved | PurchaseStatus::PartiallyReceived)
    }
}

/// The number in an article's name, however it is written: `SKU-00017`, `sku 17`, `SKU00017`.
pub(crate) fn article_number(name: &str) -> Option<u32> {
    let name = name.trim();
    let (prefix, rest) = name.split_at_checked(3)?;
    let digits = rest.trim_start_matches(['-', '_', ' ']);
    let is_article = prefix.eq_ignore_ascii_case("sku")
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_article.then(|| digits.parse().ok())?
}

/// `SKU-00017`
pub(crate) fn sku(number: u32) -> String {
    format!("SKU-{number:05}")
}
