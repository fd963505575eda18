//! Who may hold how many connections, and who makes room when there are too many.
//!
//! A connection takes a seat before its TLS handshake and changes to a peer's seat once it is admitted. Strangers can
//! therefore only crowd out strangers of their own address, and a peer only its own idle connections.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::ids::PeerName;
use crate::transport::Config;

use super::pulse::{Phase, Pulse};

/// Why a connection gets no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Full {
    /// All of the peer's connections are busy.
    #[error("the peer has as many connections as connections-per-peer allows, and all are busy")]
    Peer,
    /// All connections of all peers are busy.
    #[error("there are as many connections as connections allows, and all are busy")]
    Node,
}

/// All seats of a server.
#[derive(Debug)]
pub(super) struct Seats {
    unproven_most: usize,
    unproven_per_address: usize,
    most: usize,
    per_peer: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    unproven: HashMap<u64, Unproven>,
    unproven_at: HashMap<IpAddr, usize>,
    proven: HashMap<u64, Proven>,
    proven_of: HashMap<PeerName, usize>,
}

#[derive(Debug)]
struct Unproven {
    /// `None` until a balancer has told it.
    address: Option<IpAddr>,
    leave: Arc<Notify>,
}

#[derive(Debug)]
struct Proven {
    peer: PeerName,
    pulse: Arc<Pulse>,
    leave: Arc<Notify>,
}

impl Seats {
    /// Empty seats, as many as configured, but never more than `files` open files allow.
    pub(super) fn new(config: &Config, files: Option<usize>) -> Arc<Self> {
        let fit = |wanted: usize, share: usize| files.map_or(wanted, |files| wanted.min((files / share).max(1)));
        Arc::new(Self {
            unproven_most: fit(config.unproven, 4),
            unproven_per_address: config.unproven_per_address,
            most: fit(config.connections, 2),
            per_peer: config.connections_per_peer,
            taken: Mutex::default(),
        })
    }

    /// A seat for a connection that just came. There always is one: the oldest stranger makes room, from the same
    /// address if that has too many, else from the address that has most.
    pub(super) fn take(self: &Arc<Self>, remote: IpAddr) -> Seat {
        self.sit(Some(network(remote)))
    }

    /// A seat for a connection of which a balancer has yet to tell where it comes from: so far it counts for no address.
    pub(super) fn take_unnamed(self: &Arc<Self>) -> Seat {
        self.sit(None)
    }

    fn sit(self: &Arc<Self>, address: Option<IpAddr>) -> Seat {
        let leave = Arc::new(Notify::new());
        let mut taken = self.taken();
        if !taken.make_room_at(address, self.unproven_per_address) && taken.unproven.len() >= self.unproven_most {
            let crowd = taken.unproven_at.iter().max_by_key(|(_, count)| **count).map(|(address, _)| *address);
            taken.evict_oldest_at(crowd);
        }
        taken.next += 1;
        let id = taken.next;
        taken.unproven.insert(id, Unproven { address, leave: Arc::clone(&leave) });
        if let Some(address) = address {
            *taken.unproven_at.entry(address).or_default() += 1;
        }
        drop(taken);
        Seat { seats: Arc::clone(self), id, leave }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // The lock is held over counting only; a panic elsewhere leaves the counts as they are.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Whether somebody had to go because the address has `most` already.
    fn make_room_at(&mut self, address: Option<IpAddr>, most: usize) -> bool {
        let full = address.and_then(|address| self.unproven_at.get(&address)).is_some_and(|count| *count >= most);
        if full {
            self.evict_oldest_at(address);
        }
        full
    }

    fn evict_oldest_at(&mut self, address: Option<IpAddr>) {
        let oldest = self.unproven.iter().filter(|(_, seat)| seat.address == address).map(|(id, _)| *id).min();
        if let Some(seat) = oldest.and_then(|id| self.leave_unproven(id)) {
            seat.leave.notify_one();
        }
    }

    /// Ends the connection that has been idle longest, among all or among one peer's; false if none is idle.
    fn evict_idle(&mut self, of: Option<&PeerName>) -> bool {
        let candidates = self.proven.iter().filter(|(_, seat)| of.is_none_or(|peer| *peer == seat.peer));
        let idle = candidates.filter_map(|(id, seat)| match seat.pulse.phase() {
            (Phase::Idle, span) => Some((span, *id)),
            _ => None,
        });
        let Some(seat) = idle.max().and_then(|(_, id)| self.leave_proven(id)) else { return false };
        seat.leave.notify_one();
        true
    }

    fn leave_unproven(&mut self, id: u64) -> Option<Unproven> {
        let seat = self.unproven.remove(&id)?;
        if let Some(address) = &seat.address {
            less(&mut self.unproven_at, address);
        }
        Some(seat)
    }

    fn leave_proven(&mut self, id: u64) -> Option<Proven> {
        let seat = self.proven.remove(&id)?;
        less(&mut self.proven_of, &seat.peer);
        Some(seat)
    }
}

fn less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// Who counts as one: an IPv4 address, or the /64 that one IPv6 host usually has to itself.
fn network(remote: IpAddr) -> IpAddr {
    match remote.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// A connection's seat; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    id: u64,
    leave: Arc<Notify>,
}

impl Seat {
    /// Ends when the connection has to make room.
    pub(super) async fn told_to_leave(&self) {
        self.leave.notified().await;
    }

    /// From now on the seat counts for that address, as if it had been taken for it; the oldest of the address makes room
    /// if it has too many.
    pub(super) fn name(&self, remote: IpAddr) {
        let address = network(remote);
        let mut taken = self.seats.taken();
        // Who had to make room meanwhile has no seat any more.
        if taken.unproven.contains_key(&self.id) {
            taken.make_room_at(Some(address), self.seats.unproven_per_address);
            *taken.unproven_at.entry(address).or_default() += 1;
            if let Some(seat) = taken.unproven.get_mut(&self.id) {
                seat.address = Some(address);
            }
        }
    }

    /// Changes to a seat of this peer's. If the peer has too many, its longest idle connection makes room; if all have
    /// too many, the longest idle one of all.
    ///
    /// # Errors
    /// If nobody is idle.
    pub(super) fn prove(&self, peer: &PeerName, pulse: &Arc<Pulse>) -> Result<(), Full> {
        let mut taken = self.seats.taken();
        if taken.proven_of.get(peer).is_some_and(|count| *count >= self.seats.per_peer) && !taken.evict_idle(Some(peer))
        {
            return Err(Full::Peer);
        }
        if taken.proven.len() >= self.seats.most && !taken.evict_idle(None) {
            return Err(Full::Node);
        }
        taken.leave_unproven(self.id);
        let seat = Proven { peer: peer.clone(), pulse: Arc::clone(pulse), leave: Arc::clone(&self.leave) };
        taken.proven.insert(self.id, seat);
        *taken.proven_of.entry(peer.clone()).or_default() += 1;
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.leave_unproven(self.id);
        taken.leave_proven(self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seats(
        unproven: usize,
        unproven_per_address: usize,
        connections: usize,
        connections_per_peer: usize,
    ) -> Arc<Seats> {
        let config = Config { unproven, unproven_per_address, connections, connections_per_peer, ..Config::default() };
        Seats::new(&config, None)
    }

    async fn leaves(seat: &Seat) -> bool {
        tokio::time::timeout(Duration::from_millis(1), seat.told_to_leave()).await.is_ok()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_crowd_out_strangers_of_their_own_address() {
        let seats = seats(100, 2, 10, 10);
        let other = seats.take(address("192.0.2.1"));
        let first = seats.take(address("2001:db8::1"));
        let second = seats.take(address("2001:db8::2"));
        let third = seats.take(address("2001:db8::3"));
        assert!(leaves(&first).await, "the oldest of the same /64 makes room");
        assert!(!leaves(&second).await && !leaves(&third).await && !leaves(&other).await);
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_unproven_seats_are_taken_the_greediest_address_makes_room() {
        let seats = seats(3, 10, 10, 10);
        let other = seats.take(address("192.0.2.1"));
        let first = seats.take(address("192.0.2.2"));
        let _second = seats.take(address("192.0.2.2"));
        let _new = seats.take(address("192.0.2.3"));
        assert!(leaves(&first).await);
        assert!(!leaves(&other).await);
    }

    #[tokio::test(start_paused = true)]
    async fn behind_a_balancer_the_address_that_it_tells_counts_and_its_own_never() {
        let seats = seats(4, 2, 10, 10);
        let waiting: Vec<_> = (0..3).map(|_| seats.take_unnamed()).collect();
        for (seat, source) in waiting.iter().zip(["192.0.2.1", "192.0.2.2", "192.0.2.2"]) {
            seat.name(address(source));
        }
        let fourth = seats.take_unnamed();
        fourth.name(address("192.0.2.2"));
        assert!(leaves(&waiting[1]).await, "the oldest of the same address makes room");
        assert!(!leaves(&waiting[0]).await && !leaves(&waiting[2]).await && !leaves(&fourth).await);
    }

    #[tokio::test(start_paused = true)]
    async fn those_of_whom_nothing_is_told_yet_have_a_limit_too() {
        let seats = seats(2, 2, 10, 10);
        let (first, second, third) = (seats.take_unnamed(), seats.take_unnamed(), seats.take_unnamed());
        assert!(leaves(&first).await);
        assert!(!leaves(&second).await && !leaves(&third).await);
        first.name(address("192.0.2.1"));
        drop(first);
        assert!(seats.taken().unproven_at.is_empty(), "who had to leave counts for nobody");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_crowds_out_only_its_own_idle_connections() {
        let seats = seats(10, 10, 10, 2);
        let (greedy, modest) = ("a.example".parse().unwrap(), "b.example".parse().unwrap());
        let sit = |peer: &PeerName| {
            let (seat, pulse) = (seats.take(address("192.0.2.1")), Pulse::new());
            seat.prove(peer, &pulse).map(|()| (seat, pulse))
        };
        let other = sit(&modest).unwrap();
        let first = sit(&greedy).unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let second = sit(&greedy).unwrap();
        first.1.enter(Phase::Busy);
        let third = sit(&greedy).unwrap();
        assert!(leaves(&second.0).await, "the first is busy");
        assert!(!leaves(&first.0).await && !leaves(&other.0).await);
        third.1.enter(Phase::Busy);
        assert_eq!(sit(&greedy).map(|_| ()).unwrap_err(), Full::Peer);
        drop(first);
        assert!(sit(&greedy).is_ok(), "a seat that was given back is free");
    }

    #[tokio::test(start_paused = true)]
    async fn the_node_has_a_limit_too() {
        let seats = seats(10, 10, 1, 10);
        let (one, pulse) = (seats.take(address("192.0.2.1")), Pulse::new());
        one.prove(&"a.example".parse().unwrap(), &pulse).unwrap();
        pulse.enter(Phase::Busy);
        let two = seats.take(address("192.0.2.2"));
        assert_eq!(two.prove(&"b.example".parse().unwrap(), &Pulse::new()), Err(Full::Node));
        pulse.enter(Phase::Idle);
        assert!(two.prove(&"b.example".parse().unwrap(), &Pulse::new()).is_ok());
        assert!(leaves(&one).await);
    }
}
