//! `sextant account`: connecting a shop works over SSH, without a browser on this host and without a secret on the command line.

use super::args::Account as Command;
use super::context::Context;
use super::{Ended, out};
use crate::channel::tiktok_shop::Credentials;
use crate::domain::ChannelKind;
use crate::engine::accounts::{self, Consent};
use crate::engine::{Usage, transfer};
use anyhow::Context as _;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use std::io::{BufRead, IsTerminal};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    app_key: String,
    app_secret: SecretString,
    service_id: String,
    code: Option<SecretString>,
    #[serde(default)]
    united_states: bool,
    /// What `sextant sandbox` prints beside them; not needed here.
    #[serde(default, rename = "consent_url")]
    _consent_url: Option<String>,
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Ended> {
    match command {
        Command::Add {
            channel,
            base_url,
            credentials_command,
        } => add(context, &channel, base_url, credentials_command.as_deref()).await,
        Command::List { json } => list(context, json).await,
        Command::Remove { id } => remove(context, &id).await,
    }
}

async fn add(
    context: &Context,
    channel: &str,
    base_url: Option<String>,
    command: Option<&str>,
) -> anyhow::Result<Ended> {
    match channel.parse::<ChannelKind>() {
        Ok(ChannelKind::TiktokShop) => {}
        Ok(other) => {
            return Err(Usage(format!(
                "there is no client for {other} yet; tiktok_shop can be added"
            ))
            .into());
        }
        Err(_) => {
            return Err(Usage(format!(
                "there is no channel `{}`; try tiktok_shop",
                crate::text::sanitise(channel)
            ))
            .into());
        }
    }
    if let Some(url) = &base_url {
        url::Url::parse(url).map_err(|e| Usage(format!("--base-url is no URL: {e}")))?;
    }
    let given = given(command)?;
    let credentials = Credentials {
        app_key: given.app_key,
        app_secret: given.app_secret,
        service_id: given.service_id,
    };
    let state = uuid::Uuid::new_v4().simple().to_string();
    let consent = Consent::begin(credentials, base_url, given.united_states, state);
    let pasted = if let Some(redirect) = given.code {
        redirect
    } else {
        out::note("Open this page in any browser, as the shop's owner, and agree:");
        out::note(consent.url());
        SecretString::from(ask("Then paste the address that it ended on: ", false)?)
    };
    let store = context.store().await?;
    let pasted = secrecy::ExposeSecret::expose_secret(&pasted).to_owned();
    let added = consent
        .finish(&pasted, &store, &context.secrets(), Timestamp::now())
        .await?;
    for account in added {
        out::line(format!(
            "{}  {}  {}",
            account.id,
            account.kind,
            account.name.safe()
        ))?;
    }
    out::note("connected; `sextant sync --once` polls it");
    Ok(Ended::Done)
}

fn given(command: Option<&str>) -> anyhow::Result<Given> {
    if let Some(command) = command {
        let output = std::process::Command::new("sh")
            .arg("-c")
            .arg(command)
            .stderr(std::process::Stdio::inherit())
            .output();
        let output = output.context("--credentials-command cannot be run")?;
        anyhow::ensure!(
            output.status.success(),
            "--credentials-command failed: {}",
            output.status
        );
        let text = String::from_utf8(output.stdout)
            .map_err(|_| Usage("--credentials-command gave no text".to_owned()))?;
        return parse(&text);
    }
    let first = ask("App key: ", false)?;
    if first.starts_with('{') {
        let mut text = first;
        // An object may stand on one line, with the pasted address to follow on the next.
        while serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err() {
            text.push_str(
                &ask("", false)
                    .map_err(|_| Usage("what was given is no whole JSON object".to_owned()))?,
            );
        }
        return parse(&text);
    }
    Ok(Given {
        app_key: first,
        app_secret: SecretString::from(ask("App secret (not shown): ", true)?),
        service_id: ask("Service id: ", false)?,
        code: None,
        united_states: false,
        _consent_url: None,
    })
}

fn parse(text: &str) -> anyhow::Result<Given> {
    // The parser's own words could quote a secret; its position cannot.
    serde_json::from_str(text.trim()).map_err(|e| {
        let what = "the credentials are no JSON object with app_key, app_secret and service_id";
        Usage(format!("{what} (line {}, column {})", e.line(), e.column())).into()
    })
}

/// One line of standard input. A secret is read without echo where a person types it.
fn ask(prompt: &str, secret: bool) -> anyhow::Result<String> {
    let terminal = std::io::stdin().is_terminal();
    if terminal && secret {
        return rpassword::prompt_password(prompt).context("nothing could be read");
    }
    if terminal {
        out::note(prompt);
    }
    let mut line = String::new();
    let read = std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("standard input cannot be read")?;
    let line = line.trim().to_owned();
    if read == 0 || line.is_empty() {
        return Err(Usage(format!(
            "standard input ended where this was expected: {}",
            prompt.trim_end_matches([':', ' '])
        ))
        .into());
    }
    Ok(line)
}

async fn list(context: &Context, json: bool) -> anyhow::Result<Ended> {
    let store = context.store().await?;
    let accounts = store.accounts().await?;
    if accounts.is_empty() && !json {
        out::note(
            "no account yet: `sextant account add tiktok_shop` connects one, `sextant demo --headless` shows a day",
        );
    }
    for account in accounts {
        let state = if transfer::is_import(&account) {
            "imported"
        } else if accounts::is_connected(&account, &context.secrets()) {
            "connected"
        } else {
            "no secrets here"
        };
        if json {
            out::json(&json!({
                "id": account.id, "channel": account.kind, "name": account.name.safe(), "remote_id": account.remote_id,
                "state": state, "base_url": account.base_url,
            }))?;
        } else {
            out::line(format!(
                "{}  {:<12} {:<16} {}",
                account.id,
                account.kind,
                state,
                account.name.safe()
            ))?;
        }
    }
    Ok(Ended::Done)
}

/// Forgets the secrets; an account that has conversations stays listed with them, another is forgotten too.
async fn remove(context: &Context, id: &str) -> anyhow::Result<Ended> {
    let store = context.store().await?;
    let accounts = store.accounts().await?;
    let mut found = accounts
        .iter()
        .filter(|a| id.len() >= 4 && a.id.as_str().ends_with(id));
    let (Some(account), None) = (found.next(), found.next()) else {
        return Err(Usage(format!(
            "`{}` is the ending (four characters or more) of no single account; `sextant account list` shows their ids",
            crate::text::sanitise(id)
        ))
        .into());
    };
    if transfer::is_import(account) {
        return Err(Usage(
            "these conversations were imported: there is nothing to disconnect".to_owned(),
        )
        .into());
    }
    if accounts::is_connected(account, &context.secrets()) {
        accounts::disconnect(account, &context.secrets())?;
    }
    if store.counts().await?.conversations == 0 {
        store.remove_account(&account.id).await?;
    }
    out::note(
        "disconnected: its secrets are gone from this machine; its conversations, if any, stay",
    );
    Ok(Ended::Done)
}
