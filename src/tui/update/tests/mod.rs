//! What keys do, written as keys.

mod acts;
mod given;
mod moves;
mod replies;
mod storms;
