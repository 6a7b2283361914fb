//! The terminal in other hands: the user's editor, the dialogue that connects an account, the shell.
//!
//! The one rule: nothing reads the keyboard but whoever has the terminal, so the stream of events is dropped before and made anew
//! after; and the process can be told to end meanwhile.

use super::host::Host;
use super::key::Key;
use super::msg::Outcome;
use super::run::{Running, Signal};
use super::terminal;
use crate::text::sanitise;
use anyhow::Context;
use crossterm::event::{Event, KeyCode, KeyEventKind};
use futures_util::StreamExt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::{Child, Command};

/// Bytes of an edited text; what is longer is no reply.
const LONGEST: u64 = 64 * 1024;

/// How long an editor may take to end.
const GRACE: Duration = Duration::from_secs(2);

/// What the person edits with, as the environment says.
pub fn editor() -> Option<String> {
    ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.trim().is_empty())
}

impl<H: Host> Running<H> {
    /// The text as the editor left it.
    pub(super) async fn edit(&mut self, text: &str) -> anyhow::Result<anyhow::Result<String>> {
        let Some(editor) = editor() else {
            return Ok(Err(anyhow::anyhow!("set VISUAL or EDITOR")));
        };
        let draft = match Draft::write(&self.inbox.places.data, text) {
            Ok(draft) => draft,
            Err(error) => return Ok(Err(error)),
        };
        self.hand_over();
        let ended = self.wait_for(command(&editor, &draft.path)).await;
        self.take_back()?;
        Ok(match ended {
            // Told to end, what was saved by then is what there is.
            Ok(status) if status.success() || self.told_to_end => draft.read(),
            Ok(status) => Err(anyhow::anyhow!(
                "`{editor}` ended with {status}; the text is as it was"
            )),
            Err(error) => Err(anyhow::anyhow!("`{editor}` cannot be run: {error}")),
        })
    }

    /// Whether the dialogue was gone through to its end.
    pub(super) async fn connect(&mut self) -> anyhow::Result<bool> {
        let Some(connect) = &self.inbox.places.connect else {
            return Ok(false);
        };
        let (command, back) = connect();
        self.hand_over();
        let ended = self.wait_for(command).await;
        if let Err(error) = &ended {
            let why = sanitise(&error.to_string());
            let _ = self.inbox.host.say(why.as_str());
        }
        self.wait_for_enter(&back).await;
        self.take_back()?;
        Ok(ended.is_ok_and(|status| status.success()))
    }

    pub(super) async fn suspend(&mut self) -> anyhow::Result<Option<Outcome>> {
        self.hand_over();
        // What was begun before goes on once the process does.
        tokio::task::yield_now().await;
        let stopped = self.inbox.host.suspend();
        self.take_back()?;
        Ok(stopped.err().map(|error| Outcome::Told {
            text: sanitise(&format!("the process cannot be stopped: {error}")),
            bad: true,
        }))
    }

    fn hand_over(&mut self) {
        self.input = None;
        self.inbox.host.leave();
    }

    fn take_back(&mut self) -> anyhow::Result<()> {
        self.inbox.host.enter().context("the terminal")?;
        self.redraw()?;
        self.input = Some(self.inbox.host.input());
        Ok(())
    }

    /// Ctrl-C is the other program's; being told to end ends it.
    async fn wait_for(&mut self, mut command: Command) -> io::Result<ExitStatus> {
        let mut child = command.kill_on_drop(true).spawn()?;
        loop {
            tokio::select! {
                ended = child.wait() => return ended,
                Some(signal) = self.inbox.signals.recv() => if signal == Signal::Terminate {
                    self.told_to_end = true;
                    return end(&mut child).await;
                }
            }
        }
    }

    async fn wait_for_enter(&mut self, sentence: &str) {
        if self.told_to_end || self.inbox.host.say(sentence).is_err() {
            return;
        }
        let mut input = self.inbox.host.input();
        loop {
            let event = tokio::select! {
                event = input.next() => event,
                signal = self.inbox.signals.recv() => {
                    self.told_to_end |= signal == Some(Signal::Terminate);
                    return;
                }
            };
            match event {
                Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => {
                    if matches!(Key::from(key).code, KeyCode::Enter | KeyCode::Esc) {
                        return;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
    }
}

/// An editor that is told to end may save and tidy up its terminal; one that does not is killed.
async fn end(child: &mut Child) -> io::Result<ExitStatus> {
    if child.id().is_some_and(terminal::ask_to_end)
        && let Ok(ended) = tokio::time::timeout(GRACE, child.wait()).await
    {
        return ended;
    }
    child.kill().await?;
    child.wait().await
}

/// The editor may be a word with options, such as `code --wait`: the shell knows how to read that.
#[cfg(unix)]
fn command(editor: &str, path: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("exec {editor} \"$1\""))
        .arg("sextant")
        .arg(path);
    command
}

#[cfg(not(unix))]
fn command(editor: &str, path: &Path) -> Command {
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(editor));
    command.args(words).arg(path);
    command
}

/// A text in a file that only its owner reads, for as long as it is edited.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn write(folder: &Path, text: &str) -> anyhow::Result<Self> {
        let path = folder.join(format!("reply-{}.txt", uuid::Uuid::new_v4().simple()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options
            .open(&path)
            .and_then(|mut file: File| file.write_all(text.as_bytes()));
        written.with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Self { path })
    }

    fn read(&self) -> anyhow::Result<String> {
        let length = fs::metadata(&self.path).map_or(0, |found| found.len());
        anyhow::ensure!(
            length <= LONGEST,
            "the text has {length} bytes, which is no reply; it is as it was"
        );
        let text = fs::read_to_string(&self.path)
            .context("what the editor wrote cannot be read; the text is as it was")?;
        // Editors end the last line.
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "an edited text was not removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_edited_is_private_and_gone_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let draft = Draft::write(dir.path(), "hello").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&draft.path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(&draft.path, "hello there\n").unwrap();
        assert_eq!(draft.read().unwrap(), "hello there");
        drop(draft);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
