//! A channel's end, as JavaScript sees it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use napi::Result;
use napi::bindgen_prelude::BufferSlice;
use napi_derive::napi;
use nix::errno::Errno;

use super::errno;
use crate::ipc::channel::{self, Draft};
use crate::ipc::frame::{Kind, LENGTH};
use crate::sys::js::Text;
use crate::sys::socket;

/// A duplicate of what a handle can be made of at the other end; `EBADF` otherwise, as on the built-in module.
fn passable(fd: i32) -> io::Result<OwnedFd> {
    let descriptor = socket::duplicate(fd)?;
    match socket::kind(descriptor.as_fd()) {
        socket::Kind::Other => Err(Errno::EBADF.into()),
        _ => Ok(descriptor),
    }
}

fn append_array(payload: &mut Vec<u8>, text: &Text<'_>) -> Result<()> {
    payload.push(b'[');
    text.append_to(payload)?;
    payload.push(b']');
    Ok(())
}

/// One end of a channel.
///
/// The methods that send give how many bytes wait in this process afterwards, 0 if all is written, or a negative
/// errno. With `reported`, a frame that has to wait is counted in `onwritten` once it is written.
#[napi]
pub struct Channel(pub(super) channel::Channel);

#[napi]
impl Channel {
    /// Sends messages, given as JSON separated by commas.
    #[napi(catch_unwind)]
    pub fn send_messages(&self, text: Text<'_>, reported: bool) -> Result<f64> {
        self.send(Kind::Messages, self.array(&text)?, Vec::new(), reported)
    }

    /// Sends one message that is a string, which must be well-formed.
    #[napi(catch_unwind)]
    pub fn send_text(&self, text: Text<'_>, reported: bool) -> Result<f64> {
        let mut draft = self.0.draft();
        text.append_to(draft.payload())?;
        self.send(Kind::Text, draft, Vec::new(), reported)
    }

    /// Sends one message without the string `missing`, which must be well-formed. `text` is as for a handle.
    #[napi(catch_unwind)]
    pub fn send_incomplete(
        &self,
        text: Text<'_>,
        missing: Text<'_>,
        reported: bool,
    ) -> Result<f64> {
        let mut draft = self.measured_array(&text)?;
        missing.append_to(draft.payload())?;
        self.send(Kind::Incomplete, draft, Vec::new(), reported)
    }

    /// Sends messages, notes about them, and the sizes of the parts that those take: a list of each as JSON, separated by
    /// commas. The parts are the first `length` of the `bytes`.
    #[napi(catch_unwind)]
    pub fn send_clones(
        &self,
        text: Text<'_>,
        bytes: Option<BufferSlice<'_>>,
        length: u32,
        reported: bool,
    ) -> Result<f64> {
        let mut draft = self.measured_array(&text)?;
        let bytes = bytes.as_deref().unwrap_or_default();
        let bytes = &bytes[..bytes.len().min(length as usize)];
        draft.payload().extend_from_slice(bytes);
        self.send(Kind::Clones, draft, Vec::new(), reported)
    }

    /// Sends a message and its handle's description, given as JSON separated by a comma, and a duplicate of the descriptor `fd`.
    #[napi(catch_unwind)]
    pub fn send_handle(&self, text: Text<'_>, fd: i32, reported: bool) -> Result<f64> {
        match passable(fd) {
            Ok(descriptor) => {
                self.send(Kind::Handle, self.array(&text)?, vec![descriptor], reported)
            }
            Err(error) => Ok(errno(&error)),
        }
    }

    /// The same for a structured-clone message.
    #[napi(catch_unwind)]
    pub fn send_advanced_handle(
        &self,
        bytes: BufferSlice<'_>,
        fd: i32,
        reported: bool,
    ) -> Result<f64> {
        match passable(fd) {
            Ok(descriptor) => self.send(
                Kind::AdvancedHandle,
                self.copy(&bytes),
                vec![descriptor],
                reported,
            ),
            Err(error) => Ok(errno(&error)),
        }
    }

    fn send(
        &self,
        kind: Kind,
        draft: Draft,
        descriptors: Vec<OwnedFd>,
        reported: bool,
    ) -> Result<f64> {
        Ok(match self.0.send(kind, draft, descriptors, reported) {
            Ok(sent) => sent.waiting as f64,
            Err(error) => errno(&error),
        })
    }

    /// A JSON array of the values in `text`, which are separated by commas.
    fn array(&self, text: &Text<'_>) -> Result<Draft> {
        let mut draft = self.0.draft();
        append_array(draft.payload(), text)?;
        Ok(draft)
    }

    /// The same, after its length.
    fn measured_array(&self, text: &Text<'_>) -> Result<Draft> {
        let mut draft = self.0.draft();
        let payload = draft.payload();
        let begin = payload.len() + LENGTH;
        payload.resize(begin, 0);
        append_array(payload, text)?;
        let length = (payload.len() - begin) as u32;
        payload[begin - LENGTH..begin].copy_from_slice(&length.to_le_bytes());
        Ok(draft)
    }

    fn copy(&self, bytes: &[u8]) -> Draft {
        let mut draft = self.0.draft();
        draft.payload().extend_from_slice(bytes);
        draft
    }

    /// Whether the channel keeps the process alive.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, yes: bool) {
        self.0.keep_alive(yes);
    }

    /// Writes what waits, for a process that exits. Gives up when the other end takes nothing for so many milliseconds.
    #[napi(catch_unwind)]
    pub fn flush(&self, patience: u16) {
        self.0.flush(patience);
    }

    /// Reads no more, and closes once everything is written.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.0.close();
    }

    /// The number of the socket.
    #[napi(getter, catch_unwind)]
    pub fn fd(&self) -> i32 {
        self.0.number()
    }
}
