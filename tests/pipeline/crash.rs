//! Killed at any point, the program sends nothing twice and loses no draft.
//!
//! The child is this test binary again: it polls, writes drafts, queues replies and sends, and says on stdout what it
//! has been promised. It is killed (SIGKILL) at a random moment; the sandbox, in this process, knows what arrived.

use crate::rig::{engine, in_state, open, sandbox};
use jiff::{SignedDuration, Timestamp};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use secrecy::SecretString;
use sextant::channel::tiktok_shop::Credentials;
use sextant::domain::{Origin, OutboxState};
use sextant::engine::Engine;
use sextant::engine::accounts::Consent;
use sextant::engine::secrets::Secrets;
use sextant::sandbox::Running;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

const DATA: &str = "SEXTANT_PIPELINE_CRASH_DATA";
const FROM: &str = "SEXTANT_PIPELINE_CRASH_FROM";
const ROUNDS: u64 = 15;
/// Conversations that get replies; as many others get drafts.
const TALKS: usize = 12;

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

#[tokio::test]
#[ignore = "the child of the test below"]
async fn works_until_it_is_killed() {
    let Some(data) = std::env::var_os(DATA).map(PathBuf::from) else {
        return;
    };
    let from: usize = std::env::var(FROM).unwrap().parse().unwrap();
    let engine = engine(&data).await;
    let account = engine.store.accounts().await.unwrap().remove(0);
    let channel = engine.channels.of(&account.id).await.unwrap();
    // The same ones in every child: a queued reply uses up the draft of its conversation.
    let mut talks = open(&engine.store).await;
    talks.sort_by(|a, b| a.id.cmp(&b.id));
    talks.truncate(2 * TALKS);
    let (replied, drafted) = talks.split_at(TALKS);
    say("ready");
    for n in from.. {
        let now = Timestamp::now();
        let (to, of) = (&replied[n % TALKS], &drafted[n % TALKS]);
        let text = format!("draft {n}");
        engine.keep_draft(of, &text, now).await.unwrap();
        say(&format!("draft {} {n}", of.id));
        let text = format!("reply {n}");
        let hold = SignedDuration::ZERO;
        engine
            .queue_reply(to, &text, None, Origin::Person, hold, now)
            .await
            .unwrap();
        say(&format!("queued {n}"));
        engine.deliver_due(Timestamp::now).await.unwrap();
        say(&format!("delivered {n}"));
        engine
            .poll(&account, channel.as_ref(), Timestamp::now)
            .await
            .unwrap();
    }
}

/// What the children said.
#[derive(Default)]
struct Promised {
    drafts: BTreeMap<String, usize>,
    queued: Vec<usize>,
    delivered: usize,
    /// The child was still alive when it was killed.
    killed: usize,
}

fn work_and_kill(data: &std::path::Path, from: usize, moment: Duration, promised: &mut Promised) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::works_until_it_is_killed"])
        .args(["--ignored", "--nocapture", "--test-threads=1"])
        .env(DATA, data)
        .env(FROM, from.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines
        .find(|line| line.as_ref().unwrap().ends_with("ready"))
        .expect("the child never got ready")
        .unwrap();
    std::thread::sleep(moment);
    promised.killed += usize::from(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["draft", id, n] => {
                promised.drafts.insert((*id).to_owned(), n.parse().unwrap());
            }
            ["queued", n] => promised.queued.push(n.parse().unwrap()),
            ["delivered", _] => promised.delivered += 1,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_fifteen_times_it_sends_nothing_twice_and_loses_no_draft() {
    let day = sandbox(11).await;
    let dir = crate::rig::folder();
    let engine = engine(dir.path()).await;
    let given = day.credentials();
    let credentials = Credentials {
        app_key: given.app_key,
        app_secret: SecretString::from(given.app_secret),
        service_id: given.service_id,
    };
    let base_url = Some(day.base_url.clone());
    let consent = Consent::begin(credentials, base_url, false, "state".to_owned());
    let ended_on = sextant::http::redirect_of(&consent.url()).await.unwrap();
    let secrets = Secrets::new(dir.path().join("secrets"));
    let account = consent
        .finish(&ended_on, &engine.store, &secrets, Timestamp::now())
        .await
        .unwrap()
        .remove(0);
    let channel = engine.channels.of(&account.id).await.unwrap();
    engine
        .poll(&account, channel.as_ref(), Timestamp::now)
        .await
        .unwrap();

    let mut dice = ChaCha8Rng::seed_from_u64(2026);
    let mut promised = Promised::default();
    for round in 0..ROUNDS {
        let moment = Duration::from_micros(dice.next_u64() % 150_000);
        let (data, from) = (dir.path().to_owned(), round as usize * 100_000);
        promised = tokio::task::spawn_blocking(move || {
            work_and_kill(&data, from, moment, &mut promised);
            promised
        })
        .await
        .unwrap();
        // Its process is gone: what it was sending is unknown at once. Elsewhere than on Linux its lease must run out.
        let now = if cfg!(target_os = "linux") {
            Timestamp::now()
        } else {
            Timestamp::now() + sextant::engine::deliver::LEASE
        };
        engine.recover(now).await.unwrap();
        assert_eq!(in_state(&engine.store, OutboxState::Claimed).await, 0);
    }
    assert_eq!(promised.killed as u64, ROUNDS);
    assert!(promised.delivered > 0, "killed before anything happened");

    let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
    for sent in day.stats().sent {
        *arrived.entry(sent.text).or_default() += 1;
    }
    let twice: Vec<_> = arrived.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let outbox = engine.store.outbox(&Default::default()).await.unwrap();
    for n in &promised.queued {
        let text = format!("reply {n}");
        assert!(
            outbox.iter().any(|o| o.text.expose() == text),
            "{text} is lost"
        );
    }
    for reply in &outbox {
        let there = arrived.contains_key(reply.text.expose());
        match reply.state {
            OutboxState::Sent => assert!(there && reply.platform_id.is_some(), "{reply:?}"),
            OutboxState::Held | OutboxState::FailedRetryable => assert!(!there, "{reply:?}"),
            OutboxState::Unknown => {}
            _ => panic!("{reply:?}"),
        }
    }
    for (id, n) in &promised.drafts {
        let of = sextant::domain::ConversationId::from_stored(id.clone());
        let draft = engine
            .store
            .draft(&of)
            .await
            .unwrap()
            .expect("a draft is lost");
        let kept: usize = draft
            .text
            .expose()
            .trim_start_matches("draft ")
            .parse()
            .unwrap();
        assert!(kept >= *n, "{kept} is older than {n}");
    }
    the_rest_leaves_once(&engine, &day).await;
}

/// What arrived is found by reading, and the rest leaves once.
async fn the_rest_leaves_once(engine: &Engine, day: &Running) {
    engine.look_for_unknown(Timestamp::now()).await.unwrap();
    while in_state(&engine.store, OutboxState::Held).await > 0 {
        engine.deliver_due(Timestamp::now).await.unwrap();
    }
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for sent in day.stats().sent {
        *times.entry(sent.text).or_default() += 1;
    }
    assert!(times.values().all(|n| *n == 1), "{times:?}");
    for reply in engine.store.outbox(&Default::default()).await.unwrap() {
        let arrived = times.contains_key(reply.text.expose());
        let expected = if arrived {
            OutboxState::Sent
        } else {
            OutboxState::Unknown
        };
        assert_eq!(reply.state, expected, "{reply:?}");
    }
}

/// As if the process that claimed what is claimed had died.
#[cfg(target_os = "linux")]
async fn the_sender_dies(dir: &std::path::Path) {
    use sqlx::Connection;
    let url = format!("sqlite:{}", dir.join("sextant.db").display());
    let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let (mine, nobodys) = (format!(" {} ", std::process::id()), " 999999999 ");
    let changed = sqlx::query(
        "UPDATE outbox SET claimed_by = replace(claimed_by, $1, $2) WHERE state = 'claimed'",
    )
    .bind(mine)
    .bind(nobodys)
    .execute(&mut conn)
    .await
    .unwrap();
    assert_eq!(changed.rows_affected(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_a_dead_sender_left_can_be_judged_at_once_and_holds_nobody_up() {
    let rig = crate::rig::rig(3).await;
    rig.poll_until_settled().await;
    let (c, engine) = (rig.open().await, &rig.engine);
    let claim = async |text: &str| {
        let reply = rig.queue(&c, text).await;
        let account = &rig.account.id;
        let claimed = engine.store.claim_due(account, Timestamp::now(), 1).await;
        assert_eq!(claimed.unwrap()[0].id, reply.id);
        reply
    };
    let first = claim("half sent").await;
    // While the sender lives, its claim is its own.
    let now = Timestamp::now();
    assert!(engine.resolve(&c, false, now).await.is_err());
    let state = async || engine.store.outgoing(&first.id).await.unwrap().state;
    assert_eq!(state().await, OutboxState::Claimed);
    the_sender_dies(rig.dir.path()).await;
    let settled = engine.resolve(&c, false, now).await.unwrap();
    assert_eq!(settled[0].state, OutboxState::Cancelled);

    let second = claim("half sent again").await;
    the_sender_dies(rig.dir.path()).await;
    let refused = engine.undo_or_recall(Some(&second.id), now).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("unknown"), "{refused}");
    let next = rig.queue(&c, "The next one.").await;
    assert_eq!(rig.deliver(&next).await.state, OutboxState::Sent);
}
