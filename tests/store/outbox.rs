//! Replies leave once, in order, and every state is true.

use crate::desk::*;
use sextant::domain::OutboxState::{Cancelled, Claimed, FailedFinal, Held, Read, Sent, Unknown};
use sextant::domain::*;
use sextant::store::*;
use std::collections::HashSet;

fn sent(id: &str) -> Settlement {
    Settlement::Sent {
        platform_id: RemoteId::new(id),
    }
}

/// Every settlement there is.
fn all() -> [Settlement; 7] {
    [
        sent("p-1"),
        Settlement::Retry {
            error: "no route".into(),
            send_at: at(50),
        },
        Settlement::Refused {
            error: "blocked".into(),
        },
        Settlement::Unknown {
            error: "timed out".into(),
        },
        Settlement::Delivered,
        Settlement::Read,
        Settlement::Cancelled,
    ]
}

promise!(
    a_queued_reply_takes_its_draft_with_it,
    async |desk: &Desk| {
        let id = desk.ingest("c1", &[buyer("m1", "where?", 1)]).await;
        let draft = draft(&id, "soon");
        desk.store
            .put_draft(&Draft {
                text: "so".into(),
                ..draft.clone()
            })
            .await
            .unwrap();
        desk.store.put_draft(&draft).await.unwrap();
        assert_eq!(desk.store.draft(&id).await.unwrap(), Some(draft));

        let reply = reply(&desk.store.conversation(&id).await.unwrap(), "soon", 18);
        desk.store.enqueue(&reply).await.unwrap();
        assert_eq!(desk.store.draft(&id).await.unwrap(), None);
        assert_eq!(desk.store.outgoing(&reply.id).await.unwrap(), reply);
        let events = desk.store.events(&id).await.unwrap();
        assert_eq!(
            (events[0].actor.as_str(), events[0].action.as_str()),
            ("person", "queued")
        );
        assert!(matches!(
            desk.store.enqueue(&reply).await,
            Err(StoreError::AlreadyThere(_))
        ));
        let elsewhere = Outgoing {
            conversation_id: ConversationId::fresh(),
            id: OutgoingId::fresh(),
            ..reply
        };
        assert!(matches!(
            desk.store.enqueue(&elsewhere).await,
            Err(StoreError::NotFound { .. })
        ));
    }
);

promise!(
    a_recalled_reply_is_a_draft_again_but_over_no_newer_one,
    async |desk: &Desk| {
        let reply = desk.queued("c1", "soon", 18).await;
        assert!(desk.store.cancel(&reply.id, at(12)).await.unwrap());
        assert!(!desk.store.cancel(&reply.id, at(12)).await.unwrap());
        assert_eq!(
            desk.store
                .draft(&reply.conversation_id)
                .await
                .unwrap()
                .unwrap()
                .text,
            reply.text
        );
        assert_eq!(
            desk.store
                .claim_due(&desk.account, at(99), 9)
                .await
                .unwrap(),
            []
        );

        let second = desk.queued("c1", "later", 30).await;
        let newer = draft(&second.conversation_id, "a new thought");
        desk.store.put_draft(&newer).await.unwrap();
        assert!(desk.store.cancel(&second.id, at(25)).await.unwrap());
        assert_eq!(
            desk.store.draft(&second.conversation_id).await.unwrap(),
            Some(newer)
        );
        let events = desk.store.events(&reply.conversation_id).await.unwrap();
        assert_eq!(events.iter().filter(|e| e.action == "recalled").count(), 2);
    }
);

promise!(
    a_reply_is_claimed_when_its_hold_is_over_and_not_twice,
    async |desk: &Desk| {
        assert_eq!(
            desk.store
                .next_due(std::slice::from_ref(&desk.account))
                .await
                .unwrap(),
            None
        );
        let late = desk.queued("c1", "late", 30).await;
        let early = desk.queued("c2", "early", 20).await;
        assert_eq!(
            desk.store
                .next_due(std::slice::from_ref(&desk.account))
                .await
                .unwrap(),
            Some(at(20))
        );
        assert_eq!(
            desk.store
                .claim_due(&desk.account, at(19), 9)
                .await
                .unwrap(),
            []
        );

        let claimed = desk
            .store
            .claim_due(&desk.account, at(40), 9)
            .await
            .unwrap();
        let expected = |reply: &Outgoing| Outgoing {
            state: Claimed,
            attempts: 1,
            claimed_at: Some(at(40)),
            ..reply.clone()
        };
        assert_eq!(claimed, [expected(&early), expected(&late)]);
        assert_eq!(
            desk.store
                .claim_due(&desk.account, at(40), 9)
                .await
                .unwrap(),
            []
        );
        assert_eq!(
            desk.store
                .next_due(std::slice::from_ref(&desk.account))
                .await
                .unwrap(),
            None
        );
        assert!(
            !desk.store.cancel(&early.id, at(41)).await.unwrap(),
            "too late to recall"
        );
    }
);

promise!(two_senders_never_get_the_same_reply, async |desk: &Desk| {
    for n in 0..60 {
        desk.queued(&format!("c{n}"), "hi", 8).await;
    }
    let senders = (0..4).map(|_| {
        let (store, account) = (desk.store.clone(), desk.account.clone());
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                match store.claim_due(&account, at(9), 3).await {
                    Ok(claimed) if claimed.is_empty() => return mine,
                    Ok(claimed) => mine.extend(claimed.into_iter().map(|reply| reply.id)),
                    Err(StoreError::Busy(_)) => {}
                    Err(e) => panic!("{e}"),
                }
            }
        })
    });
    let mut all = Vec::new();
    for sender in senders.collect::<Vec<_>>() {
        all.extend(sender.await.unwrap());
    }
    // A sender may see nothing while another's claim is not committed yet: what is left is claimable, never lost.
    all.extend(
        desk.store
            .claim_due(&desk.account, at(9), 99)
            .await
            .unwrap()
            .into_iter()
            .map(|reply| reply.id),
    );
    assert_eq!(all.len(), 60);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 60);
});

promise!(
    replies_of_a_conversation_leave_in_the_order_they_were_written,
    async |desk: &Desk| {
        let first = desk.queued("c1", "first", 20).await;
        let second = desk.queued("c1", "second", 21).await;
        let ids = async |now| {
            desk.store
                .claim_due(&desk.account, at(now), 9)
                .await
                .unwrap()
                .into_iter()
                .map(|r| r.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(30).await, std::slice::from_ref(&first.id));
        assert_eq!(
            desk.store
                .next_due(std::slice::from_ref(&desk.account))
                .await
                .unwrap(),
            None,
            "the second waits for the first, not for the clock"
        );

        let again = Settlement::Retry {
            error: "no route".into(),
            send_at: at(60),
        };
        desk.store
            .settle(&first.id, Claimed, &again, at(31))
            .await
            .unwrap();
        assert_eq!(ids(40).await, []);
        assert_eq!(
            desk.store
                .next_due(std::slice::from_ref(&desk.account))
                .await
                .unwrap(),
            Some(at(60))
        );
        assert_eq!(ids(60).await, std::slice::from_ref(&first.id));
        desk.store
            .settle(&first.id, Claimed, &sent("p-1"), at(61))
            .await
            .unwrap();
        assert_eq!(ids(61).await, [second.id]);
    }
);

promise!(
    a_sent_reply_is_in_the_conversation_once_and_nobody_waits,
    async |desk: &Desk| {
        let id = desk.ingest("c1", &[buyer("m1", "where?", 9_000)]).await;
        let reply = desk.queued("c1", "on its way", 18).await;
        let shown = desk.store.messages(&id).await.unwrap();
        assert_eq!(
            (shown.len(), shown[1].state, shown[1].author),
            (2, Some(Held), Author::Agent)
        );

        desk.store
            .claim_due(&desk.account, at(20), 1)
            .await
            .unwrap();
        let settled = desk
            .store
            .settle(&reply.id, Claimed, &sent("p-1"), at(21))
            .await
            .unwrap();
        assert_eq!(
            (settled.state, settled.platform_id),
            (Sent, Some(RemoteId::new("p-1")))
        );
        let conversation = desk.store.conversation(&id).await.unwrap();
        assert_eq!(
            conversation.waiting_since, None,
            "though the buyer's clock is ahead of ours"
        );
        assert_eq!(desk.list(Queue::Open).await[0].due_at, None);

        // The platform's own record of it, with the platform's time, and the buyer's answer.
        desk.ingest(
            "c1",
            &[
                says(Author::Agent, "p-1", "on its way", 9_001),
                buyer("m2", "ok", 9_002),
            ],
        )
        .await;
        let messages = desk.store.messages(&id).await.unwrap();
        let shown: Vec<_> = messages
            .iter()
            .map(|m| (m.text.expose(), m.state, m.sent_at))
            .collect();
        let expected = [
            ("where?", None, at(9_000)),
            ("on its way", Some(Sent), at(9_001)),
            ("ok", None, at(9_002)),
        ];
        assert_eq!(shown, expected);
        assert_eq!(
            desk.store.conversation(&id).await.unwrap().waiting_since,
            Some(at(9_002))
        );
    }
);

promise!(
    a_reply_that_is_read_back_before_it_is_settled_is_one_message,
    async |desk: &Desk| {
        let id = desk.ingest("c1", &[buyer("m1", "where?", 1)]).await;
        let conversation = desk.store.conversation(&id).await.unwrap();
        let reply = Outgoing {
            origin: Origin::Automation,
            ..reply(&conversation, "on its way", 18)
        };
        desk.store.enqueue(&reply).await.unwrap();
        desk.store
            .claim_due(&desk.account, at(20), 1)
            .await
            .unwrap();
        desk.ingest("c1", &[says(Author::Agent, "p-1", "on its way", 20)])
            .await;
        desk.store
            .settle(&reply.id, Claimed, &sent("p-1"), at(21))
            .await
            .unwrap();

        let messages = desk.store.messages(&id).await.unwrap();
        assert_eq!(messages.len(), 2);
        assert_eq!(
            (messages[1].author, messages[1].state, messages[1].sent_at),
            (Author::Automation, Some(Sent), at(20))
        );
    }
);

promise!(a_platform_id_proves_one_reply_only, async |desk: &Desk| {
    let (a, b) = (
        desk.queued("c1", "same", 8).await,
        desk.queued("c2", "same", 8).await,
    );
    desk.store.claim_due(&desk.account, at(9), 2).await.unwrap();
    desk.store
        .settle(&a.id, Claimed, &sent("p-1"), at(10))
        .await
        .unwrap();
    let stolen = desk
        .store
        .settle(&b.id, Claimed, &sent("p-1"), at(10))
        .await;
    assert!(
        matches!(stolen, Err(StoreError::AlreadyThere(_))),
        "{stolen:?}"
    );
    assert_eq!(desk.store.outgoing(&b.id).await.unwrap().state, Claimed);
});

promise!(
    no_reply_goes_where_its_state_does_not_lead,
    async |desk: &Desk| {
        let reply = desk.queued("c1", "hi", 8).await;
        for from in OutboxState::ALL {
            for settlement in all() {
                let before = desk.store.outgoing(&reply.id).await.unwrap();
                if *from == before.state && from.may_become(settlement.state()) {
                    continue;
                }
                let refused = desk
                    .store
                    .settle(&reply.id, *from, &settlement, at(9))
                    .await;
                assert!(
                    matches!(refused, Err(StoreError::IllegalState { .. })),
                    "{from} to {}",
                    settlement.state()
                );
                assert_eq!(desk.store.outgoing(&reply.id).await.unwrap(), before);
            }
        }
        let unheld = Outgoing {
            id: OutgoingId::fresh(),
            state: Sent,
            ..reply
        };
        assert!(matches!(
            desk.store.enqueue(&unheld).await,
            Err(StoreError::IllegalState { .. })
        ));
        let nobody = desk
            .store
            .settle(&OutgoingId::fresh(), Claimed, &sent("p"), at(9))
            .await;
        assert!(matches!(nobody, Err(StoreError::NotFound { .. })));
    }
);

promise!(every_legal_way_can_be_gone, async |desk: &Desk| {
    let ways: [&[Settlement]; 5] = [
        &[sent("p-1"), Settlement::Delivered, Settlement::Read],
        &[
            Settlement::Unknown {
                error: "timed out".into(),
            },
            sent("p-2"),
        ],
        &[
            Settlement::Unknown {
                error: "timed out".into(),
            },
            Settlement::Cancelled,
        ],
        &[
            Settlement::Unknown {
                error: "timed out".into(),
            },
            Settlement::Refused { error: "no".into() },
        ],
        &[Settlement::Refused {
            error: "you may not write here\0".into(),
        }],
    ];
    for (n, way) in ways.into_iter().enumerate() {
        let reply = desk.queued(&format!("c{n}"), "hi", 8).await;
        desk.store.claim_due(&desk.account, at(9), 1).await.unwrap();
        let mut from = Claimed;
        for step in way {
            desk.store
                .settle(&reply.id, from, step, at(10))
                .await
                .unwrap();
            from = step.state();
        }
        let events = desk.store.events(&reply.conversation_id).await.unwrap();
        assert_eq!(events.len(), 1 + way.len());
    }
    let states: Vec<_> = desk
        .store
        .outbox(&OutboxFilter::default())
        .await
        .unwrap()
        .into_iter()
        .map(|r| r.state)
        .collect();
    assert_eq!(states, [Read, Sent, Cancelled, FailedFinal, FailedFinal]);
    let final_ones = OutboxFilter {
        state: Some(FailedFinal),
        conversation: None,
    };
    let refused = desk.store.outbox(&final_ones).await.unwrap();
    assert_eq!(refused[1].error, Some("you may not write here\0".into()));
});

promise!(
    a_reply_whose_sender_died_is_unknown_and_never_claimed_again,
    async |desk: &Desk| {
        let old = desk.queued("c1", "old", 8).await;
        desk.store
            .claim_due(&desk.account, at(10), 1)
            .await
            .unwrap();
        let fresh = desk.queued("c2", "fresh", 8).await;
        desk.store
            .claim_due(&desk.account, at(70), 1)
            .await
            .unwrap();
        assert_eq!(
            desk.store.recover(at(60), at(70)).await.unwrap(),
            std::slice::from_ref(&old.id)
        );
        let state = async |id: &OutgoingId| desk.store.outgoing(id).await.unwrap().state;
        assert_eq!(
            (state(&old.id).await, state(&fresh.id).await),
            (Unknown, Claimed)
        );
        assert!(desk.store.outgoing(&old.id).await.unwrap().error.is_some());
        assert_eq!(
            desk.store
                .claim_due(&desk.account, at(9999), 9)
                .await
                .unwrap(),
            []
        );
        let late = desk
            .store
            .settle(&old.id, Claimed, &sent("p-1"), at(71))
            .await;
        assert!(
            matches!(
                late,
                Err(StoreError::IllegalState {
                    from: Unknown,
                    to: Sent
                })
            ),
            "{late:?}"
        );
        desk.store
            .settle(&old.id, Unknown, &sent("p-1"), at(72))
            .await
            .unwrap();
    }
);

promise!(
    a_reply_is_claimed_only_by_who_can_send_for_its_account,
    async |desk: &Desk| {
        let other = Account {
            id: AccountId::fresh(),
            kind: ChannelKind::File,
            name: "Elsewhere".into(),
            remote_id: RemoteId::new("elsewhere"),
            base_url: None,
            created_at: at(0),
        };
        let other = desk.store.add_account(&other).await.unwrap().id;
        let here = desk.queued("c1", "here", 20).await;
        let there = desk
            .store
            .ingest(&other, &talk("c2", "v1"), &[], at(1))
            .await
            .unwrap()
            .conversation_id;
        let there = reply(&desk.store.conversation(&there).await.unwrap(), "there", 10);
        desk.store.enqueue(&there).await.unwrap();
        let both = [desk.account.clone(), other.clone()];

        assert_eq!(desk.store.due_accounts(at(9)).await.unwrap(), []);
        assert_eq!(
            desk.store.due_accounts(at(15)).await.unwrap(),
            std::slice::from_ref(&other)
        );
        assert_eq!(
            desk.store.due_accounts(at(30)).await.unwrap(),
            [other.clone(), desk.account.clone()]
        );
        assert_eq!(desk.store.next_due(&both).await.unwrap(), Some(at(10)));
        assert_eq!(
            desk.store.next_due(&both[..1]).await.unwrap(),
            Some(at(20)),
            "what is not ours to send is not due here"
        );
        assert_eq!(desk.store.next_due(&[]).await.unwrap(), None);

        let claimed = desk
            .store
            .claim_due(&desk.account, at(30), 9)
            .await
            .unwrap();
        assert_eq!(claimed.len(), 1);
        assert_eq!(claimed[0].id, here.id);
        assert_eq!(desk.store.outgoing(&there.id).await.unwrap(), there);
    }
);

promise!(
    a_refused_reply_is_a_draft_again_but_over_no_other_one,
    async |desk: &Desk| {
        let refused = Settlement::Refused {
            error: "blocked".into(),
        };
        let reply = desk.queued("c1", "soon", 8).await;
        desk.store.claim_due(&desk.account, at(9), 1).await.unwrap();
        desk.store
            .settle(&reply.id, Claimed, &refused, at(10))
            .await
            .unwrap();
        let draft_of = async |reply: &Outgoing| {
            let draft = desk.store.draft(&reply.conversation_id).await.unwrap();
            draft.unwrap().text
        };
        assert_eq!(draft_of(&reply).await, reply.text);

        let second = desk.queued("c2", "later", 8).await;
        desk.store.claim_due(&desk.account, at(9), 1).await.unwrap();
        let newer = draft(&second.conversation_id, "a new thought");
        desk.store.put_draft(&newer).await.unwrap();
        desk.store
            .settle(&second.id, Claimed, &refused, at(10))
            .await
            .unwrap();
        assert_eq!(draft_of(&second).await, newer.text);
    }
);
