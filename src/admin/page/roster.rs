//! The page *Roster*: who is on duty now, who is called for each place in which order, everybody with the ways to reach
//! them, a test of one person's channels, and putting a new roster in place, which can be tried first.

use hyper::Method;

use super::Frame;
use super::turn::asked;
use crate::admin::api::notices::{self, TestOrder, Tested};
use crate::admin::api::roster::{self, ImportOrder, Imported, Ladder, Person, PersonList, PersonView, Place};
use crate::admin::api::wrong_method;
use crate::admin::auth::{ChangeNode, Coordinate, Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;

/// Persons on one page of the list.
const PAGE: usize = 100;

#[derive(askama::Template)]
#[template(path = "roster.html")]
struct Roster {
    frame: Frame,
    imported: Option<Timestamp>,
    /// Whoever is on watch, with the persons on shift by name.
    watches: Vec<Watch>,
    persons: Vec<Person>,
    all: usize,
    units: Vec<String>,
    /// The page of the list, from 1, and how many there are.
    page: usize,
    pages: usize,
    may_change: bool,
}

/// A watch and who is on it.
#[derive(Debug, PartialEq, Eq)]
struct Watch {
    id: String,
    name: String,
    unit: Option<String>,
    on: Vec<String>,
}

#[derive(askama::Template)]
#[template(path = "ladder.html")]
struct Called {
    frame: Frame,
    ladder: Ladder,
    units: Vec<String>,
    /// What the fields hold.
    place: String,
    unit: String,
}

#[derive(askama::Template)]
#[template(path = "person.html")]
struct One {
    frame: Frame,
    view: PersonView,
    tested: Option<Tested>,
    may_test: bool,
}

#[derive(askama::Template)]
#[template(path = "roster-import.html")]
struct Import {
    frame: Frame,
    text: String,
    imported: Option<Imported>,
}

/// Answers below `/roster`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list(call, &call.permit()?),
        (["ladder"], &Method::GET) => ladder(call, &call.permit()?),
        (["import"], &Method::GET) => import_form(call, &call.permit()?),
        (["import"], &Method::POST) => import(call, &call.permit()?).await,
        (["persons", id], &Method::GET) => show(call, &call.permit()?, id),
        (["persons", id, "test"], &Method::POST) => test(call, &call.permit()?, id).await,
        ([] | ["ladder"] | ["persons", _], _) => Err(wrong_method(method, "GET")),
        (["import"], _) => Err(wrong_method(method, "GET or POST")),
        (["persons", _, "test"], _) => Err(wrong_method(method, "POST")),
        _ => Err(super::no_such_page(rest)),
    }
}

fn list(call: &Call<'_>, permitted: &Permitted<Look>) -> Result<Reply, Problem> {
    call.ask.only(&["page"])?;
    let PersonList { imported, persons } = roster::list(call, permitted);
    let all = persons.len();
    let pages = all.div_ceil(PAGE).max(1);
    let page = call.ask.parameter::<usize>("page")?.unwrap_or(1).clamp(1, pages);
    Reply::page(&Roster {
        frame: call.frame("Roster", "/roster"),
        imported,
        watches: watches(&persons, call.parts.clock.now()),
        units: units(&persons),
        persons: persons.into_iter().skip((page - 1) * PAGE).take(PAGE).collect(),
        all,
        page,
        pages,
        may_change: call.may::<ChangeNode>(),
    })
}

/// Who is on which watch.
fn watches(persons: &[Person], now: Timestamp) -> Vec<Watch> {
    let name_of = |id: &str| {
        let known = persons.iter().find(|person| person.id == id);
        known.map_or_else(|| id.to_owned(), |person| person.name.clone())
    };
    let watches = persons.iter().filter(|person| person.is_watch());
    let watch = |person: &Person| Watch {
        id: person.id.clone(),
        name: person.name.clone(),
        unit: person.unit.clone(),
        on: person.on_shift(now).into_iter().map(name_of).collect(),
    };
    watches.map(watch).collect()
}

/// The units that the roster names.
fn units(persons: &[Person]) -> Vec<String> {
    let mut units: Vec<_> = persons.iter().filter_map(|person| person.unit.clone()).collect();
    units.sort_unstable();
    units.dedup();
    units
}

fn ladder(call: &Call<'_>, permitted: &Permitted<Look>) -> Result<Reply, Problem> {
    let ladder = roster::ladder(call, permitted)?;
    let units = units(&roster::list(call, permitted).persons);
    let place = ladder.place.map(|place| place.to_string()).unwrap_or_default();
    Reply::page(&Called {
        frame: call.frame("Who is called", "/roster"),
        ladder,
        units,
        place,
        unit: asked(call, "unit"),
    })
}

fn person(call: &Call<'_>, permitted: &Permitted<Look>, id: &str, tested: Option<Tested>) -> Result<Reply, Problem> {
    let view = roster::show(call, permitted, id)?;
    let frame = call.frame(view.person.name.clone(), "/roster");
    Reply::page(&One { frame, view, tested, may_test: call.may::<Coordinate>() })
}

fn show(call: &Call<'_>, permitted: &Permitted<Look>, id: &str) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    person(call, permitted, id, None)
}

async fn test(call: &Call<'_>, permitted: &Permitted<Coordinate>, id: &str) -> Result<Reply, Problem> {
    let tested = notices::test(call, permitted, TestOrder { person: id.to_owned() }).await?;
    person(call, &call.permit()?, id, Some(tested))
}

fn import_form(call: &Call<'_>, _: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    Reply::page(&Import { frame: call.frame("Import a roster", "/roster"), text: String::new(), imported: None })
}

async fn import(call: &Call<'_>, permitted: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    let form = call.form()?;
    let text = form.needed("file")?.to_owned();
    let dry_run = form.needed("act")? != "import";
    let imported = roster::import(call, permitted, ImportOrder { text: text.clone(), dry_run }).await?;
    // What was tried stands in the form again, ready to be imported.
    let text = if dry_run { text } else { String::new() };
    Reply::page(&Import { frame: call.frame("Import a roster", "/roster"), text, imported: Some(imported) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::{self, SAMPLE};

    #[test]
    fn whoever_is_on_watch_has_a_name() {
        let roster = roster::Roster::parse(SAMPLE).unwrap().roster;
        let persons = roster.persons();
        let now = Timestamp::parse("2003-01-25T05:30:00Z").unwrap();
        let watches = watches(persons, now);
        assert!(!watches.is_empty());
        for watch in watches {
            let ids = roster.person(&watch.id).unwrap().on_shift(now);
            let names: Vec<_> = ids.into_iter().map(|id| roster.person(id).unwrap().name.clone()).collect();
            assert_eq!(watch.on, names);
        }
        let units = units(persons);
        assert!(units.is_sorted() && units.iter().all(|unit| roster.units().contains(unit.as_str())));
        assert_eq!(units.len(), roster.units().len());
    }
}
