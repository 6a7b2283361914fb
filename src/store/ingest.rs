//! What the platforms delivered: conversations, their messages, and the cursor that vouches for them.
//!
//! At least once from the platform, exactly once here: rows and cursor in one transaction, a unique key on the
//! platform's id. A reply of ours that is read back meets the row that its sending made.

use super::rows::{bytes, key, maybe_key, ms, plain, remote, unplain};
use super::standing::{Standing, restand};
use super::{Store, StoreError, reading, writing};
use crate::domain::{
    AccountId, Author, ConversationId, Cursor, IncomingConversation, IncomingMessage, MessageId,
    MessageKind, RemoteId,
};
use crate::text::{TextKey, normalise};
use jiff::Timestamp;
use std::collections::HashMap;

/// Conversations a transaction of an import: enough to amortise a commit, few enough to let others write.
const CONVERSATIONS_A_TRANSACTION: usize = 500;
/// Ids in one question to the database.
const IDS_A_QUERY: usize = 500;

/// What an ingest made of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ingested {
    pub conversation_id: ConversationId,
    /// The messages that were not here before, in the order they were given.
    pub new_messages: Vec<MessageId>,
}

/// A message that the same text never has to be embedded twice for.
fn text_key(message: &IncomingMessage) -> Option<TextKey> {
    (message.kind == MessageKind::Text).then(|| TextKey::of(&normalise(&message.text.safe())))
}

/// Conversation, messages and cursor, in the caller's transaction.
macro_rules! ingest_one {
    ($conn:expr, $account:expr, $conversation:expr, $messages:expr, $now:expr) => {{
        let (account, incoming, now): (&AccountId, &IncomingConversation, i64) =
            ($account, $conversation, $now);
        let fresh_ids: Vec<MessageId> = $messages.iter().map(|_| MessageId::fresh()).collect();
        let first = Standing::of_new(&fresh_ids, $messages);
        let last_message_at = $messages.iter().map(|m| ms(m.sent_at)).max();
        let fresh_id = ConversationId::fresh();
        let (id, status): (String, String) = sqlx::query_as(UPSERT_CONVERSATION)
            .bind(fresh_id.as_str())
            .bind(account.as_str())
            .bind(key(&incoming.remote_id))
            .bind(plain(&incoming.version.0))
            .bind(bytes(&incoming.buyer.name))
            .bind(maybe_key(incoming.buyer.remote_id.as_ref()))
            .bind(incoming.surface.as_str())
            .bind(incoming.source.kind.as_str())
            .bind(maybe_key(incoming.source.reference.as_ref()))
            .bind(maybe_key(incoming.product.as_ref()))
            .bind(incoming.can_reply)
            .bind(last_message_at.unwrap_or(now))
            .bind(first.waiting_since)
            .bind(first.lead.as_ref().map(|lead| lead.id.as_str()))
            .bind(first.shelf)
            .bind(first.due_at)
            .fetch_one(&mut *$conn)
            .await?;
        let mut new_messages = Vec::with_capacity(fresh_ids.len());
        let (mut buyer_wrote, mut moved) = (false, false);
        for (message, fresh) in $messages.iter().zip(fresh_ids) {
            let from_buyer = message.author == Author::Customer;
            let row: Option<(String,)> = sqlx::query_as(INSERT_MESSAGE)
                .bind(fresh.as_str())
                .bind(&id)
                .bind(account.as_str())
                .bind(key(&message.remote_id))
                .bind(message.author.as_str())
                .bind(message.kind.as_str())
                .bind(bytes(&message.text))
                .bind(message.unreadable.as_ref().map(bytes))
                .bind(text_key(message).as_ref().map(TextKey::as_str))
                .bind(maybe_key(message.order_id.as_ref()))
                .bind(maybe_key(message.product_id.as_ref()))
                .bind(ms(message.sent_at))
                .bind(now)
                .bind(from_buyer)
                .fetch_optional(&mut *$conn)
                .await?;
            let Some((stored,)) = row else { continue };
            if stored == fresh.as_str() {
                buyer_wrote |= from_buyer;
                new_messages.push(fresh);
            } else {
                moved = true;
            }
        }
        if buyer_wrote && status != "open" {
            sqlx::query(REOPEN).bind(&id).execute(&mut *$conn).await?;
        }
        // A new conversation came in with its standing, which holds if all its messages were new as well.
        let as_expected = if id == fresh_id.as_str() {
            new_messages.len() == $messages.len()
        } else {
            new_messages.is_empty()
        };
        if moved || !as_expected {
            restand!($conn, &id);
        }
        Ingested {
            conversation_id: ConversationId::from_stored(id),
            new_messages,
        }
    }};
}

/// A name, a source or a product once known is not lost because a later list leaves it out.
const UPSERT_CONVERSATION: &str = "INSERT INTO conversation (id, account_id, remote_id, remote_version, buyer_name, \
     buyer_remote_id, surface, source_kind, source_ref, product_id, can_reply, status, last_message_at, shelf, parent, \
     rank, due_at, oldest_at, waiting_since, lead_message_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', $12, $15, '', 1, $16, COALESCE($13, $12), $13, $14) \
     ON CONFLICT (account_id, remote_id) DO UPDATE SET remote_version = excluded.remote_version, \
     buyer_name = CASE WHEN length(excluded.buyer_name) > 0 THEN excluded.buyer_name ELSE conversation.buyer_name END, \
     buyer_remote_id = COALESCE(excluded.buyer_remote_id, conversation.buyer_remote_id), \
     surface = CASE WHEN excluded.surface <> 'unknown' THEN excluded.surface ELSE conversation.surface END, \
     source_kind = CASE WHEN excluded.source_kind <> 'unknown' THEN excluded.source_kind ELSE conversation.source_kind END, \
     source_ref = CASE WHEN excluded.source_kind <> 'unknown' THEN excluded.source_ref ELSE conversation.source_ref END, \
     product_id = COALESCE(excluded.product_id, conversation.product_id), can_reply = excluded.can_reply \
     RETURNING id, status";

/// Read back, a reply of the outbox takes the platform's time: ours may run ahead and hide the buyer's answer. Any other
/// message stays where it was first seen.
const INSERT_MESSAGE: &str = "INSERT INTO message (id, conversation_id, account_id, remote_id, author, kind, text, \
     unreadable, text_key, order_id, product_id, sent_at, received_at, pending) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
     ON CONFLICT (account_id, remote_id) DO UPDATE SET sent_at = excluded.sent_at \
     WHERE message.author IN ('agent', 'automation') AND excluded.author IN ('agent', 'automation') \
     AND message.sent_at <> excluded.sent_at AND EXISTS (SELECT 1 FROM outbox o \
     WHERE o.account_id = message.account_id AND o.platform_id = message.remote_id) RETURNING id";

const REOPEN: &str = "UPDATE conversation SET status = 'open', snoozed_until = NULL WHERE id = $1";

impl Store {
    /// Stores a conversation, those of its messages that are not here yet, and its version, in one transaction. A done
    /// or snoozed conversation in which the buyer wrote something new is open again.
    pub async fn ingest(
        &self,
        account: &AccountId,
        conversation: &IncomingConversation,
        messages: &[IncomingMessage],
        now: Timestamp,
    ) -> Result<Ingested, StoreError> {
        let now = ms(now);
        Ok(writing!(self, conn => ingest_one!(conn, account, conversation, messages, now)))
    }

    /// [`Store::ingest`] of many conversations, several hundred a transaction. On an error, whole transactions before
    /// it stay; giving the same again is harmless.
    pub async fn ingest_many(
        &self,
        account: &AccountId,
        batch: &[(IncomingConversation, Vec<IncomingMessage>)],
        now: Timestamp,
    ) -> Result<Vec<Ingested>, StoreError> {
        let now = ms(now);
        let mut all = Vec::with_capacity(batch.len());
        for chunk in batch.chunks(CONVERSATIONS_A_TRANSACTION) {
            let mut done = Vec::with_capacity(chunk.len());
            writing!(self, conn => for (conversation, messages) in chunk {
                done.push(ingest_one!(conn, account, conversation, messages, now));
            });
            all.append(&mut done);
        }
        Ok(all)
    }

    /// The stored versions of those of the conversations that are here.
    pub async fn remote_versions(
        &self,
        account: &AccountId,
        conversations: &[RemoteId],
    ) -> Result<HashMap<RemoteId, Cursor>, StoreError> {
        let mut found = HashMap::with_capacity(conversations.len());
        for chunk in conversations.chunks(IDS_A_QUERY) {
            let rows: Vec<(String, String)> = reading!(self, conn => {
                let mut query = sqlx::QueryBuilder::new(
                    "SELECT remote_id, remote_version FROM conversation WHERE account_id = ");
                query.push_bind(account.as_str()).push(" AND remote_id IN (");
                let mut list = query.separated(", ");
                for id in chunk {
                    list.push_bind(key(id));
                }
                list.push_unseparated(")");
                query.build_query_as().fetch_all(&mut *conn).await?
            });
            found.extend(
                rows.into_iter()
                    .map(|(id, version)| (remote(id), Cursor(unplain(version)))),
            );
        }
        Ok(found)
    }
}
