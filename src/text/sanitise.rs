//! The one sanitiser.

use super::SafeText;

/// Makes a stranger's text fit for a terminal, a log, an export and the embedder.
pub fn sanitise(raw: &str) -> SafeText {
    SafeText::new(raw.chars().filter(|c| !c.is_control()).collect(), 0)
}
