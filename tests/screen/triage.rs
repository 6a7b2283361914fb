//! Clearing a queue with keys.

use crate::imported;
use crate::pty::{Pty, Start, run, unsorted};
use std::time::Duration;

#[test]
fn ten_messages_are_put_away_with_ten_keys_and_one_comes_back() {
    let mut pty = Pty::start_in(imported(10), &unsorted());
    pty.wait_for("buyer00");
    for _ in 0..10 {
        pty.send("e");
    }
    pty.wait("an empty queue", |text| {
        !text.contains("buyer0") && !text.contains("buyer1")
    });
    pty.send("u");
    pty.wait_for("taken back");
    pty.wait("the last one is back", |text| text.contains("buyer09"));
    pty.send("q");
    assert_eq!(pty.ended().exit_code(), 0);
    pty.is_clean();
    // The store agrees with the screen.
    let list = |queue: &str| {
        let output = run(pty.home.path(), &["list", "--queue", queue, "--json"]);
        String::from_utf8(output.stdout).unwrap().lines().count()
    };
    assert_eq!((list("open"), list("done")), (1, 9));
}

#[test]
fn keys_that_come_in_one_burst_act_one_after_the_other() {
    let mut pty = Pty::start_in(imported(6), &unsorted());
    pty.wait_for("buyer00");
    // Down, put away, up, put away: rows 1 and 0.
    pty.send("jeke");
    pty.wait("two are gone", |text| {
        !text.contains("buyer00") && !text.contains("buyer01") && text.contains("buyer02")
    });
    pty.send("\u{1b}[200~eee\r:quit\r\u{1b}[201~");
    pty.wait_for("pasted text does nothing here");
    assert!(pty.text().contains("buyer02"), "{}", pty.text());
}

/// Waits until the demo has a classified message under the cursor that takes a reply.
pub fn ready_to_answer(pty: &mut Pty) {
    pty.wait("the shop day and the model", |text| {
        text.contains("template") && !text.contains("loading the model")
    });
}

#[test]
fn the_demo_is_answered_with_a_digit_and_enter_and_taken_back_with_u() {
    let mut pty = Pty::start(&Start {
        args: &["demo", "--seed", "3"],
        size: (120, 40),
        ..Start::default()
    });
    ready_to_answer(&mut pty);
    let staged = |text: &str| text.contains("Enter send");
    // Some rows take no reply, some templates ask for a value: the first that stages is answered.
    for _ in 0..60 {
        pty.send("1");
        std::thread::sleep(Duration::from_millis(400));
        for _ in 0..4 {
            if pty.text().contains("Enter take") {
                pty.send("tomorrow\r");
                std::thread::sleep(Duration::from_millis(400));
            }
        }
        if staged(&pty.text()) {
            break;
        }
        pty.send("\u{1b}");
        std::thread::sleep(Duration::from_millis(100));
        pty.send("j");
    }
    pty.wait("a staged reply", staged);
    pty.send("\r");
    pty.wait_for("u takes it back");
    pty.send("u");
    pty.wait_for("taken back: the reply");
    pty.send("q");
    let status = pty.ended();
    assert_eq!(status.exit_code(), 0);
    pty.is_clean();
    assert!(
        !pty.home.path().join("data").exists(),
        "the demo writes to a folder of its own"
    );
}

#[test]
fn the_language_changes_at_once_and_is_remembered() {
    let home = imported(2);
    let config = "[screen]\ntheme = \"dark\"\n";
    let start = Start {
        config,
        ..Start::default()
    };
    let mut pty = Pty::start_in(home, &start);
    pty.wait_for("buyer00");
    pty.send(":lang zh\r");
    pty.wait_for("帮助");
    pty.send("q");
    assert_eq!(pty.ended().exit_code(), 0);
    let home = std::mem::replace(&mut pty.home, crate::pty::home());
    let again = Pty::start_in(home, &start);
    again.wait_for("帮助");
}
