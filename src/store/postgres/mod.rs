//! PostgreSQL (15 and later): one database that several nodes share.

mod address;

use super::StoreError;
use super::config::Config;

/// Whether the settings name a server that could be used. Asks nobody.
///
/// # Errors
/// [`StoreError::BadUrl`] says what is wrong.
pub(super) fn check(config: &Config) -> Result<(), StoreError> {
    let address = address::Address::read(&config.url)?;
    if address.tls && config.ca_file.is_none() {
        let why = "name the CAs that vouch for the server in store.ca-file (or a server on this machine with sslmode=disable)";
        return Err(StoreError::BadUrl { url: address.shown, why });
    }
    Ok(())
}
