//! The pages in a real browser: what people do there, by mouse and by keyboard, with script and without.

mod acts;
mod driver;
mod live;
mod looks;
pub(super) mod site;
