//! What the answers about significant events are made of, for those who ask: the command line and whoever reads the API's
//! JSON. They name these types here, for they may not name `coordination`.

pub use crate::coordination::measures::{Measure, Measures, Summary, UnitMeasures};
pub use crate::coordination::report::Report;
pub use crate::coordination::state::Standing;
pub use crate::coordination::timeline::{Bar, Lane, Timeline};
