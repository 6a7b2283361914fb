//! Does the effects, and tells what changed by itself.
//!
//! ```text
//! Effect ─┬─▶ loads   one of a kind runs, the latest one waits
//!         ├─▶ acts    one task, in the order in which they were pressed
//!         └─▶ desk    poll now, take up an account, stop or load the model
//! watch ─────▶ what nobody asked for: changes, held replies, channels, the model
//! ```
//!
//! - `loads`: queues, rows, one conversation, reasons; and the orders behind a conversation
//! - `acts`: everything that changes something
//! - `watch`: what changed by itself, in this process or another
//! - `items`: from the engine's values to what a view may show
//!
//! May use: `engine` and its values. The one rule: every effect is answered, with what came of it or with the reason for nothing; and a
//! task that panics ends the program.

mod acts;
mod items;
mod loads;
mod memory;
mod watch;

pub use memory::Memory;

use super::msg::{Effect, Outcome};
use crate::engine::run::Desk;
use crate::text::{SafeText, sanitise};
use jiff::Timestamp;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, watch as watching};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Outcomes that wait for the loop; who has more waits with them.
const WAITING: usize = 256;
/// Acts that wait for the one before; nobody presses so many while one is under way.
const PRESSED: usize = 256;
/// What was pressed last is done before the program ends, within this.
const LAST_ACTS: Duration = Duration::from_secs(5);

/// Everything that the tasks share.
#[derive(Clone)]
struct Shared {
    desk: Desk,
    out: mpsc::Sender<Outcome>,
    clock: fn() -> Timestamp,
}

impl Shared {
    async fn tell(&self, outcome: Outcome) {
        // Nobody listens any more once the screen is left.
        let _ = self.out.send(outcome).await;
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// A sentence for a person, in one line.
fn sentence(error: &anyhow::Error) -> SafeText {
    sanitise(&format!("{error:#}")).one_line(300)
}

/// Does effects. Dropped, all its tasks end.
pub struct Runner {
    shared: Shared,
    loads: loads::Loads,
    acts: Option<mpsc::Sender<Effect>>,
    acting: JoinHandle<()>,
    asked: watching::Sender<u64>,
    folder: PathBuf,
    failed: mpsc::Sender<anyhow::Error>,
    ended: CancellationToken,
}

/// What the runner says.
pub struct Said {
    pub outcomes: mpsc::Receiver<Outcome>,
    /// Why the program cannot go on.
    pub failed: mpsc::Receiver<anyhow::Error>,
}

impl Runner {
    /// Starts the tasks that wait for effects and those that watch; the desk itself is the caller's to run. `folder` is where a
    /// person's choices are remembered.
    pub fn new(desk: Desk, folder: PathBuf, clock: fn() -> Timestamp) -> (Self, Said) {
        let (out, outcomes) = mpsc::channel(WAITING);
        let (failed, failures) = mpsc::channel(1);
        let ended = CancellationToken::new();
        let shared = Shared { desk, out, clock };
        let tasks = Tasks {
            ended: ended.clone(),
            failed: failed.clone(),
        };
        let (acts, pressed) = mpsc::channel(PRESSED);
        let acting = tasks.spawn_to_the_end("acts", acts::work(shared.clone(), pressed));
        let loads = loads::Loads::start(&shared, &tasks);
        let (asked, looks) = watching::channel(0);
        watch::start(&shared, &tasks, looks);
        let runner = Self {
            shared,
            loads,
            acts: Some(acts),
            acting,
            asked,
            folder,
            failed,
            ended,
        };
        let said = Said {
            outcomes,
            failed: failures,
        };
        (runner, said)
    }

    /// Tells the loop of a task of somebody else's that the program cannot go on without.
    pub fn failures(&self) -> mpsc::Sender<anyhow::Error> {
        self.failed.clone()
    }

    /// Begins an effect; what comes of it is an outcome. Those that need the terminal never get here.
    pub fn start(&mut self, effect: Effect) {
        let desk = &self.shared.desk;
        match effect {
            Effect::LoadQueues => self.loads.queues(),
            Effect::LoadRows {
                queue,
                limit,
                keep,
                ticket,
            } => self.loads.rows(loads::Rows {
                queue,
                limit,
                keep,
                ticket,
            }),
            Effect::LoadThread { id, ticket } => self.loads.thread(id, ticket),
            Effect::LoadWhy {
                id,
                message,
                ticket,
            } => self.loads.why(id, message, ticket),
            Effect::Stage(stage) => self.loads.stage(stage),
            Effect::Act { .. }
            | Effect::Send { .. }
            | Effect::KeepDraft { .. }
            | Effect::Undo { .. } => self.press(effect),
            Effect::Import { path } => {
                let shared = self.shared.clone();
                self.tasks()
                    .spawn("import", async move { acts::import(&shared, path).await });
            }
            Effect::Remember {
                lang,
                theme,
                recent,
            } => {
                let memory = Memory::new(lang, theme.as_ref(), &recent);
                if let Err(error) = memory.write(&self.folder) {
                    self.complain(&format!("what you chose is not remembered: {error:#}"));
                }
            }
            Effect::Connect => {
                desk.take_up_accounts();
                self.asked.send_modify(|n| *n += 1);
                let shared = self.shared.clone();
                self.tasks().spawn("connect", async move {
                    shared.tell(Outcome::Connected).await;
                });
            }
            Effect::PollNow => desk.poll_now(),
            Effect::StopModel => desk.recogniser.worker().stop_loading(),
            Effect::LoadModel => desk.recogniser.worker().load_again(),
            Effect::Edit { .. }
            | Effect::Copy(_)
            | Effect::SetTheme(_)
            | Effect::SetMouse(_)
            | Effect::Suspend
            | Effect::Redraw
            | Effect::Quit { .. } => {
                tracing::error!(?effect, "this effect is the loop's");
            }
        }
    }

    fn tasks(&self) -> Tasks {
        Tasks {
            ended: self.ended.clone(),
            failed: self.failed.clone(),
        }
    }

    fn press(&self, effect: Effect) {
        let Some(acts) = &self.acts else { return };
        let Err(refused) = acts.try_send(effect) else {
            return;
        };
        let why = sanitise("too much waits to be done; press again in a moment");
        // As it would be told if it had failed, so that its row comes back.
        let outcome = match refused.into_inner() {
            Effect::Act { id, act } => Outcome::Acted {
                id,
                act,
                result: Err(why),
            },
            Effect::Send { id, .. } => Outcome::Queued {
                id,
                result: Err(why),
            },
            _ => Outcome::Told {
                text: why,
                bad: true,
            },
        };
        let shared = self.shared.clone();
        self.tasks()
            .spawn("refusal", async move { shared.tell(outcome).await });
    }

    fn complain(&self, why: &str) {
        let text = sanitise(why).one_line(300);
        let _ = self.shared.out.try_send(Outcome::Told { text, bad: true });
    }

    /// Does what was pressed last, and ends all tasks. Nobody listens to what comes of it any more.
    pub async fn finish(mut self) {
        self.acts = None;
        self.shared.desk.recogniser.worker().stop_loading();
        if tokio::time::timeout(LAST_ACTS, &mut self.acting)
            .await
            .is_err()
        {
            tracing::error!("what was pressed last was not done in time");
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

/// Where the tasks of a runner belong.
#[derive(Clone)]
struct Tasks {
    ended: CancellationToken,
    failed: mpsc::Sender<anyhow::Error>,
}

impl Tasks {
    /// Runs until it is done or the runner is dropped.
    fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let ended = self.ended.clone();
        self.spawn_to_the_end(name, async move {
            tokio::select! {
                () = work => {}
                () = ended.cancelled() => {}
            }
        });
    }

    /// Runs until it is done. A panic is told, and ends the program.
    fn spawn_to_the_end(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> JoinHandle<()> {
        let failed = self.failed.clone();
        tokio::spawn(async move {
            if let Err(error) = tokio::spawn(work).await
                && error.is_panic()
            {
                let why = anyhow::anyhow!(
                    "a part of the program ({name}) broke off; the log in the data folder says where. Nothing that was \
                     stored is lost: start again"
                );
                tracing::error!(%error, "a task panicked");
                // One reason is enough.
                let _ = failed.try_send(why);
            }
        })
    }
}
