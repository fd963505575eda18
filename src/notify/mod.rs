//! Carriers for people: email, pager, fax, webhook. Each takes a notice ([`NoticeText`](crate::outbox::NoticeText)) out of the
//! outbox and hands it over to the gateway that the `[notify]` table names.
//!
//! Made once by `daemon`; called by the outbox's worker. What it promises:
//! - Every try ends within `notify.time` and two seconds, and says in words what came of it. A gateway that is down, slow or
//!   lying delays nobody but whoever is told through it.
//! - Taken means taken: the gateway said so after it had the whole notice. A notice that had to be tried twice can be seen to
//!   be one: the same Message-ID, the same `X-Ridd-Notice`.
//! - A notice of a drill disturbs nobody unless `notify.drill-pages-people` says so.
//! - No text of a notice, no code and no secret is logged.

mod channel;
mod config;
mod email;
mod fault;
mod fax;
mod files;
mod mail;
mod pager;
mod pdf;
mod smtp;
mod snpp;
mod url;
mod webhook;

use std::sync::Arc;

use crate::clock::Clock;
use crate::ids::PeerName;
use crate::outbox::{Carrier, ParcelKind};
use crate::telemetry::Metrics;

use channel::{Channel, Drill, Line};
use pager::Pager;
use smtp::Smtp;
use snpp::Snpp;
use url::Place;
use webhook::Webhook;

pub use config::{
    BadConfig, Config, Email as EmailConfig, Fax as FaxConfig, Gateway, Pager as PagerConfig, Paper, Security,
    Webhook as WebhookConfig,
};
pub use fault::Fault;

type MaybeLine = Result<Box<dyn Line>, &'static str>;

/// A carrier for every kind of notice. Those whose channel is not configured refuse, and say which key to set. `node` is our
/// own name, as gateways and Message-IDs see it.
///
/// # Errors
/// The first fault of the settings, or of the files they name.
pub fn carriers(
    config: &Config,
    node: &PeerName,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Vec<Arc<dyn Carrier>>, Fault> {
    if let Some(fault) = config.faults().into_iter().next() {
        return Err(fault.into());
    }
    let smtp = Smtp::new(&config.email, node, config.time)?.map(Arc::new);
    let drill = match (&config.drill_address, &smtp) {
        _ if config.drill_pages_people => Drill::People,
        (Some(to), Some(smtp)) => mail::address(to).map_or(Drill::Nobody, |to| Drill::Address(Arc::clone(smtp), to)),
        _ => Drill::Nobody,
    };
    let lines: [(ParcelKind, MaybeLine); 4] = [
        (ParcelKind::Email, email_line(smtp.as_ref())),
        (ParcelKind::Pager, pager_line(config, smtp.as_ref())),
        (ParcelKind::Fax, fax_line(config, smtp.as_ref())),
        (ParcelKind::Webhook, webhook_line(config)?),
    ];
    let channel = |(kind, line)| {
        let (clock, metrics) = (Arc::clone(clock), Arc::clone(metrics));
        Arc::new(Channel { kind, line, drill: drill.clone(), clock, metrics }) as Arc<dyn Carrier>
    };
    Ok(lines.into_iter().map(channel).collect())
}

fn email_line(smtp: Option<&Arc<Smtp>>) -> MaybeLine {
    let smtp = smtp.ok_or("notify.email.server")?;
    Ok(Box::new(email::Email(Arc::clone(smtp))))
}

fn pager_line(config: &Config, smtp: Option<&Arc<Smtp>>) -> MaybeLine {
    let pager = &config.pager;
    Ok(Box::new(match pager.gateway {
        Gateway::Snpp => {
            let server = pager.server.as_deref().ok_or("notify.pager.server")?;
            let place = Place::parse(server, snpp::PORT).ok_or("notify.pager.server")?;
            Pager::Terminal(Snpp { place, caller_id: pager.caller_id.clone(), time: config.time })
        }
        Gateway::Email => {
            let smtp = smtp.ok_or("notify.email.server")?;
            Pager::Mail(Arc::clone(smtp), pager.domain.clone().ok_or("notify.pager.domain")?)
        }
    }))
}

fn fax_line(config: &Config, smtp: Option<&Arc<Smtp>>) -> MaybeLine {
    let domain = config.fax.domain.clone().ok_or("notify.fax.domain")?;
    let smtp = Arc::clone(smtp.ok_or("notify.email.server")?);
    Ok(Box::new(fax::Fax { smtp, domain, paper: config.fax.paper }))
}

fn webhook_line(config: &Config) -> Result<MaybeLine, Fault> {
    let line = Webhook::new(&config.webhook, config.time)?;
    Ok(line.map(|line| Box::new(line) as Box<dyn Line>).ok_or("notify.webhook.secret-file"))
}
