//! `sextant show`: one conversation, and what can be done with it.

use super::context::Context;
use super::{Ended, out};
use crate::classify::Reading;
use crate::domain::{Author, Intent, Message, MessageId, Neighbour, Order, Outgoing, RemoteId};
use crate::store::{OutboxFilter, Store};
use crate::text::{RawText, SafeText};
use serde_json::{Value, json};
use std::collections::HashMap;

pub async fn show(context: &Context, id: &str, why: bool, as_json: bool) -> anyhow::Result<Ended> {
    let engine = context.engine().await?;
    let c = engine.conversation(id).await?;
    let store = &engine.store;
    let (messages, orders) = (store.messages(&c.id).await?, store.orders(&c.id).await?);
    let (draft, events) = (store.draft(&c.id).await?, store.events(&c.id).await?);
    let of_this = OutboxFilter {
        conversation: Some(c.id.clone()),
        ..OutboxFilter::default()
    };
    let outbox = store.outbox(&of_this).await?;
    let intent = store.lead(&c.id).await?.intent;
    let templates: Vec<_> = intent
        .into_iter()
        .flat_map(|i| engine.templates.of(i))
        .collect();
    let reasons = if why {
        reasons(context, store, &messages).await?
    } else {
        HashMap::new()
    };
    if as_json {
        let drafts: Vec<Value> = draft
            .iter()
            .map(|d| json!({ "text": d.text.safe(), "template": d.template, "lang": d.lang, "updated_at": d.updated_at.to_string() }))
            .collect();
        let events: Vec<Value> = events
            .iter()
            .map(|e| json!({ "at": e.at.to_string(), "actor": e.actor, "action": e.action, "detail": e.detail }))
            .collect();
        out::json(&json!({
            "id": c.id, "channel": c.channel, "author": c.buyer_name.safe(), "state": c.status.as_str(),
            "surface": c.surface, "source": c.source.kind, "product": c.product, "can_reply": c.can_reply,
            "waiting_since": c.waiting_since.map(|t| t.to_string()),
            "messages": messages.iter().map(|m| message_json(m, reasons.get(&m.id))).collect::<Vec<_>>(),
            "orders": orders.iter().map(order_json).collect::<Vec<_>>(),
            "drafts": drafts, "events": events,
            "outbox": outbox.iter().map(outgoing_json).collect::<Vec<_>>(),
            "templates": templates.iter().map(|(n, t)| json!({ "number": n, "key": t.key, "name": t.name.en })).collect::<Vec<_>>(),
        }))?;
        return Ok(Ended::Done);
    }
    out::line(format!(
        "{} · {} · {} · {}",
        c.buyer_name.safe().one_line(80),
        c.channel,
        c.status.as_str(),
        c.id
    ))?;
    for message in &messages {
        out::line(message_line(message))?;
        for near in reasons.get(&message.id).into_iter().flatten() {
            let text = near.text.as_str().replace('\n', " ");
            out::line(format!(
                "    ≈ {:.2} {:<31} {text}",
                near.similarity,
                near.intent.key()
            ))?;
        }
    }
    for order in &orders {
        out::line(order_line(order))?;
    }
    if let Some(draft) = draft {
        out::line(format!("draft: {}", indented(&draft.text.safe())))?;
    }
    for reply in outbox.iter().filter(|o| o.error.is_some()) {
        let why = reply.error.as_ref().map(RawText::safe).unwrap_or_default();
        out::line(format!("reply {}: {}", reply.state, indented(&why)))?;
    }
    for (number, template) in &templates {
        out::line(format!(
            "template {number}: {} ({})",
            template.key, template.name.en
        ))?;
    }
    Ok(Ended::Done)
}

fn outgoing_json(o: &Outgoing) -> Value {
    json!({
        "id": o.id, "state": o.state, "text": o.text.safe(), "template": o.template, "lang": o.lang,
        "send_at": o.send_at.to_string(), "attempts": o.attempts, "platform_id": o.platform_id,
        "error": o.error.as_ref().map(RawText::safe),
    })
}

/// The three labelled examples nearest to each message of the buyer that has words.
async fn reasons(
    context: &Context,
    store: &Store,
    messages: &[Message],
) -> anyhow::Result<HashMap<MessageId, Vec<Neighbour>>> {
    let recogniser = context.ready_recogniser(Some(store)).await?;
    let asked: Vec<&Message> = messages
        .iter()
        .filter(|m| m.author == Author::Customer)
        .collect();
    let readings: Vec<Reading> = asked
        .iter()
        .map(|m| Reading::to_embed(&m.text.safe()))
        .collect();
    let said = recogniser.classify(&readings).await?;
    recogniser
        .with(|classifier| {
            let near = |vector| classifier.why(&vector, 3);
            let each = asked.iter().zip(said);
            each.filter_map(|(m, (_, vector))| Some((m.id.clone(), near(vector?))))
                .collect()
        })
        .await
}

fn message_json(m: &Message, why: Option<&Vec<Neighbour>>) -> Value {
    let c = m.classification.as_ref();
    json!({
        "id": m.id, "from": from(m.author), "kind": m.kind, "text": m.text.safe(), "hidden": m.text.safe().hidden(),
        "sent_at": m.sent_at.to_string(), "state": m.state, "order": m.order_id, "product": m.product_id,
        "outcome": c.map(|c| c.outcome), "intent": c.and_then(|c| c.intent), "risk": c.map(|c| c.risk),
        "confidence": c.map(|c| c.confidence), "lang": c.map(|c| c.lang.clone()), "verdict": c.and_then(|c| c.verdict),
        "top": c.map(|c| c.top.clone()), "model": c.map(|c| c.model.clone()), "why": why,
    })
}

/// The contract's word for who wrote it.
fn from(author: Author) -> &'static str {
    match author {
        Author::Customer => "buyer",
        other => other.as_str(),
    }
}

fn message_line(m: &Message) -> String {
    let text = if m.text.is_empty() {
        format!("[{}]", m.kind)
    } else {
        indented(&m.text.safe())
    };
    let said = m.classification.as_ref().map(|c| {
        let intent = c.intent.map_or("-", Intent::key);
        format!("   [{} {intent} {:.2} {}]", c.outcome, c.confidence, c.lang)
    });
    let state = m.state.map(|s| format!("   [{s}]"));
    format!(
        "{}  {:<10} {text}{}{}",
        m.sent_at,
        from(m.author),
        said.unwrap_or_default(),
        state.unwrap_or_default()
    )
}

/// Further lines stand in, so that none of them can pass for a message of its own.
fn indented(text: &SafeText) -> String {
    text.as_str().replace('\n', "\n    ")
}

fn order_json(o: &Order) -> Value {
    let safe = |t: &Option<RawText>| t.as_ref().map(RawText::safe);
    json!({
        "id": o.remote_id, "status": o.status, "item": safe(&o.item), "total": safe(&o.total),
        "ship_by": o.ship_by.map(|t| t.to_string()), "carrier": safe(&o.parcel.carrier),
        "tracking_number": safe(&o.parcel.tracking_number), "last_event": safe(&o.parcel.last_event),
        "last_event_at": o.parcel.last_event_at.map(|t| t.to_string()), "fetched_at": o.fetched_at.to_string(),
    })
}

fn order_line(o: &Order) -> String {
    let text = |t: &Option<RawText>| {
        t.as_ref()
            .map_or_else(SafeText::default, |t| t.safe().one_line(120))
    };
    let id: &RemoteId = &o.remote_id;
    format!(
        "order {id}: {} · {} · {} {}",
        text(&o.item),
        o.status,
        text(&o.parcel.carrier),
        text(&o.parcel.last_event)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_line_cannot_pass_for_another_message() {
        let text = RawText::new("hi\n2026-01-01T00:00:00Z  seller     paid");
        assert_eq!(
            indented(&text.safe()),
            "hi\n    2026-01-01T00:00:00Z  seller     paid"
        );
    }
}
