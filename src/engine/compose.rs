//! From an intent to a reply in the outbox: template → slots → draft → check → hold.
//!
//! The same way for a key press, a script and (later) automation. The one rule: nothing enters the outbox that did not pass
//! [`Engine::queue_reply`].

use super::gate::{only_while, speak};
use super::inverse::Inverse;
use super::{Engine, Usage, orders};
use crate::domain::{
    Conversation, Draft, Intent, Message, Origin, OutboxState, Outgoing, OutgoingId,
};
use crate::store::OutboxFilter;
use crate::template::{
    FillError, Filled, Label, SlotProblem, Slots, Template, fill, fill_variant, slot_text,
};
use crate::text::{SafeText, sanitise};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// What a person says about a template besides its name.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Another language than the buyer's.
    pub lang: Option<String>,
    /// Which order is meant.
    pub order: Option<String>,
    /// Values for slots, by name (`ask.link`). They win over what the program knows.
    pub slots: BTreeMap<String, String>,
    /// A certain variant of the language, from 0, and no other one in its place; else they rotate.
    pub variant: Option<usize>,
}

/// A template, filled and kept as the conversation's draft.
#[derive(Debug)]
pub struct Staged {
    pub template: String,
    pub filled: Filled,
    /// The language that was wanted, where the template does not have it.
    pub lacks_lang: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    #[error("template `{template}` needs {}", .gaps.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Blocked { template: String, gaps: Vec<Gap> },
    #[error(
        "template `{template}` does not speak {}: it has {}; choose one with --lang, or write with --text",
        sanitise(.lang),
        .has.join(", ")
    )]
    NoLanguage {
        template: String,
        lang: String,
        has: Vec<String>,
    },
    #[error("{0}")]
    Refused(String),
}

/// A slot that blocks, in words, and what to do about it.
#[derive(Debug)]
pub struct Gap {
    pub problem: SlotProblem,
    pub label: Option<Label>,
    pub advice: Option<String>,
    /// The buyer has several orders and none is chosen: that choice would fill it.
    pub order: bool,
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let slot = &self.problem.slot;
        write!(f, "{slot}")?;
        if let Some(label) = &self.label {
            write!(f, " ({})", label.en)?;
        }
        write!(f, ", which {}: ", self.problem.problem)?;
        match &self.advice {
            Some(advice) => write!(f, "{advice}"),
            None if slot == "ask.agent" => {
                write!(
                    f,
                    "give it with --set {slot}=…, or set agent under [desk] in the configuration file"
                )
            }
            None => write!(f, "give it with --set {slot}=…"),
        }
    }
}

impl Engine {
    /// Fills a template (by key, or by its number for the conversation's intent) and keeps it as the draft.
    ///
    /// # Errors
    /// [`ComposeError::Blocked`] with every slot that is missing, empty or stale; an unknown template with the nearest name.
    pub async fn stage(
        &self,
        c: &Conversation,
        name: &str,
        wishes: &Wishes,
        now: Timestamp,
    ) -> anyhow::Result<Staged> {
        let messages = self.store.messages(&c.id).await?;
        let lead = self.store.lead(&c.id).await?;
        let template = self
            .templates
            .find(name, lead.intent)
            .ok_or_else(|| self.no_template(name, lead.intent))?;
        self.channel_of(c).await?;
        let lang = speak(template, wishes.lang.as_deref(), lead.lang.as_deref())?;
        let (mut slots, context) = self.slots(c, &messages, wishes, now).await?;
        only_while(template, &context)?;
        if lead
            .intent
            .is_some_and(|i| ["presale", "price"].contains(&i.parent()))
        {
            // Who asks about a product has not ordered it: an older order says nothing of it.
            slots.forget("product", &wishes.slots);
        }
        let filled = if let Some(variant) = wishes.variant {
            fill_variant(template, &lang, &slots, variant, now)
        } else {
            let used = self.times_used(c, &template.key).await?;
            fill(template, &lang, &slots, used, now)
        };
        let filled = filled.map_err(|e| self.explain(template, e, &context))?;
        self.remember_written_draft(c, now).await?;
        self.store
            .put_draft(&Draft {
                conversation_id: c.id.clone(),
                text: filled.text.as_str().into(),
                template: Some(template.key.clone()),
                lang: Some(filled.lang.clone()),
                slots: wishes.slots.clone(),
                updated_at: now,
            })
            .await?;
        let lacks_lang = (filled.lang != lang).then_some(lang);
        Ok(Staged {
            template: template.key.clone(),
            filled,
            lacks_lang,
        })
    }

    /// A draft that a person wrote is about to be replaced: `undo` brings it back.
    async fn remember_written_draft(&self, c: &Conversation, now: Timestamp) -> anyhow::Result<()> {
        let written = self.store.draft(&c.id).await?;
        let Some(written) = written.filter(|draft| draft.template.is_none()) else {
            return Ok(());
        };
        let text = written.text.expose().to_owned();
        self.remember("stage", Some(&c.id), &Inverse::Draft { text }, now)
            .await
    }

    /// How often this buyer was sent the template: its variants rotate.
    async fn times_used(&self, c: &Conversation, template: &str) -> anyhow::Result<usize> {
        let filter = OutboxFilter {
            conversation: Some(c.id.clone()),
            ..OutboxFilter::default()
        };
        let sent = self.store.outbox(&filter).await?;
        let counts = |o: &&Outgoing| {
            o.template.as_deref() == Some(template) && o.state != OutboxState::Cancelled
        };
        Ok(sent.iter().filter(counts).count())
    }

    /// Keeps a text as the conversation's draft.
    pub async fn keep_draft(
        &self,
        c: &Conversation,
        text: &str,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let draft = Draft {
            conversation_id: c.id.clone(),
            text: text.into(),
            template: None,
            lang: None,
            slots: BTreeMap::new(),
            updated_at: now,
        };
        Ok(self.store.put_draft(&draft).await?)
    }

    fn no_template(&self, name: &str, intent: Option<Intent>) -> Usage {
        let shown = sanitise(name);
        if name.parse::<usize>().is_err() {
            let nearest = self.templates.nearest(name).unwrap_or_default();
            return Usage(format!(
                "there is no template `{shown}`; did you mean `{nearest}`?"
            ));
        }
        let Some(intent) = intent else {
            let what = "name a template by its key, or run `sextant sync --once`";
            return Usage(format!(
                "the conversation has no intent yet, so no template {shown}: {what}"
            ));
        };
        let has: Vec<String> = self
            .templates
            .of(intent)
            .map(|(n, t)| format!("{n} {}", t.key))
            .collect();
        let has = if has.is_empty() {
            "none".to_owned()
        } else {
            has.join(", ")
        };
        Usage(format!("{intent} has no template {shown}; it has {has}"))
    }

    async fn slots(
        &self,
        c: &Conversation,
        messages: &[Message],
        wishes: &Wishes,
        now: Timestamp,
    ) -> anyhow::Result<(Slots, orders::OrderContext)> {
        let mut slots = Slots::default();
        slots.set("buyer", slot_text(&c.buyer_name.safe()));
        let account = self.store.account(&c.account_id).await?;
        slots.set("shop", slot_text(&account.name.safe()));
        if let Some(agent) = &self.settings.agent {
            slots.set("ask.agent", slot_text(&sanitise(agent)));
        }
        let context = self
            .order_context(c, messages, wishes.order.as_deref(), now)
            .await?;
        if let Some(order) = &context.chosen {
            orders::fill_slots(&mut slots, order);
            if let Some(item) = &order.item {
                slots.set("product", slot_text(&item.safe()));
            }
        }
        for (name, value) in &wishes.slots {
            if !self.templates.has_slot(name) {
                let nearest = self.templates.nearest_slot(name).unwrap_or_default();
                let name = sanitise(name);
                return Err(Usage(format!(
                    "there is no slot `{name}`; did you mean `{nearest}`?"
                ))
                .into());
            }
            slots.set(name, slot_text(&sanitise(value)));
        }
        Ok((slots, context))
    }

    fn explain(
        &self,
        template: &Template,
        error: FillError,
        context: &orders::OrderContext,
    ) -> anyhow::Error {
        let FillError::Blocked(problems) = error else {
            return error.into();
        };
        let gaps = problems
            .into_iter()
            .map(|problem| {
                let of_order = problem.slot.starts_with("order.");
                Gap {
                    label: self.templates.label(&problem.slot).cloned(),
                    advice: of_order.then(|| order_advice(context)).flatten(),
                    order: of_order && context.chosen.is_none() && !context.orders.is_empty(),
                    problem,
                }
            })
            .collect();
        ComposeError::Blocked {
            template: template.key.clone(),
            gaps,
        }
        .into()
    }

    /// Checks a reply and puts it in the outbox, where it is held. The draft of the conversation is used up.
    ///
    /// # Errors
    /// [`ComposeError::Refused`] with the reason and what to do instead.
    pub async fn queue_reply(
        &self,
        c: &Conversation,
        text: &str,
        template: Option<(&str, &str)>,
        origin: Origin,
        hold: SignedDuration,
        now: Timestamp,
    ) -> anyhow::Result<Outgoing> {
        let text = self.check(c, text, template.is_none()).await?;
        if let Some((key, _)) = template {
            self.still_true(c, key, now).await?;
        }
        let outgoing = Outgoing {
            id: OutgoingId::fresh(),
            conversation_id: c.id.clone(),
            account_id: c.account_id.clone(),
            conversation_remote_id: c.remote_id.clone(),
            text: text.as_str().into(),
            origin,
            template: template.map(|(key, _)| key.to_owned()),
            lang: template.map(|(_, lang)| lang.to_owned()),
            state: OutboxState::Held,
            send_at: now.checked_add(hold)?,
            attempts: 0,
            platform_id: None,
            error: None,
            created_at: now,
            claimed_at: None,
        };
        let inverse = Inverse::Recall {
            outgoing: outgoing.id.as_str().to_owned(),
        };
        self.remember("reply", Some(&c.id), &inverse, now).await?;
        self.use_up_draft(c, &text, now).await?;
        self.store.enqueue(&outgoing).await?;
        Ok(outgoing)
    }

    /// Queueing a text removes the draft of the same text. The check may have trimmed it, so the draft follows.
    async fn use_up_draft(
        &self,
        c: &Conversation,
        text: &SafeText,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let Some(draft) = self.store.draft(&c.id).await? else {
            return Ok(());
        };
        let raw = draft.text.expose();
        if raw != text.as_str() && sanitise(raw.trim()).as_str() == text.as_str() {
            let text = text.as_str().into();
            let draft = Draft {
                text,
                updated_at: now,
                ..draft
            };
            self.store.put_draft(&draft).await?;
        }
        Ok(())
    }

    /// Takes a held reply back; the store makes its text the draft again.
    ///
    /// # Errors
    /// A reply that has left already, or that never got into the outbox.
    pub(super) async fn recall(&self, id: &OutgoingId, now: Timestamp) -> anyhow::Result<()> {
        if self.store.cancel(id, now).await? {
            return Ok(());
        }
        // What a dead sender had claimed is not on its way any more.
        self.recover(now).await?;
        let state = self.store.outgoing(id).await?.state;
        let advice = match state {
            OutboxState::Unknown => "; look at the platform, then run `sextant resolve`",
            _ => "",
        };
        Err(Usage(format!(
            "the reply cannot be taken back any more: it is {state}{advice}"
        ))
        .into())
    }
}

fn order_advice(context: &orders::OrderContext) -> Option<String> {
    if let Some(why) = &context.failed {
        return Some(format!(
            "the platform could not be asked ({why}); try again, or use the template that asks for the order number"
        ));
    }
    match (context.chosen.is_some(), context.orders.len()) {
        (true, _) => Some("the platform does not say; use another template".to_owned()),
        (false, 0) => Some(
            "no order of this buyer was found; use the template that asks for the order number"
                .to_owned(),
        ),
        (false, _) => {
            let ids: Vec<String> = context
                .orders
                .iter()
                .map(|o| o.remote_id.to_string())
                .collect();
            Some(format!(
                "the buyer has several orders; say which with --order ({})",
                ids.join(", ")
            ))
        }
    }
}
