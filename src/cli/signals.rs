//! The signals that ask a process to end.
//!
//! The one rule: whoever announces that it runs listens first; a signal that comes before that is lost, or kills.

/// Which one came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Ctrl-C, meant for whoever has the terminal.
    Interrupt,
    /// To this process, or its terminal is gone.
    Terminate,
}

#[cfg(unix)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// `hangup`: also that the terminal is gone. Who needs none does not ask, so that `nohup` keeps its meaning.
    ///
    /// # Errors
    /// A system that delivers none.
    pub fn listen(hangup: bool) -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: hangup.then(|| signal(SignalKind::hangup())).transpose()?,
        })
    }

    pub async fn next(&mut self) -> Asked {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => {
                    hangup.recv().await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
            () = hangup => Asked::Terminate,
        }
    }
}

#[cfg(not(unix))]
pub struct Signals(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl Signals {
    /// # Errors
    /// A system that delivers none.
    pub fn listen(_hangup: bool) -> std::io::Result<Self> {
        Ok(Self(tokio::signal::windows::ctrl_c()?))
    }

    pub async fn next(&mut self) -> Asked {
        self.0.recv().await;
        Asked::Interrupt
    }
}
