//! How provisioning tells what it does.
//!
//! May use: std. The one rule: nothing here prints; whoever passes a [`Progress`] decides what is shown where.

/// Told about the work as it goes; called often, from the thread that installs.
pub trait Progress: Send + Sync {
    /// `done` of `total` bytes of the phase named `phase`; `total` is `None` where it is unknown.
    fn advance(&self, phase: &str, done: u64, total: Option<u64>);

    /// A sentence that a person waiting should read.
    fn note(&self, sentence: &str);

    /// Whether whoever waits does not want it any more. Asked often; what is half done is then given up and removed.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Says nothing.
pub struct Quiet;

impl Progress for Quiet {
    fn advance(&self, _phase: &str, _done: u64, _total: Option<u64>) {}

    fn note(&self, _sentence: &str) {}
}
