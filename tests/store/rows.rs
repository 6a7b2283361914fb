//! What the platforms delivered comes in once and comes back as it was.

use crate::desk::*;
use sextant::domain::*;
use sextant::store::*;
use sextant::text::RawText;
use std::collections::BTreeMap;

promise!(
    a_page_given_twice_and_out_of_order_is_stored_once,
    async |desk: &Desk| {
        let page = [
            buyer("m1", "hi", 1),
            buyer("m2", "where is it", 2),
            buyer("m3", "??", 3),
        ];
        let first = desk
            .store
            .ingest(&desk.account, &talk("c1", "v1"), &page, at(10))
            .await
            .unwrap();
        assert_eq!(first.new_messages.len(), 3);

        let again = [
            page[2].clone(),
            page[0].clone(),
            buyer("m4", "hello?", 4),
            page[1].clone(),
        ];
        let second = desk
            .store
            .ingest(&desk.account, &talk("c1", "v2"), &again, at(20))
            .await
            .unwrap();
        assert_eq!(second.conversation_id, first.conversation_id);
        assert_eq!(second.new_messages.len(), 1);

        let messages = desk.store.messages(&first.conversation_id).await.unwrap();
        let texts: Vec<_> = messages.into_iter().map(|m| m.text).collect();
        assert_eq!(
            texts,
            ["hi", "where is it", "??", "hello?"].map(RawText::from)
        );
        let asked = [RemoteId::new("c1"), RemoteId::new("c2")];
        let versions = desk
            .store
            .remote_versions(&desk.account, &asked)
            .await
            .unwrap();
        assert_eq!(
            versions,
            [(asked[0].clone(), Cursor("v2".to_owned()))].into()
        );
    }
);

promise!(
    a_batch_that_fails_leaves_neither_rows_nor_cursor,
    async |desk: &Desk| {
        desk.execute("CREATE UNIQUE INDEX trap ON message (order_id)")
            .await;
        let id = desk.ingest("c1", &[buyer("m1", "hi", 1)]).await;
        let twin = |id: &str| IncomingMessage {
            order_id: Some(RemoteId::new("o-1")),
            ..buyer(id, "bad", 3)
        };
        let page = [buyer("m2", "good", 2), twin("m3"), twin("m4")];
        let failed = desk
            .store
            .ingest(&desk.account, &talk("c1", "v2"), &page, at(10))
            .await;
        assert!(
            matches!(failed, Err(StoreError::AlreadyThere(_))),
            "{failed:?}"
        );

        assert_eq!(desk.store.messages(&id).await.unwrap().len(), 1);
        let versions = desk
            .store
            .remote_versions(&desk.account, &[RemoteId::new("c1")])
            .await
            .unwrap();
        assert_eq!(versions[&RemoteId::new("c1")], Cursor("v1".to_owned()));

        let retried = desk
            .store
            .ingest(&desk.account, &talk("c1", "v2"), &page[..2], at(10))
            .await
            .unwrap();
        assert_eq!(retried.new_messages.len(), 2);
    }
);

promise!(
    an_import_of_more_than_a_transaction_is_complete_and_repeatable,
    async |desk: &Desk| {
        let batch: Vec<_> = (0..1200)
            .map(|i| {
                (
                    talk(&format!("c{i}"), "v1"),
                    vec![
                        buyer(&format!("m{i}"), "hi", i),
                        buyer(&format!("n{i}"), "ho", i),
                    ],
                )
            })
            .collect();
        let first = desk
            .store
            .ingest_many(&desk.account, &batch, at(0))
            .await
            .unwrap();
        assert_eq!(
            first.iter().map(|i| i.new_messages.len()).sum::<usize>(),
            2400
        );
        let second = desk
            .store
            .ingest_many(&desk.account, &batch, at(0))
            .await
            .unwrap();
        assert_eq!(
            second.iter().map(|i| i.new_messages.len()).sum::<usize>(),
            0
        );

        let ids: Vec<_> = batch
            .iter()
            .map(|(talk, _)| talk.remote_id.clone())
            .collect();
        assert_eq!(
            desk.store
                .remote_versions(&desk.account, &ids)
                .await
                .unwrap()
                .len(),
            1200
        );
        let counts = desk.store.counts().await.unwrap();
        assert_eq!(
            (
                counts.conversations,
                counts.messages,
                counts.inbound,
                counts.predicted
            ),
            (1200, 2400, 2400, 0)
        );
    }
);

promise!(
    a_conversation_keeps_what_the_platform_said_of_it,
    async |desk: &Desk| {
        let id = desk.ingest("c1", &[buyer("m1", "hi", 5)]).await;
        let conversation = desk.store.conversation(&id).await.unwrap();
        assert_eq!(conversation.channel, ChannelKind::TiktokShop);
        assert_eq!(
            conversation.source,
            Source {
                kind: SourceKind::Live,
                reference: Some(RemoteId::new("live-9"))
            }
        );
        assert_eq!(conversation.product, Some(RemoteId::new("p-1")));
        assert_eq!(
            (conversation.waiting_since, conversation.last_message_at),
            (Some(at(5)), at(5))
        );

        let bare = IncomingConversation {
            buyer: Buyer {
                name: "".into(),
                remote_id: None,
            },
            surface: Surface::Unknown,
            source: Source::UNKNOWN,
            product: None,
            can_reply: false,
            ..talk("c1", "v2")
        };
        desk.store
            .ingest(&desk.account, &bare, &[], at(20))
            .await
            .unwrap();
        let later = desk.store.conversation(&id).await.unwrap();
        assert_eq!(
            later,
            Conversation {
                can_reply: false,
                ..conversation
            }
        );
    }
);

promise!(
    the_bytes_of_strangers_come_back_as_they_came,
    async |desk: &Desk| {
        let mut texts = [
            "",
            "\0",
            "a\0b\0",
            "\u{1b}]52;c;aGk=\u{7}",
            "\u{202e}gnp.exe",
            "\u{fffd}\u{fffe}\u{feff}",
            r"\0 \\",
            "' OR 1=1 --",
            "e\u{301}é",
            "\r\n\t ",
        ]
        .map(str::to_owned)
        .to_vec();
        texts.push("💥\0".repeat(1 << 18));
        let messages: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(i, text)| IncomingMessage {
                unreadable: Some(text.as_str().into()),
                order_id: Some(RemoteId::new(format!("o\0{i}"))),
                ..buyer(&format!("m\0\\{i}"), text, i as i64)
            })
            .collect();
        let hostile = IncomingConversation {
            remote_id: RemoteId::new("c\0\\1"),
            buyer: Buyer {
                name: "A\0\u{1b}na".into(),
                remote_id: Some(RemoteId::new("\0")),
            },
            version: Cursor("\0{\"a\":\"\\u0000\"}".to_owned()),
            ..talk("", "")
        };
        let id = desk
            .store
            .ingest(&desk.account, &hostile, &messages, at(0))
            .await
            .unwrap()
            .conversation_id;
        let again = desk
            .store
            .ingest(&desk.account, &hostile, &messages, at(0))
            .await
            .unwrap();
        assert_eq!(
            again,
            Ingested {
                conversation_id: id.clone(),
                new_messages: vec![]
            }
        );

        let stored = desk.store.messages(&id).await.unwrap();
        for (message, came) in stored.iter().zip(&messages) {
            assert!(
                message.text == came.text,
                "{:?} became {:?}",
                came.text,
                message.text
            );
            assert_eq!(
                (&message.remote_id, &message.order_id),
                (&came.remote_id, &came.order_id)
            );
        }
        assert_eq!(stored.len(), texts.len());
        let conversation = desk.store.conversation(&id).await.unwrap();
        assert_eq!(conversation.remote_id, hostile.remote_id);
        assert_eq!(conversation.buyer_name, hostile.buyer.name);
        let versions = desk
            .store
            .remote_versions(&desk.account, std::slice::from_ref(&hostile.remote_id))
            .await
            .unwrap();
        assert_eq!(versions[&hostile.remote_id], hostile.version);
        assert_eq!(desk.list(Queue::Open).await[0].preview.len(), 400);

        let draft = Draft {
            conversation_id: id.clone(),
            text: texts[10].as_str().into(),
            template: Some("a\0".to_owned()),
            lang: None,
            slots: BTreeMap::from([("size\0".to_owned(), "\0\u{1b}".to_owned())]),
            updated_at: at(0),
        };
        desk.store.put_draft(&draft).await.unwrap();
        assert!(desk.store.draft(&id).await.unwrap() == Some(draft));
        desk.store
            .enqueue(&reply(&conversation, &texts[2], 8))
            .await
            .unwrap();
        desk.store
            .add_event("person", "noted", Some(&id), Some("\0"), at(1))
            .await
            .unwrap();
        assert_eq!(
            desk.store.outbox(&OutboxFilter::default()).await.unwrap()[0].text,
            texts[2].as_str().into()
        );
        assert!(
            desk.store
                .events(&id)
                .await
                .unwrap()
                .iter()
                .any(|e| e.detail.as_deref() == Some("\0"))
        );
    }
);

promise!(
    acts_are_taken_back_once_and_the_last_fifty_are_kept,
    async |desk: &Desk| {
        let (a, b) = (desk.ingest("a", &[]).await, desk.ingest("b", &[]).await);
        let inverse = serde_json::json!({"status": "open", "odd": "\0"});
        for n in 0..60 {
            desk.store
                .push_undo(
                    "done",
                    Some(if n % 2 == 0 { &a } else { &b }),
                    &inverse,
                    at(n),
                )
                .await
                .unwrap();
        }
        let last = desk.store.last_undo(None).await.unwrap().unwrap();
        assert_eq!(
            (last.conversation_id.as_ref(), &last.inverse, last.at),
            (Some(&b), &inverse, at(59))
        );
        assert_eq!(
            desk.store.last_undo(Some(&a)).await.unwrap().unwrap().at,
            at(58)
        );
        assert!(desk.store.mark_undone(&last.id, at(70)).await.unwrap());
        assert!(!desk.store.mark_undone(&last.id, at(70)).await.unwrap());
        let mut taken_back = 1;
        while let Some(entry) = desk.store.last_undo(None).await.unwrap() {
            assert!(desk.store.mark_undone(&entry.id, at(71)).await.unwrap());
            taken_back += 1;
        }
        assert_eq!(taken_back, 50);
    }
);

promise!(
    an_older_report_of_an_order_does_not_replace_a_newer_one,
    async |desk: &Desk| {
        let id = desk.ingest("c1", &[]).await;
        let order = |status, fetched: i64| Order {
            remote_id: RemoteId::new("o-1"),
            buyer_remote_id: Some(RemoteId::new("buyer-1")),
            status,
            item: Some("Mug\0".into()),
            total: Some("34.00 USD".into()),
            ship_by: Some(at(900)),
            created_at: at(1),
            parcel: Parcel {
                carrier: Some("J&T".into()),
                last_event_at: Some(at(7)),
                ..Parcel::default()
            },
            fetched_at: at(fetched),
        };
        let newer = order(OrderStatus::InTransit, 20);
        desk.store
            .put_orders(&id, std::slice::from_ref(&newer))
            .await
            .unwrap();
        desk.store
            .put_orders(&id, &[order(OrderStatus::Unpaid, 10)])
            .await
            .unwrap();
        assert_eq!(desk.store.orders(&id).await.unwrap(), [newer]);
    }
);

promise!(
    a_conversation_is_found_by_any_ending_that_only_it_has,
    async |desk: &Desk| {
        let id = desk.ingest("c1", &[]).await;
        let ending = &id.as_str()[id.as_str().len() - 8..];
        assert_eq!(desk.store.find_conversation(ending).await.unwrap(), id);
        assert_eq!(desk.store.find_conversation(id.as_str()).await.unwrap(), id);
        for wrong in ["", &ending[6..], "%%%%", "zzzz\u{1b}", "0000-nothing"] {
            let found = desk.store.find_conversation(wrong).await;
            assert!(
                matches!(found, Err(StoreError::NotFound { .. })),
                "{wrong:?}: {found:?}"
            );
        }
        desk.execute("UPDATE conversation SET id = 'aaaa-beef'")
            .await;
        desk.ingest("c2", &[]).await;
        desk.execute("UPDATE conversation SET id = 'bbbb-beef' WHERE remote_id = 'c2'")
            .await;
        assert!(matches!(
            desk.store.find_conversation("beef").await,
            Err(StoreError::NotUnique { .. })
        ));
    }
);

promise!(
    an_account_is_one_row_and_takes_its_conversations_with_it,
    async |desk: &Desk| {
        let before = desk.store.account(&desk.account).await.unwrap();
        let renamed = Account {
            id: AccountId::fresh(),
            name: "New\0name".into(),
            ..before.clone()
        };
        let stored = desk.store.add_account(&renamed).await.unwrap();
        assert_eq!(
            stored,
            Account {
                id: before.id,
                ..renamed
            }
        );
        assert_eq!(desk.store.accounts().await.unwrap(), [stored]);

        let id = desk
            .classified("c1", &[(1, "hi", said("social.greeting"))])
            .await;
        desk.queued("c2", "yes", 8).await;
        desk.store.remove_account(&desk.account).await.unwrap();
        assert!(matches!(
            desk.store.conversation(&id).await,
            Err(StoreError::NotFound { .. })
        ));
        assert_eq!(desk.store.counts().await.unwrap(), Counts::default());
        assert!(matches!(
            desk.store.remove_account(&desk.account).await,
            Err(StoreError::NotFound { .. })
        ));
    }
);

promise!(
    a_walk_that_was_cut_is_known_to_be_unfinished,
    async |desk: &Desk| {
        assert!(!desk.store.settled(&desk.account).await.unwrap());
        assert_eq!(desk.store.cursor(&desk.account).await.unwrap(), None);
        desk.store.set_settled(&desk.account, true).await.unwrap();
        desk.store
            .set_cursor(&desk.account, &Cursor("p\0 2".to_owned()))
            .await
            .unwrap();
        assert!(desk.store.settled(&desk.account).await.unwrap());
        assert_eq!(
            desk.store.cursor(&desk.account).await.unwrap(),
            Some(Cursor("p\0 2".to_owned()))
        );
        desk.store.set_settled(&desk.account, false).await.unwrap();
        assert!(!desk.store.settled(&desk.account).await.unwrap());
    }
);

promise!(
    a_task_stopped_in_the_middle_of_a_page_leaves_none_of_it,
    async |desk: &Desk| {
        for n in 0..60 {
            let (store, account) = (desk.store.clone(), desk.account.clone());
            let page: Vec<_> = (0..20)
                .map(|i| buyer(&format!("{n}-{i}"), "hi", i))
                .collect();
            let task = tokio::spawn(async move {
                let _ = store
                    .ingest(&account, &talk(&format!("c{n}"), "v1"), &page, at(0))
                    .await;
            });
            tokio::time::sleep(std::time::Duration::from_micros(n * 60)).await;
            task.abort();
            let _ = task.await;
        }
        let counts = desk.store.counts().await.unwrap();
        assert_eq!(counts.messages, counts.conversations * 20);
        let id = desk.ingest("after", &[buyer("after", "hi", 1)]).await;
        assert_eq!(
            desk.store.messages(&id).await.unwrap().len(),
            1,
            "and the next one is stored"
        );
    }
);
