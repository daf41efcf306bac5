//! What waits to be written to one process: replies and what it has asked to be told, as the items of JSON arrays.

use crate::ipc::frame::{HEADER, Kind, MOST, header};

/// The largest reply, in bytes: one fits into a frame with what may be in front of it.
pub const MOST_REPLY: usize = MOST - (MOST_TOGETHER << 1);

/// How much goes into one frame before another begins, in bytes.
const MOST_TOGETHER: usize = 1 << 20;

/// How much memory of what has been written is kept for what comes next, in bytes.
const MOST_KEPT: usize = 4 << 20;

/// How much may wait of what a process is told without having asked for each piece of it, in bytes. What comes while it is
/// more is lost, and counted.
const MOST_TOLD: usize = 8 << 20;

/// Frames, the first of which may be written in part.
#[derive(Default)]
pub struct Outbox {
    /// Whole frames.
    writing: Vec<u8>,
    written: usize,
    /// The next frames.
    next: Vec<u8>,
    /// Where the last of them begins, which is not whole: room for its header, then the items so far.
    open: usize,
    lost: u64,
}

impl Outbox {
    /// What another outbox [had](Self::take_all), to be written first.
    pub fn of(writing: Vec<u8>) -> Outbox {
        Outbox {
            writing,
            ..Outbox::default()
        }
    }

    /// All that waits, as it would be written.
    pub fn take_all(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let waiting = self.waiting();
            if waiting.is_empty() {
                return all;
            }
            all.extend_from_slice(waiting);
            let count = waiting.len();
            self.wrote(count);
        }
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.writing.len() - self.written + self.next.len()
    }

    /// Adds an item: `[number]`, with what `write` adds behind the number. Instead of more than [`MOST_REPLY`] it is told that
    /// it is too large; `write` may stop there.
    pub fn reply(&mut self, number: u64, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.add(number, write) {
            self.add(number, |bytes| {
                bytes.extend_from_slice(b",null,\"tooLarge\"");
            });
        }
    }

    /// Adds an item that nobody waits for, if there is room.
    pub fn tell(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.len() > MOST_TOLD {
            self.lost += 1;
            return;
        }
        self.tell_loss();
        if !self.add(0, write) {
            self.lost += 1;
        }
    }

    /// Adds an item, unless it is too large; whether it is not.
    fn add(&mut self, number: u64, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        if self.next.len() - self.open > MOST_TOGETHER {
            self.finish();
        }
        let before = self.next.len();
        if before == self.open {
            self.next.extend_from_slice(&[0; HEADER]);
            self.next.push(b'[');
        } else {
            self.next.push(b',');
        }
        self.next.push(b'[');
        self.next.extend_from_slice(number.to_string().as_bytes());
        let start = self.next.len();
        write(&mut self.next);
        let fits = self.next.len() - start <= MOST_REPLY;
        if fits {
            self.next.push(b']');
        } else {
            self.next.truncate(before);
            self.next.shrink_to(MOST_KEPT);
        }
        fits
    }

    /// Makes the last frame whole.
    fn finish(&mut self) {
        if self.next.len() > self.open {
            self.next.push(b']');
            let frame = &mut self.next[self.open..];
            let payload = frame.len() - HEADER;
            frame[..HEADER].copy_from_slice(&header(Kind::Messages, payload, 0));
            self.open = self.next.len();
        }
    }

    fn tell_loss(&mut self) {
        let lost = std::mem::take(&mut self.lost);
        if lost > 0 {
            self.reply(0, |bytes| bytes.extend(format!(",\"lost\",{lost}").bytes()));
        }
    }

    /// What is to be written next; empty if there is nothing.
    pub fn waiting(&mut self) -> &[u8] {
        if self.writing.len() == self.written {
            self.writing.clear();
            self.writing.shrink_to(MOST_KEPT);
            self.written = 0;
            if self.next.is_empty() {
                self.tell_loss();
            }
            self.finish();
            std::mem::swap(&mut self.writing, &mut self.next);
            self.open = 0;
        }
        &self.writing[self.written..]
    }

    /// So many bytes of it have been written.
    pub fn wrote(&mut self, count: usize) {
        self.written += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::frame::Decoder;

    fn read(outbox: &mut Outbox, piece: usize) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut texts = Vec::new();
        loop {
            let waiting = outbox.waiting();
            let count = waiting.len().min(piece);
            if count == 0 {
                return texts;
            }
            decoder.room()[..count].copy_from_slice(&waiting[..count]);
            decoder.filled(count);
            outbox.wrote(count);
            while let Some(frame) = decoder.next().unwrap() {
                texts.push(String::from_utf8(decoder.payload(&frame).to_vec()).unwrap());
            }
        }
    }

    #[test]
    fn items_that_wait_together_are_one_frame() {
        let mut outbox = Outbox::default();
        outbox.reply(1, |_| {});
        outbox.reply(2, |bytes| bytes.extend(b",true"));
        assert_eq!(read(&mut outbox, 3), ["[[1],[2,true]]"]);
        assert_eq!(outbox.len(), 0);
        outbox.reply(3, |_| {});
        assert!(!outbox.waiting().is_empty());
        outbox.reply(4, |_| {});
        assert_eq!(read(&mut outbox, 99), ["[[3]]", "[[4]]"]);
    }

    #[test]
    fn frames_are_of_a_sensible_size() {
        let mut outbox = Outbox::default();
        let large = vec![b'1'; MOST_TOGETHER];
        for number in 1..=3 {
            outbox.reply(number, |bytes| {
                bytes.push(b',');
                bytes.extend(&large);
            });
            outbox.reply(number, |_| {});
        }
        let texts = read(&mut outbox, 1 << 16);
        assert_eq!(texts.len(), 4);
        assert!(texts[1].starts_with("[[1],[2,1") && texts[3] == "[[3]]");
        assert!(outbox.writing.capacity() <= MOST_KEPT);
    }

    #[test]
    fn what_is_too_large_for_a_frame_is_refused_alone() {
        let mut outbox = Outbox::default();
        let write = |bytes: &mut Vec<u8>| bytes.resize(bytes.len() + MOST_REPLY + 1, b'1');
        outbox.reply(1, |_| {});
        outbox.reply(2, write);
        outbox.tell(write);
        outbox.reply(3, |_| {});
        outbox.tell(|_| {});
        let expected = "[[1],[2,null,\"tooLarge\"],[3],[0,\"lost\",1],[0]]";
        assert_eq!(read(&mut outbox, 1 << 16), [expected]);
    }

    #[test]
    fn what_nobody_reads_is_lost_and_counted() {
        let mut outbox = Outbox::default();
        let large = vec![b'1'; MOST_TOLD];
        outbox.tell(|bytes| {
            bytes.push(b',');
            bytes.extend(&large);
        });
        for _ in 0..3 {
            outbox.tell(|_| {});
        }
        let texts = read(&mut outbox, 1 << 16);
        assert_eq!(texts.len(), 2);
        assert_eq!(texts[1], "[[0,\"lost\",3]]");
        outbox.tell(|bytes| bytes.extend(b",1"));
        assert_eq!(read(&mut outbox, 99), ["[[0,1]]"]);
    }
}
