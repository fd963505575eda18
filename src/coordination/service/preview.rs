//! What would be written, shown to staff before it is.

use bytes::Bytes;

use super::{Coordination, OrderError};
use crate::coordination::decide::Refusal;
use crate::coordination::follow::Effect;
use crate::coordination::letters;
use crate::ids::{EventId, PeerName};

impl Coordination {
    /// The document that goes to this unit as the alert, as it would be written now, before it is signed or encrypted.
    ///
    /// # Errors
    /// If there is no such event, or the unit is not an affected one that letters go to.
    pub async fn alert(&self, event: &EventId, unit: &PeerName) -> Result<Bytes, OrderError> {
        let state = self.state(event).await?;
        let no_unit = || Refusal::NoSuchUnit { unit: unit.to_string() };
        let found = state.units.get(unit.as_str()).filter(|_| *unit.as_str() != *state.own).ok_or_else(no_unit)?;
        let effect = Effect::Alert { unit: unit.to_string(), instance: found.instance.max(1) };
        let version = self.listeners.postman.version(unit);
        let letter = letters::letter(&state, &effect, unit, version, &self.sender(), self.clock.now())?;
        Ok(letter.and_then(|letter| letter.document).ok_or_else(no_unit)?)
    }
}
