//! The runner: every effect is answered, acts in the order in which they were pressed, of loads the latest.

use jiff::{SignedDuration, Timestamp};
use sextant::classify::examples;
use sextant::demo;
use sextant::domain::{ConversationId, Intent, Queue, Status};
use sextant::embed::{EmbedWorker, Embedder, HashEmbedder};
use sextant::engine::accounts::Channels;
use sextant::engine::recognise::Recogniser;
use sextant::engine::run::Desk;
use sextant::engine::secrets::Secrets;
use sextant::engine::{Engine, Settings};
use sextant::sandbox::{Pace, Running};
use sextant::store::Store;
use sextant::template::Templates;
use sextant::tui::msg::{Act, Effect, NotStaged, Outcome, Stage};
use sextant::tui::runner::{Runner, Said};
use sextant::tui::state::{Held, RowItem, Thread};
use std::collections::BTreeMap;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A desk on a shop day whose messages are stored, with a runner.
struct Rig {
    desk: Desk,
    runner: Runner,
    said: Said,
    _day: Running,
    dir: TempDir,
}

impl Rig {
    async fn start() -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap());
        let url = format!("sqlite:{}", dir.path().join("sextant.db").display());
        let store = Store::open(&url).await.unwrap();
        let settings = Settings {
            hold: SignedDuration::from_secs(60),
            poll_pause: Duration::from_secs(60),
            mark_read: true,
            agent: Some("Mei".to_owned()),
        };
        let secrets = Secrets::new(dir.path().join("secrets"));
        let channels = Channels::new(store.clone(), secrets.clone());
        let engine = Engine::new(store, Templates::load(None).unwrap(), settings, channels);
        let worker = EmbedWorker::start(|_| Ok(Box::new(HashEmbedder::new()) as Box<dyn Embedder>));
        let vectors = dir.path().join("vectors");
        let recogniser =
            Recogniser::new(worker.unwrap(), examples::load(None).unwrap(), move |_| {
                vectors.clone()
            });
        let day = demo::begin(&engine, &secrets, 3, Pace::AtOnce)
            .await
            .unwrap();
        let desk = Desk::new(engine, recogniser, CancellationToken::new());
        let account = desk.engine.connected_accounts().await.unwrap().remove(0);
        desk.poll_once(&account).await.unwrap();
        let (runner, said) = Runner::new(desk.clone(), dir.path().to_owned(), Timestamp::now);
        Self {
            desk,
            runner,
            said,
            _day: day,
            dir,
        }
    }

    /// The next outcome that `wanted` takes.
    async fn next<T>(&mut self, wanted: impl Fn(Outcome) -> Option<T>) -> T {
        let found = async {
            loop {
                let outcome = self.said.outcomes.recv().await.expect("the runner ended");
                if let Some(found) = wanted(outcome) {
                    return found;
                }
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(20), found).await;
        found.expect("no such outcome comes")
    }

    async fn rows(&mut self, queue: Queue) -> Vec<RowItem> {
        let load = Effect::LoadRows {
            keep: None,
            queue,
            limit: 50,
            ticket: 1,
        };
        self.runner.start(load);
        self.next(|outcome| match outcome {
            Outcome::Rows { rows, .. } => Some(rows),
            _ => None,
        })
        .await
    }

    async fn thread(&mut self, id: &ConversationId) -> Thread {
        let load = Effect::LoadThread {
            id: id.clone(),
            ticket: 1,
        };
        self.runner.start(load);
        self.next(|outcome| match outcome {
            Outcome::Thread { thread, .. } => Some(*thread),
            _ => None,
        })
        .await
    }

    async fn recognise(&self) {
        let (recogniser, store) = (&self.desk.recogniser, &self.desk.engine.store);
        recogniser.prepare(Some(store)).await.unwrap();
        recogniser
            .recognise_waiting(store, Timestamp::now)
            .await
            .unwrap();
    }

    /// A conversation that takes replies.
    async fn open(&mut self) -> Thread {
        for row in self.rows(Queue::Open).await {
            let thread = self.thread(&row.id).await;
            if thread.can_reply {
                return thread;
            }
        }
        panic!("nobody takes a reply");
    }

    async fn held(&mut self, count: usize) -> Vec<Held> {
        self.next(|outcome| match outcome {
            Outcome::Held(held) if held.len() == count => Some(held),
            _ => None,
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acts_are_done_in_the_order_in_which_they_were_pressed() {
    let mut rig = Rig::start().await;
    let id = rig.open().await.id;
    let until = Timestamp::now() + SignedDuration::from_hours(3);
    let acts = [
        Act::Done,
        Act::Reopen,
        Act::Snooze(until),
        Act::Reopen,
        Act::Done,
    ];
    for act in acts.clone() {
        let id = id.clone();
        rig.runner.start(Effect::Act { id, act });
    }
    rig.runner.start(Effect::Undo { reply: None });
    for expected in acts {
        let done = rig
            .next(|outcome| match outcome {
                Outcome::Acted { act, result, .. } => Some((act, result)),
                _ => None,
            })
            .await;
        assert_eq!(done, (expected, Ok(())));
    }
    let undone = rig
        .next(|outcome| match outcome {
            Outcome::Undone(undone) => Some(undone),
            _ => None,
        })
        .await;
    assert_eq!(undone, Ok(("done".to_owned(), Some(id.clone()))));
    assert_eq!(rig.thread(&id).await.status, Status::Open);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_loads_the_latest_is_answered_and_most_are_never_made() {
    let mut rig = Rig::start().await;
    let id = rig.open().await.id;
    for ticket in 2..=400 {
        let id = id.clone();
        rig.runner.start(Effect::LoadThread { id, ticket });
    }
    let mut answered = 0;
    loop {
        let ticket = rig
            .next(|outcome| match outcome {
                Outcome::Thread { ticket, .. } => Some(ticket),
                _ => None,
            })
            .await;
        answered += 1;
        if ticket == 400 {
            break;
        }
    }
    assert!(answered < 50, "{answered}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_is_held_is_taken_back_and_is_the_draft_again() {
    let mut rig = Rig::start().await;
    let id = rig.open().await.id;
    rig.runner.start(Effect::Send {
        id: id.clone(),
        text: "on its way".to_owned(),
        from: None,
    });
    let (reply, _) = rig
        .next(|outcome| match outcome {
            Outcome::Queued { result, .. } => Some(result),
            _ => None,
        })
        .await
        .unwrap();
    let held = rig.held(1).await;
    assert_eq!((&held[0].id, &held[0].conversation), (&reply, &id));
    assert!(!held[0].buyer.is_empty());
    rig.runner.start(Effect::Undo { reply: Some(reply) });
    rig.held(0).await;
    let draft = rig.thread(&id).await.draft.unwrap();
    assert_eq!(draft.text.as_str(), "on its way");

    let nothing = Effect::KeepDraft {
        id: id.clone(),
        text: " ".to_owned(),
    };
    rig.runner.start(nothing);
    rig.next(|outcome| (outcome == Outcome::Changed).then_some(()))
        .await;
    assert_eq!(rig.thread(&id).await.draft, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_has_its_reasons_and_an_act_on_it_is_about_the_message_that_leads() {
    let mut rig = Rig::start().await;
    rig.recognise().await;
    let rows = rig.rows(Queue::Open).await;
    let row = rows
        .iter()
        .find(|r| r.intent.is_some() && !r.preview.as_str().starts_with('['))
        .unwrap();
    let thread = rig.thread(&row.id).await;
    let lead = thread.subject().unwrap().clone();
    assert_eq!(Some(&lead.id), thread.lead.as_ref());
    rig.runner.start(Effect::LoadWhy {
        id: row.id.clone(),
        message: lead.id.clone(),
        ticket: 1,
    });
    let reasons = rig
        .next(|outcome| match outcome {
            Outcome::Why { reasons, .. } => Some(reasons),
            _ => None,
        })
        .await
        .unwrap();
    assert_eq!(reasons.reasons.len(), 3);
    assert_eq!(Some(reasons.reasons[0].intent), row.intent);
    for reason in &reasons.reasons {
        assert_eq!(reason.near.len(), 3);
        assert!(reason.near.iter().all(|(_, _, _, by_person)| !by_person));
        assert!(reason.near.is_sorted_by(|a, b| a.2 >= b.2));
    }

    let intent = Intent::from_key("order.change_address").unwrap_or(Intent::all().next().unwrap());
    let id = row.id.clone();
    rig.runner.start(Effect::Act {
        id,
        act: Act::Relabel(lead.id.clone(), intent),
    });
    let acted = rig
        .next(|outcome| match outcome {
            Outcome::Acted { result, .. } => Some(result),
            _ => None,
        })
        .await;
    assert_eq!(acted, Ok(()));
    let messages = rig.desk.engine.store.messages(&row.id).await.unwrap();
    let labelled: Vec<_> = messages
        .iter()
        .filter(|m| {
            m.classification
                .as_ref()
                .is_some_and(|c| c.verdict.is_some())
        })
        .map(|m| m.id.clone())
        .collect();
    assert_eq!(labelled, [lead.id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bar_counts_what_the_queues_list() {
    let mut rig = Rig::start().await;
    rig.recognise().await;
    rig.runner.start(Effect::LoadQueues);
    let queues = rig
        .next(|outcome| match outcome {
            Outcome::Queues(queues) => Some(queues),
            _ => None,
        })
        .await;
    assert_eq!(queues[0].queue, Queue::Open);
    for item in queues.iter().filter(|q| q.count < 50) {
        let rows = rig.rows(item.queue).await;
        assert_eq!(rows.len() as u64, item.count, "{}", item.queue);
    }
    let parents: u64 = queues
        .iter()
        .filter(|q| matches!(q.queue, Queue::Parent(_) | Queue::Unknown | Queue::New))
        .map(|q| q.count)
        .sum();
    assert_eq!(parents, queues[0].count);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_that_cannot_be_filled_says_what_it_needs() {
    let mut rig = Rig::start().await;
    let id = rig.open().await.id;
    let mut stage = async |template: &str, lang: Option<&str>, variant| {
        rig.runner.start(Effect::Stage(Stage {
            id: id.clone(),
            template: template.to_owned(),
            lang: lang.map(str::to_owned),
            variant,
            order: None,
            slots: BTreeMap::new(),
            ticket: 1,
        }));
        rig.next(|outcome| match outcome {
            Outcome::Staged { result, .. } => Some(result),
            _ => None,
        })
        .await
    };
    let templates = Templates::load(None).unwrap();
    let asks = templates
        .iter()
        .find(|t| t.text["en"].iter().all(|v| v.contains("ask.link")) && t.while_order.is_empty())
        .unwrap();
    match stage(&asks.key, Some("en"), Some(0)).await {
        Err(NotStaged::Blocked { template, gaps }) => {
            assert_eq!(template, asks.key);
            assert!(
                gaps.iter()
                    .any(|g| g.slot == "ask.link" && g.label.is_some() && !g.order)
            );
        }
        other => panic!("{other:?}"),
    }
    match stage(&asks.key, Some("xx"), None).await {
        Err(NotStaged::NoLanguage { lang, has, .. }) => {
            assert_eq!(lang, "xx");
            assert!(has.contains(&"en".to_owned()));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        stage("no_such_template", None, None).await,
        Err(NotStaged::Refused(_))
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_imported_and_one_that_is_not_there_is_named() {
    let mut rig = Rig::start().await;
    let path = rig.dir.path().join("rows.csv");
    std::fs::write(&path, "text,author\nwhere is it,Ana\nhow much,Bo\n").unwrap();
    let mut import = async |path: &str| {
        rig.runner.start(Effect::Import {
            path: path.to_owned(),
        });
        rig.next(|outcome| match outcome {
            Outcome::Imported(result) => Some(result),
            _ => None,
        })
        .await
    };
    assert_eq!(import(path.to_str().unwrap()).await, Ok((2, 0, 0)));
    assert_eq!(import(path.to_str().unwrap()).await, Ok((0, 2, 0)));
    let why = import("/nowhere/rows.csv").await.unwrap_err();
    assert!(why.as_str().contains("/nowhere/rows.csv"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_pressed_last_is_done_before_the_program_ends() {
    let mut rig = Rig::start().await;
    let id = rig.open().await.id;
    for n in 0..20 {
        rig.runner.start(Effect::KeepDraft {
            id: id.clone(),
            text: format!("text {n}"),
        });
    }
    drop(rig.said);
    rig.runner.finish().await;
    let draft = rig.desk.engine.store.draft(&id).await.unwrap().unwrap();
    assert_eq!(draft.text.safe().as_str(), "text 19");
}
