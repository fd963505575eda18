//! Trials of whole nodes in one process: exchange, coordination, inventory and roster over real stores, peers that are only
//! names, and a carrier that hands each parcel straight to the other side.

mod calls;
mod network;
mod scene;
mod walk;
