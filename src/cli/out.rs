//! Printing: results to stdout, everything else to stderr. A reader that goes away is no error.

use serde::Serialize;
use std::io::{self, Write};

/// A line of a result. Only sanitised values can get here, since what strangers wrote has no `Display`.
pub fn line(text: impl std::fmt::Display) -> anyhow::Result<()> {
    written(writeln!(io::stdout().lock(), "{text}"))
}

/// One JSON value on one line.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string(value)?;
    line(text)
}

/// A remark to the person, not part of the result.
pub fn note(text: impl std::fmt::Display) {
    // Nobody reads stderr any more: there is nowhere left to say so.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Ends the process with this code, and nothing after it. The model's library may still be at work on its thread, and its clean-up
/// at the end of a process would pull the floor from under it (seen: a segmentation fault); the system frees everything anyway.
pub fn leave(code: u8) -> ! {
    // Whoever read it is gone: there is nobody to tell.
    let _ = io::stdout().flush();
    let _ = io::stderr().flush();
    #[cfg(unix)]
    signal_hook::low_level::exit(i32::from(code));
    #[cfg(not(unix))]
    std::process::exit(i32::from(code));
}

/// Whoever read the pipe has seen enough.
#[derive(Debug, thiserror::Error)]
#[error("the reader went away")]
pub struct ReaderGone;

fn written(result: io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        other => Ok(other?),
    }
}

/// Seconds as people read them: `42s`, `5m`, `3h`, `2d`.
pub fn age(seconds: i64) -> String {
    let (sign, s) = if seconds < 0 {
        ("-", -seconds)
    } else {
        ("", seconds)
    };
    match s {
        0..=59 => format!("{sign}{s}s"),
        60..=3599 => format!("{sign}{}m", s / 60),
        3600..=86_399 => format!("{sign}{}h", s / 3600),
        _ => format!("{sign}{}d", s / 86_400),
    }
}
