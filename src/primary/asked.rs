//! What the program is asked by its dispatcher: for whom each connection is.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::dispatch::{Arrival, WorkerId};

type Answer = oneshot::Sender<Option<WorkerId>>;

/// Questions on their way to the program, which may be busy: nobody waits for long, and what nobody waits for any more is not
/// asked.
#[derive(Debug, Default)]
pub struct Asked(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    questions: VecDeque<(Arrival, Answer)>,
    /// The answer that the program is about to give.
    next: Option<Answer>,
    /// Whether the program knows that there are questions.
    woken: bool,
}

impl Asked {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a question; whether the program is to be told that there are any.
    pub fn add(&self, arrival: Arrival, answer: Answer) -> bool {
        let mut state = self.state();
        // They all wait for the same time, so the oldest are given up first.
        while let Some((_, answer)) = state.questions.front()
            && answer.is_closed()
        {
            state.questions.pop_front();
        }
        state.questions.push_back((arrival, answer));
        !std::mem::replace(&mut state.woken, true)
    }

    /// How many questions there are. The program is told of those that come from now on.
    pub fn count(&self) -> u32 {
        let mut state = self.state();
        state.woken = false;
        u32::try_from(state.questions.len()).unwrap_or(u32::MAX)
    }

    /// The oldest question that somebody waits for.
    pub fn next(&self) -> Option<Arrival> {
        let mut state = self.state();
        while let Some((arrival, answer)) = state.questions.pop_front() {
            if !answer.is_closed() {
                state.next = Some(answer);
                return Some(arrival);
            }
        }
        None
    }

    /// Answers the question that [`Asked::next`] gave.
    pub fn answer(&self, worker: Option<WorkerId>) {
        if let Some(answer) = self.state().next.take() {
            // Nobody waits for it any more, perhaps.
            let _ = answer.send(worker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARRIVAL: Arrival = Arrival {
        peer: None,
        local: None,
    };

    #[test]
    fn what_nobody_waits_for_is_not_asked() {
        let asked = Asked::default();
        let (stale, given_up) = oneshot::channel();
        assert!(asked.add(ARRIVAL, stale));
        drop(given_up);
        let (answer, mut answered) = oneshot::channel();
        assert!(!asked.add(ARRIVAL, answer)); // The program has been told.
        assert_eq!(asked.count(), 1);
        assert!(asked.next().is_some());
        asked.answer(Some(WorkerId(3)));
        assert_eq!(answered.try_recv(), Ok(Some(WorkerId(3))));
        assert!(asked.next().is_none());
        let (later, _waits) = oneshot::channel();
        assert!(asked.add(ARRIVAL, later));
    }
}
