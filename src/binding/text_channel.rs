//! A channel of JSON alone, as JavaScript sees it: to the keeper, or between a primary and the one that follows it.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;

use super::{errno, failed};
use crate::ipc::channel::{Channel, Receiver};
use crate::ipc::frame::{Kind, Malformed};
use crate::sys::js::{Argument, AsyncContext, Callback, Text};
use crate::sys::uv::Loop;

/// Calls the functions of a JavaScript object: `ontext(text)` with a JSON array of what the other side says, `onended()`
/// when it says no more.
struct Texts {
    context: AsyncContext,
    text: Callback,
    ended: Callback,
}

impl Receiver for Texts {
    fn frame(
        &self,
        kind: Kind,
        payload: &[u8],
        _: Vec<OwnedFd>,
    ) -> std::result::Result<(), Malformed> {
        if kind != Kind::Messages {
            return Err(Malformed);
        }
        self.text.call(&[Argument::Text(payload)]);
        Ok(())
    }

    fn together(&self, deliver: &mut dyn FnMut()) {
        self.context.together(deliver);
    }

    fn written(&self, _: u32) {}

    fn ended(&self, _: Option<Malformed>) {
        self.ended.call(&[]);
    }
}

/// What asynchronous hooks call the way to the keeper, and that between a primary and the one that follows it.
pub(super) const KEEPER: &str = "CLUSTERKEEPER";
pub(super) const SUCCESSION: &str = "CLUSTERSUCCESSION";

/// One end of such a channel.
#[napi]
pub struct TextChannel(Channel);

impl TextChannel {
    /// Over `socket`, whose other end the other side has. `resource` is what Node's asynchronous hooks call it.
    pub(super) fn open(
        env: &Env,
        resource: &str,
        socket: OwnedFd,
        events: &Object<'_>,
    ) -> Result<TextChannel> {
        let context = AsyncContext::new(env, resource)?;
        let receiver = Texts {
            text: context.callback(events, "ontext")?,
            ended: context.callback(events, "onended")?,
            context,
        };
        let channel = Channel::new(&Loop::of(env).map_err(failed)?, socket).map_err(failed)?;
        channel.keep_alive(false);
        channel.start(Rc::new(receiver)).map_err(failed)?;
        Ok(TextChannel(channel))
    }

    /// Another object for a channel that is open.
    pub(super) fn of(channel: Channel) -> TextChannel {
        TextChannel(channel)
    }

    /// The channel.
    pub(super) fn copy(&self) -> Channel {
        self.0.clone()
    }
}

#[napi]
impl TextChannel {
    /// Sends JSON values, separated by commas. A negative errno if that is not possible, 0 otherwise.
    #[napi(catch_unwind)]
    pub fn send(&self, text: Text<'_>) -> Result<f64> {
        let mut draft = self.0.draft();
        let payload = draft.payload();
        payload.push(b'[');
        text.append_to(payload)?;
        payload.push(b']');
        let sent = self.0.send(Kind::Messages, draft, Vec::new(), false);
        Ok(sent.map_or_else(|error| errno(&error), |_| 0.0))
    }

    /// Whether what the other side says keeps the process alive.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, yes: bool) {
        self.0.keep_alive(yes);
    }

    /// Says no more. Where the other side is the keeper, what this process held goes to others.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.0.close();
    }
}
