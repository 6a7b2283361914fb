//! Who waits, what leads, which queue shows it, and what was said of messages.

use crate::desk::*;
use sextant::domain::*;
use sextant::embed::{ModelId, Vector};
use sextant::store::*;
use sextant::text::TextKey;
use std::str::FromStr;

promise!(
    a_buyer_who_writes_again_opens_what_was_done_or_snoozed,
    async |desk: &Desk| {
        let id = desk.ingest("c1", &[buyer("m1", "hi", 1)]).await;
        for (n, away) in [Status::Done, Status::Snoozed { until: at(9000) }]
            .into_iter()
            .enumerate()
        {
            assert_eq!(
                desk.store.set_status(&id, away).await.unwrap(),
                Status::Open
            );
            desk.ingest(
                "c1",
                &[
                    buyer("m1", "hi", 1),
                    says(Author::Agent, &format!("a{n}"), "hello", 2),
                ],
            )
            .await;
            assert_eq!(desk.store.conversation(&id).await.unwrap().status, away);
            desk.ingest("c1", &[buyer(&format!("again{n}"), "hi!", 3)])
                .await;
            assert_eq!(
                desk.store.conversation(&id).await.unwrap().status,
                Status::Open
            );
        }
    }
);

promise!(a_snooze_ends_by_itself, async |desk: &Desk| {
    let id = desk.ingest("c1", &[buyer("m1", "hi", 1)]).await;
    desk.store
        .set_status(&id, Status::Snoozed { until: at(50) })
        .await
        .unwrap();
    let open = Filter::default();
    assert_eq!(desk.store.list(&open, at(49)).await.unwrap().len(), 0);
    assert_eq!(desk.names(Queue::Snoozed).await, ["c1"]);
    assert_eq!(desk.store.list(&open, at(50)).await.unwrap().len(), 1);
    assert_eq!(desk.names(Queue::Snoozed).await.len(), 0);
});

promise!(
    who_waits_is_who_wrote_after_our_last_reply,
    async |desk: &Desk| {
        let waiting = async |messages: &[IncomingMessage]| {
            let id = desk.ingest("c1", messages).await;
            desk.store.conversation(&id).await.unwrap().waiting_since
        };
        assert_eq!(
            waiting(&[buyer("m2", "?", 20), buyer("m1", "hi", 10)]).await,
            Some(at(10))
        );
        assert_eq!(
            waiting(&[says(Author::System, "s1", "joined", 21)]).await,
            Some(at(10))
        );
        assert_eq!(
            waiting(&[says(Author::Agent, "a1", "hello", 15)]).await,
            Some(at(20)),
            "an answer to the first only"
        );
        assert_eq!(
            waiting(&[says(Author::Automation, "a2", "hello", 30)]).await,
            None
        );
        assert_eq!(
            waiting(&[buyer("m3", "!", 40), buyer("m4", "!!", 41)]).await,
            Some(at(40))
        );
    }
);

promise!(
    the_queue_begins_with_what_is_critical_and_then_with_what_is_due,
    async |desk: &Desk| {
        desk.classified(
            "where",
            &[(10, "where is it", said("logistics.where_is_order"))],
        )
        .await;
        desk.classified("link", &[(20, "link pls", said("presale.link_request"))])
            .await;
        desk.classified("legal", &[(3000, "my lawyer", said("risk.legal_threat"))])
            .await;
        desk.classified("bye", &[(1, "no thanks", said("social.decline"))])
            .await;
        desk.ingest("fresh", &[buyer("f", "hm", 30)]).await;
        let answered = [
            buyer("x1", "my lawyer too", 1),
            says(Author::Agent, "x2", "sorry", 2),
        ];
        let done = desk.ingested("answered", &answered).await;
        desk.store
            .set_predictions(
                &[(done.new_messages[0].clone(), said("risk.legal_threat"))],
                at(0),
            )
            .await
            .unwrap();

        let rows = desk.list(Queue::Open).await;
        let names: Vec<_> = rows
            .iter()
            .map(|r| r.conversation.remote_id.as_str())
            .collect();
        assert_eq!(
            names,
            ["legal", "link", "fresh", "where", "bye", "answered"]
        );
        assert_eq!(rows[0].due_at, Some(at(3000 + 15 * 60)));
        assert_eq!((rows[4].due_at, rows[5].due_at), (None, None));
        assert_eq!(rows[1].lead_message_at, Some(at(20)));
        assert_eq!(
            (rows[1].confidence, rows[1].lang.as_deref()),
            (Some(0.9), Some("en"))
        );
        assert_eq!(rows[2].outcome, None);

        let first = desk
            .store
            .list(
                &Filter {
                    limit: 1,
                    ..Filter::default()
                },
                at(0),
            )
            .await
            .unwrap();
        assert_eq!(first, rows[..1]);
        let only = Filter {
            intent: Intent::from_key("risk.legal_threat"),
            ..Filter::default()
        };
        assert_eq!(desk.store.list(&only, at(0)).await.unwrap().len(), 2);
        let spanish = Filter {
            lang: Some("es".to_owned()),
            ..Filter::default()
        };
        assert_eq!(desk.store.list(&spanish, at(0)).await.unwrap().len(), 0);
    }
);

promise!(
    each_queue_shows_its_own_and_the_counts_agree,
    async |desk: &Desk| {
        let unsure = Classification {
            outcome: Outcome::Unknown,
            ..said("presale.stock")
        };
        let emoji = Classification {
            outcome: Outcome::NonText,
            intent: None,
            ..said("social.greeting")
        };
        desk.classified("stock", &[(10, "in stock?", said("presale.stock"))])
            .await;
        desk.classified("stock2", &[(5, "in stock?", said("presale.stock"))])
            .await;
        desk.classified("size", &[(11, "size?", said("presale.size_fit"))])
            .await;
        desk.classified("unsure", &[(12, "hm", unsure)]).await;
        desk.classified("emoji", &[(13, "🙂", emoji)]).await;
        let done = desk
            .classified("done", &[(14, "thx", said("social.thanks"))])
            .await;
        desk.store.set_status(&done, Status::Done).await.unwrap();
        desk.queued("sending", "on its way", 8).await;

        assert_eq!(
            desk.names("presale".parse().unwrap()).await,
            ["stock2", "stock", "size"]
        );
        assert_eq!(
            desk.names("presale.stock".parse().unwrap()).await,
            ["stock2", "stock"]
        );
        assert_eq!(
            desk.names("unknown".parse().unwrap()).await,
            ["unsure", "emoji"]
        );
        assert_eq!(desk.names("done".parse().unwrap()).await, ["done"]);
        assert_eq!(desk.names("outbox".parse().unwrap()).await, ["sending"]);
        assert_eq!(
            desk.list(Queue::Outbox).await[0].outbox,
            Some(OutboxState::Held)
        );
        let error = Queue::from_str("presale.stok").unwrap_err().to_string();
        assert!(error.contains("presale.stock"), "{error}");

        let counts = desk.store.queue_counts(at(0)).await.unwrap();
        let figures: Vec<_> = counts
            .iter()
            .map(|c| (c.shelf.as_str(), c.count, c.critical))
            .collect();
        assert_eq!(
            figures,
            [
                ("new", 1, 0),
                ("presale.size_fit", 1, 0),
                ("presale.stock", 2, 0),
                ("unknown", 2, 0)
            ]
        );
        assert_eq!(counts[2].oldest, Some(at(5)));
        assert_eq!(
            desk.store.counts().await.unwrap().by_outcome[&Outcome::Intent],
            4
        );
    }
);

promise!(
    the_highest_risk_since_our_last_reply_leads,
    async |desk: &Desk| {
        let lead = async || {
            let row = desk.list(Queue::Open).await.remove(0);
            (row.intent.map(Intent::key), row.preview.expose().to_owned())
        };
        desk.classified(
            "c1",
            &[
                (1, "sue you", said("risk.legal_threat")),
                (2, "hello", said("social.greeting")),
            ],
        )
        .await;
        assert_eq!(
            lead().await,
            (Some("risk.legal_threat"), "sue you".to_owned())
        );

        let newer = desk.ingested("c1", &[buyer("n1", "stock?", 3)]).await;
        assert_eq!(
            lead().await,
            (Some("risk.legal_threat"), "sue you".to_owned()),
            "while the new one waits for its turn"
        );

        desk.ingest("c1", &[says(Author::Agent, "a1", "sorry", 2)])
            .await;
        assert_eq!(
            lead().await,
            (None, "stock?".to_owned()),
            "what was answered leads no more"
        );
        desk.store
            .set_predictions(
                &[(newer.new_messages[0].clone(), said("presale.stock"))],
                at(5),
            )
            .await
            .unwrap();
        assert_eq!(lead().await, (Some("presale.stock"), "stock?".to_owned()));

        let sticker = desk.ingested("c1", &[buyer("n2", "🙂", 4)]).await;
        let nothing = Classification {
            outcome: Outcome::NonText,
            intent: None,
            ..said("social.greeting")
        };
        desk.store
            .set_predictions(&[(sticker.new_messages[0].clone(), nothing)], at(5))
            .await
            .unwrap();
        assert_eq!(
            lead().await,
            (Some("presale.stock"), "stock?".to_owned()),
            "a picture hides no question"
        );
    }
);

promise!(
    every_message_of_a_buyer_waits_for_a_prediction_once_the_longest_waiting_first,
    async |desk: &Desk| {
        desk.ingest("late", &[buyer("l", "late", 50)]).await;
        desk.ingest(
            "old",
            &[
                buyer("o1", "answered", 1),
                says(Author::Agent, "o2", "yes", 2),
            ],
        )
        .await;
        desk.ingest(
            "early",
            &[buyer("e1", "early", 10), buyer("e2", "early too", 60)],
        )
        .await;
        let pending = desk.store.unclassified(10).await.unwrap();
        let texts: Vec<_> = pending.iter().map(|p| p.text.expose()).collect();
        assert_eq!(texts, ["early", "early too", "late", "answered"]);
        assert_eq!(
            (
                pending[1].waiting_since,
                pending[1].sent_at,
                pending[3].waiting_since
            ),
            (Some(at(10)), at(60), None)
        );
        assert_eq!(pending[0].text_key, Some(TextKey::of("early")));
        assert_eq!(desk.store.unclassified(2).await.unwrap(), pending[..2]);

        let all: Vec<_> = pending
            .iter()
            .map(|p| (p.message.clone(), said("presale.stock")))
            .collect();
        desk.store.set_predictions(&all, at(70)).await.unwrap();
        assert_eq!(desk.store.unclassified(10).await.unwrap(), []);
        assert_eq!(
            desk.store.prediction(&pending[0].message).await.unwrap(),
            Some(said("presale.stock"))
        );
        let nobody = desk
            .store
            .set_predictions(&[(MessageId::fresh(), said("presale.stock"))], at(70))
            .await;
        assert!(matches!(nobody, Err(StoreError::NotFound { .. })));
    }
);

promise!(
    no_machine_overrules_a_person_and_an_undo_restores_exactly,
    async |desk: &Desk| {
        let unsure = Classification {
            outcome: Outcome::Unknown,
            ..said("presale.stock")
        };
        let id = desk.classified("c1", &[(1, "hm", unsure.clone())]).await;
        let message = desk.store.messages(&id).await.unwrap().remove(0).id;
        let set = async |c: &Classification| {
            desk.store
                .set_predictions(&[(message.clone(), c.clone())], at(9))
                .await
                .unwrap();
        };
        assert_eq!(desk.store.unknown_messages(9).await.unwrap().len(), 1);

        let person = Classification {
            verdict: Some(Verdict::Corrected),
            ..said("order.cancel")
        };
        set(&person).await;
        set(&said("social.thanks")).await;
        assert_eq!(desk.store.prediction(&message).await.unwrap(), Some(person));
        assert_eq!(desk.names("order.cancel".parse().unwrap()).await, ["c1"]);
        assert_eq!(desk.store.unknown_messages(9).await.unwrap(), []);

        desk.store
            .restore_prediction(&message, Some(&unsure), at(10))
            .await
            .unwrap();
        assert_eq!(
            desk.store.messages(&id).await.unwrap()[0].classification,
            Some(unsure)
        );
        assert_eq!(desk.names(Queue::Unknown).await, ["c1"]);
        desk.store
            .restore_prediction(&message, None, at(11))
            .await
            .unwrap();
        assert_eq!(desk.store.unclassified(9).await.unwrap().len(), 1);
    }
);

promise!(
    a_vector_belongs_to_its_model_and_its_text,
    async |desk: &Desk| {
        let (small, large) = (ModelId("small".to_owned()), ModelId("large".to_owned()));
        let keys: Vec<_> = (0..700).map(|i| TextKey::of(&i.to_string())).collect();
        let vectors: Vec<_> = keys
            .iter()
            .enumerate()
            .map(|(i, k)| (k.clone(), Vector::new(&[1.0, i as f32])))
            .collect();
        desk.store.put_vectors(&small, &vectors).await.unwrap();
        desk.store.put_vectors(&small, &vectors).await.unwrap();
        assert_eq!(
            desk.store.vectors(&small, &keys).await.unwrap(),
            vectors.into_iter().collect()
        );
        assert_eq!(desk.store.vectors(&large, &keys).await.unwrap().len(), 0);
        assert_eq!(desk.store.vectors(&small, &[]).await.unwrap().len(), 0);
    }
);

promise!(
    examples_come_back_in_the_order_they_were_made,
    async |desk: &Desk| {
        let example = |id: &str, text: &str, seconds| Example {
            id: id.to_owned(),
            text: text.into(),
            text_key: TextKey::of(text),
            lang: "en".to_owned(),
            intent: Intent::from_key("presale.stock").unwrap(),
            message_id: None,
            at: at(seconds),
        };
        let all = [
            example("b", "first", 1),
            example("a", "second", 2),
            example("c", "third", 3),
        ];
        for example in [&all[2], &all[0], &all[1]] {
            desk.store.add_example(example).await.unwrap();
        }
        assert_eq!(desk.store.examples().await.unwrap(), all);
        assert!(desk.store.remove_example("a").await.unwrap());
        assert!(!desk.store.remove_example("a").await.unwrap());
        desk.store.add_example(&all[1]).await.unwrap();
        assert_eq!(desk.store.examples().await.unwrap(), all);
    }
);

promise!(
    a_conversation_stands_the_same_however_its_messages_arrived,
    async |desk: &Desk| {
        let authors = [
            Author::Customer,
            Author::Customer,
            Author::Agent,
            Author::System,
            Author::Automation,
        ];
        for n in 0..40usize {
            let messages: Vec<_> = (0..n % 7)
                .map(|i| {
                    says(
                        authors[(n * 7 + i * 3) % 5],
                        &format!("{n}-{i}"),
                        "hi",
                        ((n * 31 + i * 17) % 6) as i64,
                    )
                })
                .collect();
            let whole = desk.ingest(&format!("whole{n}"), &messages).await;
            let slow = format!("piecemeal{n}");
            let piecemeal = desk.ingest(&slow, &[]).await;
            for message in &messages {
                let id = RemoteId::new(format!("p{}", message.remote_id));
                desk.ingest(
                    &slow,
                    &[IncomingMessage {
                        remote_id: id,
                        ..message.clone()
                    }],
                )
                .await;
            }
            let rows = desk
                .store
                .list(
                    &Filter {
                        limit: 999,
                        ..Filter::default()
                    },
                    at(0),
                )
                .await
                .unwrap();
            let standing = |id: &ConversationId| {
                let row = rows.iter().find(|row| row.conversation.id == *id).unwrap();
                let last = (!messages.is_empty()).then_some(row.conversation.last_message_at);
                (
                    row.conversation.waiting_since,
                    last,
                    row.due_at,
                    row.lead_message_at,
                )
            };
            assert_eq!(standing(&whole), standing(&piecemeal), "{messages:?}");
        }
    }
);
