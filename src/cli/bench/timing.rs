//! What the benches on one core share: work repeated until its time is up, and baselines that are programs of their own,
//! built by `benches/baseline` and never part of this one.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cli::Failure;

/// Minimum and median in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Times {
    pub(super) min: f64,
    pub(super) median: f64,
}

/// Durations of single runs, in microseconds.
#[derive(Default)]
pub(super) struct Samples(Vec<f64>);

impl Samples {
    /// Runs the work until the time is up, at least once.
    pub(super) fn repeat(&mut self, time: Duration, mut work: impl FnMut() -> bool) {
        let end = Instant::now() + time;
        loop {
            let start = Instant::now();
            std::hint::black_box(work());
            let stop = Instant::now();
            self.0.push((stop - start).as_secs_f64() * 1e6);
            if stop >= end {
                return;
            }
        }
    }

    /// One run that was timed elsewhere.
    pub(super) fn add(&mut self, took: Duration) {
        self.0.push(took.as_secs_f64() * 1e6);
    }

    /// Whether nothing has run yet.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn times(&mut self) -> Times {
        self.0.sort_by(f64::total_cmp);
        let at = |place: usize| self.0.get(place).copied().unwrap_or(f64::NAN);
        Times { min: at(0), median: at(self.0.len() / 2) }
    }
}

/// One turn of a baseline program, which prints `min median rounds`.
///
/// # Errors
/// It cannot be run, or failed.
pub(super) fn outside<'a>(program: &Path, arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<Times, Failure> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| {
        Failure::input(format_args!("cannot run {}: {error}; benches/baseline builds it", program.display()))
    })?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut numbers = said.split_whitespace().map(str::parse::<f64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(min)), Some(Ok(median))) if output.status.success() => Ok(Times { min, median }),
        _ => {
            let error = String::from_utf8_lossy(&output.stderr);
            Err(Failure::failed(format_args!("{} failed: {}", program.display(), error.trim())))
        }
    }
}

/// The turn in the middle, with the least minimum of all.
pub(super) fn middle(turns: &[Times]) -> Option<Times> {
    let mut medians: Vec<f64> = turns.iter().map(|times| times.median).collect();
    medians.sort_by(f64::total_cmp);
    let median = *medians.get(medians.len() / 2)?;
    Some(Times { min: turns.iter().map(|times| times.min).fold(f64::INFINITY, f64::min), median })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_turns_is_that_of_the_middle_one() {
        let turns = [3.0, 1.0, 2.0].map(|median| Times { min: median / 2.0, median });
        let times = middle(&turns).unwrap();
        assert_eq!((times.min, times.median), (0.5, 2.0));
    }
}
