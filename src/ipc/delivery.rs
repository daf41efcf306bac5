//! The frames of a channel, given to JavaScript.

use std::os::fd::{AsFd, OwnedFd};

use napi::Env;
use napi::bindgen_prelude::Object;

use super::channel::Receiver;
use super::frame::{self, Kind, Malformed};
use crate::sys::js::{Argument, AsyncContext, Callback};
use crate::sys::socket;

/// Takes the control messages of a channel.
pub trait ControlReceiver {
    /// `payload` is what came as a control message. `Err` if it is none.
    fn control(&self, payload: &[u8], descriptors: Vec<OwnedFd>) -> Result<(), Malformed>;

    /// The channel has ended, before JavaScript hears of it.
    fn ended(&self) {}
}

/// Calls the functions of a JavaScript object for what a channel receives, except control messages:
///
/// - `onmessages(text)`: a JSON array of messages;
/// - `ontext(text)`: one message that is a string;
/// - `onincomplete(text, missing)`: a JSON array of one message and what is to be known about the string missing in it;
/// - `onclones(text, bytes)`: messages with notes about what JSON has no form for, and the parts that those take, `undefined`
///   for none;
/// - `onhandle(text, fd, kind)`, `onadvancedhandle(bytes, fd, kind)`: a message, as JSON or structured-clone bytes, and a descriptor, -1 if that was lost or no
///   handle of Node's can be made of it; `kind` is `TCP`, `Pipe`, `udp4` or `udp6`;
/// - `onwritten(count)`: so many of the frames that had to wait are written;
/// - `onended(malformed)`: the channel is closed from the other end, 1 if that has sent what is no frame, 0 otherwise.
pub struct Delivery<C> {
    context: AsyncContext,
    messages: Callback,
    text: Callback,
    incomplete: Callback,
    clones: Callback,
    handle: Callback,
    advanced_handle: Callback,
    written: Callback,
    ended: Callback,
    control: C,
}

impl<C: ControlReceiver> Delivery<C> {
    /// Finds the functions in `events`.
    pub fn new(env: &Env, events: &Object<'_>, control: C) -> napi::Result<Delivery<C>> {
        let context = AsyncContext::new(env, "CLUSTERCHANNEL")?;
        Ok(Delivery {
            messages: context.callback(events, "onmessages")?,
            text: context.callback(events, "ontext")?,
            incomplete: context.callback(events, "onincomplete")?,
            clones: context.callback(events, "onclones")?,
            handle: context.callback(events, "onhandle")?,
            advanced_handle: context.callback(events, "onadvancedhandle")?,
            written: context.callback(events, "onwritten")?,
            ended: context.callback(events, "onended")?,
            context,
            control,
        })
    }
}

/// A descriptor as the number that JavaScript owns from now on; -1 for none.
pub fn released(descriptors: Vec<OwnedFd>) -> Argument<'static> {
    let number = descriptors.into_iter().next().map_or(-1, socket::release);
    Argument::Number(number.into())
}

/// The descriptor of a passed handle and its kind, which the other end may have told wrongly: a handle of another kind, or of
/// what can't be polled, would abort this process.
fn passed(descriptors: Vec<OwnedFd>) -> [Argument<'static>; 2] {
    let kind = descriptors
        .first()
        .map_or(socket::Kind::Other, |first| socket::kind(first.as_fd()));
    let name = match kind {
        socket::Kind::Tcp => "TCP",
        socket::Kind::Unix | socket::Kind::Pipe => "Pipe",
        socket::Kind::Udp4 => "udp4",
        socket::Kind::Udp6 => "udp6",
        socket::Kind::Other => return [released(Vec::new()), Argument::Undefined],
    };
    [released(descriptors), Argument::Text(name.as_bytes())]
}

impl<C: ControlReceiver> Receiver for Delivery<C> {
    fn frame(
        &self,
        kind: Kind,
        payload: &[u8],
        descriptors: Vec<OwnedFd>,
    ) -> Result<(), Malformed> {
        match kind {
            Kind::Messages => self.messages.call(&[Argument::Text(payload)]),
            Kind::Text => self.text.call(&[Argument::Text(payload)]),
            Kind::Incomplete => {
                let (text, missing) = frame::split(payload).ok_or(Malformed)?;
                self.incomplete
                    .call(&[Argument::Text(text), Argument::Text(missing)])
            }
            Kind::Clones => {
                let (text, bytes) = frame::split(payload).ok_or(Malformed)?;
                let bytes = match bytes {
                    [] => Argument::Undefined,
                    _ => Argument::Bytes(bytes),
                };
                self.clones.call(&[Argument::Text(text), bytes])
            }
            Kind::Handle => {
                let [fd, kind] = passed(descriptors);
                self.handle.call(&[Argument::Text(payload), fd, kind])
            }
            Kind::AdvancedHandle => {
                let [fd, kind] = passed(descriptors);
                self.advanced_handle
                    .call(&[Argument::Bytes(payload), fd, kind])
            }
            Kind::Control => return self.control.control(payload, descriptors),
        };
        Ok(())
    }

    fn together(&self, deliver: &mut dyn FnMut()) {
        self.context.together(deliver);
    }

    fn written(&self, frames: u32) {
        self.written.call(&[Argument::Number(frames.into())]);
    }

    fn ended(&self, malformed: Option<Malformed>) {
        self.control.ended();
        self.ended
            .call(&[Argument::Number(malformed.is_some().into())]);
    }
}
