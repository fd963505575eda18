//! One mark of the timetable.

use crate::clock::Timestamp;
use crate::store::worded;

worded! {
    /// Where a mark stands, in a word.
    pub enum Standing: "standing of a milestone" {
        /// Neither met nor due.
        Open = "open",
        /// Met in time.
        Met = "met",
        /// Met after it was due.
        Late = "late",
        /// Past due and still open.
        Missed = "missed",
        /// It need not be met.
        Waived = "waived",
    }
}

/// How a milestone was met.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Met {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// On what evidence.
    pub evidence: Option<String>,
}

/// Why a milestone need not be met.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Waived {
    /// When that was decided.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub why: String,
}

/// A milestone of the event, of a unit or of a system, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mark {
    /// When it is due.
    pub due: Timestamp,
    /// When its owner is to be reminded, unless that was done or is not wanted.
    pub remind: Option<Timestamp>,
    /// How it was met.
    pub met: Option<Met>,
    /// When it was noticed that it was still open past its time.
    pub missed: Option<Timestamp>,
    /// Why it need not be met.
    pub waived: Option<Waived>,
}

impl Mark {
    /// An open mark.
    pub(super) fn due(due: Timestamp, remind: std::time::Duration) -> Self {
        let remind = (!remind.is_zero()).then(|| due - remind);
        Self { due, remind, met: None, missed: None, waived: None }
    }

    /// Whether it still has to be met.
    pub fn is_open(&self) -> bool {
        self.met.is_none() && self.waived.is_none()
    }

    /// Where it stands.
    pub fn standing(&self) -> Standing {
        match (&self.met, &self.waived, &self.missed) {
            (Some(met), _, _) if met.at > self.due => Standing::Late,
            (Some(_), _, _) => Standing::Met,
            (None, Some(_), _) => Standing::Waived,
            (None, None, Some(_)) => Standing::Missed,
            (None, None, None) => Standing::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_met_after_its_time_is_late() {
        let mut mark = Mark::due(Timestamp::from_micros(10), std::time::Duration::ZERO);
        assert_eq!((mark.standing(), mark.remind), (Standing::Open, None));
        mark.missed = Some(Timestamp::from_micros(11));
        assert_eq!(mark.standing(), Standing::Missed);
        let met = |at| Some(Met { at: Timestamp::from_micros(at), by: "officer".to_owned(), evidence: None });
        mark.met = met(12);
        assert_eq!(mark.standing(), Standing::Late);
        // A unit may say afterwards that it had been done in time.
        mark.met = met(10);
        assert_eq!(mark.standing(), Standing::Met);
    }
}
