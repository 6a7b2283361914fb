//! Reading for the screen, and filling a template: of each kind one runs, and the latest one waits.
//!
//! Whoever holds `j` passes a hundred conversations; only the first and the last are read. The one rule: nothing here asks a platform
//! except for the orders of a conversation that somebody stays at, and nobody waits for that.

use super::{Shared, Tasks, acts, items, sentence};
use crate::domain::{ConversationId, MessageId, Queue};
use crate::tui::msg::{Outcome, Stage};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;
use tokio::sync::watch;

/// Before the orders of a conversation are asked for: who only passes by asks for nothing.
const STAYS: Duration = Duration::from_millis(300);
/// Before they are asked for again.
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// One kind: what is wanted last, for the task that reads it.
type Slot<T> = watch::Sender<Option<T>>;

/// Which rows.
#[derive(Clone)]
pub struct Rows {
    pub queue: Queue,
    pub limit: u32,
    pub keep: Option<ConversationId>,
    pub ticket: u64,
}

pub struct Loads {
    queues: Slot<()>,
    rows: Slot<Rows>,
    thread: Slot<(ConversationId, u64)>,
    why: Slot<(ConversationId, MessageId, u64)>,
    stage: Slot<Stage>,
}

impl Loads {
    pub fn start(shared: &Shared, tasks: &Tasks) -> Self {
        let (orders, open) = watch::channel(None);
        tasks.spawn("orders", keep_orders(shared.clone(), open));
        Self {
            queues: slot(shared, tasks, "queues", |shared, ()| load_queues(shared)),
            rows: slot(shared, tasks, "rows", load_rows),
            thread: slot(shared, tasks, "conversation", move |shared, wanted| {
                load_thread(shared, wanted, orders.clone())
            }),
            why: slot(shared, tasks, "reasons", load_why),
            stage: slot(shared, tasks, "template", acts::stage),
        }
    }

    pub fn queues(&self) {
        self.queues.send_replace(Some(()));
    }

    pub fn rows(&self, rows: Rows) {
        self.rows.send_replace(Some(rows));
    }

    pub fn thread(&self, id: ConversationId, ticket: u64) {
        self.thread.send_replace(Some((id, ticket)));
    }

    pub fn stage(&self, stage: Stage) {
        self.stage.send_replace(Some(stage));
    }

    pub fn why(&self, id: ConversationId, message: MessageId, ticket: u64) {
        self.why.send_replace(Some((id, message, ticket)));
    }
}

fn slot<T, W, F>(shared: &Shared, tasks: &Tasks, name: &'static str, mut work: W) -> Slot<T>
where
    T: Clone + Send + Sync + 'static,
    W: FnMut(Shared, T) -> F + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let (wanted, mut latest) = watch::channel(None);
    let shared = shared.clone();
    tasks.spawn(name, async move {
        while latest.changed().await.is_ok() {
            let wanted = latest.borrow_and_update().clone();
            if let Some(wanted) = wanted {
                work(shared.clone(), wanted).await;
            }
        }
    });
    wanted
}

async fn load_queues(shared: Shared) {
    match shared.desk.engine.bar(shared.now()).await {
        Ok(bar) => {
            let queues = bar.into_iter().map(items::queue).collect();
            shared.tell(Outcome::Queues(queues)).await;
        }
        Err(error) => shared.complain(&error).await,
    }
}

async fn load_rows(shared: Shared, wanted: Rows) {
    let Rows {
        queue,
        limit,
        keep,
        ticket,
    } = wanted;
    let engine = &shared.desk.engine;
    match engine.rows(queue, limit, shared.now()).await {
        Ok((rows, more)) => {
            let keep = keep.filter(|id| rows.iter().all(|row| row.conversation.id != *id));
            if let Some(id) = keep
                && let Ok(Some(row)) = engine.row(&id).await
            {
                let row = Box::new(items::row(row));
                shared.tell(Outcome::Row { ticket, row }).await;
            }
            let rows = rows.into_iter().map(items::row).collect();
            shared.tell(Outcome::Rows { ticket, rows, more }).await;
        }
        Err(error) => shared.complain(&error).await,
    }
}

async fn load_thread(
    shared: Shared,
    (id, ticket): (ConversationId, u64),
    orders: Slot<ConversationId>,
) {
    let engine = &shared.desk.engine;
    match engine.talk(&id).await {
        Ok(talk) => {
            let thread = Box::new(items::thread(talk, &engine.templates));
            shared.tell(Outcome::Thread { ticket, thread }).await;
            orders.send_if_modified(|open| {
                let other = open.as_ref() != Some(&id);
                *open = Some(id);
                other
            });
        }
        Err(error) => {
            let why = sentence(&error);
            shared.tell(Outcome::NoThread { ticket, why }).await;
        }
    }
}

async fn load_why(shared: Shared, (id, message, ticket): (ConversationId, MessageId, u64)) {
    let desk = &shared.desk;
    let reasons = desk.engine.why(&desk.recogniser, &id, &message).await;
    let reasons = reasons
        .map(items::reasons)
        .map_err(|error| sentence(&error));
    shared.tell(Outcome::Why { ticket, reasons }).await;
}

/// Asks the platform for the orders behind the conversation that somebody stays at, where what is known of them is old.
async fn keep_orders(shared: Shared, mut open: watch::Receiver<Option<ConversationId>>) {
    let mut asked: HashMap<ConversationId, Timestamp> = HashMap::new();
    while open.changed().await.is_ok() {
        let id = open.borrow_and_update().clone();
        tokio::time::sleep(STAYS).await;
        let now = shared.now();
        asked.retain(|_, at| now.duration_since(*at) < ASK_AGAIN);
        let Some(id) = id.filter(|id| open.borrow().as_ref() == Some(id)) else {
            continue;
        };
        if asked.contains_key(&id) {
            continue;
        }
        asked.insert(id.clone(), now);
        match shared.desk.engine.refresh_orders_of(&id, now).await {
            Ok(true) => shared.desk.monitor.changed(),
            Ok(false) => {}
            Err(error) => tracing::info!("orders were not asked for: {error:#}"),
        }
    }
}

impl Shared {
    async fn complain(&self, error: &anyhow::Error) {
        let text = sentence(error);
        self.tell(Outcome::Told { text, bad: true }).await;
    }
}
