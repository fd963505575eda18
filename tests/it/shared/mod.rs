//! Several nodes that are one RID system to their peers: behind one balancer, on one store.

mod balancer;
mod failover;
mod load;
mod nodes;
mod partition;
mod states;
