//! The acts of the desk: reply, done, reopen, snooze, relabel, confirm, undo.

use super::args::Reply;
use super::context::Context;
use super::{Ended, out};
use crate::domain::{Conversation, Intent, Origin, OutboxState, Outgoing};
use crate::engine::compose::Wishes;
use crate::engine::{Engine, Usage};
use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::io::Read;

pub async fn done(context: &Context, ids: &[String]) -> anyhow::Result<Ended> {
    each(context, ids, async |engine, c| {
        engine.done(c, Timestamp::now()).await
    })
    .await
}

pub async fn reopen(context: &Context, ids: &[String]) -> anyhow::Result<Ended> {
    each(context, ids, async |engine, c| {
        engine.reopen(c, Timestamp::now()).await
    })
    .await
}

/// The same act for several conversations: one that fails does not stop the others.
async fn each(
    context: &Context,
    ids: &[String],
    act: impl AsyncFn(&Engine, &Conversation) -> anyhow::Result<()>,
) -> anyhow::Result<Ended> {
    if ids.is_empty() {
        return Err(Usage(
            "name at least one conversation; `sextant list` shows their ids".to_owned(),
        )
        .into());
    }
    let engine = context.engine().await?;
    let mut failed = 0;
    for id in ids {
        let result = match engine.conversation(id).await {
            Ok(c) => act(&engine, &c).await,
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            if ids.len() == 1 {
                return Err(error);
            }
            failed += 1;
            out::note(format!("{}: {error:#}", crate::text::sanitise(id)));
        }
    }
    Ok(if failed == 0 {
        Ended::Done
    } else {
        Ended::Partly
    })
}

pub async fn snooze(context: &Context, id: &str, until: &str) -> anyhow::Result<Ended> {
    let now = Timestamp::now();
    let until = crate::domain::until(until, now).ok_or_else(|| {
        Usage(format!(
            "`{}` is no time; write a span such as 45m, 3h, 2d, or 2026-12-01T09:00:00Z",
            crate::text::sanitise(until)
        ))
    })?;
    let engine = context.engine().await?;
    engine
        .snooze(&engine.conversation(id).await?, until, now)
        .await?;
    out::note(format!("snoozed until {until}"));
    Ok(Ended::Done)
}

pub async fn relabel(
    context: &Context,
    id: &str,
    intent: &str,
    message: Option<&str>,
) -> anyhow::Result<Ended> {
    let intent = Intent::from_key(intent).ok_or_else(|| {
        Usage(format!(
            "there is no intent `{}`; did you mean `{}`?",
            crate::text::sanitise(intent),
            Intent::nearest_key(intent)
        ))
    })?;
    let engine = context.engine().await?;
    engine
        .relabel(
            &engine.conversation(id).await?,
            message,
            intent,
            Timestamp::now(),
        )
        .await?;
    Ok(Ended::Done)
}

pub async fn confirm(context: &Context, id: &str, message: Option<&str>) -> anyhow::Result<Ended> {
    let engine = context.engine().await?;
    engine
        .confirm(&engine.conversation(id).await?, message, Timestamp::now())
        .await?;
    Ok(Ended::Done)
}

pub async fn resolve(
    context: &Context,
    id: &str,
    arrived: bool,
    json: bool,
) -> anyhow::Result<Ended> {
    let engine = context.engine().await?;
    let c = engine.conversation(id).await?;
    for settled in engine.resolve(&c, arrived, Timestamp::now()).await? {
        if json {
            out::json(&json!({ "id": settled.id, "state": settled.state }))?;
        } else {
            out::line(format!("{} {}", settled.id, settled.state))?;
        }
    }
    Ok(Ended::Done)
}

pub async fn undo(context: &Context, id: Option<&str>, json: bool) -> anyhow::Result<Ended> {
    let engine = context.engine().await?;
    let conversation = match id {
        Some(id) => Some(engine.conversation(id).await?.id),
        None => None,
    };
    let undone = engine.undo(conversation.as_ref(), Timestamp::now()).await?;
    if json {
        out::json(&undone)?;
    } else {
        out::line(format!("taken back: {}", undone.action))?;
    }
    Ok(Ended::Done)
}

pub async fn reply(context: &Context, args: Reply) -> anyhow::Result<Ended> {
    let engine = context.engine().await?;
    let c = engine.conversation(&args.id).await?;
    let now = Timestamp::now();
    let hold = if args.now {
        SignedDuration::ZERO
    } else {
        engine.settings.hold
    };
    let (text, template) = wording(&engine, &c, &args, now).await?;
    if args.stage {
        if template.is_none() {
            engine.keep_draft(&c, &text, now).await?;
        }
        return print(&args, &c, &text, None);
    }
    let from = template
        .as_ref()
        .map(|(key, lang)| (key.as_str(), lang.as_str()));
    let mut outgoing = engine
        .queue_reply(&c, &text, from, Origin::Person, hold, now)
        .await?;
    if args.now {
        engine.deliver_due(Timestamp::now).await?;
        outgoing = engine.store.outgoing(&outgoing.id).await?;
    }
    print(&args, &c, &text, Some(&outgoing))
}

/// The text to send, and the template and language that it was made from.
async fn wording(
    engine: &Engine,
    c: &Conversation,
    args: &Reply,
    now: Timestamp,
) -> anyhow::Result<(String, Option<(String, String)>)> {
    if let Some(name) = &args.template {
        let slots = args
            .set
            .iter()
            .map(|pair| {
                let (slot, value) = pair
                    .split_once('=')
                    .ok_or_else(|| Usage(format!("`{pair}` is not SLOT=VALUE")))?;
                Ok((slot.to_owned(), value.to_owned()))
            })
            .collect::<Result<_, Usage>>()?;
        let wishes = Wishes {
            lang: args.lang.clone(),
            order: args.order.clone(),
            slots,
            variant: None,
        };
        let staged = engine.stage(c, name, &wishes, now).await?;
        if let Some(lang) = &staged.lacks_lang {
            out::note(format!(
                "template `{}` has no {lang}: this is {}",
                staged.template, staged.filled.lang
            ));
        }
        return Ok((
            staged.filled.text,
            Some((staged.template, staged.filled.lang)),
        ));
    }
    if args.draft {
        let draft = engine.store.draft(&c.id).await?;
        let draft = draft.ok_or_else(|| Usage("this conversation has no draft".to_owned()))?;
        return Ok((
            draft.text.safe().to_string(),
            draft.template.zip(draft.lang),
        ));
    }
    let text = args.text.clone().unwrap_or_default();
    if text != "-" {
        return Ok((text, None));
    }
    let mut typed = String::new();
    std::io::stdin()
        .read_to_string(&mut typed)
        .context("standard input is not readable text")?;
    Ok((typed, None))
}

fn print(
    args: &Reply,
    c: &Conversation,
    text: &str,
    outgoing: Option<&Outgoing>,
) -> anyhow::Result<Ended> {
    let text = crate::text::sanitise(text);
    let state = outgoing.map_or("staged", |o| o.state.as_str());
    let error = outgoing
        .and_then(|o| o.error.as_ref())
        .map(crate::text::RawText::safe);
    if args.json {
        out::json(&json!({
            "id": outgoing.map(|o| &o.id), "conversation": c.id, "state": state, "text": text,
            "template": outgoing.and_then(|o| o.template.as_ref()), "lang": outgoing.and_then(|o| o.lang.as_ref()),
            "send_at": outgoing.map(|o| o.send_at.to_string()), "platform_id": outgoing.and_then(|o| o.platform_id.as_ref()),
            "error": error,
        }))?;
    } else {
        out::line(&text)?;
        out::note(match (state, error) {
            ("held", _) => {
                "held; it leaves with the next `sextant sync`, `sextant undo` takes it back"
                    .to_owned()
            }
            (state, Some(error)) => format!("{state}: {error}"),
            (state, None) => state.to_owned(),
        });
    }
    let failed = matches!(
        outgoing.map(|o| o.state),
        Some(OutboxState::FailedFinal | OutboxState::Unknown)
    );
    if failed {
        anyhow::bail!("the reply did not go through; see `sextant show {}`", c.id)
    }
    Ok(Ended::Done)
}
