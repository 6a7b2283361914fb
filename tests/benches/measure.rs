//! What the benchmarks share: wall and processor time of a piece of work, and the middle one of several.

use std::time::Instant;

/// `cargo test --all-targets` starts a benchmark too, without this word.
pub fn asked_for() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Seconds.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub wall: f64,
    /// Of all threads; zero where the system has no `/proc`.
    pub cpu: f64,
}

/// Runs from its start to [`Clock::stop`].
pub struct Clock {
    wall: Instant,
    cpu: f64,
}

impl Clock {
    pub fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu_seconds(),
        }
    }

    pub fn stop(&self) -> Cost {
        Cost {
            wall: self.wall.elapsed().as_secs_f64(),
            cpu: cpu_seconds() - self.cpu,
        }
    }
}

/// User and system time of this process, in Linux's ticks of 10 ms (proc(5): fields 14 and 15 of `stat`).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = after_name.split_whitespace().skip(11).take(2);
    fields
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// Wall and processor time each.
pub fn median(costs: &[Cost]) -> Cost {
    let middle = |of: fn(&Cost) -> f64| {
        let mut all: Vec<f64> = costs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Cost {
        wall: middle(|cost| cost.wall),
        cpu: middle(|cost| cost.cpu),
    }
}
