//! The keeper, as the JavaScript of a process sees it that asks.

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

/// Calls the functions of a JavaScript object: `onreplies(text)` with a JSON array of what the keeper says, `onended()` when
/// it says no more.
struct Replies {
    context: AsyncContext,
    replies: Callback,
    ended: Callback,
}

impl Receiver for Replies {
    fn frame(
        &self,
        kind: Kind,
        payload: &[u8],
        _: Vec<OwnedFd>,
    ) -> std::result::Result<(), Malformed> {
        if kind != Kind::Messages {
            return Err(Malformed);
        }
        self.replies.call(&[Argument::Text(payload)]);
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

/// The way to the keeper.
#[napi]
pub struct Keeper(Channel);

impl Keeper {
    /// Over `socket`, whose other end the keeper has.
    pub(super) fn open(env: &Env, socket: OwnedFd, events: &Object<'_>) -> Result<Keeper> {
        let context = AsyncContext::new(env, "CLUSTERKEEPER")?;
        let receiver = Replies {
            replies: context.callback(events, "onreplies")?,
            ended: context.callback(events, "onended")?,
            context,
        };
        let channel = Channel::new(&Loop::of(env).map_err(failed)?, socket).map_err(failed)?;
        channel.keep_alive(false);
        channel.start(Rc::new(receiver)).map_err(failed)?;
        Ok(Keeper(channel))
    }
}

#[napi]
impl Keeper {
    /// Sends requests, given as JSON separated by commas. A negative errno if that is not possible, 0 otherwise.
    #[napi(catch_unwind)]
    pub fn ask(&self, text: Text<'_>) -> Result<f64> {
        let mut draft = self.0.draft();
        let payload = draft.payload();
        payload.push(b'[');
        text.append_to(payload)?;
        payload.push(b']');
        let sent = self.0.send(Kind::Messages, draft, Vec::new(), false);
        Ok(sent.map_or_else(|error| errno(&error), |_| 0.0))
    }

    /// Whether what the keeper says keeps the process alive.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, yes: bool) {
        self.0.keep_alive(yes);
    }

    /// Asks no more: what this process held goes to others.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.0.close();
    }
}
