//! The trail of staff's acts: each is written before it is done, so that nothing is changed by nobody, and its outcome
//! after. `api` calls it; `ridd audit acts` shows it.

use super::Parts;
use super::auth::Operator;
use super::problem::Problem;
use crate::ids::MessageId;
use crate::store::records::StaffAct;
use crate::store::{Batch, Column, Record, Scan};

/// Old acts dropped with one new one at most: after `acts-kept` was lowered, the trail shrinks act by act.
const DROPPED: usize = 256;

/// Written in the place of a user's number for whoever acts over the page.
pub(super) const NOBODY: i64 = -1;

/// Characters of a target at most.
const TARGET_LIMIT: usize = 256;

/// Writes that the operator is about to do this. The oldest acts beyond `admin.acts-kept` go.
pub(super) async fn begin(
    parts: &Parts,
    operator: &Operator,
    act: &str,
    target: Option<String>,
) -> Result<StaffAct, Problem> {
    let begun = StaffAct {
        id: MessageId::fresh(),
        at: parts.clock.now(),
        operator: operator.name.clone(),
        user: operator.user.map_or(NOBODY, i64::from),
        role: operator.role,
        act: act.to_owned(),
        target: target.map(|target| target.chars().take(TARGET_LIMIT).collect()),
        outcome: "begun".to_owned(),
    };
    let mut batch = Batch::new();
    batch.insert(&begun);
    let there = usize::try_from(parts.store.count(StaffAct::TABLE).await?).unwrap_or(usize::MAX);
    let beyond = there.saturating_add(1).saturating_sub(parts.config.acts_kept).min(DROPPED);
    if beyond > 0 {
        for old in parts.store.list::<StaffAct>(Scan::of::<StaffAct>(beyond)).await? {
            batch.delete::<StaffAct>(vec![old.id.to_value()]);
        }
    }
    parts.store.commit(batch).await?;
    Ok(begun)
}

/// Writes how it ended. That cannot fail the act, which is done or not: the log says so then, and `begun` stays.
pub(super) async fn end<T>(parts: &Parts, begun: StaffAct, result: &Result<T, Problem>) {
    let outcome = result.as_ref().map_or_else(|problem| problem.code.as_str(), |_| "done");
    let ended = StaffAct { outcome: outcome.to_owned(), ..begun };
    let mut batch = Batch::new();
    batch.put(&ended);
    if let Err(error) = parts.store.commit(batch).await {
        let StaffAct { id, operator, act, .. } = ended;
        tracing::warn!(%id, operator, act, outcome, %error, "the outcome of an act could not be written");
    }
}
