//! `sextant model`: where the model is, getting it, checking it.

use super::args::Model;
use super::context::Context;
use super::progress::Bar;
use super::{Ended, out};
use crate::embed::model;
use serde_json::json;

pub async fn run(context: &Context, command: Model) -> anyhow::Result<Ended> {
    match command {
        Model::Status { json } => status(context, json),
        Model::Install { from, json } => {
            let options = context.model_options(from)?;
            tokio::task::spawn_blocking(move || {
                let bar = Bar::default();
                let installed = model::install(&options, &bar);
                bar.clear();
                installed
            })
            .await??;
            status(context, json)
        }
        Model::Verify { json } => verify(context, json).await,
    }
}

fn status(context: &Context, json: bool) -> anyhow::Result<Ended> {
    let status = model::status(&context.model_options(None)?);
    if json {
        out::json(&status)?;
    } else {
        match (&status.model, &status.folder) {
            (Some(model), Some(folder)) => {
                out::line(format!("model    {model}"))?;
                out::line(format!(
                    "from     {}",
                    status.source.as_deref().unwrap_or("unknown")
                ))?;
                out::line(format!("in       {}", folder.display()))?;
            }
            _ => out::line("model    not installed: run `sextant model install`")?,
        }
        match (&status.runtime, &status.runtime_problem) {
            (Some(runtime), _) => out::line(format!("runtime  {}", runtime.path.display()))?,
            (None, problem) => out::line(format!(
                "runtime  {}",
                problem.as_deref().unwrap_or("not installed")
            ))?,
        }
    }
    Ok(Ended::Done)
}

async fn verify(context: &Context, json: bool) -> anyhow::Result<Ended> {
    let options = context.model_options(None)?;
    let files = tokio::task::spawn_blocking(move || model::verify(&options)).await?;
    if files.is_empty() {
        anyhow::bail!(
            "there is nothing to verify: no model is installed; run `sextant model install`"
        );
    }
    let all = files.iter().all(|f| f.holds);
    if json {
        out::json(&json!({ "ok": all, "files": files }))?;
    } else {
        for file in &files {
            out::line(format!(
                "{}  {}",
                if file.holds { "ok     " } else { "CHANGED" },
                file.path.display()
            ))?;
        }
    }
    if all {
        return Ok(Ended::Done);
    }
    anyhow::bail!(
        "a file is not the one that was installed; remove its folder and run `sextant model install`"
    )
}
