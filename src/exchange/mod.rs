//! The exchange: the single way in. Receives what an admitted peer sent, opens it, files it once, decides, answers.

mod arrival;

pub use arrival::{Answer, Arrival, Receiver};
