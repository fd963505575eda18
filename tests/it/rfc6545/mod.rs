//! RFC 6545, section by section: what RID messages lead to, tried on the real binary by a scripted peer.

pub(crate) mod exchange;
mod section_5_6;
mod section_6_2;
mod section_6_3;
mod section_6_5;
mod section_7_3;
mod section_9_1_refusals;
mod section_9_1_relay;
mod section_9_1_renewal;
mod section_9_1_wire;
