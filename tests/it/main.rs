//! Trials of the real binary over real sockets, one process each.

mod harness;
mod yardstick;
