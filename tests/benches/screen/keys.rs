//! From a key to its painted frame, through a pseudo-terminal; beside neomutt where it is installed.

use crate::pty::{Pty, Start, copy, home};
use portable_pty::CommandBuilder;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const KEYS: usize = 200;

pub fn run(filled: &TempDir, messages: usize) {
    let mut ours = Pty::start_in(copy(filled.path()), &Start::default());
    ours.wait("the rows", |text| text.contains("buyer"));
    // The model loads meanwhile, and would be measured too.
    std::thread::sleep(Duration::from_secs(8));
    let (half, most) = pressed(&mut ours);
    println!("key to painted frame  {half:.1} ms in the middle, {most:.1} ms for 95 of 100");
    if Command::new("neomutt").arg("-v").output().is_err() {
        println!("not run: the same in neomutt (it is not installed)");
        return;
    }
    let (half, most) = pressed(&mut neomutt(messages));
    println!("the same in neomutt   {half:.1} ms in the middle, {most:.1} ms for 95 of 100");
}

/// Milliseconds from a key to the first change of the screen: the middle and the 95th of 100.
fn pressed(pty: &mut Pty) -> (f64, f64) {
    let mut times = Vec::new();
    for n in 0..KEYS {
        let before = pty.written();
        let began = Instant::now();
        pty.send(if n % 20 < 10 { "j" } else { "k" });
        while pty.written() == before {
            assert!(began.elapsed() < Duration::from_secs(10), "{}", pty.text());
            std::thread::sleep(Duration::from_micros(50));
        }
        times.push(began.elapsed());
        std::thread::sleep(Duration::from_millis(40));
    }
    times.sort();
    let at = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1000.0;
    (at(50), at(95))
}

fn neomutt(messages: usize) -> Pty {
    let home = home();
    let mut mails = String::new();
    for n in 0..messages {
        mails.push_str(&format!(
            "From buyer@shop.example Mon Nov 24 10:00:00 2025\nFrom: buyer {n} <b{n}@shop.example>\nTo: shop@shop.example\n\
             Subject: where is my order {n}\nDate: Mon, 24 Nov 2025 10:00:00 +0000\nMessage-ID: <{n}@shop.example>\n\nhello\n\n"
        ));
    }
    let mailbox = home.path().join("mbox");
    std::fs::write(&mailbox, mails).unwrap();
    // It asks for this folder before it shows anything.
    std::fs::create_dir(home.path().join("Mail")).unwrap();
    let mut command = CommandBuilder::new("neomutt");
    command.args(["-n", "-R", "-f", mailbox.to_str().unwrap()]);
    command.env("HOME", home.path());
    let pty = Pty::spawn(home, command, &Start::default());
    pty.wait("the mails", |text| text.contains("where is my order"));
    pty
}
