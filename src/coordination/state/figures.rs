//! What is counted of an event for those who watch many: lists, the status of the node, metrics.

use super::{State, TryFate};

impl State {
    /// How many milestones of the event and of its units are past due and neither met nor waived. The systems of a unit
    /// count as one milestone.
    pub fn overdue(&self) -> usize {
        let missed = self.open_marks().filter(|(_, mark)| mark.missed.is_some()).map(|(subject, _)| subject);
        // Marks stand in the order of milestone, unit, system.
        let mut before = None;
        missed
            .filter(|subject| {
                before.replace((&subject.milestone, &subject.unit)) != Some((&subject.milestone, &subject.unit))
            })
            .count()
    }

    /// How many notices are out that nobody has answered, about things that somebody must still answer.
    pub fn unanswered(&self) -> usize {
        let open = self.calls.values().filter(|call| call.is_open());
        open.flat_map(|call| &call.tries)
            .filter(|one| matches!(one.fate, TryFate::Waiting | TryFate::Delivered))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use crate::coordination::report::sample;

    #[test]
    fn a_unit_is_counted_once_however_many_systems_are_late() {
        let (state, _) = sample::event(sample::AT_14_HOURS);
        // Six marks are missed, two of them of systems of one unit.
        assert_eq!((state.overdue(), state.unanswered()), (5, 3));
        let (over, _) = sample::whole();
        assert_eq!((over.overdue(), over.unanswered()), (0, 0));
    }
}
