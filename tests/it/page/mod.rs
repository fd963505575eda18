//! The pages as browsers reach them: the real program, over real sockets.

mod acknowledge;
mod browser;
mod chromium;
mod door;
mod hostile;
