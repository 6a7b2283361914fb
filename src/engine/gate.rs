//! What may leave, and what may not: the checks that a reply passes on its way from template to outbox.
//!
//! Not in a language that nobody asked for, not untrue of the order, not to nowhere, not too long, nothing hidden, no unfilled slot.
//! The one rule: a refusal says why and what to do instead.

use super::compose::ComposeError;
use super::{Engine, orders};
use crate::channel::Channel;
use crate::domain::Conversation;
use crate::template::{FRESH_FOR, Template};
use crate::text::{SafeText, sanitise};
use jiff::Timestamp;
use std::sync::Arc;

impl Engine {
    /// What a template said of an order when it was staged may be old by now.
    pub(super) async fn still_true(
        &self,
        c: &Conversation,
        key: &str,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let names_order = |t: &Template| t.text.values().flatten().any(|v| v.contains("order."));
        if !self.templates.find(key, None).is_some_and(names_order) {
            return Ok(());
        }
        let orders = self.store.orders(&c.id).await?;
        let oldest = orders
            .iter()
            .map(|o| now.duration_since(o.fetched_at))
            .max();
        match oldest.filter(|age| *age > FRESH_FOR) {
            Some(age) => {
                let minutes = age.as_mins();
                let what = "what it says of the order is";
                let advice = format!("{what} {minutes} min old; stage `{key}` again");
                Err(ComposeError::Refused(advice).into())
            }
            None => Ok(()),
        }
    }

    /// The channel that would carry a reply.
    pub(super) async fn channel_of(
        &self,
        c: &Conversation,
    ) -> Result<Arc<dyn Channel>, ComposeError> {
        let channel = self.channels.of(&c.account_id).await;
        channel.map_err(|e| ComposeError::Refused(format!("{e:#}")))
    }

    /// What may leave: not empty, not too long, nothing hidden, no unfilled slot, to a conversation that takes replies.
    pub(super) async fn check(
        &self,
        c: &Conversation,
        text: &str,
        written: bool,
    ) -> anyhow::Result<SafeText> {
        let refuse = |why: String| ComposeError::Refused(why);
        let channel = self.channel_of(c).await?;
        if !c.can_reply {
            return Err(refuse(
                "the platform does not take a reply in this conversation".to_owned(),
            )
            .into());
        }
        let text = sanitise(text.trim());
        if text.as_str().trim().is_empty() {
            return Err(refuse("the reply is empty".to_owned()).into());
        }
        let (chars, most) = (
            text.as_str().chars().count(),
            channel.capabilities().max_reply_chars,
        );
        if chars > most {
            return Err(refuse(format!(
                "the reply has {chars} characters, {} takes {most}; shorten it",
                c.channel
            ))
            .into());
        }
        // A template is filled strictly; braces in it are the buyer's own name or the like.
        if let Some(slot) = unfilled(text.as_str()).filter(|_| written) {
            return Err(refuse(format!(
                "the reply still contains `{slot}`; fill it in or take it out"
            ))
            .into());
        }
        Ok(text)
    }
}

/// The language of the reply: the one asked for, else the buyer's. What the template cannot say in it is not said in another
/// one unasked.
pub(super) fn speak(
    template: &Template,
    asked: Option<&str>,
    buyer: Option<&str>,
) -> Result<String, ComposeError> {
    let buyer = buyer.filter(|lang| *lang != "und");
    let lang = asked.or(buyer).unwrap_or("en");
    let base = lang.split('-').next().unwrap_or(lang);
    if template.text.contains_key(lang) || template.text.contains_key(base) {
        return Ok(lang.to_owned());
    }
    Err(ComposeError::NoLanguage {
        template: template.key.clone(),
        lang: lang.to_owned(),
        has: template.text.keys().cloned().collect(),
    })
}

/// A reply that says "it has not left yet" is for an order that has not.
pub(super) fn only_while(
    template: &Template,
    context: &orders::OrderContext,
) -> Result<(), ComposeError> {
    match &context.chosen {
        Some(order)
            if !template.while_order.is_empty()
                && !template.while_order.contains(&order.status) =>
        {
            Err(ComposeError::Refused(format!(
                "order {} is {}, and template `{}` would not be true; use another one",
                order.remote_id, order.status, template.key
            )))
        }
        _ => Ok(()),
    }
}

/// A `{{ slot }}` or `{slot}` that nobody filled.
fn unfilled(text: &str) -> Option<&str> {
    let start = text.find('{')?;
    let end = start + text[start..].find('}')? + 1;
    let inner = text[start..end].trim_matches(|c: char| c == '{' || c == '}' || c.is_whitespace());
    let is_name = !inner.is_empty()
        && inner
            .chars()
            .all(|c| c.is_alphanumeric() || "._- ".contains(c));
    if is_name {
        Some(&text[start..end])
    } else {
        unfilled(&text[end..])
    }
}

#[cfg(test)]
mod tests {
    use super::unfilled;

    #[test]
    fn an_unfilled_slot_is_found_and_braces_in_talk_are_not() {
        assert_eq!(unfilled("Hi {{ buyer }}!"), Some("{{ buyer }"));
        assert_eq!(unfilled("Hi {name}"), Some("{name}"));
        assert_eq!(unfilled("{} :-} fine"), None);
        assert_eq!(unfilled("a } b { c"), None);
    }
}
