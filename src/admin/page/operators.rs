//! The page *Operators*, for administrators: who may give orders and sign in, adding, removing, and a new password for one
//! sign-in.

use hyper::Method;

use super::Frame;
use crate::admin::api::operators::{self, OperatorOrder, OperatorView, Reset};
use crate::admin::api::wrong_method;
use crate::admin::auth::{ChangeNode, Permitted};
use crate::admin::call::Call;
use crate::admin::http::{Form, Reply};
use crate::admin::problem::Problem;
use crate::store::records::Role;

#[derive(askama::Template)]
#[template(path = "operators.html")]
struct Operators {
    frame: Frame,
    operators: Vec<OperatorView>,
    /// The local user who runs the node.
    owner: u32,
    /// The password that was just given out: the only time that it is shown.
    reset: Option<Reset>,
}

/// Answers below `/operators`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list(call, &call.permit()?).await,
        ([], &Method::POST) => add(call, &call.permit()?).await,
        ([name, "reset"], &Method::POST) => reset(call, &call.permit()?, name).await,
        ([name, "remove"], &Method::POST) => remove(call, &call.permit()?, name).await,
        ([], _) => Err(wrong_method(method, "GET or POST")),
        ([_, "reset" | "remove"], _) => Err(wrong_method(method, "POST")),
        _ => Err(super::no_such_page(rest)),
    }
}

async fn page(call: &Call<'_>, reset: Option<Reset>) -> Result<Reply, Problem> {
    let list = operators::list(call, &call.permit()?).await?;
    let frame = call.frame("Operators", "/operators");
    Reply::page(&Operators { frame, operators: list.operators, owner: list.owner, reset })
}

async fn list(call: &Call<'_>, _: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    page(call, None).await
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
    page(call, Some(given)).await
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
