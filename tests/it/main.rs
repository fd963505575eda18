//! Trials of the real binary over real sockets, one process each.

mod harness;
mod store_crash;
mod store_power;
mod yardstick;
