//! `sextant doctor`: checks in a fixed order, and for each what to do.

use super::context::Context;
use super::{Ended, out};
use crate::embed::model;
use crate::engine::doctor::{Check, State};
use jiff::Timestamp;
use serde_json::json;

pub async fn run(context: &Context, as_json: bool) -> anyhow::Result<Ended> {
    let mut checks = Vec::new();
    let options = context.model_options(None)?;
    let status = model::status(&options);
    match context.engine().await {
        Ok(engine) => {
            checks.push(Check::ok(
                "database",
                "it opens and its tables are of this version",
            ));
            checks.extend(engine.doctor(Timestamp::now()).await);
        }
        Err(error) => checks.push(Check::failed(
            "database",
            &format!("{error:#}"),
            "see the sentence; nothing was changed",
        )),
    }
    checks.push(match (&status.model, &status.runtime_problem) {
        (Some(model), None) => Check::ok("model", model),
        (None, _) => Check::failed("model", "not installed", "sextant model install"),
        (_, Some(problem)) => Check::failed(
            "model",
            problem,
            "sextant model install, or set ORT_DYLIB_PATH",
        ),
    });
    checks.push(
        match crate::classify::examples::load(Some(&context.paths.beside_config("examples"))) {
            Ok(examples) => Check::ok("examples", &format!("{} labelled examples", examples.len())),
            Err(error) => Check::failed(
                "examples",
                &error.to_string(),
                "mend the file that is named",
            ),
        },
    );
    for check in &checks {
        if as_json {
            out::json(
                &json!({ "check": check.name, "state": check.state.as_str(), "detail": check.detail, "do": check.remedy }),
            )?;
            continue;
        }
        out::line(format!(
            "{:<7} {:<14} {}",
            check.state.as_str(),
            check.name,
            check.detail
        ))?;
        if let Some(remedy) = &check.remedy {
            out::line(format!("{:<22} → {remedy}", ""))?;
        }
    }
    let failed = checks.iter().any(|c| c.state == State::Failed);
    if failed {
        anyhow::bail!("not everything is well; the lines with → say what to do")
    }
    Ok(Ended::Done)
}
