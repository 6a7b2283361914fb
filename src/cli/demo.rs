//! `sextant demo`: a shop day on a throw-away data folder.

use super::args::Demo;
use super::context::Context;
use super::sync::stop_on_signal;
use super::{Ended, out};
use crate::demo;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub async fn run(context: &Context, args: &Demo) -> anyhow::Result<Ended> {
    if !args.headless {
        out::note("the inbox itself is not there yet: this is the same pipeline without a screen");
    }
    let folder = ThrowAway(
        std::env::temp_dir().join(format!("sextant-demo-{}", uuid::Uuid::new_v4().simple())),
    );
    let context = context.throw_away(folder.0.clone());
    let recogniser = context.ready_recogniser(None).await?;
    let engine = context.engine().await?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone());
    out::note(format!(
        "the shop day runs for {} s; Ctrl-C ends it",
        args.seconds
    ));
    let span = Duration::from_secs(args.seconds);
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

/// A folder that goes when the demo does.
struct ThrowAway(std::path::PathBuf);

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
