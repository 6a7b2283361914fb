//! `sextant sandbox`: the platform's side alone, until it is told to stop.

use crate::program::{Home, has};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Longer than the two seconds that open connections get.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn one_signal_stops_it_in_good_order() {
    for signal in ["TERM", "INT"] {
        let home = Home::new();
        let mut child = home.command(&["sandbox", "--port", "0"]).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut first)
            .unwrap();
        let told: serde_json::Value = serde_json::from_str(&first).expect("one JSON object");
        has(&told, &["base_url", "app_key", "app_secret", "faults"]);
        let told = Command::new("sh")
            .args(["-c", &format!("kill -{signal} {}", child.id())])
            .status()
            .unwrap();
        assert!(told.success());
        assert_eq!(ended(&mut child), Some(0), "after SIG{signal}");
    }
}

/// The exit code; none where it was still running when patience ended.
fn ended(child: &mut Child) -> Option<i32> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    None
}
