//! Which call a path and a method name.
//!
//! May use: axum's `Method`, the answers. The one rule: an unknown path, version or method is told apart.

use super::answer::Answer;
use axum::http::Method;

/// A signed call, with the ids in its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call<'a> {
    Shops,
    Conversations,
    Create,
    One(&'a str),
    Messages(&'a str),
    Send { version: &'a str, id: &'a str },
    MarkRead(&'a str),
    Search,
    Detail,
    Tracking(&'a str),
    Logistics(&'a str),
    Returns,
}

impl Call<'_> {
    /// The name under which the statistics count it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Shops => "shops",
            Self::Conversations => "conversations",
            Self::Create => "create_conversation",
            Self::One(_) => "conversation",
            Self::Messages(_) => "messages",
            Self::Send { .. } => "send",
            Self::MarkRead(_) => "mark_read",
            Self::Search => "orders_search",
            Self::Detail => "orders",
            Self::Tracking(_) => "tracking",
            Self::Logistics(_) => "logistics",
            Self::Returns => "returns_search",
        }
    }

    /// Whether it changes nothing.
    pub const fn reads(&self) -> bool {
        !matches!(self, Self::Create | Self::Send { .. } | Self::MarkRead(_))
    }

    /// Whether it needs the scope for messages.
    pub const fn is_customer_service(&self) -> bool {
        matches!(
            self,
            Self::Conversations
                | Self::Create
                | Self::One(_)
                | Self::Messages(_)
                | Self::Send { .. }
                | Self::MarkRead(_)
        )
    }
}

/// The call that `path` and `method` name.
pub fn find<'a>(method: &Method, path: &'a str) -> Result<Call<'a>, Answer> {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let get = || {
        if method == Method::GET {
            Ok(())
        } else {
            Err(Answer::wrong_method())
        }
    };
    let post = || {
        if method == Method::POST {
            Ok(())
        } else {
            Err(Answer::wrong_method())
        }
    };
    match segments.as_slice() {
        ["authorization", "202309", "shops"] => get().map(|()| Call::Shops),
        ["customer_service", "202309", "conversations"] => match *method {
            Method::GET => Ok(Call::Conversations),
            Method::POST => Ok(Call::Create),
            _ => Err(Answer::wrong_method()),
        },
        ["customer_service", "202601", "conversations", id] => get().map(|()| Call::One(id)),
        [
            "customer_service",
            version @ ("202309" | "202606"),
            "conversations",
            id,
            "messages",
        ] => match *method {
            Method::GET if *version == "202309" => Ok(Call::Messages(id)),
            Method::POST => Ok(Call::Send { version, id }),
            _ => Err(Answer::wrong_method()),
        },
        [
            "customer_service",
            "202309",
            "conversations",
            id,
            "messages",
            "read",
        ] => post().map(|()| Call::MarkRead(id)),
        ["order", "202309", "orders", "search"] => post().map(|()| Call::Search),
        ["order", "202309" | "202507", "orders"] => get().map(|()| Call::Detail),
        ["fulfillment", "202309", "orders", id, "tracking"] => get().map(|()| Call::Tracking(id)),
        ["logistics", "202604", "orders", id, "tracking"] => get().map(|()| Call::Logistics(id)),
        ["return_refund", "202309" | "202602", "returns", "search"] => {
            post().map(|()| Call::Returns)
        }
        [
            "customer_service" | "order" | "fulfillment" | "logistics",
            version,
            ..,
        ] if version.len() != 6 || !version.bytes().all(|b| b.is_ascii_digit()) => {
            Err(Answer::unknown_version())
        }
        _ => Err(Answer::unknown_path()),
    }
}
