//! Trials of the real binary over real sockets, one process each.

mod admission;
mod demo;
mod disk;
mod harness;
mod hostile;
mod relay;
mod reload;
mod restart;
mod slow;
mod store_crash;
mod store_power;
mod yardstick;
