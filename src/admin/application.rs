//! The metrics of the application itself, as of prom-client. Workers have them, and the primary's JavaScript gathers them: that
//! may be busy, so nobody waits for it for long.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// Within what time the primary's JavaScript says that it has heard the question; otherwise it is busy.
const HEARD_WITHIN: Duration = Duration::from_millis(30);
/// Within what time it then answers. It gives up slow workers itself, before that.
const GIVEN_WITHIN: Duration = Duration::from_millis(1500);

/// A metric with its samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    pub name: String,
    /// In the text format: help, type and samples, each line with its end.
    pub text: String,
}

/// What has been gathered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    pub families: Vec<Family>,
    /// How many workers have answered.
    pub workers: u32,
}

#[derive(Default)]
struct State {
    /// How many questions there have been, and how many of them have been heard and answered. The last answer is for all of
    /// them that had been heard when it was given.
    asked: u64,
    heard: u64,
    given: u64,
    last: Gathered,
}

/// Questions from the dispatcher's thread, and answers of the JavaScript thread.
pub struct Application {
    /// Wakes the JavaScript thread.
    wake: Box<dyn Fn() + Send + Sync>,
    state: Mutex<State>,
    changed: Notify,
}

impl Application {
    /// `wake` is called for each question.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Application {
        Application {
            wake: Box::new(wake),
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gathers what there is now; nothing if the JavaScript thread is busy.
    pub async fn gather(&self) -> Gathered {
        let number = {
            let mut state = self.state();
            state.asked += 1;
            state.asked
        };
        (self.wake)();
        let heard = self.until(|state| state.heard >= number);
        if timeout(HEARD_WITHIN, heard).await.is_err() {
            return Gathered::default();
        }
        let given = self.until(|state| state.given >= number);
        if timeout(GIVEN_WITHIN, given).await.is_err() {
            return Gathered::default();
        }
        self.state().last.clone()
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            // What changes after the look is not missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if is_so(&self.state()) {
                return;
            }
            changed.await;
        }
    }

    /// The JavaScript thread has been woken, and is about to gather.
    pub fn hear(&self) {
        let mut state = self.state();
        state.heard = state.asked;
        drop(state);
        self.changed.notify_waiters();
    }

    /// Answers all questions that have been heard.
    pub fn give(&self, gathered: Gathered) {
        let mut state = self.state();
        state.given = state.heard;
        state.last = gathered;
        drop(state);
        self.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;

    use super::*;

    fn application() -> (Arc<Application>, Receiver<()>) {
        let (woken, wakes) = channel();
        let wake = move || {
            // Whoever listened may have gone.
            let _ = woken.send(());
        };
        (Arc::new(Application::new(wake)), wakes)
    }

    fn gather(application: &Application) -> Gathered {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(application.gather())
    }

    #[test]
    fn whoever_asks_gets_what_is_given_after_the_question() {
        let (application, wakes) = application();
        let given = Gathered {
            families: vec![],
            workers: 3,
        };
        application.hear();
        application.give(Gathered::default());
        let other = Arc::clone(&application);
        let answer = given.clone();
        let answering = thread::spawn(move || {
            wakes.recv().unwrap();
            other.hear();
            other.give(answer);
        });
        assert_eq!(gather(&application), given);
        answering.join().unwrap();
    }

    #[test]
    fn nobody_waits_for_a_thread_that_does_not_hear() {
        let (application, _wakes) = application();
        application.hear();
        application.give(Gathered {
            families: vec![],
            workers: 3,
        });
        assert_eq!(gather(&application), Gathered::default());
    }
}
