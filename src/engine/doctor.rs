//! Checks of what is connected, in the order that finds a cause soonest: the platform's answer, what failed lately, permissions,
//! what waits.

use super::{Engine, transfer};
use crate::channel::ChannelError;
use crate::domain::{Account, OutboxState, Outcome};
use crate::store::OutboxFilter;
use crate::text::SafeText;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Ok,
    Warning,
    Failed,
}

impl State {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// One check, and what to do where it is not well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    pub state: State,
    pub detail: SafeText,
    pub remedy: Option<String>,
}

impl Check {
    pub fn ok(name: &str, detail: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: State::Ok,
            detail: crate::text::sanitise(detail),
            remedy: None,
        }
    }

    pub fn failed(name: &str, detail: &str, remedy: &str) -> Self {
        Self {
            state: State::Failed,
            remedy: Some(remedy.to_owned()),
            ..Self::ok(name, detail)
        }
    }

    fn warning(name: &str, detail: &str, remedy: &str) -> Self {
        Self {
            state: State::Warning,
            ..Self::failed(name, detail, remedy)
        }
    }
}

impl Engine {
    /// The checks that need the store and the channels. Never fails: a check that cannot be made is a failed check.
    pub async fn doctor(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        match self.store.accounts().await {
            Ok(accounts) if accounts.is_empty() => {
                checks.push(Check::warning(
                    "accounts",
                    "none is connected",
                    "sextant account add tiktok_shop",
                ));
            }
            Ok(accounts) => {
                for account in accounts.iter().filter(|a| !transfer::is_import(a)) {
                    let here = self.channels.is_connected(account).await;
                    checks.push(if here {
                        self.check_account(account).await
                    } else {
                        elsewhere(account)
                    });
                }
            }
            Err(error) => checks.push(Check::failed(
                "accounts",
                &error.to_string(),
                "see the database check",
            )),
        }
        checks.push(self.check_outbox().await);
        checks.push(self.check_recognition().await);
        checks
    }

    async fn check_account(&self, account: &Account) -> Check {
        let name = account.kind.as_str();
        let channel = match self.channels.of(&account.id).await {
            Ok(channel) => channel,
            Err(error) => {
                return Check::failed(
                    name,
                    &format!("{error:#}"),
                    "sextant account add tiktok_shop",
                );
            }
        };
        match channel.check().await {
            Ok(()) => Check::ok(name, &format!("{} answers", account.name.safe())),
            Err(error) => Check::failed(name, &error.to_string(), remedy(&error)),
        }
    }

    async fn check_outbox(&self) -> Check {
        let of = |state| OutboxFilter {
            state: Some(state),
            ..OutboxFilter::default()
        };
        let counted = async {
            let unknown = self.store.outbox(&of(OutboxState::Unknown)).await?.len();
            Ok::<_, crate::store::StoreError>((
                unknown,
                self.store
                    .outbox(&of(OutboxState::FailedFinal))
                    .await?
                    .len(),
            ))
        };
        match counted.await {
            Ok((0, 0)) => Check::ok("outbox", "nothing failed, nothing is unknown"),
            Ok((unknown, failed)) => Check::warning(
                "outbox",
                &format!("{unknown} of unknown outcome, {failed} failed"),
                "sextant list --queue outbox; look at each on the platform before you write again",
            ),
            Err(error) => Check::failed("outbox", &error.to_string(), "see the database check"),
        }
    }

    async fn check_recognition(&self) -> Check {
        match self.store.counts().await {
            Ok(counts) if counts.predicted < counts.inbound => Check::warning(
                "recognition",
                &format!(
                    "{} of {} messages wait for a prediction",
                    counts.inbound - counts.predicted,
                    counts.inbound
                ),
                "sextant sync --once",
            ),
            Ok(counts) => {
                let unknown = counts
                    .by_outcome
                    .get(&Outcome::Unknown)
                    .copied()
                    .unwrap_or(0);
                Check::ok(
                    "recognition",
                    &format!("{} messages, {unknown} unknown", counts.inbound),
                )
            }
            Err(error) => {
                Check::failed("recognition", &error.to_string(), "see the database check")
            }
        }
    }
}

/// A colleague's account, or one that was disconnected.
fn elsewhere(account: &Account) -> Check {
    let detail = format!("{} is not connected on this machine", account.name.safe());
    Check::warning(
        account.kind.as_str(),
        &detail,
        "sextant account add tiktok_shop, if it should be",
    )
}

fn remedy(error: &ChannelError) -> &'static str {
    match error {
        ChannelError::RateLimited { .. } => "wait; polling slows down by itself",
        ChannelError::Unauthorized(_) => {
            "sextant account add tiktok_shop: agree again as the shop's owner"
        }
        ChannelError::NotPermitted(_) => {
            "ask for the permission in the platform's partner centre, then agree again"
        }
        ChannelError::ClockSkew(_) => "set this machine's clock",
        ChannelError::NotSent(_) => "check the network of this machine",
        ChannelError::Rejected(_)
        | ChannelError::Ambiguous(_)
        | ChannelError::Protocol(_)
        | ChannelError::TooLarge(_) => {
            "try again later; if it stays, tell the platform's support the request number"
        }
    }
}
