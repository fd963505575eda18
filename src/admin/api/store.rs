//! `/api/v1/store/backup`: a copy of the store while the node runs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Call;
use crate::admin::auth::{ChangeNode, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::{Code, Problem};

/// The copy that is wanted, and that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// The directory on the node's machine, which is not there yet: a whole path.
    pub backup: PathBuf,
}

/// Answers `/api/v1/store/backup`.
pub(super) async fn serve_backup(call: &Call<'_>) -> Result<Reply, Problem> {
    backup(call, &call.permit()?).await
}

async fn backup(call: &Call<'_>, permitted: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    let wanted: Backup = call.ask.json()?;
    let place = wanted.backup.display().to_string();
    if !wanted.backup.is_absolute() {
        return Err(Problem::bad_request(format!("{place} is no whole path"), "begin it with /"));
    }
    call.begin(permitted, "store backup", place.clone()).await?;
    if wanted.backup.symlink_metadata().is_ok() {
        return Err(Problem::new(Code::Conflict, format!("{place} is there already"), "name a directory that is not"));
    }
    tracing::info!(operator = %permitted.operator(), place, "backup of the store begun");
    call.parts.store.backup(&wanted.backup).await?;
    tracing::info!(place, "backup of the store made");
    Reply::json(&wanted)
}
