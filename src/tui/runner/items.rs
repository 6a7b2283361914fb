//! From the engine's values to what a view may show.
//!
//! The one rule: whatever a stranger wrote is made safe here, once, and a line that must be one line is one.

use crate::domain::{Message, MessageKind, Order, RemoteId, Risk};
use crate::engine::compose::{ComposeError, Gap as Blocking, Staged as Filled};
use crate::engine::run::Health;
use crate::engine::screen::{Bar, HeldReply, Near, Progress, Row, Talk, Why};
use crate::template::Templates;
use crate::text::{RawText, SafeText, sanitise};
use crate::tui::msg::{NotStaged, Staged};
use crate::tui::state::{
    ChannelState, Draft, Gap, Held, MessageItem, ModelState, OrderItem, QueueItem, Reason, Reasons,
    RowItem, TemplateItem, Thread, Variant,
};
use std::collections::HashMap;

/// Columns of a line in the list; a window is hardly wider.
const PREVIEW: usize = 200;
/// Columns of a name.
const NAME: usize = 80;

pub fn queue(bar: Bar) -> QueueItem {
    QueueItem {
        queue: bar.queue,
        count: bar.count,
        critical: bar.critical,
        oldest: bar.oldest,
    }
}

pub fn row(row: Row) -> RowItem {
    let preview = row.preview.safe().one_line(PREVIEW);
    let conversation = row.conversation;
    RowItem {
        buyer: name(&conversation.buyer_name),
        channel: conversation.channel,
        preview: match row.lead_kind {
            Some(kind) if kind != MessageKind::Text || preview.is_empty() => {
                placeholder(kind, &preview)
            }
            _ => preview,
        },
        outcome: row.outcome,
        intent: row.intent,
        confidence: row.confidence,
        risk: row.risk.unwrap_or(Risk::Normal),
        lang: row.lang,
        due_at: row.due_at,
        since: conversation
            .waiting_since
            .unwrap_or(conversation.last_message_at),
        waits: conversation.waiting_since.is_some(),
        status: conversation.status,
        outbox: row.outbox,
        error: row.outbox_error.as_ref().map(line),
        id: conversation.id,
    }
}

/// What is no text is named; the platform's own description of it, if there is one, follows.
fn placeholder(kind: MessageKind, said: &SafeText) -> SafeText {
    let text = if said.is_empty() {
        format!("[{kind}]")
    } else {
        format!("[{kind}] {said}")
    };
    sanitise(&text).one_line(PREVIEW)
}

fn line(text: &RawText) -> SafeText {
    text.safe().one_line(PREVIEW)
}

fn name(text: &RawText) -> SafeText {
    text.safe().one_line(NAME)
}

pub fn thread(talk: Talk, templates: &Templates) -> Thread {
    let conversation = talk.conversation;
    let errors = talk.errors;
    let chosen = talk.chosen;
    let intent = talk.lead.intent;
    let templates = intent.into_iter().flat_map(|intent| templates.of(intent));
    Thread {
        buyer: name(&conversation.buyer_name),
        channel: conversation.channel,
        shop: name(&talk.shop),
        status: conversation.status,
        can_reply: conversation.can_reply,
        max_chars: talk.max_chars,
        messages: talk
            .messages
            .into_iter()
            .map(|message| item(message, &errors))
            .collect(),
        older: talk.older,
        lead: talk.lead.message,
        intent,
        lang: talk.lead.lang,
        orders: talk
            .orders
            .iter()
            .map(|order| order_item(order, chosen.as_ref()))
            .collect(),
        templates: templates
            .map(|(number, template)| TemplateItem {
                number,
                key: template.key.clone(),
                name: template.name.clone(),
                variants: template
                    .text
                    .iter()
                    .map(|(lang, variants)| (lang.clone(), variants.len()))
                    .collect(),
            })
            .collect(),
        draft: talk.draft.map(|draft| Draft {
            text: draft.text.safe(),
            from: draft.template.zip(draft.lang),
        }),
        id: conversation.id,
    }
}

fn item(message: Message, errors: &HashMap<crate::domain::MessageId, RawText>) -> MessageItem {
    MessageItem {
        author: message.author,
        kind: message.kind,
        text: message.text.safe(),
        original: message.text.escaped(),
        sent_at: message.sent_at,
        classification: message.classification,
        state: message.state,
        error: errors.get(&message.id).map(line),
        id: message.id,
    }
}

fn order_item(order: &Order, chosen: Option<&RemoteId>) -> OrderItem {
    let parcel = &order.parcel;
    OrderItem {
        id: sanitise(order.remote_id.as_str()).one_line(NAME),
        item: order.item.as_ref().map(line),
        total: order.total.as_ref().map(name),
        status: order.status,
        carrier: parcel.carrier.as_ref().map(name),
        tracking: parcel.tracking_number.as_ref().map(name),
        last_event: parcel.last_event.as_ref().map(line),
        last_event_at: parcel.last_event_at,
        fetched_at: order.fetched_at,
        chosen: chosen == Some(&order.remote_id),
    }
}

pub fn reasons(why: Why) -> Reasons {
    let near = |n: Near| (n.text, n.lang, n.similarity, n.by_person);
    Reasons {
        message: why.message,
        outcome: why.outcome,
        lang: why.lang,
        reasons: why
            .reasons
            .into_iter()
            .map(|(intent, score, examples)| Reason {
                intent,
                score,
                near: examples.into_iter().map(near).collect(),
            })
            .collect(),
    }
}

pub fn held(reply: HeldReply) -> Held {
    Held {
        id: reply.id,
        conversation: reply.conversation_id,
        buyer: name(&reply.buyer_name),
        send_at: reply.send_at,
    }
}

pub fn staged(filled: Filled, number: Option<usize>) -> Staged {
    Staged {
        text: filled.filled.text,
        variant: Variant {
            template: filled.template,
            number,
            lang: filled.filled.lang,
            place: filled.filled.variant,
        },
        lacks_lang: filled.lacks_lang,
    }
}

pub fn not_staged(error: anyhow::Error) -> NotStaged {
    match error.downcast::<ComposeError>() {
        Ok(ComposeError::Blocked { template, gaps }) => NotStaged::Blocked {
            template,
            gaps: gaps.into_iter().map(gap).collect(),
        },
        Ok(ComposeError::NoLanguage {
            template,
            lang,
            has,
        }) => NotStaged::NoLanguage {
            template,
            lang,
            has,
        },
        Ok(refused) => NotStaged::Refused(super::sentence(&refused.into())),
        Err(error) => NotStaged::Refused(super::sentence(&error)),
    }
}

fn gap(gap: Blocking) -> Gap {
    Gap {
        slot: gap.problem.slot,
        label: gap.label,
        advice: gap.advice.map(|advice| sanitise(&advice).one_line(PREVIEW)),
        order: gap.order,
    }
}

pub fn channel(health: Option<Health>) -> ChannelState {
    let said = |why: String| sanitise(&why).one_line(PREVIEW);
    match health {
        None => ChannelState::Waiting,
        Some(Health::Ok { at }) => ChannelState::Ok { at },
        Some(Health::NotPermitted(why)) => ChannelState::NotPermitted(said(why)),
        Some(Health::Unauthorized(why)) => ChannelState::Unauthorized(said(why)),
        Some(Health::Trouble(why)) => ChannelState::Trouble(said(why)),
    }
}

pub fn model(progress: Progress) -> ModelState {
    match progress {
        Progress::Loading { phase, done, total } => ModelState::Loading {
            phase: sanitise(&phase).one_line(PREVIEW),
            done,
            total,
        },
        Progress::Learning(done, of) => ModelState::Learning(done, of),
        Progress::Ready(model) => ModelState::Ready(model),
        Progress::Failed(why) => ModelState::Failed(sanitise(&why)),
        Progress::Stopped => ModelState::Stopped,
    }
}
