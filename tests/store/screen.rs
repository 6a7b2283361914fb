//! What the screen reads: who waits, how many, what is held, the newest messages.

use crate::desk::*;
use sextant::domain::*;
use sextant::store::*;

fn waiting(queue: Queue) -> Filter {
    Filter {
        queue,
        waiting: true,
        ..Filter::default()
    }
}

async fn names(desk: &Desk, queue: Queue) -> Vec<String> {
    let rows = desk.store.list(&waiting(queue), at(0)).await.unwrap();
    rows.into_iter()
        .map(|row| row.conversation.remote_id.as_str().to_owned())
        .collect()
}

promise!(
    the_screen_lists_and_counts_only_those_in_which_somebody_waits,
    async |desk: &Desk| {
        let stock = said("presale.stock");
        desk.classified("waits", &[(10, "in stock?", stock.clone())])
            .await;
        desk.classified("answered", &[(5, "in stock?", stock)])
            .await;
        desk.ingest("answered", &[says(Author::Agent, "reply", "yes", 50)])
            .await;
        desk.classified("legal", &[(7, "my lawyer", said("risk.legal_threat"))])
            .await;
        desk.ingest("fresh", &[buyer("f", "hm", 30)]).await;

        assert_eq!(names(desk, Queue::Open).await, ["legal", "waits", "fresh"]);
        assert_eq!(names(desk, "presale".parse().unwrap()).await, ["waits"]);
        assert_eq!(
            names(desk, "presale.stock".parse().unwrap()).await,
            ["waits"]
        );
        assert_eq!(names(desk, Queue::New).await, ["fresh"]);
        // Without the wish everything open is listed, as before.
        assert_eq!(desk.names(Queue::Open).await.len(), 4);

        let counts = desk.store.waiting_counts(at(0)).await.unwrap();
        let counts: Vec<_> = counts
            .iter()
            .map(|c| (c.shelf.as_str(), c.count, c.critical, c.oldest))
            .collect();
        assert_eq!(
            counts,
            [
                ("new", 1, 0, Some(at(30))),
                ("presale.stock", 1, 0, Some(at(10))),
                ("risk.legal_threat", 1, 1, Some(at(7))),
            ]
        );
    }
);

promise!(
    what_is_not_open_is_counted_and_listed_whoever_waits,
    async |desk: &Desk| {
        let done = desk.ingest("done", &[buyer("d", "thx", 1)]).await;
        desk.store.set_status(&done, Status::Done).await.unwrap();
        let away = desk.ingest("away", &[buyer("a", "later", 2)]).await;
        let until = Status::Snoozed { until: at(900) };
        desk.store.set_status(&away, until).await.unwrap();
        desk.ingest(
            "nobody",
            &[buyer("n", "x", 3), says(Author::Agent, "r", "y", 4)],
        )
        .await;
        let nobody = desk.ingest("nobody", &[]).await;
        desk.store.set_status(&nobody, Status::Done).await.unwrap();
        let reply = desk.queued("sending", "on its way", 8).await;

        let other = desk.store.other_counts().await.unwrap();
        let expected = OtherCounts {
            snoozed: 1,
            done: 2,
            answered: 1,
            outbox: 1,
        };
        assert_eq!(other, expected);
        assert_eq!(names(desk, Queue::Done).await.len(), 2);
        assert_eq!(names(desk, Queue::Snoozed).await, ["away"]);
        assert_eq!(names(desk, Queue::Outbox).await, ["sending"]);

        let held = desk.store.held_replies(10).await.unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!((&held[0].id, held[0].send_at), (&reply.id, at(8)));
        desk.store.cancel(&reply.id, at(5)).await.unwrap();
        assert_eq!(desk.store.held_replies(10).await.unwrap(), []);
    }
);

promise!(
    the_newest_messages_come_oldest_first_and_say_that_there_are_older_ones,
    async |desk: &Desk| {
        let all: Vec<_> = (0..5)
            .map(|n| buyer(&format!("m{n}"), &format!("{n}"), n))
            .collect();
        let id = desk.ingest("c1", &all).await;
        let texts = async |limit| {
            let (messages, older) = desk.store.newest_messages(&id, limit).await.unwrap();
            let texts: Vec<_> = messages
                .iter()
                .map(|m| m.text.expose().to_owned())
                .collect();
            (texts.concat(), older)
        };
        assert_eq!(texts(5).await, ("01234".to_owned(), false));
        assert_eq!(texts(2).await, ("34".to_owned(), true));
        assert_eq!(
            desk.store.lead(&id).await.unwrap().message,
            desk.store.messages(&id).await.unwrap().pop().map(|m| m.id)
        );
    }
);

promise!(
    the_pulse_changes_with_what_a_screen_shows_and_only_then,
    async |desk: &Desk| {
        let pulse = async |now| desk.store.pulse(at(now)).await.unwrap();
        let empty = pulse(0).await;
        let id = desk.ingest("c1", &[buyer("m1", "hi", 1)]).await;
        let stored = pulse(0).await;
        assert_ne!(empty, stored);
        assert_eq!(stored, pulse(1).await);
        let message = desk.store.messages(&id).await.unwrap().remove(0);
        desk.store
            .set_predictions(&[(message.id, said("presale.stock"))], at(2))
            .await
            .unwrap();
        let classified = pulse(2).await;
        assert_ne!(stored, classified);
        desk.store
            .set_status(&id, Status::Snoozed { until: at(50) })
            .await
            .unwrap();
        assert_ne!(pulse(49).await, pulse(50).await);
    }
);
