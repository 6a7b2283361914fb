//! The script itself: one event after the other.
//!
//! May use: its siblings. The one rule: the same seed, the same script.

use super::dice::Dice;
use super::mix::{MIX, ROBOT_HELLO, SYSTEM_NOTICES};
use super::orders::{self, PRODUCTS, Status};
use super::texts::{self, Decks, Group};
use super::{BURST, Buyer, OPENING, Pace, WAITING};
use jiff::Timestamp;
use std::collections::VecDeque;

/// What happens in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A buyer's words, and the label that they are meant to be.
    Says {
        text: String,
        label: String,
    },
    Image,
    Video,
    Sticker,
    /// The buyer came from a product's page.
    FromProduct(String),
    /// The buyer came from an order's page.
    FromOrder(String),
    OrderCard(String),
    ProductCard(String),
    /// The shop's chatbot, under the shop's name.
    Robot(String),
    /// The platform, under the shop's name.
    System(String),
    /// A rating prompt that nobody is meant to see.
    Hidden,
    /// An agent was assigned.
    AgentJoined(String),
}

/// Something that happens at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Milliseconds from the beginning of the day.
    pub at_ms: i64,
    /// Index into [`ShopDay::buyers`].
    pub buyer: usize,
    pub what: What,
}

/// The number of the message that is 20 kB long: within the backlog, so that every run meets it.
const LONG_ONE: usize = 101;
/// More buyers than this do not come; the rest of the day is theirs.
const MOST_BUYERS: usize = 380;

/// An endless, seeded shop day.
#[derive(Debug)]
pub struct ShopDay {
    pub buyers: Vec<Buyer>,
    groups: Vec<(&'static str, Group)>,
    dice: Dice,
    decks: Decks,
    pace: Pace,
    began: Timestamp,
    /// How many of the buyers' messages have been written.
    said: usize,
    last_burst: Option<(usize, String, String)>,
    ahead: VecDeque<Event>,
}

impl ShopDay {
    /// A day that begins at `began`. Fails where a text file cannot be read, which a test excludes.
    pub fn new(seed: u64, pace: Pace, began: Timestamp) -> Result<Self, String> {
        Ok(Self {
            buyers: Vec::new(),
            groups: texts::groups()?,
            dice: Dice::new(seed, 1),
            decks: Decks::default(),
            pace,
            began,
            said: 0,
            last_burst: None,
            ahead: VecDeque::new(),
        })
    }

    /// The next event, if it happens no later than `ms` after the beginning.
    pub fn next_until(&mut self, ms: i64) -> Option<Event> {
        if self.ahead.is_empty() {
            self.write_on();
        }
        if self.ahead.front()?.at_ms > ms {
            None
        } else {
            self.ahead.pop_front()
        }
    }

    /// When the next event happens, in milliseconds from the beginning.
    pub fn next_at(&mut self) -> Option<i64> {
        if self.ahead.is_empty() {
            self.write_on();
        }
        self.ahead.front().map(|event| event.at_ms)
    }

    /// The language of a buyer.
    pub fn lang(&self, buyer: usize) -> &str {
        self.group_of(buyer)
            .map_or("und", |group| group.lang.as_str())
    }

    fn group_of(&self, buyer: usize) -> Option<&Group> {
        self.buyers
            .get(buyer)
            .and_then(|b| self.groups.get(b.group))
            .map(|(_, group)| group)
    }

    /// What a buyer answers to the shop's `reply`-th reply: words and label. None says nothing more.
    pub fn reaction(&self, buyer: usize, dice: &mut Dice) -> Option<(String, String)> {
        let angry = self.buyers.get(buyer)?.angry;
        if !dice.percent(if angry { 80 } else { 60 }) {
            return None;
        }
        let rows = |group: &'_ Group| {
            if angry {
                group.angry.clone()
            } else {
                group.calm.clone()
            }
        };
        let own = self
            .group_of(buyer)
            .map(rows)
            .filter(|rows| !rows.is_empty());
        let rows = own.or_else(|| self.groups.first().map(|(_, group)| rows(group)))?;
        let labels: Vec<_> = rows.keys().collect();
        let label = (*dice.pick(&labels)?).clone();
        let text = dice.pick(rows.get(&label)?)?.clone();
        Some((text, label))
    }

    /// Writes the next message of a buyer, with what comes before and after it.
    fn write_on(&mut self) {
        let n = self.said;
        let Some(at_ms) = self.pace.at_ms(n) else {
            return;
        };
        self.said += 1;
        let burst = (WAITING..WAITING + BURST).contains(&n);
        if let Some((group, text, label)) = self.echo(burst) {
            let (buyer, _) = self.buyer(group, &label);
            self.push(at_ms, buyer, What::Says { text, label });
            return;
        }
        let (group, label) = if n == LONG_ONE {
            (0, "aftersale.product_defect")
        } else {
            self.topic(burst)
        };
        let (buyer, new) = self.buyer(group, label);
        self.before(at_ms, buyer, label, new);
        let text = if n == LONG_ONE {
            self.long_text()
        } else {
            self.row(group, buyer, label)
        };
        if burst && (label.starts_with("presale.") || label.starts_with("price.")) {
            self.last_burst = Some((group, text.clone(), label.to_owned()));
        }
        self.push(
            at_ms,
            buyer,
            What::Says {
                text,
                label: label.to_owned(),
            },
        );
        self.after(at_ms, buyer, group, label, new);
    }

    fn push(&mut self, at_ms: i64, buyer: usize, what: What) {
        self.ahead.push_back(Event { at_ms, buyer, what });
    }

    /// During the live show, many repeat what somebody just wrote, nearly.
    fn echo(&mut self, burst: bool) -> Option<(usize, String, String)> {
        let (group, text, label) = self.last_burst.clone().filter(|_| burst)?;
        if !self.dice.percent(28) {
            return None;
        }
        let text = match self.dice.below(8) {
            0 => text.to_lowercase(),
            1 => text.to_uppercase(),
            2 => format!("{text}!!"),
            3 => format!("{text}??"),
            4 => format!("{text} 🙏"),
            5 => format!("{text} 😍😍"),
            6 => text.trim_end_matches(['?', '?', '.', '!']).to_owned(),
            _ => format!("  {text} ..."),
        };
        Some((group, text, label))
    }

    /// Who writes (a group), about what (a label).
    fn topic(&mut self, burst: bool) -> (usize, &'static str) {
        let weight = |row: &(&str, u32, u32)| if burst { row.2 } else { row.1 };
        let (label, _, _) = MIX[self.dice.weighted(MIX.iter().map(weight))];
        let says = |(_, group): &(&str, Group)| {
            if group.says.contains_key(label) {
                group.weight
            } else {
                0
            }
        };
        let group = self.dice.weighted(self.groups.iter().map(says));
        (group, label)
    }

    /// Somebody of the group who has an order that fits, and whether they are new.
    fn buyer(&mut self, group: usize, label: &str) -> (usize, bool) {
        let known: Vec<usize> = (0..self.buyers.len())
            .filter(|i| self.buyers[*i].group == group)
            .collect();
        let comes_new = match self.said {
            n if n <= WAITING => 85,
            n if n <= WAITING + BURST => 75,
            n if n <= OPENING => 45,
            _ => 20,
        };
        let new =
            known.is_empty() || (self.buyers.len() < MOST_BUYERS && self.dice.percent(comes_new));
        let buyer = if new {
            self.newcomer(group);
            self.buyers.len() - 1
        } else {
            self.dice.pick(&known).copied().unwrap_or(0)
        };
        self.give_order(buyer, label);
        if matches!(
            label,
            "risk.dissatisfied"
                | "risk.review_threat"
                | "risk.legal_threat"
                | "refund.dispute"
                | "logistics.delivered_not_received"
        ) {
            self.buyers[buyer].angry = true;
        }
        (buyer, new)
    }

    fn newcomer(&mut self, group: usize) {
        let names = self
            .groups
            .get(group)
            .map(|(_, g)| g.names.as_slice())
            .unwrap_or_default();
        let name = self.dice.pick(names).cloned().unwrap_or_default();
        let nickname = match self.dice.below(4) {
            0 => format!("{name}{}", self.dice.digits(2)),
            1 => format!("{name}_{}", self.dice.digits(4)),
            _ => name,
        };
        self.buyers.push(Buyer {
            nickname,
            group,
            im_user_id: self.dice.id(749),
            user_id: self.dice.id(700),
            angry: self.dice.percent(6),
            can_receive: !self.dice.percent(8),
            orders: Vec::new(),
        });
    }

    /// Sees to it that the buyer has an order that fits the label; a quarter of the others have an old one.
    fn give_order(&mut self, buyer: usize, label: &str) {
        let fitting = Status::fitting(label);
        let has = self.buyers[buyer]
            .orders
            .iter()
            .any(|o| fitting.contains(&o.status));
        let status = if fitting.is_empty() {
            let old = self.buyers[buyer].orders.is_empty() && self.dice.percent(25);
            old.then_some(Status::Completed)
        } else {
            self.dice.pick(fitting).copied().filter(|_| !has)
        };
        let Some(status) = status else { return };
        let customs = label == "logistics.customs_tax";
        let group = self.groups.get(self.buyers[buyer].group);
        let market = group.map_or(("GB", "GBP"), |(_, g)| {
            (g.region.as_str(), g.currency.as_str())
        });
        let order = orders::make(&mut self.dice, self.began, status, market, customs);
        self.buyers[buyer].orders.push(order);
        self.buyers[buyer].can_receive = true;
    }

    /// The next row of the heap, with the buyer's own numbers filled in.
    fn row(&mut self, group: usize, buyer: usize, label: &str) -> String {
        let rows = self.groups.get(group).and_then(|(_, g)| g.says.get(label));
        let rows = rows.map(Vec::as_slice).unwrap_or_default();
        let text = self
            .decks
            .deal(&mut self.dice, group, label, rows)
            .to_owned();
        let order = self.buyers[buyer].orders.last();
        let tracking = order
            .and_then(|o| o.tracking_number.as_deref())
            .unwrap_or("LH0000000000YQ");
        text.replace("{order}", order.map_or("", |o| &o.id))
            .replace("{tracking}", tracking)
    }

    /// What the platform puts before a first message: where the buyer came from.
    fn before(&mut self, at_ms: i64, buyer: usize, label: &str, new: bool) {
        let order = self.buyers[buyer].orders.last().map(|o| o.id.clone());
        let about_order = !Status::fitting(label).is_empty();
        if let Some(order) = order.filter(|_| about_order && self.dice.percent(30)) {
            self.push(at_ms, buyer, What::FromOrder(order));
        } else if new && !about_order && self.dice.percent(18) {
            let product = PRODUCTS[self.dice.below(PRODUCTS.len())].id.to_owned();
            self.push(at_ms, buyer, What::FromProduct(product));
        }
    }

    /// What follows a message: pictures, cards, a second message, the chatbot, notices.
    fn after(&mut self, at_ms: i64, buyer: usize, group: usize, label: &str, new: bool) {
        let order = self.buyers[buyer].orders.last().map(|o| o.id.clone());
        let shows = [
            "aftersale.package_damaged",
            "aftersale.product_defect",
            "aftersale.wrong_item",
        ];
        if shows.contains(&label) && self.dice.percent(50) {
            let what = if self.dice.percent(20) {
                What::Video
            } else {
                What::Image
            };
            self.push(at_ms, buyer, what);
        }
        if let Some(order) = order.filter(|_| self.dice.percent(6)) {
            self.push(at_ms, buyer, What::OrderCard(order));
        }
        let extra = self.dice.below(100);
        match extra {
            0..10 if new => self.push(at_ms, buyer, What::Robot(ROBOT_HELLO.to_owned())),
            10..13 => self.push(at_ms, buyer, What::Hidden),
            13..17 => {
                let notice = SYSTEM_NOTICES[self.dice.below(SYSTEM_NOTICES.len())];
                self.push(at_ms, buyer, What::System(notice.to_owned()));
            }
            17..19 => self.push(at_ms, buyer, What::AgentJoined("Mei".to_owned())),
            19..22 => self.push(at_ms, buyer, What::Sticker),
            22..24 => {
                let product = PRODUCTS[self.dice.below(PRODUCTS.len())].id.to_owned();
                self.push(at_ms, buyer, What::ProductCard(product));
            }
            24..31 => {
                let text = self.row(group, buyer, label);
                self.push(
                    at_ms,
                    buyer,
                    What::Says {
                        text,
                        label: label.to_owned(),
                    },
                );
            }
            _ => {}
        }
    }

    /// Somebody who has a lot to say: a little over 20 kB.
    fn long_text(&mut self) -> String {
        let mut text = String::with_capacity(21_000);
        let mut night = 0;
        while text.len() < 20_000 {
            night += 1;
            text.push_str(&format!("Night {night}: switched the lamp on, it flickered, then it went dark after {} minutes, same as before. ", self.dice.between(2, 9)));
        }
        text.push_str("So it is broken, and I wrote all of this down for you.");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(seed: u64, began: &str) -> Vec<(usize, What)> {
        let mut day = ShopDay::new(seed, Pace::AtOnce, began.parse().unwrap()).unwrap();
        std::iter::from_fn(|| day.next_until(0))
            .map(|e| (e.buyer, e.what))
            .collect()
    }

    #[test]
    fn a_seed_writes_the_same_day_whenever_it_begins() {
        let day = events(7, "2026-11-22T08:00:00Z");
        assert_eq!(day, events(7, "2031-01-01T00:00:00Z"));
        assert_ne!(day, events(8, "2026-11-22T08:00:00Z"));
    }

    #[test]
    fn who_asks_about_an_order_has_one_in_a_state_that_fits() {
        let began: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let mut day = ShopDay::new(3, Pace::AtOnce, began).unwrap();
        let mut asked = 0;
        while let Some(event) = day.next_until(0) {
            let What::Says { label, .. } = &event.what else {
                continue;
            };
            let fitting = Status::fitting(label);
            let orders = &day.buyers[event.buyer].orders;
            assert!(
                fitting.is_empty() || orders.iter().any(|o| fitting.contains(&o.status)),
                "{label}"
            );
            asked += usize::from(!fitting.is_empty());
        }
        assert!(asked > 100, "{asked}");
    }

    #[test]
    fn parcels_have_moved_and_never_in_the_future() {
        let began: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let mut day = ShopDay::new(3, Pace::AtOnce, began).unwrap();
        while day.next_until(0).is_some() {}
        for order in day.buyers.iter().flat_map(|b| &b.orders) {
            assert_eq!(
                order.tracking.is_empty(),
                order.shipped.is_none(),
                "{:?}",
                order.status
            );
            assert!(
                order
                    .tracking
                    .iter()
                    .all(|e| e.at < began + jiff::SignedDuration::from_mins(30))
            );
            assert!(order.id.parse::<u64>().unwrap() > 1 << 53);
        }
    }
}
