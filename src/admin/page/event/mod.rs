//! The pages of significant events: the list, and for each event what is due, its alert, notices, evidence, log and report.
//! One file per page; the forms of all are read in `forms`.

mod alert;
mod evidence;
mod forms;
mod head;
mod list;
mod log;
mod notices;
mod overview;
mod report;
mod unit;

use hyper::Method;

use crate::admin::api::wrong_method;
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::problem::Problem;

/// Answers below `/events`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list::show(call, &call.permit()?).await,
        ([], &Method::POST) => list::open(call, &call.permit()?).await,
        ([event], &Method::GET) => overview::show(call, &call.permit()?, &event.parse()?).await,
        ([event], &Method::POST) => overview::order(call, &event.parse()?).await,
        ([event, "alert"], &Method::GET) => alert::show(call, &call.permit()?, &event.parse()?).await,
        ([event, "alert"], &Method::POST) => alert::order(call, &event.parse()?).await,
        ([event, "alert", unit], &Method::GET) => {
            alert::preview(call, &call.permit()?, &event.parse()?, &unit.parse()?).await
        }
        ([event, "units", unit], &Method::GET) => unit::show(call, &call.permit()?, &event.parse()?, unit).await,
        ([event, "units", unit], &Method::POST) => unit::order(call, &event.parse()?, unit).await,
        ([event, "notices"], &Method::GET) => notices::show(call, &call.permit()?, &event.parse()?).await,
        ([event, "notices"], &Method::POST) => notices::answer(call, &call.permit()?, &event.parse()?).await,
        ([event, "evidence"], &Method::GET) => evidence::show(call, &call.permit()?, &event.parse()?).await,
        ([event, "evidence"], &Method::POST) => evidence::order(call, &event.parse()?).await,
        ([event, "log"], &Method::GET) => log::show(call, &call.permit()?, &event.parse()?).await,
        ([event, "report"], &Method::GET) => report::show(call, &call.permit()?, &event.parse()?).await,
        ([event, "report.html"], &Method::GET) => report::html(call, &call.permit()?, &event.parse()?).await,
        ([event, "report.md"], &Method::GET) => report::markdown(call, &call.permit()?, &event.parse()?).await,
        ([] | [_] | [_, "alert" | "notices" | "evidence"] | [_, "units", _], _) => {
            Err(wrong_method(method, "GET or POST"))
        }
        ([_, "log" | "report" | "report.html" | "report.md"] | [_, "alert", _], _) => Err(wrong_method(method, "GET")),
        _ => {
            let mut path = vec!["events"];
            path.extend(rest);
            Err(super::no_such_page(&path))
        }
    }
}
