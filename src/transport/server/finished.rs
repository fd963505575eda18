//! Work that is finished even if nobody waits for it any longer. Called for each request that becomes a message.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A future that runs in the task that waits for it, and goes on as a task of its own if it is dropped before its end.
/// To begin with a task of its own would cost two more turns of the scheduler for each message.
pub(super) struct Finished<T: Send + 'static>(Option<Work<T>>);

impl<T: Send + 'static> Finished<T> {
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<T: Send + 'static> Future for Finished<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(work) = self.0.as_mut() else { return Poll::Pending };
        let done = work.as_mut().poll(context);
        if done.is_ready() {
            self.0 = None;
        }
        done
    }
}

impl<T: Send + 'static> Drop for Finished<T> {
    fn drop(&mut self) {
        // A work that panicked is not begun again. Where no runtime is left, nothing is left that could finish it.
        if let Some(work) = self.0.take().filter(|_| !std::thread::panicking())
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_work_that_nobody_waits_for_is_finished() {
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let (tell, told) = tokio::sync::oneshot::channel();
        let mut work = Box::pin(Finished::new(async move {
            gone.await.unwrap();
            tell.send("done").unwrap();
        }));
        assert!(polled(work.as_mut()).is_pending());
        drop(work);
        go.send(()).unwrap();
        assert_eq!(told.await, Ok("done"));
    }

    #[tokio::test]
    async fn a_work_that_somebody_waits_for_gives_its_result_once() {
        assert_eq!(Finished::new(async { 7 }).await, 7);
    }

    fn polled<T: Send + 'static>(work: Pin<&mut Finished<T>>) -> Poll<T> {
        work.poll(&mut Context::from_waker(std::task::Waker::noop()))
    }
}
