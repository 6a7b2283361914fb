//! `sextant demo`: a shop day on a throw-away data folder.

use super::args::Demo;
use super::context::Context;
use super::sync::stop_on_signal;
use super::{Ended, inbox, out};
use crate::demo;
use crate::sandbox::Pace;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Without a terminal, where nobody says how long.
const SECONDS: u64 = 30;

pub async fn run(context: &Context, args: &Demo) -> anyhow::Result<Ended> {
    if args.headless {
        headless(context, args).await
    } else {
        on_screen(context, args.seed, args.seconds).await
    }
}

async fn headless(context: &Context, args: &Demo) -> anyhow::Result<Ended> {
    let folder = ThrowAway::new();
    let context = context.throw_away(folder.0.clone());
    let recogniser = context.ready_recogniser(None).await?;
    let engine = context.engine().await?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone());
    let seconds = args.seconds.unwrap_or(SECONDS);
    out::note(format!("the shop day runs for {seconds} s; Ctrl-C ends it"));
    let span = Duration::from_secs(seconds);
    let figures = demo::run(
        &engine,
        &recogniser,
        &context.secrets(),
        args.seed,
        span,
        stop,
    )
    .await?;
    engine.store.close().await;
    out::json(&figures)?;
    Ok(Ended::Done)
}

/// The inbox on a shop day at a person's pace.
pub async fn on_screen(
    context: &Context,
    seed: u64,
    seconds: Option<u64>,
) -> anyhow::Result<Ended> {
    // Before a folder is made: without a terminal nothing is touched.
    crate::tui::terminal::check()?;
    let folder = ThrowAway::new();
    let chosen = context.paths.data.clone();
    let context = context.throw_away(folder.0.clone());
    let engine = context.engine().await?;
    let day = demo::begin(&engine, &context.secrets(), seed, Pace::Human).await?;
    let opening = inbox::Opening {
        chosen,
        demo: true,
        span: seconds.map(Duration::from_secs),
    };
    let left = inbox::open(&context, engine, opening).await;
    day.stop().await;
    left.map(|_| Ended::Done)
}

/// A folder that goes when the demo does.
struct ThrowAway(std::path::PathBuf);

impl ThrowAway {
    fn new() -> Self {
        let name = format!("sextant-demo-{}", uuid::Uuid::new_v4().simple());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            out::note(format!(
                "the demo's folder {} could not be removed: {error}",
                self.0.display()
            ));
        }
    }
}
