//! The facts of the day: who wrote what about which order, and what the rules make of it.

use crate::{Day, rng::Rng};

use super::words::{FAMILY, GIVEN, PRODUCTS};

/// The seed of the world that the demo shows.
pub const SEED: u64 = 2037;

/// Tickets of one day.
pub const TICKETS: u32 = 200;

/// The day on which the world is looked at: 2026-11-20.
pub(crate) const TODAY: Day = Day::from_epoch(20_777);

/// What a ticket is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Damaged,
    WrongItem,
    Late,
    ChangedMind,
    WhereIsIt,
    Invoice,
    Address,
}

/// Every kind with its name, and how many of a hundred tickets are of it.
pub(crate) const KINDS: [(Kind, &str, u32); 7] = [
    (Kind::Damaged, "damaged", 22),
    (Kind::WrongItem, "wrong_item", 12),
    (Kind::Late, "late", 14),
    (Kind::ChangedMind, "changed_mind", 16),
    (Kind::WhereIsIt, "where_is_it", 20),
    (Kind::Invoice, "invoice", 9),
    (Kind::Address, "address", 7),
];

/// When what is refunded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) kind: Kind,
    pub(crate) window: i32,
    pub(crate) gold_extra: i32,
    pub(crate) percent: u32,
    pub(crate) cap_cents: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) given: &'static str,
    pub(crate) family: &'static str,
    pub(crate) email: String,
    pub(crate) is_gold: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) number: u32,
    pub(crate) customer: usize,
    pub(crate) placed: Day,
    pub(crate) delivered: Option<Day>,
    pub(crate) product: &'static str,
    pub(crate) total_cents: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) customer: usize,
    pub(crate) order: usize,
    /// Whether the text says the order's number; else it is the customer's latest one.
    pub(crate) names_order: bool,
    /// Whether no single word of the text says what it is about.
    pub(crate) is_roundabout: bool,
}

/// How a ticket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Refunded(u32),
    Escalated,
    Declined,
    Informed,
    Routed,
}

/// One day of a help desk.
#[derive(Clone, Debug)]
pub struct Facts {
    pub(crate) seed: u64,
    pub(crate) rules: Vec<Rule>,
    pub(crate) customers: Vec<Customer>,
    pub(crate) orders: Vec<Order>,
    pub(crate) tickets: Vec<Ticket>,
}

fn days(rng: &mut Rng, least: u32, most: u32) -> i32 {
    i32::try_from(rng.within(least, most)).expect("a few days")
}

impl Facts {
    /// The day of `seed`: the same on every machine.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x5099_0127);
        let rule = |rng: &mut Rng, kind, percent| Rule {
            kind,
            window: 7 * days(rng, 2, 5),
            gold_extra: 5 * days(rng, 1, 3),
            percent,
            cap_cents: 1_000 * rng.within(8, 15),
        };
        let rules = vec![
            rule(&mut rng, Kind::Damaged, 100),
            rule(&mut rng, Kind::WrongItem, 100),
            rule(&mut rng, Kind::Late, 15),
            rule(&mut rng, Kind::ChangedMind, 85),
        ];
        let customers: Vec<Customer> =
            (0..TICKETS + 40).map(|index| customer(&mut rng, index)).collect();
        let mut orders = Vec::new();
        for index in 0..customers.len() {
            // The first of each customer's orders is the latest one.
            let mut placed = TODAY.plus(-days(&mut rng, 6, 30));
            for _ in 0..rng.within(1, 4) {
                let number = 100_000 + u32::try_from(orders.len()).expect("hundreds") * 83;
                orders.push(order(&mut rng, number, index, placed));
                placed = placed.plus(-days(&mut rng, 3, 40));
            }
        }
        let mut writers: Vec<usize> = (0..customers.len()).collect();
        rng.shuffle(&mut writers);
        let tickets = (0..TICKETS).zip(writers).map(|(index, customer)| {
            let own: Vec<usize> =
                (0..orders.len()).filter(|order| orders[*order].customer == customer).collect();
            ticket(&mut rng, index, customer, &own)
        });
        let tickets = tickets.collect();
        Self { seed, rules, customers, orders, tickets }
    }

    /// How `ticket` ends by the rules.
    pub(crate) fn outcome(&self, ticket: &Ticket) -> Outcome {
        let Some(rule) = self.rules.iter().find(|rule| rule.kind == ticket.kind) else {
            return match ticket.kind {
                Kind::WhereIsIt => Outcome::Informed,
                _ => Outcome::Routed,
            };
        };
        let order = &self.orders[ticket.order];
        let extra = if self.customers[ticket.customer].is_gold { rule.gold_extra } else { 0 };
        let is_within = |day: Day| day.plus(rule.window + extra) >= TODAY;
        if !order.delivered.is_some_and(is_within) {
            return Outcome::Declined;
        }
        let amount = (order.total_cents * rule.percent + 50) / 100;
        if amount > rule.cap_cents { Outcome::Escalated } else { Outcome::Refunded(amount) }
    }
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _, _)| *kind == self).map_or("", |(_, name, _)| name)
    }
}

impl Order {
    pub(crate) const fn state(&self) -> &'static str {
        if self.delivered.is_some() { "delivered" } else { "shipped" }
    }
}

fn customer(rng: &mut Rng, index: u32) -> Customer {
    let (given, family) = (*rng.pick::<&str>(&GIVEN), *rng.pick::<&str>(&FAMILY));
    let email = format!("{given}.{family}{index}@mail.example").to_lowercase();
    Customer {
        id: format!("C{}", 7_000 + index * 3),
        given,
        family,
        email,
        is_gold: rng.chance(25),
    }
}

fn order(rng: &mut Rng, number: u32, customer: usize, placed: Day) -> Order {
    let delivered = rng.chance(85).then(|| placed.plus(days(rng, 2, 5)));
    let total_cents = rng.within(900, 19_900);
    Order { number, customer, placed, delivered, product: rng.pick::<&str>(&PRODUCTS), total_cents }
}

fn ticket(rng: &mut Rng, index: u32, customer: usize, orders: &[usize]) -> Ticket {
    let mut at = rng.below(100);
    let mut kind = Kind::Damaged;
    for (next, _, share) in KINDS {
        kind = next;
        match at.checked_sub(share) {
            Some(rest) => at = rest,
            None => break,
        }
    }
    let names_order = rng.chance(85);
    let order = if names_order { *rng.pick(orders) } else { orders[0] };
    let id = format!("T-{}", 48_000 + index);
    Ticket { id, kind, customer, order, names_order, is_roundabout: rng.chance(6) }
}
