//! Windows of any size, changed at any moment.

use crate::imported;
use crate::pty::{Pty, unsorted};
use std::time::Duration;

#[test]
fn any_window_and_any_storm_of_sizes_is_survived() {
    let mut pty = Pty::start_in(imported(30), &unsorted());
    pty.wait_for("buyer00");
    for (cols, rows) in [
        (1, 1),
        (500, 200),
        (39, 10),
        (40, 9),
        (40, 10),
        (69, 24),
        (70, 24),
        (109, 30),
        (110, 30),
        (2, 100),
        (300, 3),
    ] {
        pty.resize(cols, rows);
        pty.send("jk");
        std::thread::sleep(Duration::from_millis(15));
    }
    for n in 0..200u16 {
        pty.resize(1 + (n * 37) % 180, 1 + (n * 11) % 60);
    }
    pty.resize(30, 8);
    pty.wait_for("needs 40×10");
    pty.resize(80, 24);
    pty.wait_for("buyer00");
    pty.send("q");
    assert_eq!(pty.ended().exit_code(), 0);
    pty.is_clean();
}

#[test]
fn ten_thousand_keys_at_once_are_taken_and_nothing_is_lost() {
    let mut pty = Pty::start_in(imported(30), &unsorted());
    pty.wait_for("buyer00");
    pty.send("jk".repeat(5_000));
    pty.send("G");
    pty.wait("the last row", |_| {
        pty.selected_line().is_some_and(|l| l.contains("buyer29"))
    });
    pty.send("q");
    assert_eq!(pty.ended().exit_code(), 0);
    pty.is_clean();
}
