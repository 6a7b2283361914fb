//! The first start: what to do next, and doing it.

use crate::pty::{Pty, Start};

const NOTHING_CHOSEN: Start<'_> = Start {
    args: &[],
    size: (80, 24),
    env: &[],
    config: "[screen]\ntheme = \"dark\"\n",
};

#[test]
fn with_nothing_connected_the_screen_says_what_to_do_and_imports_a_file() {
    let mut pty = Pty::start(&NOTHING_CHOSEN);
    pty.wait_for("Welcome to Sextant");
    for offer in ["demo", "connect", "import"] {
        pty.wait_for(offer);
    }
    // The language is asked for.
    pty.send("2");
    pty.wait_for("欢迎使用 Sextant");
    pty.send("1");
    pty.wait_for("Welcome to Sextant");
    let file = pty.home.path().join("rows.jsonl");
    std::fs::write(&file, "{\"author\":\"Lucía\",\"text\":\"hola\"}\n").unwrap();
    pty.send("h");
    pty.wait_for("file to import");
    pty.send("/nowhere/at/all.jsonl\r");
    // It says what is wrong and stays, so that the path can be mended.
    pty.wait_for("cannot be opened");
    pty.send("\u{7f}".repeat(40));
    pty.send(format!("{}\r", file.display()));
    pty.wait_for("Lucía");
    pty.send("q");
    assert_eq!(pty.ended().exit_code(), 0);
    pty.is_clean();
}

#[test]
fn the_demo_opens_from_the_first_screen() {
    let mut pty = Pty::start(&NOTHING_CHOSEN);
    pty.wait_for("Welcome to Sextant");
    pty.send("d");
    pty.wait("the shop day", |text| {
        text.contains("TikTok") && text.contains("TT")
    });
    pty.send("\u{3}");
    let _ = pty.ended();
    pty.is_clean();
}

#[test]
fn the_channels_show_their_state_and_the_key_that_helps() {
    let mut pty = Pty::start_in(crate::imported(1), &Start::default());
    pty.wait_for("buyer00");
    pty.send("gc");
    pty.wait_for("imported from a file");
    pty.wait_for("model");
    pty.send("qq");
    assert_eq!(pty.ended().exit_code(), 0);
}
