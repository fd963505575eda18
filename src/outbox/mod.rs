//! The outbox: the single way out. A parcel is written in the batch that explains it, waits for its time, is claimed by
//! a worker, given to its carrier, and leaves with an outcome that is committed in one batch.

mod carrier;

pub use carrier::{Carrier, Load, Outcome, Replies, Reply};
