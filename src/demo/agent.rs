//! A scripted agent: takes what is most urgent, stages template 1, sends it, and now and then takes one back.

use crate::domain::{Conversation, ConversationId, Origin};
use crate::engine::Engine;
use crate::engine::compose::{ComposeError, Wishes};
use crate::store::Filter;
use jiff::Timestamp;
use std::collections::HashSet;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two replies: a quick person.
const PACE: Duration = Duration::from_millis(600);
/// One reply in so many is taken back while it is held.
const RECALL_EVERY: usize = 6;

/// What a person at the desk knows and the program does not.
const KNOWN: [(&str, &str); 10] = [
    ("ask.link", "basket no. 3 below the video"),
    ("ask.price", "19.90"),
    ("ask.size", "M"),
    ("ask.answer", "yes, it does"),
    ("ask.restock_date", "next Tuesday"),
    ("ask.shipping_time", "7–12 days"),
    ("ask.shipping_fee", "2.90"),
    ("ask.payment_methods", "card, PayPal, cash on delivery"),
    ("ask.offer", "5 % off two or more"),
    ("ask.agent", "Mei"),
];

pub struct Agent {
    engine: Engine,
    stop: CancellationToken,
    answered: HashSet<ConversationId>,
    replies: usize,
}

impl Agent {
    pub fn new(engine: Engine, stop: CancellationToken) -> Self {
        Self {
            engine,
            stop,
            answered: HashSet::new(),
            replies: 0,
        }
    }

    pub async fn work(mut self) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                () = tokio::time::sleep(PACE) => {}
                () = self.stop.cancelled() => return Ok(()),
            }
            self.next().await?;
        }
    }

    /// The most urgent conversation that was not answered yet and that one of its templates fits.
    async fn next(&mut self) -> anyhow::Result<()> {
        let rows = self
            .engine
            .store
            .list(
                &Filter {
                    limit: 60,
                    ..Filter::default()
                },
                Timestamp::now(),
            )
            .await?;
        for row in rows {
            let c = row.conversation;
            let Some(intent) = row
                .intent
                .filter(|_| c.can_reply && self.answered.insert(c.id.clone()))
            else {
                continue;
            };
            let templates = self.engine.templates.of(intent).count();
            if templates == 0 {
                self.engine.done(&c, Timestamp::now()).await?;
                return Ok(());
            }
            for number in 1..=templates {
                if self.answer(&c, &number.to_string()).await? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// False where the reply is refused: a slot blocks that only the order could fill, a buyer that cannot be written to.
    async fn answer(&mut self, c: &Conversation, number: &str) -> anyhow::Result<bool> {
        match self.reply(c, number).await {
            Ok(()) => {}
            Err(error) if error.is::<ComposeError>() => return Ok(false),
            Err(error) => return Err(error),
        }
        self.replies += 1;
        if self.replies.is_multiple_of(RECALL_EVERY) {
            self.engine.undo(Some(&c.id), Timestamp::now()).await?;
        }
        Ok(true)
    }

    async fn reply(&self, c: &Conversation, number: &str) -> anyhow::Result<()> {
        let slots = KNOWN
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let mut wishes = Wishes {
            slots,
            ..Wishes::default()
        };
        let stage = async |w: &Wishes| self.engine.stage(c, number, w, Timestamp::now()).await;
        let staged = if let Ok(staged) = stage(&wishes).await {
            staged
        } else {
            // What the template does not say in the buyer's language this agent says in English.
            wishes.lang = Some("en".to_owned());
            stage(&wishes).await?
        };
        let from = (staged.template.as_str(), staged.filled.lang.as_str());
        let (text, hold) = (&staged.filled.text, self.engine.settings.hold);
        self.engine
            .queue_reply(c, text, Some(from), Origin::Person, hold, Timestamp::now())
            .await?;
        Ok(())
    }
}
