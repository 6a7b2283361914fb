//! What the platform knows: conversations, messages, orders, tokens, and the oracle for tests.
//!
//! The world moves when it is looked at: [`World::advance`] plays everything of the script that is due. So
//! it needs no task and no timer, and is the same for the same clock. May use: the shop day, jiff. The one rule:
//! nothing here knows about HTTP.

use super::auth::Tokens;
use crate::sandbox::faults::{Fault, FaultBoard};
use crate::sandbox::shop_day::{Dice, Event, Pace, ShopDay, What};
use crate::sandbox::{Sent, Stats, Truth};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Who wrote a message, as the platform names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Buyer,
    Shop,
    CustomerService,
    System,
    Robot,
}

impl Role {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "BUYER",
            Self::Shop => "SHOP",
            Self::CustomerService => "CUSTOMER_SERVICE",
            Self::System => "SYSTEM",
            Self::Robot => "ROBOT",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    /// Sortable as a string; larger is newer, with gaps.
    pub index: String,
    pub at: Timestamp,
    pub kind: &'static str,
    pub role: Role,
    /// Serialised into a string on the wire.
    pub content: Value,
    pub visible: bool,
}

#[derive(Clone, Debug)]
pub struct Conversation {
    pub id: String,
    pub buyer: usize,
    pub created: Timestamp,
    pub messages: Vec<Message>,
    pub unread: u32,
    pub agent: bool,
    /// Larger is more recently changed; the order of the list.
    pub moved: u64,
    /// How many replies of the shop it has had.
    pub replies: u32,
}

/// The fixed facts of the one shop.
#[derive(Clone, Debug)]
pub struct Shop {
    pub name: &'static str,
    pub id: String,
    pub cipher: String,
    pub im_user_id: String,
    pub app_key: String,
    pub app_secret: String,
    pub service_id: String,
}

#[derive(Debug)]
pub struct World {
    pub shop: Shop,
    pub began: Timestamp,
    pub tokens: Tokens,
    pub day: ShopDay,
    pub conversations: Vec<Conversation>,
    pub by_id: HashMap<String, usize>,
    by_buyer: HashMap<usize, usize>,
    pub stats: Stats,
    pub truth: BTreeMap<String, Truth>,
    seed: u64,
    pace: Pace,
    ids: Dice,
    counter: u64,
    reactions: Vec<Event>,
}

impl World {
    pub fn new(seed: u64, pace: Pace, began: Timestamp) -> Result<Self, String> {
        let mut dice = Dice::new(seed, 2);
        let shop = Shop {
            name: "Lumen Home",
            id: dice.id(749),
            cipher: format!("GCP_{:x}AAAA{:x}", dice.number(), dice.number()),
            im_user_id: dice.id(749),
            app_key: format!("6{:x}", dice.number() >> 20),
            app_secret: format!("{:016x}{:016x}", dice.number(), dice.number()),
            service_id: dice.id(748),
        };
        let mut world = Self {
            shop,
            began,
            tokens: Tokens::new(seed),
            day: ShopDay::new(seed, pace, began)?,
            conversations: Vec::new(),
            by_id: HashMap::new(),
            by_buyer: HashMap::new(),
            stats: Stats::default(),
            truth: BTreeMap::new(),
            seed,
            pace,
            ids: dice,
            counter: 0,
            reactions: Vec::new(),
        };
        world.play_until(0);
        Ok(world)
    }

    /// Plays what is due at `now`.
    pub fn advance(&mut self, now: Timestamp, faults: &FaultBoard) {
        let ms = self.elapsed_ms(now);
        self.play_until(ms);
        if faults.hit(Fault::HugeMessage) {
            self.intrude(
                ms,
                "All work and no play makes a long complaint. ".repeat(23_302),
                "unknown",
            );
        }
        if faults.hit(Fault::NulBytes) {
            self.intrude(
                ms,
                "Where is\0 my order?\0\0".to_owned(),
                "logistics.where_is_order",
            );
        }
    }

    fn elapsed_ms(&self, now: Timestamp) -> i64 {
        i64::try_from(now.duration_since(self.began).as_millis()).unwrap_or(i64::MAX)
    }

    fn play_until(&mut self, ms: i64) {
        loop {
            let soonest = (0..self.reactions.len()).min_by_key(|i| self.reactions[*i].at_ms);
            let due = soonest.filter(|i| self.reactions[*i].at_ms <= ms);
            let scripted = self.day.next_at().filter(|at| *at <= ms);
            let event = match (due, scripted) {
                (Some(i), Some(at)) if self.reactions[i].at_ms < at => {
                    self.reactions.swap_remove(i)
                }
                (Some(i), None) => self.reactions.swap_remove(i),
                (_, Some(_)) => match self.day.next_until(ms) {
                    Some(event) => event,
                    None => return,
                },
                (None, None) => return,
            };
            self.play(event);
        }
    }

    /// A fault's message, from the buyer who wrote first.
    fn intrude(&mut self, ms: i64, text: String, label: &str) {
        let what = What::Says {
            text,
            label: label.to_owned(),
        };
        self.play(Event {
            at_ms: ms,
            buyer: 0,
            what,
        });
    }

    fn play(&mut self, event: Event) {
        let ms = SignedDuration::from_millis(event.at_ms);
        let at = self.began.checked_add(ms).unwrap_or(self.began);
        let conversation = self.conversation_with(event.buyer, at);
        if let What::AgentJoined(_) = event.what {
            self.conversations[conversation].agent = true;
        }
        let visible = event.what != What::Hidden;
        let truth = match &event.what {
            What::Says { text, label } => Some(Truth {
                label: label.clone(),
                lang: self.day.lang(event.buyer).to_owned(),
                text: text.clone(),
            }),
            _ => None,
        };
        let (role, kind, content) = self.on_the_wire(event.what);
        self.post(conversation, at, role, kind, content, visible, truth);
    }

    /// Sender, type and content of what happens (platforms.md 2.6).
    fn on_the_wire(&mut self, what: What) -> (Role, &'static str, Value) {
        use Role::{Buyer, Robot, System};
        match what {
            What::Says { text, .. } => (Buyer, "TEXT", json!({ "content": text })),
            What::Image => (Buyer, "IMAGE", self.picture()),
            What::Video => (Buyer, "VIDEO", self.video()),
            What::Sticker => (
                Buyer,
                "EMOTICONS",
                json!({ "emoticon_id": self.ids.digits(8) }),
            ),
            What::FromProduct(id) => (
                Buyer,
                "BUYER_ENTER_FROM_PRODUCT",
                json!({ "product_id": id }),
            ),
            What::FromOrder(id) => (Buyer, "BUYER_ENTER_FROM_ORDER", json!({ "order_id": id })),
            What::OrderCard(id) => (Buyer, "ORDER_CARD", json!({ "order_id": id })),
            What::ProductCard(id) => (Buyer, "PRODUCT_CARD", json!({ "product_id": id })),
            What::Robot(text) => (Robot, "TEXT", json!({ "content": text })),
            What::System(text) => (System, "NOTIFICATION", json!({ "content": text })),
            What::Hidden => (System, "OTHER", json!({ "content": "rating_prompt" })),
            What::AgentJoined(name) => (
                System,
                "ALLOCATED_SERVICE",
                json!({ "content": format!("{name} joined the chat") }),
            ),
        }
    }

    fn picture(&mut self) -> Value {
        let url = format!("https://img.invalid/{}.jpeg", self.ids.digits(12));
        json!({ "url": url, "width": "1080", "height": "1440" })
    }

    fn video(&mut self) -> Value {
        let vid = format!("v{}", self.ids.digits(16));
        json!({
            "url": format!("https://video.invalid/{vid}.mp4"), "cover": "https://img.invalid/cover.jpeg",
            "width": "720", "height": "1280", "duration": "11.4", "vid": vid, "expire_time": "3600",
            "format": "mp4", "size": "1048576", "bit_rate": "786432", "quality": "normal", "codec_type": "h264",
        })
    }

    /// Adds a message and says which id it got.
    #[allow(
        clippy::too_many_arguments,
        reason = "one row of the platform's table, written in one place"
    )]
    fn post(
        &mut self,
        conversation: usize,
        at: Timestamp,
        role: Role,
        kind: &'static str,
        content: Value,
        visible: bool,
        truth: Option<Truth>,
    ) -> String {
        self.counter += 1;
        let id = self.ids.id(756);
        // Two thirds of the range of an i64, so that it has 19 digits and sorts as text.
        let index = (6_000_000_000_000_000_000 + self.counter * 1_009).to_string();
        let moved = self.counter;
        let talk = &mut self.conversations[conversation];
        talk.messages.push(Message {
            id: id.clone(),
            index,
            at,
            kind,
            role,
            content,
            visible,
        });
        talk.moved = moved;
        if role == Role::Buyer {
            talk.unread += 1;
            self.stats.buyer_messages += 1;
        }
        self.stats.messages += 1;
        if let Some(truth) = truth {
            self.truth.insert(id.clone(), truth);
        }
        id
    }

    /// The conversation with a buyer, made where there is none.
    pub fn conversation_with(&mut self, buyer: usize, at: Timestamp) -> usize {
        if let Some(index) = self.by_buyer.get(&buyer) {
            return *index;
        }
        let id = self.ids.id(749);
        let index = self.conversations.len();
        self.by_id.insert(id.clone(), index);
        self.by_buyer.insert(buyer, index);
        let (messages, agent) = (Vec::new(), false);
        self.conversations.push(Conversation {
            id,
            buyer,
            created: at,
            messages,
            unread: 0,
            agent,
            moved: 0,
            replies: 0,
        });
        self.stats.conversations += 1;
        index
    }

    /// Takes a message of the shop's side; the buyer may react.
    pub fn reply(
        &mut self,
        conversation: usize,
        now: Timestamp,
        role: Role,
        kind: &'static str,
        content: Value,
    ) -> String {
        let text = content
            .get("content")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let id = self.post(conversation, now, role, kind, content, true, None);
        let talk = &mut self.conversations[conversation];
        let conversation_id = talk.id.clone();
        if matches!(role, Role::Shop | Role::CustomerService) {
            talk.replies += 1;
            let stream = 1_000 + talk.buyer as u64 * 64 + u64::from(talk.replies.min(63));
            let mut dice = Dice::new(self.seed, stream);
            if let Some((text, label)) = self.day.reaction(talk.buyer, &mut dice) {
                let at_ms = i64::try_from(now.duration_since(self.began).as_millis()).unwrap_or(0)
                    + self.pace.reaction_ms(dice.between(0, 99));
                let what = What::Says { text, label };
                self.reactions.push(Event {
                    at_ms,
                    buyer: talk.buyer,
                    what,
                });
            }
        }
        self.stats.sent.push(Sent {
            message_id: id.clone(),
            conversation_id,
            text,
            sender_role: role.as_str().to_owned(),
        });
        id
    }

    /// The conversations that have messages, the most recently changed first.
    pub fn newest_first(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.conversations.len())
            .filter(|i| !self.conversations[*i].messages.is_empty())
            .collect();
        order.sort_by_key(|i| std::cmp::Reverse(self.conversations[*i].moved));
        order
    }

    /// Puts a conversation on top of the list without a new message (`moved_item`).
    pub fn bump(&mut self, conversation: usize) {
        self.counter += 1;
        self.conversations[conversation].moved = self.counter;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(pace: Pace) -> World {
        World::new(1, pace, "2026-11-22T08:00:00Z".parse().unwrap()).unwrap()
    }

    fn later(world: &World, seconds: i64) -> Timestamp {
        world.began + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn half_a_minute_of_demo_brings_the_backlog_the_burst_and_about_500_texts() {
        let mut world = world(Pace::Demo);
        let faults = FaultBoard::default();
        assert!(
            (150..175).contains(&world.truth.len()),
            "{}",
            world.truth.len()
        );
        world.advance(later(&world, 10), &faults);
        assert!(
            (350..400).contains(&world.truth.len()),
            "{}",
            world.truth.len()
        );
        world.advance(later(&world, 30), &faults);
        assert!(
            (490..560).contains(&world.truth.len()),
            "{}",
            world.truth.len()
        );
        let after = world.truth.len();
        world.advance(later(&world, 630), &faults);
        assert!(world.truth.len() >= after + 290, "the day goes on");
    }

    #[test]
    fn a_day_looked_at_often_is_the_day_looked_at_once() {
        let faults = FaultBoard::default();
        let (mut often, mut once) = (world(Pace::Demo), world(Pace::Demo));
        for second in 0..=40 {
            often.advance(later(&often, second), &faults);
        }
        once.advance(later(&once, 40), &faults);
        assert_eq!(often.truth, once.truth);
        let ids = |w: &World| {
            w.newest_first()
                .iter()
                .map(|i| w.conversations[*i].id.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&often), ids(&once));
    }

    #[test]
    fn a_reaction_takes_its_time() {
        let mut world = world(Pace::Demo);
        let faults = FaultBoard::default();
        let now = later(&world, 60);
        world.advance(now, &faults);
        for conversation in 0..40 {
            let content = json!({ "content": "On its way." });
            world.reply(conversation, now, Role::CustomerService, "TEXT", content);
        }
        let waiting = world.reactions.len();
        assert!((15..40).contains(&waiting), "{waiting}");
        world.advance(now + SignedDuration::from_secs(1), &faults);
        assert_eq!(world.reactions.len(), waiting);
        world.advance(now + SignedDuration::from_secs(7), &faults);
        assert!(world.reactions.is_empty());
    }
}
