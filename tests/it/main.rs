//! Trials of the real binary over real sockets, one process each.

#![expect(clippy::unwrap_used, reason = "a trial that cannot go on has failed")]

mod admission;
mod bench;
mod cli;
mod coordination;
mod coordination_cli;
mod demo;
mod disk;
mod harness;
mod hostile;
mod inventory;
mod notify;
mod page;
mod proxy;
mod relay;
mod reload;
mod restart;
mod rfc6545;
mod rfc6546;
mod rfc7970;
mod roster;
mod service;
mod shared;
mod slow;
mod store_copy;
mod store_crash;
mod store_full;
mod store_power;
#[cfg(feature = "postgres")]
mod store_server;
mod yardstick;
