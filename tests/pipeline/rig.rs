//! A desk that is connected to a sandbox.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sextant::channel::tiktok_shop::{
    self, Credentials, Endpoints, TiktokShop, TokenStore, TokenStoreError, Tokens,
};
use sextant::channel::{Channel, ChannelError};
use sextant::domain::{Account, AccountId, ChannelKind, Conversation, OutboxState, Outgoing};
use sextant::embed::Embedder;
use sextant::embed::hash::HashEmbedder;
use sextant::embed::worker::EmbedWorker;
use sextant::engine::accounts::Channels;
use sextant::engine::recognise::Recogniser;
use sextant::engine::secrets::Secrets;
use sextant::engine::{Engine, Settings};
use sextant::http::{self, HttpClient, Policy};
use sextant::sandbox::{self, Options, Pace, Running};
use sextant::store::{Filter, Store};
use sextant::template::Templates;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

pub struct Rig {
    pub day: Running,
    pub engine: Engine,
    pub account: Account,
    pub channel: Arc<dyn Channel>,
    pub dir: TempDir,
}

/// One stored message: conversation, id, author, kind, text.
pub type Stored = (String, String, String, String, String);

pub async fn sandbox(seed: u64) -> Running {
    sandbox::start(Options {
        seed,
        pace: Pace::AtOnce,
        ..Options::default()
    })
    .await
    .unwrap()
}

/// A desk on an empty folder, connected to a sandbox of its own.
pub async fn rig(seed: u64) -> Rig {
    rig_with(seed, Duration::from_secs(20)).await
}

/// The same, with so much patience for one answer.
pub async fn rig_with(seed: u64, patience: Duration) -> Rig {
    let day = sandbox(seed).await;
    let dir = folder();
    let engine = engine(dir.path()).await;
    let (account, channel) = connect(&day, &engine, "the-shop", policy(patience)).await;
    Rig {
        day,
        engine,
        account,
        channel,
        dir,
    }
}

/// In memory where the system has such a place: a store that syncs after every conversation is as slow as the disk, and
/// what is tested here does not depend on the power staying on.
pub fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// Impatient enough for a test, and otherwise as in earnest.
pub fn policy(patience: Duration) -> Policy {
    Policy {
        back_off: Duration::from_millis(5),
        whole_timeout: patience,
        per_second: 100_000.0,
        burst: 10_000,
        ..Policy::default()
    }
}

pub async fn engine(data: &Path) -> Engine {
    let url = format!("sqlite:{}", data.join("sextant.db").display());
    let store = Store::open(&url).await.unwrap();
    let settings = Settings {
        hold: SignedDuration::from_secs(8),
        poll_pause: Duration::from_millis(50),
        mark_read: true,
        agent: None,
    };
    let channels = Channels::new(store.clone(), Secrets::new(data.join("secrets")));
    Engine::new(store, Templates::load(None).unwrap(), settings, channels)
}

/// Adds the sandbox's shop as an account of the desk, under an id of the caller's.
pub async fn connect(
    day: &Running,
    engine: &Engine,
    remote_id: &str,
    policy: Policy,
) -> (Account, Arc<dyn Channel>) {
    let channel: Arc<dyn Channel> = Arc::new(shop(day, policy).await);
    let account = Account {
        id: AccountId::fresh(),
        kind: ChannelKind::TiktokShop,
        name: "Lumen".into(),
        remote_id: sextant::domain::RemoteId::new(remote_id),
        base_url: Some(day.base_url.clone()),
        created_at: Timestamp::now(),
    };
    let account = engine.store.add_account(&account).await.unwrap();
    engine.channels.insert(&account.id, channel.clone()).await;
    (account, channel)
}

async fn shop(day: &Running, policy: Policy) -> TiktokShop {
    let given = day.credentials();
    let credentials = Credentials {
        app_key: given.app_key,
        app_secret: SecretString::from(given.app_secret),
        service_id: given.service_id,
    };
    let endpoints = Endpoints::at(&day.base_url);
    let page = tiktok_shop::consent_url(&endpoints, &credentials, "state");
    let ended_on = http::redirect_of(&page).await.unwrap();
    let code = tiktok_shop::parse_pasted(&ended_on, "state").unwrap();
    let client = HttpClient::new(policy);
    let tokens = tiktok_shop::exchange(&client, &endpoints, &credentials, &code)
        .await
        .unwrap();
    let shop = tiktok_shop::authorized_shops(&client, &endpoints, &credentials, &tokens)
        .await
        .unwrap()
        .remove(0);
    TiktokShop::new(tiktok_shop::Settings {
        http: Arc::new(client),
        endpoints,
        credentials,
        tokens,
        shop_cipher: shop.cipher,
        token_store: Arc::new(Forgetful),
    })
}

/// Tokens live as long as the test.
struct Forgetful;

#[async_trait::async_trait]
impl TokenStore for Forgetful {
    async fn save(&self, _tokens: &Tokens) -> Result<(), TokenStoreError> {
        Ok(())
    }

    async fn load(&self) -> Result<Option<Tokens>, TokenStoreError> {
        Ok(None)
    }
}

/// The classifier's own examples, through an embedder that only tells texts apart.
pub fn recogniser(dir: &Path) -> Recogniser {
    let worker = EmbedWorker::start(|_| Ok(Box::new(HashEmbedder::new()) as Box<dyn Embedder>));
    with_worker(worker.unwrap(), dir)
}

pub fn with_worker(worker: EmbedWorker, dir: &Path) -> Recogniser {
    let cache = dir.join("vectors");
    Recogniser::new(
        worker,
        sextant::classify::examples::load(None).unwrap(),
        move |_| cache.clone(),
    )
}

impl Rig {
    /// One round. What went wrong with the platform is said, not thrown.
    pub async fn poll(&self) -> Result<sextant::engine::poll::Polled, ChannelError> {
        let round = self
            .engine
            .poll(&self.account, self.channel.as_ref(), Timestamp::now);
        let mut polled = round.await.unwrap();
        polled.error.take().map_or(Ok(polled), Err)
    }

    /// Rounds until one goes well and brings nothing new.
    pub async fn poll_until_settled(&self) {
        for _ in 0..20 {
            let polled = self.poll().await.unwrap();
            if polled.failed.is_empty() && polled.conversations == 0 {
                return;
            }
        }
        panic!("20 rounds, and there is always something new");
    }

    pub async fn stored(&self) -> Vec<Stored> {
        stored(&self.engine.store).await
    }

    /// A reply that may leave at once.
    pub async fn queue(&self, c: &Conversation, text: &str) -> Outgoing {
        let hold = SignedDuration::ZERO;
        let origin = sextant::domain::Origin::Person;
        self.engine
            .queue_reply(c, text, None, origin, hold, Timestamp::now())
            .await
            .unwrap()
    }

    /// Sends what is due and says how `reply` ended.
    pub async fn deliver(&self, reply: &Outgoing) -> Outgoing {
        self.engine.deliver_due(Timestamp::now).await.unwrap();
        self.engine.store.outgoing(&reply.id).await.unwrap()
    }

    /// How often the platform took this text.
    pub fn taken(&self, text: &str) -> usize {
        let sent = self.day.stats().sent;
        sent.iter().filter(|s| s.text == text).count()
    }

    /// A conversation that takes replies.
    pub async fn open(&self) -> Conversation {
        open(&self.engine.store).await.remove(0)
    }
}

/// All conversations that take replies.
pub async fn open(store: &Store) -> Vec<Conversation> {
    let rows = store.list(&everything(), Timestamp::now()).await.unwrap();
    rows.into_iter()
        .map(|row| row.conversation)
        .filter(|c| c.can_reply)
        .collect()
}

pub fn everything() -> Filter {
    Filter {
        limit: 10_000,
        ..Filter::default()
    }
}

/// Every message of every open conversation, sorted; fails where one is there twice.
pub async fn stored(store: &Store) -> Vec<Stored> {
    let mut all = Vec::new();
    for row in store.list(&everything(), Timestamp::now()).await.unwrap() {
        let c = row.conversation;
        for m in store.messages(&c.id).await.unwrap() {
            all.push((
                c.remote_id.as_str().to_owned(),
                m.remote_id.as_str().to_owned(),
                m.author.to_string(),
                m.kind.to_string(),
                m.text.expose().to_owned(),
            ));
        }
    }
    all.sort();
    let ids: BTreeSet<_> = all.iter().map(|m| &m.1).collect();
    assert_eq!(ids.len(), all.len(), "a message is stored twice");
    all
}

/// How many replies are in each of these states.
pub async fn in_state(store: &Store, state: OutboxState) -> usize {
    let outbox = store.outbox(&Default::default()).await.unwrap();
    outbox.iter().filter(|o| o.state == state).count()
}
