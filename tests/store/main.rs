//! What the store promises, on both databases.

mod crash;
mod desk;
mod files;
mod outbox;
mod queues;
mod rows;
