//! What an answer answers: the Request of ours it belongs to, and where that Request itself came from.

use super::plan::Arrived;
use super::service::Exchange;
use crate::envelope::IncidentId;
use crate::ids::{CallbackToken, MessageId, PeerName};
use crate::store::records::{Direction, Message, Request};
use crate::store::{Column, Scan, StoreError, Value};

/// How many requests about one incident are looked at; more of them are of no interest to one answer.
const SIBLINGS: usize = 1_000;

/// A request's record with the revision it was read at.
pub(super) type Revised = (Request, i64);

/// Where a relayed message came from: what answers the relayed one goes back there.
pub(super) struct Origin {
    /// The message that was relayed.
    pub(super) message: Message,
    /// Its record as a Request, if it was one.
    pub(super) request: Option<Revised>,
}

impl Exchange {
    /// The Request or Query of ours that a message answers: by its token, else by (peer, IncidentID, instance).
    ///
    /// A token that we do not know is no reason to refuse: a callback may overtake the 202 that names its token.
    pub(super) async fn asked(&self, arrived: &Arrived<'_>) -> Result<Option<Revised>, StoreError> {
        // In an HTTP response there is no doubt.
        if let Some(sent) = &arrived.answers {
            return self.store.find_revised::<Request>(vec![sent.to_value()]).await;
        }
        if let Some(token) = &arrived.token
            && let Some(found) = self.by_token(Direction::Out, &arrived.peer.name, token).await?
        {
            return Ok(Some(found));
        }
        match arrived.incident() {
            Some(id) => self.by_incident(Direction::Out, &arrived.peer.name, id).await,
            None => Ok(None),
        }
    }

    /// The request that this token stands for.
    pub(super) async fn by_token(
        &self,
        direction: Direction,
        peer: &PeerName,
        token: &CallbackToken,
    ) -> Result<Option<Revised>, StoreError> {
        let prefix = vec![direction.to_value(), peer.to_value(), token.to_value()];
        Ok(self.revised::<Request>(Scan::of::<Request>(1).by("by_token").with(prefix)).await?.pop())
    }

    /// The newest request between us and that peer about this instance; of any instance if none is named. One that is
    /// still open goes before one that is not.
    pub(super) async fn by_incident(
        &self,
        direction: Direction,
        peer: &PeerName,
        id: &IncidentId,
    ) -> Result<Option<Revised>, StoreError> {
        let found = self.about(id).await?;
        let ours = found.into_iter().filter(|(request, _)| request.direction == direction && request.peer == *peer);
        Ok(ours.max_by(|(a, _), (b, _)| (a.open, &a.message).cmp(&(b.open, &b.message))))
    }

    /// All requests about this instance, of both directions; about all instances if none is named.
    pub(super) async fn about(&self, id: &IncidentId) -> Result<Vec<Revised>, StoreError> {
        let mut prefix = vec![id.incident.name.to_value(), id.incident.id.to_value()];
        if id.instance.is_some() {
            prefix.push(id.instance.to_value());
        }
        self.revised::<Request>(Scan::of::<Request>(SIBLINGS).by("by_incident").with(prefix)).await
    }

    /// Where the message came from that this Request of ours relays.
    pub(super) async fn origin(&self, asked: &Request) -> Result<Option<Origin>, StoreError> {
        let Some(parent) = &asked.parent else { return Ok(None) };
        let key: Vec<Value> = vec![parent.to_value()];
        let Some(message) = self.store.find::<Message>(key.clone()).await? else { return Ok(None) };
        let request = self.store.find_revised::<Request>(key).await?;
        Ok(Some(Origin { message, request }))
    }

    /// The Requests that relay this message.
    pub(super) async fn relaying(&self, parent: &MessageId) -> Result<Vec<Request>, StoreError> {
        let prefix = vec![Some(parent.clone()).to_value()];
        self.store.list(Scan::of::<Request>(SIBLINGS).by("by_parent").with(prefix)).await
    }
}
