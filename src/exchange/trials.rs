//! Trials of the whole exchange in one process: real stores in temporary directories, peers that are only names, and a
//! carrier that hands each parcel straight to the other side.

mod joined;
mod network;
mod relaying;
mod replies;
mod sealing;
mod single;
mod versions;
