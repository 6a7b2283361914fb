//! The inbox as a person meets it: the real program in a pseudo-terminal, keys in, a screen out.
//!
//! What stands on the screen is read by an independent terminal parser; what must never be written is looked for in the raw bytes.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should stop there and say where"
)]

mod first_run;
mod hostile;
mod life;
mod pty;
mod sizes;
mod triage;

use serde_json::json;
use tempfile::TempDir;

/// A folder with so many imported messages, from so many buyers.
pub fn imported(count: usize) -> TempDir {
    let home = pty::home();
    let rows: Vec<String> = (0..count)
        .map(|n| {
            let text = ["where is my order??", "多少钱", "link pls", "donde esta mi pedido"][n % 4];
            json!({ "id": n.to_string(), "author": format!("buyer{n:02}"), "text": format!("{text} #{n:02}") }).to_string()
        })
        .collect();
    let file = home.path().join("rows.jsonl");
    std::fs::write(&file, rows.join("\n")).unwrap();
    pty::run(
        home.path(),
        &["import", file.to_str().unwrap(), "--channel", "file"],
    );
    home
}
