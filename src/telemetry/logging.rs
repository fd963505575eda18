//! Logging to standard error, as text or as JSON, with levels that can change while the node runs.
//!
//! Set up once by `daemon`. Events carry names, sizes and digests; no part logs a message body or a secret, and crates
//! that are not ours are held to warnings, so that none of them can log one either.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, reload};

use super::config::{Config, Format, Level, Levels};

/// Why logging could not be set up or changed.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// This process logs already.
    #[error("logging is set up already: it is set up once, at start")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
    /// The filter has gone.
    #[error("the log levels cannot be changed any more; restart the daemon to change them")]
    Change(#[from] reload::Error),
}

/// The logging that runs: lets the levels be changed.
#[derive(Clone, Debug)]
pub struct Logging {
    filter: reload::Handle<Targets, Registry>,
}

impl Logging {
    /// Puts other levels in force.
    ///
    /// # Errors
    /// If logging has ended.
    pub fn change(&self, levels: &Levels) -> Result<(), LoggingError> {
        Ok(self.filter.reload(targets(levels))?)
    }
}

/// Starts logging for this process.
///
/// # Errors
/// If the process logs already.
pub fn init(config: &Config) -> Result<Logging, LoggingError> {
    let (filter, handle) = reload::Layer::new(targets(&config.level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.format {
        Format::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        Format::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).try_init()?;
    Ok(Logging { filter: handle })
}

fn targets(levels: &Levels) -> Targets {
    let ours = Targets::new().with_default(LevelFilter::WARN).with_target("ridd", of(levels.all));
    levels.parts.iter().fold(ours, |targets, (part, level)| targets.with_target(format!("ridd::{part}"), of(*level)))
}

fn of(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_levels_of_their_own_and_other_crates_only_warn() {
        let targets = targets(&"info,transport=trace".parse().unwrap());
        assert!(targets.would_enable("ridd::transport::server", &tracing::Level::TRACE));
        assert!(!targets.would_enable("ridd::store", &tracing::Level::DEBUG));
        assert!(targets.would_enable("ridd::store", &tracing::Level::INFO));
        assert!(!targets.would_enable("hyper", &tracing::Level::INFO));
        assert!(targets.would_enable("hyper", &tracing::Level::WARN));
    }
}
