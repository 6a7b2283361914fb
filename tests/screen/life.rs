//! Coming and going: whatever ends or interrupts the program, the terminal is as it was.

use crate::imported;
use crate::pty::{Pty, Start, run};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

fn opened() -> Pty {
    let pty = Pty::start_in(imported(3), &Start::default());
    pty.wait_for("buyer00");
    pty
}

#[test]
fn quitting_leaves_the_terminal_as_it_was() {
    let mut pty = opened();
    pty.screen(|screen| assert!(screen.alternate_screen()));
    pty.send("q");
    assert_eq!(pty.ended().exit_code(), 0);
    pty.is_clean();
}

#[test]
fn told_to_end_it_leaves_the_terminal_as_it_was() {
    for signal in ["TERM", "HUP"] {
        let mut pty = opened();
        pty.send("r");
        // An import has nobody to answer, and says so.
        pty.wait_for("nobody to answer");
        pty.signal(signal);
        let status = pty.ended();
        assert_eq!(
            status.exit_code(),
            0,
            "SIG{signal}: {status:?} {}",
            pty.text()
        );
        pty.is_clean();
    }
}

#[test]
fn suspended_the_shell_has_its_terminal_and_afterwards_the_screen_is_back() {
    let mut pty = opened();
    pty.send("\u{1a}");
    pty.wait("the screen is left", |_| true);
    let began = std::time::Instant::now();
    while pty.screen(vt100::Screen::alternate_screen) {
        assert!(began.elapsed() < Duration::from_secs(30), "it is not left");
        std::thread::sleep(Duration::from_millis(10));
    }
    pty.is_clean();
    pty.signal("CONT");
    pty.wait_for("buyer00");
    pty.screen(|screen| assert!(screen.alternate_screen()));
    pty.send("j");
    pty.wait("the selection moves", |_| {
        pty.selected_line().is_some_and(|l| l.contains("buyer01"))
    });
    pty.send("q");
    assert_eq!(pty.ended().exit_code(), 0);
    pty.is_clean();
}

#[test]
fn without_colours_the_selection_is_still_visible() {
    let pty = Pty::start_in(
        imported(3),
        &Start {
            env: &[("NO_COLOR", "1")],
            ..Start::default()
        },
    );
    pty.wait_for("buyer00");
    pty.wait("a selected row", |_| {
        pty.selected_line().is_some_and(|l| l.contains("buyer00"))
    });
    pty.screen(|screen| {
        let (rows, cols) = screen.size();
        for row in 0..rows.get() {
            for col in 0..cols.get() {
                let cell = screen.cell(row, col).unwrap();
                assert_eq!(cell.fgcolor(), vt100::Color::Default, "{row}:{col}");
                assert_eq!(cell.bgcolor(), vt100::Color::Default, "{row}:{col}");
            }
        }
    });
}

#[test]
fn a_broken_keymap_theme_or_template_is_named_before_the_screen_opens() {
    let cases = [
        ("keys.toml", "\ndoen = \"D\"\n", "", "keys.toml, line 2"),
        ("keys.toml", "done = \"j\"\n", "", "both `down` and `done`"),
        (
            "themes/mine.toml",
            "text = { fg = \"rde\" }\n",
            "[screen]\ntheme = \"mine\"\n",
            "`rde` is no colour",
        ),
        (
            "templates/mine.toml",
            "[[template]\n",
            "",
            "mine.toml, line 1",
        ),
    ];
    for (name, text, config, says) in cases {
        let home = crate::pty::home();
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::File::create(path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let mut pty = Pty::start_in(
            home,
            &Start {
                config,
                size: (200, 24),
                ..Start::default()
            },
        );
        assert_eq!(pty.ended().exit_code(), 2, "{name}: {}", pty.text());
        assert!(pty.text().contains(says), "{name}: {}", pty.text());
        pty.is_clean();
    }
}

#[test]
fn a_keymap_that_unbinds_q_leaves_a_way_out() {
    let home = imported(1);
    std::fs::write(home.path().join("keys.toml"), "leave = []\nback = []\n").unwrap();
    let mut pty = Pty::start_in(home, &Start::default());
    pty.wait_for("buyer00");
    pty.send("q");
    pty.wait_for("q does nothing here");
    pty.send("\u{3}");
    assert_eq!(pty.ended().exit_code(), 0);
    pty.is_clean();
}

#[test]
fn without_a_terminal_the_commands_are_named() {
    let home = crate::pty::home();
    std::fs::write(home.path().join("config.toml"), "").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sextant"))
        .env("SEXTANT_DATA_DIR", home.path().join("data"))
        .env("SEXTANT_CONFIG", home.path().join("config.toml"))
        .env_remove("DATABASE_URL")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for command in ["list", "show", "reply"] {
        assert!(said.contains(command), "{said}");
    }
    assert!(output.stdout.is_empty());

    let mut pty = Pty::start(&Start {
        env: &[("TERM", "dumb")],
        ..Start::default()
    });
    assert_eq!(pty.ended().exit_code(), 2);
    assert!(pty.text().contains("sextant list"), "{}", pty.text());
    pty.is_clean();
}

#[test]
fn the_keys_are_printed_for_scripts() {
    let home = crate::pty::home();
    let output = run(home.path(), &["keys", "--json"]);
    let out = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<serde_json::Value> = out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let done = rows.iter().find(|r| r["name"] == "done").unwrap();
    assert_eq!(done["keys"], serde_json::json!(["e"]));
}

/// A script that stands for an editor.
fn editor(folder: &std::path::Path, body: &str) -> String {
    let path = folder.join("editor.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_editor_has_the_terminal_to_itself_and_its_text_comes_back() {
    let home = crate::pty::home();
    let script = editor(
        home.path(),
        "stty sane; printf 'your name: '; read name; printf 'Dear %s' \"$name\" > \"$1\"",
    );
    let mut pty = Pty::start_in(
        home,
        &Start {
            args: &["demo"],
            env: &[("VISUAL", &script)],
            ..Start::default()
        },
    );
    crate::triage::ready_to_answer(&mut pty);
    pty.send("r");
    pty.wait_for("reply");
    pty.send("draft\u{5}");
    pty.wait_for("your name:");
    pty.screen(|screen| assert!(!screen.alternate_screen()));
    pty.send("Mei\r");
    pty.wait_for("Dear Mei");
    pty.screen(|screen| assert!(screen.alternate_screen()));
    pty.send("\u{1b}");
    pty.wait_for("kept as the draft");
    pty.send("q");
    assert_eq!(pty.ended().exit_code(), 0);
    pty.is_clean();
}

#[test]
#[ignore = "a helper that another test starts as a process"]
fn panics_on_the_screen() {
    // The thread that the loop runs on has this name, and the test's own has the test's.
    let main = std::thread::Builder::new().name("main".to_owned());
    let running = main.spawn(|| {
        let _guard = sextant::tui::terminal::Guard::enter(true).unwrap();
        std::io::stdout().write_all(b"the screen").unwrap();
        std::io::stdout().flush().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        panic!("the reason of the panic");
    });
    assert!(running.unwrap().join().is_ok(), "it panicked, as it should");
}

#[test]
fn a_panic_leaves_the_terminal_first_and_then_says_why() {
    let mut command = portable_pty::CommandBuilder::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "life::panics_on_the_screen",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    let mut pty = Pty::spawn(crate::pty::home(), command, &Start::default());
    pty.wait_for("the screen");
    pty.screen(|screen| assert!(screen.alternate_screen()));
    assert_ne!(pty.ended().exit_code(), 0);
    pty.is_clean();
    let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
    let left = raw.find("\u{1b}[?1049l").expect("the screen is left");
    let said = raw
        .find("the reason of the panic")
        .expect("the reason is said");
    assert!(left < said);
}
