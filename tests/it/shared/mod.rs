//! Several nodes that are one RID system to their peers: behind one balancer, on one store.

mod balancer;
mod clock;
mod failover;
mod load;
mod machines;
mod nodes;
mod outbox;
mod partition;
mod states;
