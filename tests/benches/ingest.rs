//! Ingest at 100,000 messages and at a million, beside the plainest program that stores the same rows.
//!
//! `cargo bench --bench ingest`; SEXTANT_BENCH_MESSAGES=100000 takes a tenth of the time and of every size. Two shapes:
//! *poll* (pages of 20 conversations of 5 messages, a transaction a conversation, then what was said of each message)
//! and *import* (hundreds of conversations a transaction, ids in no order, nothing said yet). The peer inserts the same
//! rows, computed before, through bare sqlx with the same pragmas and the same transactions: once into the same
//! tables, once into tables without checks and second indexes. All take turns, block by block.
//!
//! With SEXTANT_TEST_DATABASE_URL the smaller size is run on that PostgreSQL server too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that goes wrong should stop there and say where"
)]

mod measure;

#[path = "ingest/desk.rs"]
mod desk;
#[path = "ingest/peer.rs"]
mod peer;
#[path = "ingest/shop.rs"]
mod shop;

use desk::Desk;
use measure::{Cost, asked_for, median};
use peer::{Peer, Tables};
use shop::{Shape, Shop};
use std::path::Path;

const MESSAGES: usize = 1_000_000;
/// Blocks up to the smaller size, which is a tenth of the larger.
const BLOCKS: usize = 20;
/// Blocks whose median is the cost at a size.
const AT_THE_END: usize = 5;

#[tokio::main]
async fn main() {
    if !asked_for() {
        return;
    }
    let asked = std::env::var("SEXTANT_BENCH_MESSAGES").ok();
    let large: usize = asked.map_or(MESSAGES, |n| n.parse().unwrap());
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for shape in [Shape::Poll, Shape::Import] {
        sqlite(shape, large, dir.path()).await;
    }
    let Ok(server) = std::env::var("SEXTANT_TEST_DATABASE_URL") else {
        println!("not run: PostgreSQL (SEXTANT_TEST_DATABASE_URL is not set)");
        return;
    };
    for shape in [Shape::Poll, Shape::Import] {
        postgres(shape, large / 10, &server).await;
    }
}

async fn sqlite(shape: Shape, large: usize, dir: &Path) {
    let url = |name: &str| format!("sqlite:{}/{shape:?}-{name}.db", dir.display());
    let mut peers = Vec::new();
    for (tables, name) in [(Tables::Same, "same"), (Tables::Bare, "bare")] {
        peers.push(Peer::open(&url(name), tables).await);
    }
    run(shape, large, Desk::open(&url("ours")).await, peers).await;
    for entry in std::fs::read_dir(dir).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
}

async fn postgres(shape: Shape, large: usize, server: &str) {
    let (ours, same) = (
        desk::Database::create(server).await,
        desk::Database::create(server).await,
    );
    let peers = vec![Peer::open(&same.url, Tables::Same).await];
    run(shape, large, Desk::open(&ours.url).await, peers).await;
    ours.drop().await;
    same.drop().await;
}

/// Grows all of them to `large` messages, and reports at a tenth of it and at the end.
async fn run(shape: Shape, large: usize, mut desk: Desk, mut peers: Vec<Peer>) {
    let block = large / 10 / BLOCKS;
    let mut shop = Shop::new(shape);
    let (mut ours, mut said) = (Vec::new(), Vec::new());
    let mut theirs = vec![Vec::new(); peers.len()];
    let mut at = Vec::new();
    for n in 1..=10 * BLOCKS {
        let rows = shop.next(block);
        let prepared = peer::prepare(&rows);
        let (cost, ingested) = desk.ingest(shape, &rows).await;
        ours.push(cost);
        for (peer, costs) in peers.iter_mut().zip(&mut theirs) {
            costs.push(peer.insert(shape, &prepared).await);
        }
        if shape == Shape::Poll {
            said.push(desk.predict(&ingested).await);
        }
        eprint!("\r{shape:?} {:>9} of {large}", n * block);
        if n == BLOCKS || n == 10 * BLOCKS {
            at.push(desk.latencies().await);
        }
    }
    eprintln!();
    println!("\n{shape:?}, {:?}", desk.kind());
    let figures = Figures { block };
    figures.beside("ours", &ours, &ours);
    for (peer, costs) in peers.iter().zip(&theirs) {
        figures.beside(peer.name(), costs, &ours);
    }
    if !said.is_empty() {
        figures.beside("said of it", &said, &ours);
    }
    for (small, large) in at[0].iter().zip(&at[1]) {
        println!(
            "  {:32} {:8.2} ms  {:8.2} ms   ratio {:5.2}",
            small.0,
            small.1 * 1e3,
            large.1 * 1e3,
            large.1 / small.1
        );
    }
    desk.close().await;
    for peer in peers {
        peer.close().await;
    }
}

struct Figures {
    /// Messages a block.
    block: usize,
}

impl Figures {
    /// A line: how `ours` stands to these costs, how they grow, and what they are.
    fn beside(&self, name: &str, costs: &[Cost], ours: &[Cost]) {
        let end = |costs: &[Cost], blocks: usize| median(&costs[blocks - AT_THE_END..blocks]);
        let (small, large) = (end(costs, BLOCKS), end(costs, 10 * BLOCKS));
        let (our_small, our_large) = (end(ours, BLOCKS), end(ours, 10 * BLOCKS));
        let micro = |seconds: f64| seconds * 1e6 / self.block as f64;
        let first: f64 = costs[..BLOCKS].iter().map(|cost| cost.wall).sum();
        println!(
            "  {name:12} ours/it at {}: wall {:5.2} cpu {:5.2}; at {}: wall {:5.2} cpu {:5.2}; growth wall {:5.2} cpu {:5.2}; \
             {:6.1} -> {:6.1} us a message (cpu {:6.1} -> {:6.1}); the first {} in {first:.1} s",
            BLOCKS * self.block,
            our_small.wall / small.wall,
            our_small.cpu / small.cpu,
            10 * BLOCKS * self.block,
            our_large.wall / large.wall,
            our_large.cpu / large.cpu,
            large.wall / small.wall,
            large.cpu / small.cpu,
            micro(small.wall),
            micro(large.wall),
            micro(small.cpu),
            micro(large.cpu),
            BLOCKS * self.block,
        );
    }
}
