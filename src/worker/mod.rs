//! A worker's side: its questions to the primary, and the connections that it is given.

pub mod deadline;
pub mod intake;

use std::cell::Cell;
use std::io;
use std::os::fd::OwnedFd;

use napi::Env;
use napi::bindgen_prelude::Object;

use crate::ipc::channel::Channel;
use crate::ipc::control::{self, Answer, FromPrimary, FromWorker, Query};
use crate::ipc::delivery::{ControlReceiver, released};
use crate::ipc::frame::{Kind, Malformed};
use crate::sys::js::{Argument, AsyncContext, Callback};
use crate::sys::stream;

/// What a worker asks and tells its primary.
pub struct Questions {
    channel: Channel,
    last: Cell<u32>,
}

impl Questions {
    /// Over `channel`, the worker's own.
    pub fn new(channel: Channel) -> Questions {
        Questions {
            channel,
            last: Cell::new(0),
        }
    }

    /// Asks for a listener. Gives the number that the answer will have.
    pub fn query(&self, query: Query) -> u32 {
        let question = self.last.get() + 1;
        self.last.set(question);
        self.tell(&FromWorker::Query { question, query });
        question
    }

    /// Sends a control message. One that can't be sent any more is lost with the channel, which says so itself.
    pub fn tell(&self, message: &FromWorker) {
        self.send(message, Vec::new());
    }

    /// A way to the keeper: the other end of it is on its way there.
    ///
    /// Errors: those of `socketpair`.
    pub fn keeper(&self) -> io::Result<OwnedFd> {
        let (ours, theirs) = stream::pair()?;
        self.send(&FromWorker::Keeper, vec![theirs]);
        Ok(ours)
    }

    fn send(&self, message: &FromWorker, descriptors: Vec<OwnedFd>) {
        let mut draft = self.channel.draft();
        draft.payload().extend(control::encode(message));
        let _ = self.channel.send(Kind::Control, draft, descriptors, false);
    }
}

/// The control messages of the primary.
///
/// JavaScript hears of `onanswer(question, errno, listener, address, family, port, data, shared, fd)`, where `errno` is 0
/// for success and `shared` is 1 if the worker accepts by itself, from `fd`, which is -1 if it was lost, and 2 if it does so
/// only after `onresume()`; of `ondisconnect()`; of `ondrain(moves, kept)` with 1 or 0 and the JSON of an array of listeners;
/// of `onleavenoted()`; of `onlameduck()`; of `onpromoted(place)`; and of `onend()`.
pub struct PrimaryControl {
    answer: Callback,
    disconnect: Callback,
    drain: Callback,
    leave_noted: Callback,
    resume: Callback,
    lame_duck: Callback,
    promoted: Callback,
    end: Callback,
}

impl PrimaryControl {
    /// Finds the functions in `events`.
    pub fn new(env: &Env, events: &Object<'_>) -> napi::Result<PrimaryControl> {
        let context = AsyncContext::new(env, "CLUSTERWORKER")?;
        Ok(PrimaryControl {
            answer: context.callback(events, "onanswer")?,
            disconnect: context.callback(events, "ondisconnect")?,
            drain: context.callback(events, "ondrain")?,
            leave_noted: context.callback(events, "onleavenoted")?,
            resume: context.callback(events, "onresume")?,
            lame_duck: context.callback(events, "onlameduck")?,
            promoted: context.callback(events, "onpromoted")?,
            end: context.callback(events, "onend")?,
        })
    }

    fn answer(&self, question: u32, answer: &Answer, descriptors: Vec<OwnedFd>) {
        let question = Argument::Number(question.into());
        match answer {
            Answer::Refused { errno } => {
                self.answer
                    .call(&[question, Argument::Number((*errno).into())]);
            }
            Answer::Granted {
                listener,
                address,
                data,
                shared,
                held,
            } => {
                let family = |ipv6| if ipv6 { "IPv6" } else { "IPv4" };
                let bound = address.as_ref();
                self.answer.call(&[
                    question,
                    Argument::Number(0.0),
                    Argument::Number((*listener).into()),
                    Argument::text_or_undefined(bound.map(|bound| bound.address.as_str())),
                    Argument::text_or_undefined(bound.map(|bound| family(bound.ipv6))),
                    Argument::number_or_undefined(bound.map(|bound| bound.port)),
                    Argument::text_or_undefined(data.as_deref()),
                    Argument::Number((u8::from(*shared) + u8::from(*held)).into()),
                    released(descriptors),
                ]);
            }
        }
    }
}

impl ControlReceiver for PrimaryControl {
    fn control(&self, payload: &[u8], descriptors: Vec<OwnedFd>) -> Result<(), Malformed> {
        match control::decode(payload).ok_or(Malformed)? {
            FromPrimary::Answer { question, answer } => self.answer(question, &answer, descriptors),
            FromPrimary::Disconnect => {
                self.disconnect.call(&[]);
            }
            FromPrimary::Drain { moves, kept } => {
                let kept = control::encode(&kept);
                self.drain
                    .call(&[Argument::Number(moves.into()), Argument::Text(&kept)]);
            }
            FromPrimary::LeaveNoted => {
                self.leave_noted.call(&[]);
            }
            FromPrimary::Resume => {
                self.resume.call(&[]);
            }
            FromPrimary::LameDuck => {
                self.lame_duck.call(&[]);
            }
            FromPrimary::Promoted { place } => {
                self.promoted.call(&[Argument::Number(place.into())]);
            }
            FromPrimary::End => {
                self.end.call(&[]);
            }
        }
        Ok(())
    }
}
