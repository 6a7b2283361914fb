//! The acts of the desk, each with its inverse.
//!
//! Every act that can be taken back writes how to take it back, in the same breath. The one rule: `undo` restores what was
//! there, it does not guess.

use super::inverse::{Inverse, StoredClassification, StoredExample, stored_status};
use super::{Engine, Usage};
use crate::classify::Reading;
use crate::domain::{
    Classification, Conversation, ConversationId, Intent, MessageId, Outcome, OutgoingId, Status,
    Verdict,
};
use crate::store::{Example, StoreError, UndoEntry};
use crate::text::RawText;
use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;

/// What was taken back.
#[derive(Debug, Serialize)]
pub struct Undone {
    pub action: String,
    pub conversation: Option<ConversationId>,
}

impl Engine {
    pub async fn done(&self, conversation: &Conversation, now: Timestamp) -> anyhow::Result<()> {
        self.change_status(conversation, Status::Done, "done", now)
            .await
    }

    pub async fn reopen(&self, conversation: &Conversation, now: Timestamp) -> anyhow::Result<()> {
        self.change_status(conversation, Status::Open, "reopen", now)
            .await
    }

    /// # Errors
    /// A time that is not in the future.
    pub async fn snooze(
        &self,
        conversation: &Conversation,
        until: Timestamp,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        if until <= now {
            return Err(Usage(format!("{until} is not in the future")).into());
        }
        self.change_status(conversation, Status::Snoozed { until }, "snooze", now)
            .await
    }

    async fn change_status(
        &self,
        c: &Conversation,
        to: Status,
        action: &str,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let until_ms = if let Status::Snoozed { until } = c.status {
            Some(until.as_millisecond())
        } else {
            None
        };
        let inverse = Inverse::Status {
            status: c.status.as_str().to_owned(),
            until_ms,
        };
        self.remember(action, Some(&c.id), &inverse, now).await?;
        self.store.set_status(&c.id, to).await?;
        self.note(action, &c.id, None, now).await
    }

    /// Says which intent a message has; the example counts from the next prediction on.
    pub async fn relabel(
        &self,
        c: &Conversation,
        message: Option<&str>,
        to: Intent,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        self.teach(c, message, Some(to), "relabel", now).await
    }

    /// Confirms the predicted intent.
    ///
    /// # Errors
    /// A message that has no predicted intent.
    pub async fn confirm(
        &self,
        c: &Conversation,
        message: Option<&str>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        self.teach(c, message, None, "confirm", now).await
    }

    async fn teach(
        &self,
        c: &Conversation,
        message: Option<&str>,
        to: Option<Intent>,
        action: &str,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let message = self.labelled_message(c, message).await?;
        let before = message.classification.clone().ok_or_else(|| {
            Usage(format!(
                "message {} is not classified yet; run `sextant sync --once` first",
                message.id
            ))
        })?;
        let intent = to.or(before.intent).ok_or_else(|| {
            Usage(format!(
                "message {} has no predicted intent; set one with `relabel`",
                message.id
            ))
        })?;
        let verdict = if before.intent == Some(intent) {
            Verdict::Confirmed
        } else {
            Verdict::Corrected
        };
        // What has no words has no vector, so there is nothing to learn from; the label itself still counts.
        let learnt = (before.outcome != Outcome::NonText).then(|| {
            desk_example(
                &message.text,
                &before.lang,
                intent,
                Some(message.id.clone()),
                now,
            )
        });
        let replaced = self.examples_of(&message.id).await?;
        let inverse = Inverse::Label {
            example: learnt.as_ref().map(|e| e.id.clone()),
            replaced: replaced.iter().map(StoredExample::from).collect(),
            message: message.id.as_str().to_owned(),
            before: Box::new(StoredClassification::from(&before)),
        };
        self.remember(action, Some(&c.id), &inverse, now).await?;
        for old in &replaced {
            self.store.remove_example(&old.id).await?;
        }
        if let Some(example) = &learnt {
            self.store.add_example(example).await?;
        }
        let after = Classification {
            outcome: Outcome::Intent,
            intent: Some(intent),
            risk: intent.risk(),
            confidence: 1.0,
            verdict: Some(verdict),
            ..before
        };
        self.store
            .set_predictions(&[(message.id.clone(), after)], now)
            .await?;
        self.note(action, &c.id, Some(intent.key()), now).await
    }

    /// What was learnt from a message before: a message teaches one thing.
    async fn examples_of(&self, message: &MessageId) -> anyhow::Result<Vec<Example>> {
        let mut examples = self.store.examples().await?;
        examples.retain(|e| e.message_id.as_ref() == Some(message));
        Ok(examples)
    }

    /// The message that is meant: the named one, else the newest of the buyer.
    async fn labelled_message(
        &self,
        c: &Conversation,
        name: Option<&str>,
    ) -> anyhow::Result<crate::domain::Message> {
        let messages = self.store.messages(&c.id).await?;
        let mut from_buyer = messages
            .into_iter()
            .filter(|m| m.author == crate::domain::Author::Customer);
        match name {
            Some(name) => from_buyer.find(|m| m.id.as_str().ends_with(name)),
            None => from_buyer.next_back(),
        }
        .ok_or_else(|| {
            Usage(format!(
                "conversation {} has no such message of the buyer",
                c.id
            ))
            .into()
        })
    }

    pub(super) async fn remember(
        &self,
        action: &str,
        conversation: Option<&ConversationId>,
        inverse: &Inverse,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let json = serde_json::to_value(inverse).context("an act could not be written down")?;
        self.store
            .push_undo(action, conversation, &json, now)
            .await?;
        Ok(())
    }

    /// Takes back the last act, of one conversation where it is named.
    ///
    /// # Errors
    /// Nothing to take back; a reply that has already left.
    pub async fn undo(
        &self,
        conversation: Option<&ConversationId>,
        now: Timestamp,
    ) -> anyhow::Result<Undone> {
        let entry = self
            .store
            .last_undo(conversation)
            .await?
            .ok_or_else(|| Usage("there is nothing to undo".to_owned()))?;
        self.take_back(entry, now).await
    }

    /// Takes back a held reply where one is named, else the last act that can still be taken back: a reply that has left is
    /// passed over.
    ///
    /// # Errors
    /// Nothing to take back; the named reply has left already.
    pub async fn undo_or_recall(
        &self,
        reply: Option<&OutgoingId>,
        now: Timestamp,
    ) -> anyhow::Result<Undone> {
        if let Some(id) = reply {
            let of = self.store.outgoing(id).await?.conversation_id;
            for entry in self.store.open_undos(&of).await? {
                if recalls(&entry).is_some_and(|recalled| recalled == *id) {
                    return self.take_back(entry, now).await;
                }
            }
        }
        loop {
            let entry = self.store.last_undo(None).await?;
            let entry = entry.ok_or_else(|| Usage("there is nothing to undo".to_owned()))?;
            match recalls(&entry) {
                Some(id) if self.is_out_of_reach(&id).await => {
                    self.store.mark_undone(&entry.id, now).await?;
                }
                _ => return self.take_back(entry, now).await,
            }
        }
    }

    async fn take_back(&self, entry: UndoEntry, now: Timestamp) -> anyhow::Result<Undone> {
        let inverse: Inverse =
            serde_json::from_value(entry.inverse).context("the undo log is damaged")?;
        match inverse {
            Inverse::Status { status, until_ms } => {
                let of = entry
                    .conversation_id
                    .as_ref()
                    .context("the undo log is damaged")?;
                self.store
                    .set_status(of, stored_status(&status, until_ms)?)
                    .await?;
            }
            Inverse::Label {
                example,
                replaced,
                message,
                before,
            } => {
                let message = MessageId::from_stored(message);
                if let Some(id) = example {
                    self.store.remove_example(&id).await?;
                }
                self.bring_back(&message, entry.conversation_id.as_ref(), replaced)
                    .await?;
                let before = before.into_domain()?;
                self.store
                    .restore_prediction(&message, Some(&before), now)
                    .await?;
            }
            Inverse::Recall { outgoing } => {
                let id = OutgoingId::from_stored(outgoing);
                if let Err(why) = self.recall(&id, now).await {
                    if self.is_out_of_reach(&id).await {
                        // The entry is spent, so that the act before it can be reached.
                        self.store.mark_undone(&entry.id, now).await?;
                    }
                    return Err(why);
                }
            }
            Inverse::Draft { text } => {
                let of = entry
                    .conversation_id
                    .as_ref()
                    .context("the undo log is damaged")?;
                let c = self.store.conversation(of).await?;
                self.keep_draft(&c, &text, now).await?;
            }
        }
        if !self.store.mark_undone(&entry.id, now).await? {
            return Err(Usage(format!(
                "somebody else took `{}` back at the same moment",
                entry.action
            ))
            .into());
        }
        if let Some(of) = &entry.conversation_id {
            self.note("undo", of, Some(&entry.action), now).await?;
        }
        Ok(Undone {
            action: entry.action,
            conversation: entry.conversation_id,
        })
    }

    /// Whether a reply can never be recalled again: it has left, or never got into the outbox. A database in trouble says
    /// neither.
    async fn is_out_of_reach(&self, id: &OutgoingId) -> bool {
        match self.store.outgoing(id).await {
            Ok(reply) => reply.state.is_settled(),
            Err(error) => matches!(error, StoreError::NotFound { .. }),
        }
    }

    /// Learns again what a message had taught before it was labelled anew.
    async fn bring_back(
        &self,
        message: &MessageId,
        conversation: Option<&ConversationId>,
        replaced: Vec<StoredExample>,
    ) -> anyhow::Result<()> {
        let Some(conversation) = conversation.filter(|_| !replaced.is_empty()) else {
            return Ok(());
        };
        let messages = self.store.messages(conversation).await?;
        let of = messages
            .iter()
            .find(|m| m.id == *message)
            .context("the message is gone")?;
        for old in replaced {
            let intent = Intent::from_key(&old.intent)
                .with_context(|| format!("no intent `{}`", old.intent))?;
            let at = Timestamp::from_millisecond(old.at_ms)?;
            let example = desk_example(&of.text, &old.lang, intent, Some(message.clone()), at);
            self.store
                .add_example(&Example {
                    id: old.id,
                    ..example
                })
                .await?;
        }
        Ok(())
    }
}

/// The reply that an entry recalls, if it is about one.
fn recalls(entry: &UndoEntry) -> Option<OutgoingId> {
    match serde_json::from_value(entry.inverse.clone()) {
        Ok(Inverse::Recall { outgoing }) => Some(OutgoingId::from_stored(outgoing)),
        _ => None,
    }
}

/// A text that a person labelled, as the store keeps it.
pub(super) fn desk_example(
    text: &RawText,
    lang: &str,
    intent: Intent,
    of: Option<MessageId>,
    at: Timestamp,
) -> Example {
    Example {
        id: MessageId::fresh().as_str().to_owned(),
        text: text.clone(),
        text_key: Reading::to_embed(&text.safe()).key,
        lang: lang.to_owned(),
        intent,
        message_id: of,
        at,
    }
}
