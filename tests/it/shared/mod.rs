//! Several nodes that are one RID system to their peers: behind one balancer, on one store.

mod balancer;
