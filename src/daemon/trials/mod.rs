//! Trials of whole nodes in one process: exchange, coordination, inventory and roster over real stores, peers that are only
//! names, and a carrier that hands each parcel straight to the other side.

mod calls;
mod closing;
#[path = "../../../tests/it/harness/mailbox.rs"]
mod mailbox;
mod network;
mod scans;
mod scene;
mod sharing;
mod time;
#[path = "../../../tests/it/harness/wait.rs"]
mod wait;
mod walk;
