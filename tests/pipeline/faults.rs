//! Whatever goes wrong while reading: once it is over, the store is what a quiet day would have made it.

use crate::rig::{Rig, connect, engine, policy, rig, stored};
use sextant::channel::ChannelError;
use sextant::engine::run::{Desk, Health};
use sextant::http::Policy;
use sextant::sandbox::Fault;
use std::ops::Not;
use std::time::Duration;

/// So often hits a fault that makes a round fail.
const BREAKS: Option<u32> = Some(30);

/// Which part of a stored message must be the same as in a run without the fault.
#[derive(Clone, Copy, PartialEq)]
enum Same {
    Everything,
    /// What was read as an unknown kind stays what it was read as.
    Ids,
}

/// A fault from the beginning, then again in the middle of the walk, then rounds without it; then a second desk reads
/// the same platform in peace.
async fn survives(fault: Fault, count: Option<u32>, same: Same) -> Rig {
    let rig = rig(7).await;
    let mut disturbed = false;
    rig.day.fault_on(fault, count.map(|n| n.min(4)));
    // Success, or a sentence about the platform: anything else panics in there.
    disturbed |= rig.poll().await.is_ok_and(|p| p.failed.is_empty()).not();
    rig.day.fault_off(fault);
    let in_the_middle = async {
        let calls = || rig.day.stats().requests.get("messages").copied();
        let start = calls().unwrap_or(0);
        while calls().unwrap_or(0) < start + 25 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        rig.day.fault_on(fault, count);
        std::future::pending::<()>().await;
    };
    let polled = tokio::select! {
        polled = rig.poll() => polled,
        () = in_the_middle => unreachable!("it waits for ever"),
    };
    disturbed |= polled.is_ok_and(|p| p.failed.is_empty()).not();
    assert_eq!(disturbed, count == BREAKS, "{fault}");
    rig.day.fault_off(fault);
    rig.poll_until_settled().await;
    let quiet = crate::rig::folder();
    let reader = engine(quiet.path()).await;
    let patience = policy(Duration::from_secs(20));
    let (account, channel) = connect(&rig.day, &reader, "the-shop", patience).await;
    reader
        .poll(&account, channel.as_ref(), jiff::Timestamp::now)
        .await
        .unwrap();
    let (mut disturbed, mut undisturbed) = (rig.stored().await, stored(&reader.store).await);
    assert!(undisturbed.len() >= 500, "{}", undisturbed.len());
    if same == Same::Ids {
        for m in disturbed.iter_mut().chain(&mut undisturbed) {
            (m.2, m.3, m.4) = Default::default();
        }
    }
    let lost = undisturbed.iter().find(|m| !disturbed.contains(m));
    let invented = disturbed.iter().find(|m| !undisturbed.contains(m));
    assert_eq!((lost, invented), (None, None), "{fault}");
    rig
}

/// Every fault in a test of its own, so that the name of what broke is the name of the test.
macro_rules! survived {
    ($($name:ident: $fault:ident $count:expr, $same:ident;)+) => {
        $(#[tokio::test]
        async fn $name() {
            survives(Fault::$fault, $count, Same::$same).await;
        })+
    };
}

survived! {
    after_server_errors_nothing_is_missing: ServerError BREAKS, Everything;
    after_truncated_bodies_nothing_is_missing: TruncatedBody BREAKS, Everything;
    after_cut_connections_nothing_is_missing: ConnectionCut BREAKS, Everything;
    after_json_of_another_shape_nothing_is_missing: WrongJson BREAKS, Everything;
    pages_that_come_twice_are_stored_once: DuplicatePage None, Everything;
    a_conversation_that_moves_while_it_is_read_is_not_missed: MovedItem None, Everything;
    empty_pages_do_not_end_the_reading: EmptyPage None, Everything;
    unknown_kinds_are_stored_all_the_same: UnknownEnum None, Ids;
    unknown_fields_change_nothing: UnknownField None, Everything;
    a_message_with_nul_bytes_is_stored_as_it_came: NulBytes Some(1), Everything;
    a_message_of_a_megabyte_is_stored_whole: HugeMessage Some(1), Everything;
    after_a_rate_limit_nothing_is_missing: RateLimit Some(2), Everything;
    errors_in_a_good_status_are_errors: ErrorIn200 BREAKS, Everything;
}

#[tokio::test]
async fn an_expired_token_is_refreshed_and_nothing_is_missing() {
    let rig = survives(Fault::ExpiredToken, None, Same::Everything).await;
    assert!(rig.day.stats().refreshes >= 1);
}

#[tokio::test]
async fn hostile_texts_reach_the_store_byte_for_byte() {
    for (fault, is_it) in [
        (
            Fault::NulBytes,
            (|t: &str| t.contains('\0')) as fn(&str) -> bool,
        ),
        (Fault::HugeMessage, |t| t.len() >= 1_000_000),
    ] {
        let rig = rig(7).await;
        rig.day.fault_on(fault, None);
        rig.poll_until_settled().await;
        let found = rig.stored().await.iter().filter(|m| is_it(&m.4)).count();
        assert_eq!(found, 1, "{fault}");
    }
}

#[tokio::test]
async fn many_messages_of_a_megabyte_block_nothing() {
    let rig = rig(7).await;
    rig.poll_until_settled().await;
    let before = rig.stored().await.len();
    // They come one with each call, into one conversation, which is more than one answer may hold.
    rig.day.fault_on(Fault::HugeMessage, Some(12));
    let lists = || rig.day.stats().requests["conversations"];
    for _ in 0..12 {
        rig.channel.check().await.unwrap();
    }
    let polled = rig.poll().await.unwrap();
    assert_eq!(polled.failed.len(), 0, "{:?}", polled.failed);
    rig.poll_until_settled().await;
    let stored = rig.stored().await;
    let huge = stored.iter().filter(|m| m.4.len() >= 1_000_000).count();
    assert_eq!((huge, stored.len()), (12, before + 12));
    let asked = lists();
    rig.poll().await.unwrap();
    assert_eq!(lists(), asked + 1, "the whole list is walked again");
}

#[tokio::test]
async fn what_is_too_large_even_alone_is_told_and_holds_up_nothing_else() {
    let rig = rig(7).await;
    let small = Policy {
        body_limit: 1_000_000,
        ..policy(Duration::from_secs(20))
    };
    let (account, channel) = connect(&rig.day, &rig.engine, "the-shop", small).await;
    let poll = async || {
        let round = rig
            .engine
            .poll(&account, channel.as_ref(), jiff::Timestamp::now);
        round.await.unwrap()
    };
    while poll().await.stored > 0 {}
    // One that no page is small enough for, and after it one that makes the list readable again.
    for fault in [Fault::HugeMessage, Fault::NulBytes] {
        rig.day.fault_on(fault, Some(1));
        rig.channel.check().await.unwrap();
    }
    for _ in 0..2 {
        let asked = rig.day.stats().requests["conversations"];
        let polled = poll().await;
        assert!(polled.error.is_none(), "{:?}", polled.error);
        assert_eq!(polled.failed.len(), 1);
        let error = &polled.failed[0].1;
        assert!(matches!(error, ChannelError::TooLarge(_)), "{error}");
        let calls = rig.day.stats().requests["conversations"] - asked;
        assert!(calls <= 2, "the whole list is walked again: {calls}");
    }
}

#[tokio::test]
async fn a_shop_without_permission_is_a_state_of_its_own_and_the_other_shop_goes_on() {
    let rig = rig(7).await;
    let other_day = crate::rig::sandbox(8).await;
    let patience = policy(Duration::from_secs(20));
    let (other, _) = connect(&other_day, &rig.engine, "the-other-shop", patience).await;
    rig.day.fault_on(Fault::MissingScope, None);
    let stop = tokio_util::sync::CancellationToken::new();
    let desk = Desk::new(
        rig.engine.clone(),
        crate::rig::recogniser(rig.dir.path()),
        stop.clone(),
    );
    let running = tokio::spawn({
        let desk = desk.clone();
        async move { desk.run().await }
    });
    let health = crate::running::wait_for(async || {
        let health = desk.monitor.health();
        (health.len() == 2).then_some(health)
    })
    .await;
    assert!(
        matches!(&health[&rig.account.id], Health::NotPermitted(why) if why.contains("105005")),
        "{health:?}"
    );
    assert!(matches!(health[&other.id], Health::Ok { .. }), "{health:?}");
    stop.cancel();
    running.await.unwrap().unwrap();
    let calls = rig.day.stats().requests["conversations"];
    assert_eq!(calls, 1, "a shop that is not permitted is not asked again");
    let accounts: std::collections::BTreeSet<_> = rig
        .engine
        .store
        .list(&crate::rig::everything(), jiff::Timestamp::now())
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.conversation.account_id.to_string())
        .collect();
    assert_eq!(accounts, [other.id.to_string()].into());
}
