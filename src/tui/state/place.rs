//! Where a person is.

/// What fills the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    Inbox,
    Health,
    Welcome,
}

/// Which pane of the inbox `j` and `k` move in; in a narrow window, which one is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    List,
    Thread,
}
