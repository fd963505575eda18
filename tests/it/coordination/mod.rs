//! The process of a significant event on real nodes: the other side is played by hand, with plain RID and IODEF.

mod alerts;
mod calls;
mod faults;
mod foreign;
mod killed;
pub(crate) mod letters;
mod rights;
pub(crate) mod scene;
mod unit;
