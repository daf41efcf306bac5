//! The frames of a channel: a fixed header, then a payload. Pure: bytes in, frames out.
//!
//! The header is 8 bytes, little-endian: payload length (u32), kind (u8), number of descriptors (u8), two reserved
//! bytes that are zero.

use std::ops::Range;

/// Bytes before each payload.
pub const HEADER: usize = 8;

/// The largest payload, in bytes. A larger message is refused where it is sent, and a header that announces more is
/// malformed.
pub const MOST: usize = 512 << 20;

/// How much room there is at least for the next bytes.
const LEAST_ROOM: usize = 64 << 10;

/// How much room is kept for frames like the last one; more than that is given back.
const MOST_KEPT: usize = 4 << 20;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A JSON array of messages of the program.
    Messages,
    /// Messages that JSON has no form for (`serialization: 'advanced'`): the length of the JSON (u32, little-endian), a JSON
    /// array of a list of messages, one of notes about what is to be put into them and one of the sizes of the parts that
    /// this takes, and these parts.
    Clones,
    /// A JSON array of one message and what JavaScript needs to know about the handle that comes with it.
    Handle,
    /// The same for `serialization: 'advanced'`.
    AdvancedHandle,
    /// A control message.
    Control,
    /// One message of the program that is a long string: its text, as it is.
    Text,
    /// One message of the program without a long string in it: the length of the JSON (u32, little-endian), a JSON array
    /// of the message and what JavaScript needs to know about the string, and its text, as it is.
    Incomplete,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Kind> {
        [
            Kind::Messages,
            Kind::Clones,
            Kind::Handle,
            Kind::AdvancedHandle,
            Kind::Control,
            Kind::Text,
            Kind::Incomplete,
        ]
        .into_iter()
        .find(|kind| kind.to_byte() == byte)
    }

    fn to_byte(self) -> u8 {
        match self {
            Kind::Messages => 1,
            Kind::Clones => 2,
            Kind::Handle => 3,
            Kind::AdvancedHandle => 4,
            Kind::Control => 5,
            Kind::Text => 6,
            Kind::Incomplete => 7,
        }
    }
}

/// The header of a frame of `payload` bytes, at most [`MOST`], that `descriptors` go with.
pub fn header(kind: Kind, payload: usize, descriptors: usize) -> [u8; HEADER] {
    debug_assert!(payload <= MOST && descriptors <= usize::from(u8::MAX));
    let [a, b, c, d] = (payload as u32).to_le_bytes();
    [a, b, c, d, kind.to_byte(), descriptors as u8, 0, 0]
}

/// How many bytes the length takes that [`split`] finds in front.
pub const LENGTH: usize = 4;

/// The two parts of the payload of [`Kind::Incomplete`] or [`Kind::Clones`]; `None` if it has not got them.
pub fn split(payload: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = payload.split_first_chunk::<LENGTH>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// A frame that has arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub kind: Kind,
    /// Where its payload is, for [`Decoder::payload`], until the next call of [`Decoder::room`].
    pub payload: Range<usize>,
    /// How many descriptors came with it.
    pub descriptors: usize,
}

/// Bytes that are no frame. Nothing after them can be understood either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Cuts a stream of bytes into frames.
///
/// Read into [`room`](Self::room), say how much with [`filled`](Self::filled), then take frames from
/// [`next`](Self::next) until there is none. A large payload is collected in place, in time linear in its size.
#[derive(Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that hold data: those before `start` are done with.
    start: usize,
    end: usize,
    /// The size of the last frame.
    last_frame: usize,
}

impl Decoder {
    /// Where to read the next bytes into. Never empty.
    pub fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let wanted = self.wanted();
        let is_wasteful =
            self.buffer.len() > MOST_KEPT || self.buffer.len() / 8 > self.last_frame + LEAST_ROOM;
        if self.buffer.len() < wanted || (self.end == 0 && is_wasteful) {
            // Fresh zeros take memory only where something is written: a promise costs its sender nothing, and us neither.
            let mut larger = vec![0; wanted];
            larger[..self.end].copy_from_slice(&self.buffer[..self.end]);
            self.buffer = larger;
        }
        &mut self.buffer[self.end..]
    }

    /// How large the buffer has to be for the whole of the frame that has begun.
    fn wanted(&self) -> usize {
        let promised = match self.buffer[..self.end].first_chunk::<4>() {
            Some(length) => HEADER + (u32::from_le_bytes(*length) as usize).min(MOST),
            None => 0,
        };
        promised.max(self.end) + LEAST_ROOM
    }

    /// Takes note of `count` bytes read into [`room`](Self::room).
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }

    /// The next whole frame, if there is one.
    pub fn next(&mut self) -> Result<Option<Frame>, Malformed> {
        let rest = &self.buffer[self.start..self.end];
        let Some((&[a, b, c, d, kind, descriptors, 0, 0], rest)) =
            rest.split_first_chunk::<HEADER>()
        else {
            return if rest.len() < HEADER {
                Ok(None)
            } else {
                Err(Malformed)
            };
        };
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        let kind = Kind::from_byte(kind)
            .filter(|_| length <= MOST)
            .ok_or(Malformed)?;
        if rest.len() < length {
            return Ok(None);
        }
        let begin = self.start + HEADER;
        self.start = begin + length;
        self.last_frame = HEADER + length;
        Ok(Some(Frame {
            kind,
            payload: begin..self.start,
            descriptors: descriptors.into(),
        }))
    }

    /// Puts bytes in that have been read elsewhere.
    pub fn put(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(LEAST_ROOM) {
            let room = self.room();
            room[..piece.len()].copy_from_slice(piece);
            self.filled(piece.len());
        }
    }

    /// What has been read of a frame that is not whole.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether what came last ended with a frame.
    pub fn is_between_frames(&self) -> bool {
        self.start == self.end
    }

    /// The bytes of `frame`.
    pub fn payload(&self, frame: &Frame) -> &[u8] {
        &self.buffer[frame.payload.clone()]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(kind: Kind, payload: &[u8], descriptors: usize) -> Vec<u8> {
        [&header(kind, payload.len(), descriptors)[..], payload].concat()
    }

    /// All frames in `bytes`, read in pieces of at most `piece` bytes.
    fn decode(bytes: &[u8], piece: usize) -> Result<Vec<(Kind, Vec<u8>, usize)>, Malformed> {
        let mut decoder = Decoder::default();
        let mut frames = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = decoder.room();
            let count = piece.min(room.len()).min(rest.len());
            room[..count].copy_from_slice(&rest[..count]);
            decoder.filled(count);
            rest = &rest[count..];
            while let Some(frame) = decoder.next()? {
                frames.push((
                    frame.kind,
                    decoder.payload(&frame).to_vec(),
                    frame.descriptors,
                ));
            }
        }
        Ok(frames)
    }

    fn kinds() -> impl Strategy<Value = Kind> {
        prop::sample::select(vec![
            Kind::Messages,
            Kind::Clones,
            Kind::Handle,
            Kind::AdvancedHandle,
            Kind::Control,
            Kind::Text,
            Kind::Incomplete,
        ])
    }

    proptest! {
        #[test]
        fn frames_survive_any_cut(
            frames in prop::collection::vec((kinds(), prop::collection::vec(any::<u8>(), 0..3000), 0usize..4), 0..20),
            piece in 1usize..5000,
        ) {
            let bytes: Vec<u8> =
                frames.iter().flat_map(|(kind, payload, count)| encoded(*kind, payload, *count)).collect();
            prop_assert_eq!(decode(&bytes, piece), Ok(frames));
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..2000), piece in 1usize..100) {
            let _ = decode(&bytes, piece);
        }
    }

    #[test]
    fn a_large_frame_arrives_and_its_room_is_given_back() {
        let payload = vec![7; 5 << 20];
        let large = encoded(Kind::Messages, &payload, 0);
        assert_eq!(
            decode(&large, 60_000),
            Ok(vec![(Kind::Messages, payload, 0)])
        );
        let mut decoder = Decoder {
            buffer: vec![0; 5 << 20],
            ..Decoder::default()
        };
        assert_eq!(decoder.room().len(), LEAST_ROOM);
        let mut decoder = Decoder {
            buffer: vec![0; 2 << 20],
            last_frame: 2 << 20,
            ..Decoder::default()
        };
        assert_eq!(decoder.room().len(), 2 << 20);
    }

    #[test]
    fn a_promise_is_no_frame() {
        let mut decoder = Decoder::default();
        let promise = header(Kind::Messages, MOST, 0);
        decoder.room()[..HEADER].copy_from_slice(&promise);
        decoder.filled(HEADER);
        assert_eq!(decoder.next(), Ok(None));
        assert!(decoder.room().len() >= MOST);
    }

    #[test]
    fn parts_are_split_where_the_length_says() {
        assert_eq!(split(b"\x02\0\0\0[]long"), Some((&b"[]"[..], &b"long"[..])));
        assert_eq!(split(b"\x02\0\0\0["), None);
        assert_eq!(split(b"\x02\0\0"), None);
    }

    #[test]
    fn unknown_kinds_reserved_bytes_and_excess_are_malformed() {
        let mut unknown = header(Kind::Control, 0, 0);
        unknown[4] = 99;
        let mut reserved = header(Kind::Control, 0, 0);
        reserved[7] = 1;
        let mut excess = header(Kind::Control, 0, 0);
        excess[..4].copy_from_slice(&(MOST as u32 + 1).to_le_bytes());
        for bytes in [unknown, reserved, excess] {
            assert_eq!(decode(&bytes, 8), Err(Malformed));
        }
    }
}
