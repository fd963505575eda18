//! The process of a significant event: what is decided, what is written to others, and when.
//!
//! `wire` writes and reads the documents of the process. It is called by the service, and by whoever shows what a document
//! of the process says.

pub mod wire;
