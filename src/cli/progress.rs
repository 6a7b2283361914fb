//! How a wait is shown: a bar on stderr where that is a terminal, else a line when the phase changes.

use super::out;
use crate::embed::model::progress::Progress;
use crate::embed::worker::WorkerState;
use crate::engine::recognise::{Readiness, Recogniser};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Draws the phases of loading until it is stopped.
pub async fn show_progress(recogniser: Recogniser) {
    let bar = Bar::default();
    let (mut worker, mut readiness) = (recogniser.worker().state(), recogniser.readiness());
    loop {
        let loading = worker.borrow_and_update().clone();
        let learning = readiness.borrow_and_update().clone();
        match (loading, learning) {
            (WorkerState::Loading { phase, done, total }, _) => bar.show(&phase, done, total),
            (_, Readiness::Learning(done, total)) => {
                bar.count("learning the labelled examples", done as u64, total as u64);
            }
            _ => bar.clear(),
        }
        let changed = tokio::select! {
            changed = worker.changed() => changed,
            changed = readiness.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
    }
}

/// A bar on stderr, where that is a terminal; else a line when the phase changes.
pub struct Bar {
    bar: ProgressBar,
    plain: std::sync::Mutex<String>,
}

impl Default for Bar {
    fn default() -> Self {
        Self {
            bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
            plain: std::sync::Mutex::default(),
        }
    }
}

impl Bar {
    /// Bytes of a phase.
    pub fn show(&self, phase: &str, done: u64, total: Option<u64>) {
        self.draw(
            phase,
            done,
            total,
            "{msg} [{wide_bar}] {bytes}/{total_bytes} {eta}",
        );
    }

    /// Things of a phase.
    pub fn count(&self, phase: &str, done: u64, total: u64) {
        self.draw(
            phase,
            done,
            Some(total),
            "{msg} [{wide_bar}] {pos}/{len} {eta}",
        );
    }

    fn draw(&self, phase: &str, done: u64, total: Option<u64>, bar: &str) {
        let phase = crate::text::sanitise(phase);
        if self.bar.is_hidden() {
            let mut last = self
                .plain
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if *last != phase.as_str() {
                out::note(&phase);
                *last = phase.to_string();
            }
            return;
        }
        let form = if total.is_some() {
            bar
        } else {
            "{spinner} {msg} {bytes}"
        };
        if let Ok(style) = ProgressStyle::with_template(form) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.set_length(total.unwrap_or(0));
        self.bar.set_position(done);
        self.bar.set_message(phase.to_string());
    }

    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn advance(&self, phase: &str, done: u64, total: Option<u64>) {
        self.show(phase, done, total);
    }

    fn note(&self, sentence: &str) {
        self.bar
            .suspend(|| out::note(crate::text::sanitise(sentence)));
    }
}
