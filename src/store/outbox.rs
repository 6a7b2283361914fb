//! Replies on their way out: queued, claimed by one sender, settled by what the platform said.
//!
//! Every change is a compare-and-set on the state, and goes only where [`OutboxState::may_become`] allows. A claimed
//! row is never claimed again: if its sender dies, [`Store::recover`] makes it unknown, and a person looks. It bears the name
//! of its process, so that this is known at once on the same machine.

use super::acts::note;
use super::desk::author_of;
use super::rows::{
    bytes, key, maybe_key, maybe_raw, maybe_time, ms, plain, raw, remote, time, unplain, word,
};
use super::standing::restand;
use super::{Store, StoreError, claimant, reading, writing};
use crate::domain::{
    AccountId, ConversationId, MessageId, Origin, OutboxState, Outgoing, OutgoingId, RemoteId,
};
use crate::text::RawText;
use jiff::Timestamp;

/// What became of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The platform took it, and this is its id of the message.
    Sent { platform_id: RemoteId },
    /// It provably never left, and is tried again at `send_at`.
    Retry { error: RawText, send_at: Timestamp },
    /// The platform refused it.
    Refused { error: RawText },
    /// Nobody knows whether it arrived.
    Unknown { error: RawText },
    /// The buyer's side has it.
    Delivered,
    /// The buyer has opened it.
    Read,
    /// A person decided that an unknown reply is not to be sent again.
    Cancelled,
}

impl Settlement {
    pub fn state(&self) -> OutboxState {
        match self {
            Self::Sent { .. } => OutboxState::Sent,
            Self::Retry { .. } => OutboxState::FailedRetryable,
            Self::Refused { .. } => OutboxState::FailedFinal,
            Self::Unknown { .. } => OutboxState::Unknown,
            Self::Delivered => OutboxState::Delivered,
            Self::Read => OutboxState::Read,
            Self::Cancelled => OutboxState::Cancelled,
        }
    }

    fn error(&self) -> Option<&RawText> {
        match self {
            Self::Retry { error, .. } | Self::Refused { error } | Self::Unknown { error } => {
                Some(error)
            }
            Self::Sent { .. } | Self::Delivered | Self::Read | Self::Cancelled => None,
        }
    }
}

/// Which replies to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxFilter {
    pub state: Option<OutboxState>,
    pub conversation: Option<ConversationId>,
}

macro_rules! outgoing_columns {
    () => {
        "id, conversation_id, account_id, conversation_remote_id, text, origin, template, lang, state, send_at, \
         attempts, platform_id, error, created_at, claimed_at"
    };
}

#[derive(sqlx::FromRow)]
struct OutgoingRow {
    id: String,
    conversation_id: String,
    account_id: String,
    conversation_remote_id: String,
    text: Vec<u8>,
    origin: String,
    template: Option<String>,
    lang: Option<String>,
    state: String,
    send_at: i64,
    attempts: i64,
    platform_id: Option<String>,
    error: Option<Vec<u8>>,
    created_at: i64,
    claimed_at: Option<i64>,
}

impl OutgoingRow {
    fn read(self) -> Result<Outgoing, StoreError> {
        Ok(Outgoing {
            id: OutgoingId::from_stored(self.id),
            conversation_id: ConversationId::from_stored(self.conversation_id),
            account_id: AccountId::from_stored(self.account_id),
            conversation_remote_id: remote(self.conversation_remote_id),
            text: raw(self.text),
            origin: word(&self.origin)?,
            template: self.template.map(unplain),
            lang: self.lang.map(unplain),
            state: word(&self.state)?,
            send_at: time(self.send_at)?,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            platform_id: self.platform_id.map(remote),
            error: maybe_raw(self.error),
            created_at: time(self.created_at)?,
            claimed_at: maybe_time(self.claimed_at)?,
        })
    }
}

/// Ready to leave. Replies of a conversation leave in the order they were written: an earlier one on its way holds the
/// later ones back.
macro_rules! ready {
    () => {
        "o.state IN ('held', 'failed_retryable') AND NOT EXISTS (SELECT 1 FROM outbox e \
         WHERE e.conversation_id = o.conversation_id AND (e.created_at, e.id) < (o.created_at, o.id) \
         AND e.state IN ('held', 'claimed', 'failed_retryable'))"
    };
}

/// The state is asked twice, because PostgreSQL looks again at a row that somebody else has just claimed.
pub(super) const CLAIM: &str = concat!(
    "UPDATE outbox SET state = 'claimed', claimed_at = $1, claimed_by = $4, attempts = attempts + 1 WHERE id IN \
     (SELECT o.id FROM outbox o WHERE o.send_at <= $1 AND o.account_id = $3 AND ",
    ready!(),
    " ORDER BY o.send_at, o.id LIMIT $2) AND state IN ('held', 'failed_retryable') RETURNING ",
    outgoing_columns!()
);

pub(super) const NEXT_DUE: &str = concat!(
    "SELECT MIN(o.send_at) FROM outbox o WHERE o.account_id = $1 AND ",
    ready!()
);

pub(super) const DUE_ACCOUNTS: &str = concat!(
    "SELECT o.account_id FROM outbox o WHERE o.send_at <= $1 AND ",
    ready!(),
    " GROUP BY o.account_id ORDER BY MIN(o.send_at), o.account_id"
);

const SETTLE: &str = concat!(
    "UPDATE outbox SET state = $3, platform_id = COALESCE($4, platform_id), error = COALESCE($5, error), \
     send_at = COALESCE($6, send_at) WHERE id = $1 AND state = $2 RETURNING ",
    outgoing_columns!()
);

/// On PostgreSQL, whoever else derives the conversation's standing waits; SQLite has one writer anyway.
const LOCK_CONVERSATION: &str = "UPDATE conversation SET id = id \
     WHERE id = (SELECT conversation_id FROM outbox WHERE id = $1)";

/// Our clock may lag behind the platform's, and a reply comes after what it answers.
const MESSAGE_OF_REPLY: &str = "INSERT INTO message (id, conversation_id, account_id, remote_id, author, kind, text, \
     sent_at, received_at, pending) SELECT $1, o.conversation_id, o.account_id, o.platform_id, $3, 'text', o.text, \
     CASE WHEN c.last_message_at > $4 THEN c.last_message_at ELSE $4 END, $4, FALSE \
     FROM outbox o JOIN conversation c ON c.id = o.conversation_id WHERE o.id = $2 \
     ON CONFLICT (account_id, remote_id) DO UPDATE SET author = excluded.author \
     WHERE message.author IN ('agent', 'automation')";

/// The text of a recalled or refused reply is a draft again, unless there is another one.
const DRAFT_AGAIN: &str = "INSERT INTO draft (conversation_id, text, template, lang, slots, updated_at) \
     SELECT conversation_id, text, template, lang, '{}', $2 FROM outbox WHERE id = $1 ON CONFLICT DO NOTHING";

const CLAIMS: &str =
    "SELECT id, attempts, claimed_at, claimed_by FROM outbox WHERE state = 'claimed'";

/// A reply that was given back and claimed anew meanwhile has had one attempt more.
const RECOVER: &str = "UPDATE outbox SET state = 'unknown', error = $3 WHERE state = 'claimed' AND id = $1 \
     AND attempts = $2 RETURNING conversation_id";

#[derive(sqlx::FromRow)]
struct Claim {
    id: String,
    attempts: i64,
    claimed_at: i64,
    claimed_by: Option<String>,
}

impl Store {
    /// Queues a reply. The draft that it was is gone with it, and an event says who queued it.
    pub async fn enqueue(&self, reply: &Outgoing) -> Result<(), StoreError> {
        if !matches!(reply.state, OutboxState::Held) {
            return Err(StoreError::IllegalState {
                from: reply.state,
                to: OutboxState::Held,
            });
        }
        writing!(self, conn => {
            sqlx::query(
                "INSERT INTO outbox (id, conversation_id, account_id, conversation_remote_id, text, origin, template, \
                 lang, state, send_at, attempts, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11)")
                .bind(reply.id.as_str())
                .bind(reply.conversation_id.as_str())
                .bind(reply.account_id.as_str())
                .bind(key(&reply.conversation_remote_id))
                .bind(bytes(&reply.text))
                .bind(reply.origin.as_str())
                .bind(reply.template.as_deref().map(plain))
                .bind(reply.lang.as_deref().map(plain))
                .bind(reply.state.as_str())
                .bind(ms(reply.send_at))
                .bind(ms(reply.created_at))
                .execute(&mut *conn)
                .await?;
            sqlx::query("DELETE FROM draft WHERE conversation_id = $1 AND text = $2")
                .bind(reply.conversation_id.as_str())
                .bind(bytes(&reply.text))
                .execute(&mut *conn)
                .await?;
            note!(conn, ms(reply.created_at), reply.origin.as_str(), "queued",
                Some(reply.conversation_id.as_str()), Some(reply.id.as_str()));
        });
        Ok(())
    }

    /// The accounts that have a reply which may leave now, the longest due first. Asking claims nothing.
    pub async fn due_accounts(&self, now: Timestamp) -> Result<Vec<AccountId>, StoreError> {
        let rows: Vec<(String,)> = reading!(self, conn => sqlx::query_as(DUE_ACCOUNTS)
            .bind(ms(now))
            .fetch_all(&mut *conn)
            .await?);
        Ok(rows
            .into_iter()
            .map(|(id,)| AccountId::from_stored(id))
            .collect())
    }

    /// Takes up to `limit` due replies of an account, the longest due first. No other caller ever gets the same ones. Only who
    /// can send for the account asks: a reply that nobody can send must stay held.
    pub async fn claim_due(
        &self,
        account: &AccountId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Outgoing>, StoreError> {
        let rows: Vec<OutgoingRow> = writing!(self, conn => sqlx::query_as(CLAIM)
            .bind(ms(now))
            .bind(i64::from(limit))
            .bind(account.as_str())
            .bind(claimant::this_process())
            .fetch_all(&mut *conn)
            .await?);
        let mut claimed = rows
            .into_iter()
            .map(OutgoingRow::read)
            .collect::<Result<Vec<_>, _>>()?;
        claimed.sort_by(|a, b| (a.send_at, &a.id).cmp(&(b.send_at, &b.id)));
        Ok(claimed)
    }

    /// When the next reply of these accounts may leave; in the past where one may leave now.
    pub async fn next_due(&self, accounts: &[AccountId]) -> Result<Option<Timestamp>, StoreError> {
        let mut next: Option<i64> = None;
        for account in accounts {
            let (at,): (Option<i64>,) = reading!(self, conn => sqlx::query_as(NEXT_DUE)
                .bind(account.as_str())
                .fetch_one(&mut *conn)
                .await?);
            next = next.into_iter().chain(at).min();
        }
        maybe_time(next)
    }

    /// Writes down what became of a reply that was in state `from`. Once sent, our message is in the conversation and
    /// nobody waits there any more. Refused, its text is the conversation's draft again.
    pub async fn settle(
        &self,
        id: &OutgoingId,
        from: OutboxState,
        settlement: &Settlement,
        now: Timestamp,
    ) -> Result<Outgoing, StoreError> {
        let to = settlement.state();
        if !from.may_become(to) {
            return Err(StoreError::IllegalState { from, to });
        }
        let (platform_id, send_at) = match settlement {
            Settlement::Sent { platform_id } => (Some(platform_id), None),
            Settlement::Retry { send_at, .. } => (None, Some(ms(*send_at))),
            _ => (None, None),
        };
        let row: Option<OutgoingRow> = writing!(self, conn => {
            if to == OutboxState::Sent {
                sqlx::query(LOCK_CONVERSATION).bind(id.as_str()).execute(&mut *conn).await?;
            }
            let row: Option<OutgoingRow> = sqlx::query_as(SETTLE)
                .bind(id.as_str())
                .bind(from.as_str())
                .bind(to.as_str())
                .bind(maybe_key(platform_id))
                .bind(settlement.error().map(bytes))
                .bind(send_at)
                .fetch_optional(&mut *conn)
                .await?;
            if let Some(row) = &row {
                if to == OutboxState::Sent {
                    let origin: Origin = word(&row.origin)?;
                    sqlx::query(MESSAGE_OF_REPLY)
                        .bind(MessageId::fresh().as_str())
                        .bind(id.as_str())
                        .bind(author_of(origin).as_str())
                        .bind(ms(now))
                        .execute(&mut *conn)
                        .await?;
                    restand!(conn, &row.conversation_id);
                }
                if to == OutboxState::FailedFinal {
                    sqlx::query(DRAFT_AGAIN).bind(id.as_str()).bind(ms(now)).execute(&mut *conn).await?;
                }
                note!(conn, ms(now), "system", to.as_str(), Some(row.conversation_id.as_str()), Some(id.as_str()));
            }
            row
        });
        match row {
            Some(row) => row.read(),
            None => Err(StoreError::IllegalState {
                from: self.outgoing(id).await?.state,
                to,
            }),
        }
    }

    /// Recalls a reply that has not left. False where a sender was faster. Its text is the conversation's draft again.
    pub async fn cancel(&self, id: &OutgoingId, now: Timestamp) -> Result<bool, StoreError> {
        let won = writing!(self, conn => {
            let row: Option<(String,)> = sqlx::query_as(
                "UPDATE outbox SET state = 'cancelled' WHERE id = $1 AND state IN ('held', 'failed_retryable') \
                 RETURNING conversation_id")
                .bind(id.as_str())
                .fetch_optional(&mut *conn)
                .await?;
            if let Some((conversation,)) = &row {
                sqlx::query(DRAFT_AGAIN).bind(id.as_str()).bind(ms(now)).execute(&mut *conn).await?;
                note!(conn, ms(now), "person", "recalled", Some(conversation.as_str()), Some(id.as_str()));
            }
            row.is_some()
        });
        Ok(won)
    }

    /// Makes every reply unknown whose sender is gone: its process ran on this machine and does not any more, or it was claimed
    /// at `claimed_before` or earlier, a time that is longer ago than a send can take. Called at start and now and then.
    pub async fn recover(
        &self,
        claimed_before: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<OutgoingId>, StoreError> {
        let why = "the program ended while this was being sent";
        let claims: Vec<Claim> =
            reading!(self, conn => sqlx::query_as(CLAIMS).fetch_all(&mut *conn).await?);
        let mut recovered = Vec::new();
        for claim in claims {
            let is_dead = claim.claimed_by.as_deref().is_some_and(claimant::is_dead);
            if !is_dead && claim.claimed_at > ms(claimed_before) {
                continue;
            }
            let row: Option<(String,)> = writing!(self, conn => {
                let row: Option<(String,)> = sqlx::query_as(RECOVER)
                    .bind(&claim.id)
                    .bind(claim.attempts)
                    .bind(why.as_bytes())
                    .fetch_optional(&mut *conn)
                    .await?;
                if let Some((conversation,)) = &row {
                    note!(conn, ms(now), "system", "unknown", Some(conversation.as_str()), Some(claim.id.as_str()));
                }
                row
            });
            recovered.extend(row.map(|_| OutgoingId::from_stored(claim.id)));
        }
        Ok(recovered)
    }

    pub async fn outgoing(&self, id: &OutgoingId) -> Result<Outgoing, StoreError> {
        let row: Option<OutgoingRow> = reading!(self, conn => sqlx::query_as(
            concat!("SELECT ", outgoing_columns!(), " FROM outbox WHERE id = $1"))
            .bind(id.as_str())
            .fetch_optional(&mut *conn)
            .await?);
        row.ok_or_else(|| StoreError::NotFound {
            what: format!("reply {id}"),
        })?
        .read()
    }

    /// Replies in the order they were written.
    pub async fn outbox(&self, filter: &OutboxFilter) -> Result<Vec<Outgoing>, StoreError> {
        let rows: Vec<OutgoingRow> = reading!(self, conn => sqlx::query_as(
            concat!("SELECT ", outgoing_columns!(), " FROM outbox WHERE ($1 IS NULL OR state = $1) \
                AND ($2 IS NULL OR conversation_id = $2) ORDER BY created_at, id"))
            .bind(filter.state.map(OutboxState::as_str))
            .bind(filter.conversation.as_ref().map(ConversationId::as_str))
            .fetch_all(&mut *conn)
            .await?);
        rows.into_iter().map(OutgoingRow::read).collect()
    }
}
