//! The command line: every act of the desk for scripts, screen readers and checks.
//!
//! One file a group of commands; each parses nothing itself (that is `args`), calls one use case of `engine` and prints
//! what came back. The stable names of commands, flags and JSON fields are the contract with scripts.
//!
//! May use: everything. The one rule: results go to stdout, all else to stderr, and the exit code says how it went.

mod account;
mod args;
mod classify;
mod context;
mod demo;
mod desk;
mod doctor;
mod eval;
mod import;
mod inbox;
mod keys;
mod list;
mod look;
mod model;
mod out;
mod progress;
mod sandbox;
mod show;
mod signals;
mod sync;

use crate::config::PathsError;
use crate::engine::Usage;
use crate::toml_file::FileError;
use args::{Cli, Command};
use clap::Parser;
use std::process::ExitCode;

/// How a command ended, where it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Done,
    /// Some rows or channels failed; which ones is on stderr and in the JSON.
    Partly,
}

/// Parses the arguments, runs the command, prints an error in one sentence.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            out::note(format!("sextant: the system gave no threads: {error}"));
            return ExitCode::from(1);
        }
    };
    let result = runtime.block_on(run(cli));
    // A download or a poll that was cut short must not hold the process back.
    runtime.shutdown_background();
    out::leave(match result {
        Ok(Ended::Done) => 0,
        Ok(Ended::Partly) => 3,
        Err(error) if error.is::<out::ReaderGone>() => 0,
        Err(error) => {
            out::note(format!(
                "sextant: {}",
                crate::text::sanitise(&format!("{error:#}"))
            ));
            code_of(&error)
        }
    })
}

/// 2 for what the user can mend by asking differently, 1 for what failed.
fn code_of(error: &anyhow::Error) -> u8 {
    let usage = error.is::<Usage>() || error.is::<FileError>() || error.is::<PathsError>();
    if usage { 2 } else { 1 }
}

async fn run(cli: Cli) -> anyhow::Result<Ended> {
    let context = context::Context::new(&cli.global)?;
    let Some(command) = cli.command else {
        return inbox::run(&context).await;
    };
    match command {
        Command::Demo(args) => demo::run(&context, &args).await,
        Command::Sandbox(args) => sandbox::run(&args).await,
        Command::Account(args) => account::run(&context, args).await,
        Command::Model(args) => model::run(&context, args).await,
        Command::Classify { file, json } => classify::run(&context, &file, json).await,
        Command::Eval(args) => eval::run(&context, &args).await,
        Command::Import(args) => import::run(&context, &args).await,
        Command::Sync { once, json } => sync::run(&context, once, json).await,
        Command::List(args) => list::run(&context, &args).await,
        Command::Show { id, why, json } => show::show(&context, &id, why, json).await,
        Command::Reply(args) => desk::reply(&context, args).await,
        Command::Done { ids } => desk::done(&context, &ids).await,
        Command::Reopen { ids } => desk::reopen(&context, &ids).await,
        Command::Snooze { id, until } => desk::snooze(&context, &id, &until).await,
        Command::Relabel {
            id,
            intent,
            message,
        } => desk::relabel(&context, &id, &intent, message.as_deref()).await,
        Command::Confirm { id, message } => desk::confirm(&context, &id, message.as_deref()).await,
        Command::Undo { id, json } => desk::undo(&context, id.as_deref(), json).await,
        Command::Resolve {
            id, arrived, json, ..
        } => desk::resolve(&context, &id, arrived, json).await,
        Command::Keys { lang, json } => keys::run(&context, lang, json),
        Command::Doctor { json } => doctor::run(&context, json).await,
    }
}
