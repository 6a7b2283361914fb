//! The screen: instructions of a frame, the start at 100,000 and a million messages, a key to its painted frame.
//!
//! `cargo bench --bench screen`; SEXTANT_BENCH_MESSAGES=100000 takes a tenth of the time and of every size. Instructions are counted
//! by callgrind (the program starts itself under it) and are the same whatever else the machine does; the start is a ratio between
//! two sizes in one run; the key is measured through a pseudo-terminal, beside neomutt on a mailbox of as many mails where it is
//! installed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that goes wrong should stop there and say where"
)]

#[allow(dead_code, reason = "a part of it is the ingest benchmark's")]
mod measure;

#[path = "screen/frames.rs"]
mod frames;
#[path = "screen/keys.rs"]
mod keys;
#[allow(dead_code, reason = "a part of it is the tests'")]
#[path = "../screen/pty.rs"]
mod pty;
#[path = "ingest/shop.rs"]
#[allow(dead_code, reason = "a part of it is the ingest benchmark's")]
mod shop;
#[path = "screen/start.rs"]
mod start;

const MESSAGES: usize = 1_000_000;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|a| a == frames::CHILD) {
        frames::child(&args[at + 1], args[at + 2].parse().unwrap());
        return;
    }
    if !measure::asked_for() {
        return;
    }
    let asked = std::env::var("SEXTANT_BENCH_MESSAGES").ok();
    let large: usize = asked.map_or(MESSAGES, |n| n.parse().unwrap());
    frames::run();
    let homes = start::run(large);
    keys::run(&homes, large / 10);
}
