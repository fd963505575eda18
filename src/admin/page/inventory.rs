//! The page *Inventory*: the systems, found by unit and text; how each stands to each vulnerability; which of them a data
//! call concerns; and taking in a file of them, which can be tried first.

use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONTENT_DISPOSITION, HeaderValue};

use super::Frame;
use super::turn::{Turn, asked, below};
use crate::admin::api::inventory::{self, SystemDetail, SystemView};
use crate::admin::api::wrong_method;
use crate::admin::auth::{ChangeNode, Follow, Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::{Form, Reply};
use crate::admin::problem::Problem;
use crate::inventory::{Affected, Certainty, Format, ImportReport, SystemChange};
use crate::store::records::PatchState;

/// Systems of one unit shown at most where a call concerns more; the count is always whole.
const SHOWN: usize = 200;

#[derive(askama::Template)]
#[template(path = "inventory.html")]
struct Systems {
    frame: Frame,
    systems: Vec<SystemView>,
    turn: Turn,
    unit: String,
    text: String,
    may_look: bool,
    may_change: bool,
}

#[derive(askama::Template)]
#[template(path = "system.html")]
struct Page {
    frame: Frame,
    detail: SystemDetail,
    may_change: bool,
}

#[derive(askama::Template)]
#[template(path = "affected.html")]
struct Concerned {
    frame: Frame,
    event: String,
    platforms: String,
    vulnerabilities: String,
    /// Nothing before anything is asked.
    affected: Option<Affected>,
}

#[derive(askama::Template)]
#[template(path = "inventory-import.html")]
struct Import {
    frame: Frame,
    text: String,
    format: Format,
    /// What it did, or would do; nothing before anything is sent.
    report: Option<ImportReport>,
}

/// Answers below `/inventory`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list(call, &call.permit()?).await,
        ([], &Method::POST) => import(call, &call.permit()?).await,
        (["import"], &Method::GET) => import_form(call, &call.permit()?),
        (["affected"], &Method::GET) => affected(call, &call.permit()?).await,
        (["export"], &Method::GET) => export(call, &call.permit()?).await,
        (["systems"], &Method::POST) => put(call, &call.permit()?).await,
        (["systems", name], &Method::GET) => show(call, &call.permit()?, name).await,
        (["systems", name], &Method::POST) => set(call, &call.permit()?, name).await,
        (["systems", name, "remove"], &Method::POST) => remove(call, &call.permit()?, name).await,
        ([] | ["systems", _], _) => Err(wrong_method(method, "GET or POST")),
        (["import" | "affected" | "export"], _) => Err(wrong_method(method, "GET")),
        (["systems"] | ["systems", _, "remove"], _) => Err(wrong_method(method, "POST")),
        _ => Err(super::no_such_page(rest)),
    }
}

async fn list(call: &Call<'_>, permitted: &Permitted<Follow>) -> Result<Reply, Problem> {
    let list = inventory::list(call, permitted).await?;
    let mut turn = Turn::of(call, "/inventory", list.systems.len(), "cursor", list.next);
    if call.may::<Look>() {
        turn = turn.among(u64::try_from(call.parts.inventory.count().await?).unwrap_or(u64::MAX));
    }
    let frame = call.frame("Inventory", "/inventory");
    let (unit, text) = (asked(call, "unit"), asked(call, "text"));
    let (may_look, may_change) = (call.may::<Look>(), call.may::<ChangeNode>());
    Reply::page(&Systems { frame, systems: list.systems, turn, unit, text, may_look, may_change })
}

async fn show(call: &Call<'_>, permitted: &Permitted<Follow>, name: &str) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let detail = inventory::show(call, permitted, name).await?;
    let frame = call.frame(detail.system.name.clone(), "/inventory");
    Reply::page(&Page { frame, detail, may_change: call.may::<ChangeNode>() })
}

/// Each field of the form replaces what the system has; a field that is empty clears it.
fn change(form: &Form) -> SystemChange {
    let lines = |name: &str| form.text(name).unwrap_or_default().lines().map(str::to_owned).collect();
    let text = |name: &str| form.text(name).unwrap_or_default().to_owned();
    SystemChange {
        unit: form.text("unit").map(str::to_owned),
        owner: Some(text("owner")),
        administrators: Some(lines("administrators")),
        addresses: Some(lines("addresses")),
        cpes: Some(lines("cpes")),
        note: Some(text("note")),
    }
}

/// Adds a system, of which its page says the rest; one that is there stays as it is, but for its unit.
async fn put(call: &Call<'_>, permitted: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    let form = call.form()?;
    let name = form.needed("name")?;
    let change = SystemChange { unit: Some(form.needed("unit")?.to_owned()), ..SystemChange::default() };
    inventory::set(call, permitted, name, change).await?;
    Ok(Reply::see_other(&below("/inventory/systems", name)))
}

async fn set(call: &Call<'_>, permitted: &Permitted<ChangeNode>, name: &str) -> Result<Reply, Problem> {
    inventory::set(call, permitted, name, change(&call.form()?)).await?;
    Ok(Reply::see_other(&below("/inventory/systems", name)))
}

async fn remove(call: &Call<'_>, permitted: &Permitted<ChangeNode>, name: &str) -> Result<Reply, Problem> {
    inventory::remove(call, permitted, name).await?;
    Ok(Reply::see_other("/inventory"))
}

async fn export(call: &Call<'_>, permitted: &Permitted<Look>) -> Result<Reply, Problem> {
    let attachment = HeaderValue::from_static("attachment; filename=\"inventory.csv\"");
    Ok(inventory::export(call, permitted).await?.with(CONTENT_DISPOSITION, attachment))
}

async fn affected(call: &Call<'_>, permitted: &Permitted<Look>) -> Result<Reply, Problem> {
    let frame = call.frame("Affected systems", "/inventory");
    let (event, platforms, vulnerabilities) = (asked(call, "event"), asked(call, "cpe"), asked(call, "cve"));
    let affected = match event.is_empty() && platforms.is_empty() {
        true => None,
        false => Some(inventory::affected(call, permitted).await?),
    };
    Reply::page(&Concerned { frame, event, platforms, vulnerabilities, affected })
}

fn import_form(call: &Call<'_>, _: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let frame = call.frame("Import systems", "/inventory");
    Reply::page(&Import { frame, text: String::new(), format: Format::default(), report: None })
}

async fn import(call: &Call<'_>, permitted: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    let form = call.form()?;
    let format = form.read("format")?.unwrap_or_default();
    let text = form.needed("file")?.to_owned();
    let dry_run = form.needed("act")? != "import";
    let file = Bytes::copy_from_slice(text.as_bytes());
    let report = inventory::import(call, permitted, file, format, dry_run).await?;
    // What was tried stands in the form again, ready to be imported.
    let text = if dry_run { text } else { String::new() };
    Reply::page(&Import { frame: call.frame("Import systems", "/inventory"), text, format, report: Some(report) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_field_clears_and_an_empty_unit_stays() {
        let form = Form::of(&[("unit", ""), ("owner", " ann "), ("cpes", "a\nb"), ("note", "")]);
        let change = change(&form);
        assert_eq!((change.unit, change.owner.as_deref()), (None, Some("ann")));
        assert_eq!(change.cpes, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!((change.note.as_deref(), change.addresses), (Some(""), Some(Vec::new())));
    }
}
