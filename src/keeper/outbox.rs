//! What waits to be written to one process: replies and what it has asked to be told, as the items of JSON arrays.

use crate::ipc::frame::{HEADER, Kind, header};

/// How much may wait of what a process is told without having asked for each piece of it, in bytes. What comes while it is
/// more is lost, and counted.
const MOST_TOLD: usize = 8 << 20;

/// Frames, the first of which may be written in part.
#[derive(Default)]
pub struct Outbox {
    /// A frame, whole.
    writing: Vec<u8>,
    written: usize,
    /// The next frame: room for its header, then the items so far.
    next: Vec<u8>,
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

    /// Adds an item: `[number]`, with what `write` adds behind the number.
    pub fn reply(&mut self, number: u64, write: impl FnOnce(&mut Vec<u8>)) {
        match self.next.len() {
            0 => {
                self.next.extend_from_slice(&[0; HEADER]);
                self.next.push(b'[');
            }
            _ => self.next.push(b','),
        }
        self.next.push(b'[');
        self.next.extend_from_slice(number.to_string().as_bytes());
        write(&mut self.next);
        self.next.push(b']');
    }

    /// Adds an item that nobody waits for, if there is room.
    pub fn tell(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.len() > MOST_TOLD {
            self.lost += 1;
            return;
        }
        self.tell_loss();
        self.reply(0, write);
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
            self.written = 0;
            if self.next.is_empty() {
                self.tell_loss();
            }
            if !self.next.is_empty() {
                self.next.push(b']');
                std::mem::swap(&mut self.writing, &mut self.next);
                let payload = self.writing.len() - HEADER;
                self.writing[..HEADER].copy_from_slice(&header(Kind::Messages, payload, 0));
            }
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
