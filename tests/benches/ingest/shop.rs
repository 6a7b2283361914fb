//! What a platform delivers, without end and the same at each run.

use jiff::Timestamp;
use sextant::classify::examples;
use sextant::domain::{
    Author, Buyer, Cursor, IncomingConversation, IncomingMessage, MessageKind, RemoteId, Source,
    SourceKind, Surface,
};

/// Messages of a conversation: the third is the shop's.
pub const A_TALK: usize = 5;
/// Conversations of a page.
pub const A_PAGE: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Poll,
    Import,
}

pub type Talk = (IncomingConversation, Vec<IncomingMessage>);

pub struct Shop {
    shape: Shape,
    texts: Vec<String>,
    talks: usize,
}

impl Shop {
    pub fn new(shape: Shape) -> Self {
        let examples = examples::built_in().unwrap();
        let texts = examples
            .iter()
            .map(|example| example.text.as_str().to_owned());
        Self {
            shape,
            texts: texts.collect(),
            talks: 0,
        }
    }

    /// The next conversations, with so many messages in all.
    pub fn next(&mut self, messages: usize) -> Vec<Talk> {
        let first = self.talks;
        self.talks += messages / A_TALK;
        (first..self.talks).map(|n| self.talk(n)).collect()
    }

    fn talk(&self, n: usize) -> Talk {
        let conversation = IncomingConversation {
            remote_id: self.id(n),
            buyer: Buyer {
                name: format!("buyer {n}").into(),
                remote_id: Some(self.id(n)),
            },
            surface: Surface::Direct,
            source: Source {
                kind: SourceKind::Live,
                reference: Some(RemoteId::new("7301234567890123456")),
            },
            product: Some(RemoteId::new("1729381234567890123")),
            can_reply: true,
            version: Cursor(format!("{}", 1_790_000_000_000_usize + n)),
        };
        let messages = (n * A_TALK..(n + 1) * A_TALK).map(|m| self.message(m));
        (conversation, messages.collect())
    }

    fn message(&self, n: usize) -> IncomingMessage {
        let text = &self.texts[n % self.texts.len()];
        IncomingMessage {
            remote_id: self.id(n),
            author: if n % A_TALK == 2 {
                Author::Agent
            } else {
                Author::Customer
            },
            kind: MessageKind::Text,
            text: format!("{text} {n}").into(),
            order_id: None,
            product_id: None,
            sent_at: Timestamp::from_millisecond(1_790_000_000_000 + n as i64 * 100).unwrap(),
            unreadable: None,
        }
    }

    /// A platform counts up; what an import makes from the content has no order.
    fn id(&self, n: usize) -> RemoteId {
        match self.shape {
            Shape::Poll => RemoteId::new(format!(
                "{}",
                7_490_000_000_000_000_000_u64 + n as u64 * 997
            )),
            Shape::Import => {
                let spread = u128::from(n as u64 + 1) * 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
                RemoteId::new(format!("{:032x}", spread % ((1 << 127) - 1)))
            }
        }
    }
}

/// When all of it was fetched.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_791_000_000).unwrap()
}
