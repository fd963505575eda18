//! `/api/v1/reload` and `/api/v1/config`: the node itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Call;
use crate::admin::auth::{ChangeNode, Look, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::{Code, Problem};

/// What a reload changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reloaded {
    /// What is different now, a line each; empty if nothing is.
    pub changes: Vec<String>,
    /// What was changed in the file but takes a restart, a line each.
    pub restart: Vec<String>,
}

/// Answers `/api/v1/reload`.
pub(super) async fn serve_reload(call: &Call<'_>) -> Result<Reply, Problem> {
    reload(call, &call.permit()?).await
}

async fn reload(call: &Call<'_>, permitted: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    let operator = permitted.operator();
    call.begin(permitted, "reload", None).await?;
    tracing::info!(%operator, "reload asked for");
    match call.parts.control.reload().await {
        Ok(reloaded) => Reply::json(&reloaded),
        Err(faults) => Err(Problem::new(
            Code::Refused,
            format!("nothing was changed, for there are faults:\n{}", faults.join("\n")),
            "mend them and reload again; the node goes on as before",
        )),
    }
}

/// Answers `/api/v1/config`.
pub(super) fn serve_config(call: &Call<'_>) -> Result<Reply, Problem> {
    Reply::json(&config(call, &call.permit()?))
}

/// The configuration in effect.
pub(in crate::admin) fn config(call: &Call<'_>, _: &Permitted<Look>) -> Value {
    call.parts.control.config()
}
