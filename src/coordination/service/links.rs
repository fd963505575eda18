//! Links: how a person answers a notice on a page, without an account. The code in a link is too long to be guessed, so that
//! it alone proves the right; whoever only looks changes nothing, for mail scanners follow every link.

use std::sync::Arc;

use super::Coordination;
use super::answers::Answered;
use super::code::Code;
use super::refused::OrderError;
use crate::clock::Timestamp;
use crate::coordination::notices::Way;
use crate::coordination::state::State;
use crate::ids::Digest;
use crate::store::records::{Notice, NoticeState, ParcelKind};
use crate::store::{Column, Scan};

/// What the link of a notice leads to.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The notice.
    pub notice: Notice,
    /// Its event as it stands; nothing for a test.
    pub state: Option<Arc<State>>,
}

/// The codes of a new notice: as they are told, and as they are kept.
pub(super) struct Codes {
    pub(super) way: Way,
    pub(super) code: Digest,
    pub(super) link: Option<Digest>,
}

impl Coordination {
    /// Fresh codes for a notice on that channel. Only mails and webhooks carry a link: it is too long for a page, and on
    /// paper nobody can follow it.
    pub(super) fn codes(&self, channel: ParcelKind) -> Codes {
        let code = Code::fresh();
        let base = self.links.as_ref().filter(|_| matches!(channel, ParcelKind::Email | ParcelKind::Webhook));
        let link = base.map(|base| (base, Code::fresh_link()));
        Codes {
            code: code.digest(),
            link: link.as_ref().map(|(_, link)| link.digest()),
            way: Way {
                code: code.as_str().to_owned(),
                link: link.map(|(base, link)| format!("{base}/a/{}", link.as_str())),
            },
        }
    }

    /// What the link with this code leads to. Changes nothing.
    ///
    /// # Errors
    /// [`OrderError::NoSuchCode`] if it leads nowhere, or its time is over: nobody is told which.
    pub async fn linked(&self, code: &str) -> Result<Linked, OrderError> {
        let notice = self.notice_linked(code, self.clock.now()).await?;
        let state = match &notice.event {
            Some(event) => Some(self.state(event).await?),
            None => None,
        };
        Ok(Linked { notice, state })
    }

    /// The person to whom the link was sent answers the notice; with `corrected`, the systems of the notice are reported
    /// corrected, too.
    ///
    /// # Errors
    /// As [`Coordination::answer`].
    pub async fn answer_link(&self, code: &str, corrected: bool) -> Result<Answered, OrderError> {
        let notice = self.notice_linked(code, self.clock.now()).await?;
        let (person, by) = (notice.person.clone(), format!("{} (by link)", notice.person));
        self.take_answer(notice, corrected, by, &person).await
    }

    async fn notice_linked(&self, code: &str, now: Timestamp) -> Result<Notice, OrderError> {
        let Some(code) = Code::read_link(code) else { return Err(OrderError::NoSuchCode) };
        let scan = Scan::of::<Notice>(1).by("by_link").with(vec![Some(code.digest()).to_value()]);
        let found = self.store.list::<Notice>(scan).await?.pop();
        let taken = found.filter(|notice| notice.code_until > now && notice.state != NoticeState::Withdrawn);
        taken.ok_or(OrderError::NoSuchCode)
    }
}
