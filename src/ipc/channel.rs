//! One end of a channel, in the event loop of its process.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::rc::{Rc, Weak};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::frame::{self, Decoder, Frame, HEADER, Kind, Malformed};
use crate::sys::stream;
use crate::sys::uv::{Interest, Loop, Poll, Ready};

/// How much is read in one turn of the loop, in bytes, before others have theirs.
const MOST_PER_TURN: usize = 1 << 20;

/// How much memory of a frame that is written is kept for the next, in bytes.
const MOST_KEPT: usize = 4 << 20;

/// How many descriptors a frame can have.
const MOST_DESCRIPTORS: usize = u8::MAX as usize;

/// How many waiting frames one write takes at most.
const MOST_PARTS: usize = 64;

/// The rest of the program, as a channel sees it. Called by the event loop only.
pub trait Receiver {
    /// A frame has come, with as many of its descriptors as could be received. `Err` ends the channel.
    fn frame(&self, kind: Kind, payload: &[u8], descriptors: Vec<OwnedFd>)
    -> Result<(), Malformed>;

    /// Runs `deliver`, which passes on all frames of one read: messages that have come together belong together.
    fn together(&self, deliver: &mut dyn FnMut());

    /// So many of the frames for which [`Channel::send`] said that they wait have been written, oldest first.
    fn written(&self, frames: u32);

    /// The other end is closed or has sent what is no frame; nothing comes any more.
    fn ended(&self, malformed: Option<Malformed>);
}

/// One end of a channel: writes at once what fits, queues the rest, and gives what it reads to its [`Receiver`].
#[derive(Clone)]
pub struct Channel(Rc<Inner>);

struct Inner {
    socket: RefCell<Option<Poll>>,
    number: RawFd,
    receiver: RefCell<Option<Rc<dyn Receiver>>>,
    decoder: RefCell<Decoder>,
    descriptors: RefCell<VecDeque<Option<OwnedFd>>>,
    outgoing: RefCell<Outgoing>,
    /// The memory of the last frame, for the next one.
    spare: Cell<Vec<u8>>,
    /// Reads no more, and closes when everything is written.
    closing: Cell<bool>,
    /// Whether it keeps the process alive also while nothing waits.
    keeps_alive: Cell<bool>,
    /// How many frames have been written of which the receiver has not heard yet.
    unreported: Cell<u32>,
}

/// What could not be written yet.
#[derive(Default)]
struct Outgoing {
    frames: VecDeque<Waiting>,
    bytes: usize,
    /// The memory of the frame that was written last.
    written: Option<Vec<u8>>,
}

struct Waiting {
    bytes: Vec<u8>,
    written: usize,
    descriptors: Vec<OwnedFd>,
    /// Whether the receiver is told when it is written.
    reported: bool,
}

/// A frame to be sent: the header's place, then the payload, in one piece so that one write takes it without a copy.
pub struct Draft(Vec<u8>);

impl Draft {
    /// Where to append the payload.
    pub fn payload(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

/// How [`Channel::send`] ended.
pub struct Sent {
    /// Bytes that wait in this process: 0 if the whole frame is in the socket.
    pub waiting: usize,
}

impl Channel {
    /// A channel over `socket`, one of [`stream::pair`]. Calls nothing before [`Channel::start`].
    pub fn new(event_loop: &Loop, socket: OwnedFd) -> io::Result<Channel> {
        let number = socket.as_raw_fd();
        let inner = Rc::new(Inner {
            socket: RefCell::new(None),
            number,
            receiver: RefCell::new(None),
            decoder: RefCell::default(),
            descriptors: RefCell::default(),
            outgoing: RefCell::default(),
            spare: Cell::default(),
            closing: Cell::new(false),
            keeps_alive: Cell::new(true),
            unreported: Cell::default(),
        });
        let weak: Weak<Inner> = Rc::downgrade(&inner);
        let poll = Poll::new(event_loop, socket, move |ready| {
            if let Some(inner) = weak.upgrade() {
                Channel(inner).ready(ready);
            }
        })?;
        inner.socket.replace(Some(poll));
        Ok(Channel(inner))
    }

    /// Begins to read. `receiver` hears of everything from now on.
    pub fn start(&self, receiver: Rc<dyn Receiver>) -> io::Result<()> {
        self.0.receiver.replace(Some(receiver));
        self.watch()
    }

    /// The number of the socket, for `process.channel.fd`.
    pub fn number(&self) -> RawFd {
        self.0.number
    }

    /// Whether the channel keeps the process alive. What waits to be written does in any case.
    pub fn keep_alive(&self, yes: bool) {
        self.0.keeps_alive.set(yes);
        if let Some(socket) = self.0.socket.borrow().as_ref() {
            socket.keep_alive(self.has_to_write() || yes);
        }
    }

    /// An empty frame.
    pub fn draft(&self) -> Draft {
        let mut bytes = self.0.spare.take();
        bytes.clear();
        bytes.resize(HEADER, 0);
        Draft(bytes)
    }

    /// Sends a frame, or queues it where the socket is full: then, with `reported`, the receiver is told once it is
    /// written. `FileTooLarge` for a payload of more than [`frame::MOST`]; otherwise the socket's error.
    pub fn send(
        &self,
        kind: Kind,
        draft: Draft,
        descriptors: Vec<OwnedFd>,
        reported: bool,
    ) -> io::Result<Sent> {
        let Draft(mut bytes) = draft;
        let payload = bytes.len().saturating_sub(HEADER);
        if payload > frame::MOST {
            return Err(ErrorKind::FileTooLarge.into());
        }
        bytes[..HEADER].copy_from_slice(&frame::header(kind, payload, descriptors.len()));
        let mut outgoing = self.0.outgoing.borrow_mut();
        let mut waiting = Waiting {
            bytes,
            written: 0,
            descriptors,
            reported,
        };
        if outgoing.frames.is_empty() {
            let socket = self.0.socket.borrow();
            let socket = socket.as_ref().ok_or(ErrorKind::NotConnected)?;
            match stream::send(
                socket.as_fd(),
                &[IoSlice::new(&waiting.bytes)],
                &waiting.descriptors,
            ) {
                Ok(count) => waiting.written = count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if waiting.written > 0 {
                waiting.descriptors.clear();
            }
        }
        let left = waiting.bytes.len() - waiting.written;
        if left > 0 {
            outgoing.bytes += left;
            outgoing.frames.push_back(waiting);
        } else {
            self.keep(waiting.bytes);
        }
        let sent = Sent {
            waiting: outgoing.bytes,
        };
        drop(outgoing);
        if left > 0 {
            self.watch()?;
        }
        Ok(sent)
    }

    /// Reads nothing more, and closes once everything is written.
    pub fn close(&self) {
        self.0.closing.set(true);
        self.0.receiver.replace(None);
        if self.0.outgoing.borrow().frames.is_empty() {
            self.shut();
        } else {
            let _ = self.watch();
        }
    }

    /// Waits until everything is written, or the other end has taken nothing for `patience` milliseconds. For a process
    /// that ends; if it does not, the receiver hears of what was written in the next turn of the loop.
    pub fn flush(&self, patience: u16) {
        loop {
            self.write();
            if self.0.outgoing.borrow().frames.is_empty() {
                return;
            }
            let socket = self.0.socket.borrow();
            let Some(socket) = socket.as_ref() else {
                return;
            };
            let mut waits = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
            if !matches!(poll(&mut waits, PollTimeout::from(patience)), Ok(1..)) {
                return;
            }
        }
    }

    /// Reads all that the other end, a process that has ended, has left in the socket.
    pub fn read_rest(&self) {
        self.read(usize::MAX);
    }

    fn ready(&self, ready: Ready) {
        if ready.writable {
            self.write();
            self.report();
        }
        if ready.readable && !self.0.closing.get() {
            // libuv stops at an error, and will not say again that there is something left.
            self.read(if ready.failed {
                usize::MAX
            } else {
                MOST_PER_TURN
            });
        } else if ready.failed {
            self.shut();
        }
    }

    fn keep(&self, bytes: Vec<u8>) {
        if bytes.capacity() <= MOST_KEPT {
            self.0.spare.set(bytes);
        }
    }

    fn receiver(&self) -> Option<Rc<dyn Receiver>> {
        self.0.receiver.borrow().clone()
    }

    fn read(&self, most: usize) {
        let mut count = 0;
        while count < most && !self.0.closing.get() {
            // Taken out, because the receiver may do anything with this channel, except read.
            let mut decoder = self.0.decoder.take();
            let received = {
                let socket = self.0.socket.borrow();
                let Some(socket) = socket.as_ref() else {
                    return;
                };
                let room = decoder.room();
                let size = room.len();
                stream::receive(socket.as_fd(), room, &mut self.0.descriptors.borrow_mut())
                    .map(|count| (count, count == size))
            };
            let outcome = match received {
                Ok((0, _)) => Err(None),
                Ok((received, full)) => {
                    count += received;
                    decoder.filled(received);
                    self.deliver(&mut decoder)
                        .map(|()| full || most == usize::MAX)
                        .map_err(Some)
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
                Err(_) => Err(None),
            };
            self.0.decoder.replace(decoder);
            match outcome {
                Ok(true) => {}
                Ok(false) => return,
                Err(malformed) => return self.end(malformed),
            }
        }
    }

    /// Gives all whole frames to the receiver, as long as the program does not close the channel.
    fn deliver(&self, decoder: &mut Decoder) -> Result<(), Malformed> {
        let Some(receiver) = self.receiver() else {
            return Ok(());
        };
        let mut outcome = Ok(());
        receiver.together(&mut || outcome = self.deliver_each(decoder, &*receiver));
        outcome
    }

    fn deliver_each(
        &self,
        decoder: &mut Decoder,
        receiver: &dyn Receiver,
    ) -> Result<(), Malformed> {
        while let Some(frame) = decoder.next()? {
            if self.0.closing.get() {
                return Ok(());
            }
            let descriptors = self.descriptors_of(&frame);
            receiver.frame(frame.kind, decoder.payload(&frame), descriptors)?;
        }
        // Descriptors come with the first byte of their frame: others than those of the frame to come are nobody's.
        let expected = if decoder.is_between_frames() {
            0
        } else {
            MOST_DESCRIPTORS
        };
        if self.0.descriptors.borrow().len() > expected {
            return Err(Malformed);
        }
        Ok(())
    }

    fn descriptors_of(&self, frame: &Frame) -> Vec<OwnedFd> {
        let mut waiting = self.0.descriptors.borrow_mut();
        let count = frame.descriptors.min(waiting.len());
        waiting.drain(..count).flatten().collect()
    }

    fn end(&self, malformed: Option<Malformed>) {
        let receiver = self.receiver();
        self.0.closing.set(true);
        self.shut();
        self.0.receiver.replace(None);
        if let Some(receiver) = receiver {
            receiver.ended(malformed);
        }
    }

    /// Writes as much as fits of what waits.
    fn write(&self) {
        let mut failed = false;
        let written = |frames: u32| self.0.unreported.set(self.0.unreported.get() + frames);
        loop {
            let socket = self.0.socket.borrow();
            let Some(socket) = socket.as_ref() else { break };
            let mut outgoing = self.0.outgoing.borrow_mut();
            if outgoing.frames.is_empty() {
                break;
            }
            match outgoing
                .write_some(|parts, descriptors| stream::send(socket.as_fd(), parts, descriptors))
            {
                Ok(count) => {
                    written(count);
                    if let Some(bytes) = outgoing.written.take() {
                        self.keep(bytes);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    // Nobody will read it. What the other end has sent can still be read.
                    let frames = std::mem::take(&mut *outgoing).frames;
                    written(frames.iter().filter(|frame| frame.reported).count() as u32);
                    failed = true;
                    break;
                }
            }
        }
        if self.0.outgoing.borrow().frames.is_empty() {
            if self.0.closing.get() || (failed && self.0.receiver.borrow().is_none()) {
                self.shut();
            } else {
                let _ = self.watch();
            }
        }
    }

    fn report(&self) {
        if self.0.unreported.get() > 0
            && let Some(receiver) = self.receiver()
        {
            let frames = self.0.unreported.take();
            let _ = self.watch();
            receiver.written(frames);
        }
    }

    /// Waits for what is to be read, and for room while something waits to be written, or to be told of.
    fn has_to_write(&self) -> bool {
        !self.0.outgoing.borrow().frames.is_empty() || self.0.unreported.get() > 0
    }

    fn watch(&self) -> io::Result<()> {
        let writes = self.has_to_write();
        let interest = Interest {
            read: self.0.receiver.borrow().is_some(),
            write: writes,
        };
        match self.0.socket.borrow().as_ref() {
            Some(socket) => {
                socket.keep_alive(writes || self.0.keeps_alive.get());
                socket.watch(interest)
            }
            None => Ok(()),
        }
    }

    fn shut(&self) {
        self.0.socket.replace(None);
        self.0.descriptors.borrow_mut().clear();
    }
}

impl Outgoing {
    /// One write of the frames in front. Gives how many frames, of those to be reported, are done.
    fn write_some(
        &mut self,
        send: impl FnOnce(&[IoSlice<'_>], &[OwnedFd]) -> io::Result<usize>,
    ) -> io::Result<u32> {
        // Descriptors travel with the first byte of a write: a frame that has some starts one.
        let bare = self
            .frames
            .iter()
            .skip(1)
            .take_while(|frame| frame.descriptors.is_empty())
            .count();
        let parts: Vec<IoSlice<'_>> = self
            .frames
            .iter()
            .take((1 + bare).min(MOST_PARTS))
            .map(|frame| IoSlice::new(&frame.bytes[frame.written..]))
            .collect();
        let descriptors = self
            .frames
            .front()
            .map_or(&[][..], |frame| &frame.descriptors);
        let mut count = send(&parts, descriptors)?;
        self.bytes = self.bytes.saturating_sub(count);
        let mut reported = 0;
        while let Some(front) = self.frames.front_mut() {
            front.descriptors.clear();
            let left = front.bytes.len() - front.written;
            if count < left {
                front.written += count;
                break;
            }
            count -= left;
            reported += u32::from(front.reported);
            self.written = self.frames.pop_front().map(|frame| frame.bytes);
            if count == 0 {
                break;
            }
        }
        Ok(reported)
    }
}
