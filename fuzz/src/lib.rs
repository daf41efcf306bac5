//! What must hold for any bytes that come from another process. The fuzzers look for bytes for which it does not; the
//! test in `tests/` tries those that they have found worth keeping.
//!
//! The decoders are the addon's own files, of which only a part is used here.

#[allow(dead_code)]
#[path = "../../src/ipc/control.rs"]
mod control;
#[allow(dead_code)]
#[path = "../../src/ipc/frame.rs"]
mod frame;

use control::{FromPrimary, FromWorker};
use frame::{Decoder, HEADER, Kind, MOST, Malformed};

/// Reads `input` as a channel does: its first two bytes say in pieces of which size, what follows is the stream. Whatever
/// the pieces, the frames must be those that a look at the whole stream finds.
pub fn frames(input: &[u8]) {
    let Some((&[low, high], stream)) = input.split_first_chunk() else {
        return;
    };
    let most = usize::from(u16::from_le_bytes([low, high])) + 1;
    let expected = cut(stream);
    let mut found = Vec::new();
    let outcome = read(stream, most, |kind, payload, descriptors| {
        found.push((kind, payload.to_vec(), descriptors));
    });
    assert_eq!(found, expected.0);
    assert_eq!(outcome, expected.1);
}

type Frames = Vec<(Kind, Vec<u8>, usize)>;

/// Feeds a decoder. Gives whether the stream ends between frames.
fn read(
    stream: &[u8],
    most: usize,
    mut take: impl FnMut(Kind, &[u8], usize),
) -> Result<bool, Malformed> {
    let mut decoder = Decoder::default();
    let mut read = 0;
    while read < stream.len() {
        let room = decoder.room();
        assert!(!room.is_empty());
        assert!(room.len() <= MOST + (1 << 20));
        let count = most.min(room.len()).min(stream.len() - read);
        room[..count].copy_from_slice(&stream[read..read + count]);
        decoder.filled(count);
        read += count;
        while let Some(frame) = decoder.next()? {
            take(frame.kind, decoder.payload(&frame), frame.descriptors);
        }
    }
    Ok(decoder.is_between_frames())
}

/// The same, written as plainly as possible.
fn cut(mut stream: &[u8]) -> (Frames, Result<bool, Malformed>) {
    let mut frames = Vec::new();
    while let Some((header, rest)) = stream.split_first_chunk::<HEADER>() {
        let length = header[..4]
            .iter()
            .rev()
            .fold(0, |length, byte| length << 8 | usize::from(*byte));
        let kind = match header[4] {
            1 => Kind::Messages,
            2 => Kind::Clones,
            3 => Kind::Handle,
            4 => Kind::AdvancedHandle,
            5 => Kind::Control,
            6 => Kind::Text,
            7 => Kind::Incomplete,
            _ => return (frames, Err(Malformed)),
        };
        if length > MOST || header[6] != 0 || header[7] != 0 {
            return (frames, Err(Malformed));
        }
        if rest.len() < length {
            break;
        }
        let (payload, rest) = rest.split_at(length);
        frames.push((kind, payload.to_vec(), header[5].into()));
        stream = rest;
    }
    (frames, Ok(stream.is_empty()))
}

/// Decodes `input` as a control message of either side: what is one, survives being encoded again.
pub fn control(input: &[u8]) {
    if let Some(message) = control::decode::<FromWorker>(input) {
        assert_eq!(control::decode(&control::encode(&message)), Some(message));
    }
    if let Some(message) = control::decode::<FromPrimary>(input) {
        assert_eq!(control::decode(&control::encode(&message)), Some(message));
    }
}
