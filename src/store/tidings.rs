//! Tidings: what other nodes change in a store that they share with us.
//!
//! Whoever remembers what it read (states of events, the list of peers, the roster) listens, and reads anew what a tiding
//! names. A tiding is a hint that comes soon after the commit, not a promise: whoever decides something by what it
//! remembers puts that among the preconditions of its batch. Nobody is told of its own changes.

use tokio::sync::broadcast;

/// What another node has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tiding {
    /// A row was written or removed.
    Row {
        /// The name of its table.
        table: &'static str,
        /// The first column of its key as text: the event of an entry of its log, the name of a peer, the id of a parcel.
        key: String,
    },
    /// More rows of one table than are worth naming.
    Table {
        /// Its name.
        table: &'static str,
    },
    /// Perhaps anything: the line to the other nodes was cut for a while, or it is simply time to look.
    Anything,
}

/// Where tidings come from. Who is too slow is told that it missed some ([`broadcast::error::RecvError::Lagged`]), which
/// means the same as [`Tiding::Anything`].
pub type Tidings = broadcast::Receiver<Tiding>;
