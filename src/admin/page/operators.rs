//! The page *Operators*, for administrators: who may give orders and sign in, adding, removing; and of each a new password
//! for one sign-in, new one-time codes, and the certificates. All are on one page: there are 1,000 at most
//! ([`crate::admin::operators::MOST`]), of whom each takes one row.

use hyper::Method;

use super::Frame;
use crate::admin::api::operators::{self, Enrolment, OperatorOrder, OperatorView, Reset};
use crate::admin::api::wrong_method;
use crate::admin::auth::{ChangeNode, Permitted};
use crate::admin::call::Call;
use crate::admin::http::{Form, Reply};
use crate::admin::picture::Picture;
use crate::admin::problem::Problem;
use crate::store::records::Role;

#[derive(askama::Template)]
#[template(path = "operators.html")]
struct Operators {
    frame: Frame,
    operators: Vec<OperatorView>,
    /// The local user who runs the node.
    owner: u32,
}

#[derive(askama::Template)]
#[template(path = "operator.html")]
struct One {
    frame: Frame,
    operator: OperatorView,
    /// The password that was just given out: the only time that it is shown.
    reset: Option<Reset>,
    /// The same of one-time codes, with what an app photographs.
    codes: Option<Enrolment>,
    picture: Option<Picture>,
}

/// Answers below `/operators`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list(call, &call.permit()?).await,
        ([], &Method::POST) => add(call, &call.permit()?).await,
        ([name], &Method::GET) => show(call, &call.permit()?, name).await,
        ([name, "codes"], &Method::POST) => renew_codes(call, &call.permit()?, name).await,
        ([name, "unpin"], &Method::POST) => unpin(call, &call.permit()?, name).await,
        ([name, "reset"], &Method::POST) => reset(call, &call.permit()?, name).await,
        ([name, "remove"], &Method::POST) => remove(call, &call.permit()?, name).await,
        ([], _) => Err(wrong_method(method, "GET or POST")),
        ([_], _) => Err(wrong_method(method, "GET")),
        ([_, "reset" | "codes" | "unpin" | "remove"], _) => Err(wrong_method(method, "POST")),
        _ => Err(super::no_such_page(rest)),
    }
}

async fn list(call: &Call<'_>, _: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    let list = operators::list(call, &call.permit()?).await?;
    let frame = call.frame("Operators", "/operators");
    Reply::page(&Operators { frame, operators: list.operators, owner: list.owner })
}

async fn page(call: &Call<'_>, name: &str, reset: Option<Reset>, codes: Option<Enrolment>) -> Result<Reply, Problem> {
    let operator = operators::show(call, &call.permit()?, name).await?;
    let picture = codes.as_ref().and_then(|codes| Picture::of(&codes.address));
    Reply::page(&One { frame: call.frame(operator.name.clone(), "/operators"), operator, reset, codes, picture })
}

async fn show(call: &Call<'_>, _: &Permitted<ChangeNode>, name: &str) -> Result<Reply, Problem> {
    page(call, name, None, None).await
}

fn order(form: &Form) -> Result<OperatorOrder, Problem> {
    let text = |name: &str| form.text(name).map(str::to_owned);
    form.needed("role")?;
    let role = form.read::<Role>("role")?.unwrap_or(Role::Viewer);
    Ok(OperatorOrder {
        name: Some(form.needed("name")?.to_owned()),
        user: form.read("user")?,
        role,
        person: text("person"),
        unit: form.text("unit").map(str::parse).transpose()?,
        certificate: text("certificate"),
    })
}

async fn add(call: &Call<'_>, permitted: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    operators::add(call, permitted, order(&call.form()?)?).await?;
    Ok(Reply::see_other("/operators"))
}

async fn reset(call: &Call<'_>, permitted: &Permitted<ChangeNode>, name: &str) -> Result<Reply, Problem> {
    let given = operators::reset(call, permitted, name).await?;
    page(call, name, Some(given), None).await
}

async fn renew_codes(call: &Call<'_>, permitted: &Permitted<ChangeNode>, name: &str) -> Result<Reply, Problem> {
    let given = operators::renew_codes(call, permitted, name).await?;
    page(call, name, None, Some(given)).await
}

async fn unpin(call: &Call<'_>, permitted: &Permitted<ChangeNode>, name: &str) -> Result<Reply, Problem> {
    let spki = call.form()?.needed("spki")?.parse()?;
    operators::unpin(call, permitted, name, &spki).await?;
    Ok(Reply::see_other(&super::turn::below("/operators", name)))
}

async fn remove(call: &Call<'_>, permitted: &Permitted<ChangeNode>, name: &str) -> Result<Reply, Problem> {
    operators::remove(call, permitted, name).await?;
    Ok(Reply::see_other("/operators"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_and_a_name_are_needed() {
        let full =
            [("name", "ann"), ("role", "unit-contact"), ("unit", "rid.unit.example"), ("user", ""), ("person", "")];
        let read = order(&Form::of(&full)).unwrap();
        assert_eq!((read.name.as_deref(), read.role, read.user), (Some("ann"), Role::UnitContact, None));
        assert_eq!(read.unit.map(|unit| unit.to_string()).as_deref(), Some("rid.unit.example"));
        for missing in [&full[1..], &full[..1], &[("name", "ann"), ("role", "king")]] {
            assert!(order(&Form::of(missing)).is_err(), "{missing:?}");
        }
    }
}
