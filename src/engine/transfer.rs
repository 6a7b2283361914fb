//! Import: rows of a file become messages, as if their channel had delivered them, or labelled history.
//!
//! What a row lacks is made up from it: one conversation a row, sent now, ids from the content, so that the same file
//! imported twice changes nothing the second time.

use super::desk::desk_example;
use super::rows::{Row, field};
use super::{Engine, Usage};
use crate::domain::{
    Account, AccountId, Author, Buyer, ChannelKind, Cursor, IncomingConversation, IncomingMessage,
    Intent, MessageKind, RemoteId, Source, SourceKind, Surface,
};
use crate::engine::rows::BadRow;
use crate::text::{RawText, sanitise};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// The account that imported conversations belong to has this id on its "platform".
const IMPORTED: &str = "import";

/// What an import did.
#[derive(Debug, Default, serde::Serialize)]
pub struct Imported {
    pub rows: usize,
    pub stored: usize,
    /// Rows that were there already.
    pub known: usize,
    pub bad: Vec<BadRow>,
}

impl Engine {
    /// Rows → messages of `kind`. `progress` hears how many rows are done.
    pub async fn import_messages(
        &self,
        rows: Vec<Row>,
        kind: ChannelKind,
        now: Timestamp,
        progress: &(dyn Fn(usize) + Sync),
    ) -> anyhow::Result<Imported> {
        let account = self.import_account(kind, now).await?;
        let mut result = Imported {
            rows: rows.len(),
            ..Imported::default()
        };
        let (conversations, bad) = group(rows, now);
        result.bad = bad;
        let mut done = 0;
        for chunk in conversations.chunks(500) {
            let delivered: usize = chunk.iter().map(|(_, messages)| messages.len()).sum();
            let ingested = self.store.ingest_many(&account, chunk, now).await?;
            let stored: usize = ingested.iter().map(|i| i.new_messages.len()).sum();
            result.stored += stored;
            result.known += delivered - stored;
            done += delivered;
            progress(done);
        }
        Ok(result)
    }

    async fn import_account(&self, kind: ChannelKind, now: Timestamp) -> anyhow::Result<AccountId> {
        let accounts = self.store.accounts().await?;
        if let Some(found) = accounts
            .iter()
            .find(|a| a.kind == kind && a.remote_id.as_str() == IMPORTED)
        {
            return Ok(found.id.clone());
        }
        let account = Account {
            id: AccountId::fresh(),
            kind,
            name: IMPORTED.into(),
            remote_id: RemoteId::new(IMPORTED),
            base_url: None,
            created_at: now,
        };
        Ok(self.store.add_account(&account).await?.id)
    }

    /// Rows with a `label` of the taxonomy → the user's labelled examples. A row without one is reported.
    pub async fn import_history(&self, rows: Vec<Row>, now: Timestamp) -> anyhow::Result<Imported> {
        let mut result = Imported {
            rows: rows.len(),
            ..Imported::default()
        };
        let known: std::collections::HashSet<String> = self
            .store
            .examples()
            .await?
            .into_iter()
            .map(|e| e.text.safe().as_str().to_owned())
            .collect();
        let mut fresh = Vec::new();
        for row in rows {
            let Some(label) = field(&row.fields, "label") else {
                result.bad.push(BadRow {
                    line: row.line,
                    why: sanitise("no `label`: unlabelled history teaches nothing yet"),
                });
                continue;
            };
            let Some(intent) = Intent::from_key(&label) else {
                let (label, nearest) = (sanitise(&label), Intent::nearest_key(&label));
                result.bad.push(BadRow {
                    line: row.line,
                    why: sanitise(&format!("no intent `{label}`; did you mean `{nearest}`?")),
                });
                continue;
            };
            let text = sanitise(&row.text);
            if known.contains(text.as_str()) {
                result.known += 1;
                continue;
            }
            let lang = field(&row.fields, "lang").map_or_else(
                || crate::classify::Reading::of(&text).lang,
                |lang| crate::classify::code::of(&lang),
            );
            fresh.push(desk_example(&row.text.into(), &lang, intent, None, now));
        }
        self.store.add_examples(&fresh).await?;
        result.stored = fresh.len();
        Ok(result)
    }
}

/// Is this account one that only `import` fills?
pub fn is_import(account: &Account) -> bool {
    account.remote_id.as_str() == IMPORTED
}

type Conversations = Vec<(IncomingConversation, Vec<IncomingMessage>)>;

fn group(rows: Vec<Row>, now: Timestamp) -> (Conversations, Vec<BadRow>) {
    let mut order: Vec<String> = Vec::new();
    let mut by_id: BTreeMap<String, (IncomingConversation, Vec<IncomingMessage>)> = BTreeMap::new();
    let mut repeats: HashMap<String, usize> = HashMap::new();
    let mut bad = Vec::new();
    for row in rows {
        let id = message_id(&row, &mut repeats);
        let message = match message(&row, id.clone(), now) {
            Ok(message) => message,
            Err(why) => {
                bad.push(BadRow::new(row.line, &why));
                continue;
            }
        };
        let conversation = field(&row.fields, "conversation").unwrap_or(id);
        let entry = by_id.entry(conversation.clone()).or_insert_with(|| {
            order.push(conversation.clone());
            (incoming(&row, &conversation), Vec::new())
        });
        entry.0.version = Cursor(message.remote_id.as_str().to_owned());
        entry.1.push(message);
    }
    (
        order
            .into_iter()
            .filter_map(|id| by_id.remove(&id))
            .collect(),
        bad,
    )
}

/// The row's own id, else one from its content; a text that stands twice in the file is two messages.
fn message_id(row: &Row, repeats: &mut HashMap<String, usize>) -> String {
    if let Some(id) = field(&row.fields, "id") {
        return id;
    }
    let content = format!(
        "{}\0{}",
        row.text,
        serde_json::to_string(&row.fields).unwrap_or_default()
    );
    let digest = hex::encode(&Sha256::digest(content.as_bytes())[..12]);
    let repeat = repeats.entry(digest.clone()).or_default();
    *repeat += 1;
    if *repeat == 1 {
        digest
    } else {
        format!("{digest}-{repeat}")
    }
}

fn message(row: &Row, id: String, now: Timestamp) -> Result<IncomingMessage, String> {
    let author = match field(&row.fields, "from").as_deref() {
        None | Some("buyer") => Author::Customer,
        Some("agent") => Author::Agent,
        Some(other) => {
            return Err(format!(
                "`from` is `{}`; it may be `buyer` or `agent`",
                sanitise(other)
            ));
        }
    };
    let sent_at = match field(&row.fields, "sent_at") {
        None => now,
        Some(text) => text
            .parse()
            .map_err(|_| format!("`sent_at` is no RFC 3339 time: `{}`", sanitise(&text)))?,
    };
    Ok(IncomingMessage {
        remote_id: RemoteId::new(id),
        author,
        kind: MessageKind::Text,
        text: RawText::new(row.text.clone()),
        order_id: field(&row.fields, "order").map(RemoteId::new),
        product_id: None,
        sent_at,
        unreadable: None,
    })
}

fn incoming(row: &Row, id: &str) -> IncomingConversation {
    let source = field(&row.fields, "source");
    IncomingConversation {
        remote_id: RemoteId::new(id),
        buyer: Buyer {
            name: field(&row.fields, "author")
                .unwrap_or_else(|| "buyer".to_owned())
                .into(),
            remote_id: None,
        },
        surface: Surface::Unknown,
        source: Source {
            kind: source
                .as_deref()
                .and_then(|s| s.parse().ok())
                .unwrap_or(SourceKind::Unknown),
            reference: source.map(RemoteId::new),
        },
        product: None,
        can_reply: false,
        version: Cursor::default(),
    }
}

/// `FIELD=COLUMN` pairs of the command line.
pub fn columns(pairs: &[String]) -> Result<BTreeMap<String, String>, Usage> {
    const FIELDS: [&str; 10] = [
        "text",
        "id",
        "conversation",
        "author",
        "from",
        "sent_at",
        "lang",
        "label",
        "order",
        "source",
    ];
    pairs
        .iter()
        .map(|pair| {
            let (name, column) = pair
                .split_once('=')
                .ok_or_else(|| Usage(format!("`{pair}` is not FIELD=COLUMN")))?;
            if !FIELDS.contains(&name) {
                let nearest = crate::toml_file::nearest(name, FIELDS.into_iter()).unwrap_or("text");
                return Err(Usage(format!(
                    "there is no field `{name}`; did you mean `{nearest}`?"
                )));
            }
            Ok((name.to_owned(), column.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: usize, text: &str, fields: &[(&str, &str)]) -> Row {
        let fields = fields
            .iter()
            .map(|(k, v)| ((*k).to_owned(), serde_json::json!(v)))
            .collect();
        Row {
            line,
            text: text.to_owned(),
            fields,
        }
    }

    #[test]
    fn ids_come_from_the_content_and_repeats_stay_apart() {
        let rows = || {
            vec![
                row(1, "hi", &[]),
                row(2, "hi", &[]),
                row(3, "hi", &[("author", "x")]),
            ]
        };
        let ids = |rows| {
            group(rows, Timestamp::UNIX_EPOCH)
                .0
                .into_iter()
                .map(|(c, _)| c.remote_id)
                .collect::<Vec<_>>()
        };
        let first = ids(rows());
        assert_eq!(first.len(), 3);
        assert_eq!(first, ids(rows()));
    }

    #[test]
    fn rows_of_one_conversation_are_kept_together_and_a_bad_author_is_named() {
        let rows = vec![
            row(1, "where is it", &[("conversation", "c")]),
            row(2, "on its way", &[("conversation", "c"), ("from", "agent")]),
            row(3, "x", &[("from", "robot")]),
        ];
        let (conversations, bad) = group(rows, Timestamp::UNIX_EPOCH);
        assert_eq!(conversations.len(), 1);
        assert_eq!(conversations[0].1[1].author, Author::Agent);
        assert_eq!(bad[0].line, 3);
    }
}
