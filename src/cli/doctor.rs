//! `sextant doctor`: checks in a fixed order, and for each what to do.

use super::context::Context;
use super::{Ended, out};
use crate::embed::model;
use crate::engine::doctor::{Check, State};
use serde_json::json;

pub async fn run(context: &Context, as_json: bool) -> anyhow::Result<Ended> {
    let database = match context.store().await {
        Ok(_) => Check::ok("database", "it opens and its tables are of this version"),
        Err(error) => Check::failed(
            "database",
            &format!("{error:#}"),
            "see the sentence; nothing was changed",
        ),
    };
    let templates = match context.templates() {
        Ok(templates) => Check::ok(
            "templates",
            &format!("{} templates", templates.iter().count()),
        ),
        Err(error) => Check::failed(
            "templates",
            &error.to_string(),
            "mend the file that is named",
        ),
    };
    let examples = match context.examples() {
        Ok(examples) => Check::ok("examples", &format!("{} labelled examples", examples.len())),
        Err(error) => Check::failed(
            "examples",
            &error.to_string(),
            "mend the file that is named",
        ),
    };
    let mut checks = vec![database, templates, examples, check_model(context)?];
    if checks
        .iter()
        .all(|c| !matches!(c.name.as_str(), "templates" | "database") || c.state == State::Ok)
    {
        checks.extend(context.engine().await?.doctor().await);
    }
    for check in &checks {
        print(check, as_json)?;
    }
    if checks.iter().any(|c| c.state == State::Failed) {
        anyhow::bail!("not everything is well; the lines with → say what to do");
    }
    Ok(Ended::Done)
}

fn check_model(context: &Context) -> anyhow::Result<Check> {
    let status = model::status(&context.model_options(None)?);
    Ok(match (&status.model, &status.runtime_problem) {
        (Some(model), None) => Check::ok("model", model),
        (None, _) => Check::failed("model", "not installed", "sextant model install"),
        (_, Some(problem)) => Check::failed(
            "model",
            problem,
            "sextant model install, or set ORT_DYLIB_PATH",
        ),
    })
}

fn print(check: &Check, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return out::json(&json!({
            "check": check.name, "state": check.state.as_str(), "detail": check.detail, "do": check.remedy,
        }));
    }
    out::line(format!(
        "{:<7} {:<14} {}",
        check.state.as_str(),
        check.name,
        check.detail
    ))?;
    match &check.remedy {
        Some(remedy) => out::line(format!("{:<22} → {remedy}", "")),
        None => Ok(()),
    }
}
