//! Killed at any point, the store has no half page, no lost draft and no reply that could be sent twice.
//!
//! The child is this test binary again: it works on the database and says on stdout what has been committed. It is
//! killed (SIGKILL) after some of its lines, and then the database must agree with them.

use crate::desk::*;
use sextant::domain::*;
use sextant::store::*;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

const DATABASE: &str = "SEXTANT_STORE_CRASH_DATABASE";
const PAGE: i64 = 5;
/// Starting anew costs more with a server, and its own recovery is not ours to test.
const ROUNDS: [(Kind, usize); 2] = [(Kind::Sqlite, 25), (Kind::Postgres, 4)];

/// What the child says has been committed: (page number, draft number, reply number).
#[derive(Default)]
struct Acknowledged {
    pages: i64,
    draft: Option<String>,
    sent: Vec<String>,
}

fn page(n: i64) -> Vec<IncomingMessage> {
    (n * PAGE..(n + 1) * PAGE)
        .map(|i| buyer(&format!("m{i}"), "where?", i))
        .collect()
}

async fn pages(store: &Store, account: &AccountId) -> i64 {
    let versions = store
        .remote_versions(account, &[RemoteId::new("c1")])
        .await
        .unwrap();
    versions
        .values()
        .next()
        .map_or(0, |version| version.0.parse().unwrap())
}

#[tokio::test]
#[ignore = "the child of the test below"]
async fn works_until_it_is_killed() {
    let Ok(url) = std::env::var(DATABASE) else {
        return;
    };
    let store = Store::open(&url).await.unwrap();
    let account = store.accounts().await.unwrap().remove(0).id;
    for n in pages(&store, &account).await.. {
        let version = (n + 1).to_string();
        let id = store
            .ingest(&account, &talk("c1", &version), &page(n), at(n))
            .await
            .unwrap()
            .conversation_id;
        println!("page {}", n + 1);
        let text = format!("answer {n} {}", std::process::id());
        store.put_draft(&draft(&id, &text)).await.unwrap();
        println!("draft {text}");
        let reply = reply(&store.conversation(&id).await.unwrap(), &text, n);
        store.enqueue(&reply).await.unwrap();
        for claimed in store.claim_due(&account, at(n), 9).await.unwrap() {
            let platform_id = RemoteId::new(format!("p-{}", claimed.id));
            store
                .settle(
                    &claimed.id,
                    OutboxState::Claimed,
                    &Settlement::Sent { platform_id },
                    at(n),
                )
                .await
                .unwrap();
            println!("sent {}", claimed.id);
        }
    }
}

/// Runs the child until it has said so many lines and has gone on for a moment, and kills it.
fn killed_after(lines: usize, moment: Duration, url: &str) -> Acknowledged {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "crash::works_until_it_is_killed",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(DATABASE, url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = Acknowledged::default();
    let mut note = |line: String| match line.split_once(' ') {
        Some(("page", n)) => said.pages = n.parse().unwrap(),
        Some(("draft", text)) => said.draft = Some(text.to_owned()),
        Some(("sent", id)) => said.sent.push(id.to_owned()),
        _ => {}
    };
    output
        .by_ref()
        .take(lines)
        .for_each(|line| note(line.unwrap()));
    std::thread::sleep(moment);
    child.kill().unwrap();
    // What it had said by then counts as well; only the last line may be cut.
    output.for_each(|line| note(line.unwrap()));
    child.wait().unwrap();
    said
}

async fn check(store: &Store, said: &Acknowledged) {
    let account = store.accounts().await.unwrap().remove(0).id;
    let Some(id) = store
        .list(&Filter::default(), at(0))
        .await
        .unwrap()
        .pop()
        .map(|row| row.conversation.id)
    else {
        assert_eq!(said.pages, 0);
        return;
    };
    let stored = pages(store, &account).await;
    assert!(stored >= said.pages, "a page that was acknowledged is gone");
    store.recover(at(1 << 30), at(1 << 30)).await.unwrap();

    let messages = store.messages(&id).await.unwrap();
    let from_buyer = messages
        .iter()
        .filter(|m| m.author == Author::Customer)
        .count();
    assert_eq!(from_buyer as i64, stored * PAGE, "half a page");

    let outbox = store.outbox(&OutboxFilter::default()).await.unwrap();
    for reply in &outbox {
        let shown = messages
            .iter()
            .filter(|m| m.text == reply.text && m.author == Author::Agent)
            .count();
        assert_eq!(shown, 1, "{}", reply.state);
        assert!(reply.attempts <= 1, "claimed twice");
        assert!(
            matches!(
                reply.state,
                OutboxState::Held | OutboxState::Sent | OutboxState::Unknown
            ),
            "{}",
            reply.state
        );
        assert_eq!(
            reply.platform_id.is_some(),
            reply.state == OutboxState::Sent
        );
    }
    for sent in &said.sent {
        assert!(
            outbox
                .iter()
                .any(|r| r.id.as_str() == sent && r.state == OutboxState::Sent),
            "a sent reply is gone"
        );
    }
    if let Some(text) = &said.draft {
        let draft = store.draft(&id).await.unwrap();
        let kept = draft.is_some_and(|draft| draft.text == text.as_str().into());
        assert!(
            kept || outbox
                .iter()
                .any(|reply| reply.text == text.as_str().into()),
            "a draft is gone: {text}"
        );
    }
}

promise!(
    killed_at_any_point_it_holds_what_it_said_and_nothing_by_halves,
    async |desk: &Desk| {
        desk.store.close().await;
        let mut chance = 2_463_534_242u32;
        let mut acknowledged = 0;
        let kind = desk.store.kind();
        let rounds = ROUNDS.iter().find(|(k, _)| *k == kind).unwrap().1;
        for _ in 0..rounds {
            chance ^= chance << 13;
            chance ^= chance >> 17;
            chance ^= chance << 5;
            let said = killed_after(
                chance as usize % 40,
                Duration::from_micros(u64::from(chance >> 8) % 4000),
                &desk.url,
            );
            acknowledged += said.sent.len();
            let store = Store::open(&desk.url).await.unwrap();
            check(&store, &said).await;
            store.close().await;
        }
        assert!(acknowledged > 0, "the child did nothing");
    }
);
