//! What a primary and its workers tell each other about listeners and leaving. JavaScript never sees these as JSON.

use serde::{Deserialize, Serialize};

/// From a worker to its primary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromWorker {
    /// The worker runs.
    Online,
    /// A server wants to listen; answered by [`FromPrimary::Answer`] with the same number.
    Query { question: u32, query: Query },
    /// A server listens now.
    Listening(Listening),
    /// The program says that it can do its work now.
    Ready,
    /// A server is closed.
    Close { listener: u32 },
    /// The worker has something to ask the keeper, over the socket that comes along.
    Keeper,
    /// The worker leaves of its own will, or wants to; answered by [`FromPrimary::LeaveNoted`].
    Leaving,
}

/// From a primary to one worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromPrimary {
    /// The answer to the query with this number. The socket itself comes along where the worker is to accept
    /// (or receive) by itself.
    Answer { question: u32, answer: Answer },
    /// Close your servers, then the channel.
    Disconnect,
    /// Finish what is in progress, then end. With `moves`, connections of the `kept` listeners, which others serve, are
    /// given back between two requests; otherwise those that are idle are closed.
    Drain { moves: bool, kept: Vec<u32> },
    /// The primary knows that the worker leaves of its own will.
    LeaveNoted,
    /// Accept, or receive, from the sockets that were [held](Answer::Granted::held).
    Resume,
    /// The primary is going to have the worker drained after a while, in which it serves as before.
    LameDuck,
    /// The worker, a spare until now, has the place with this number.
    Promoted { place: u32 },
    /// The time to finish is over: SIGTERM follows, and is for the worker itself.
    End,
}

/// What a server of a worker wants to listen on: the options that `net` and `dgram` pass to `cluster._getServer`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// An IP address, or the path of a Unix socket; `None` for the wildcard or a descriptor.
    pub address: Option<String>,
    /// -1 for a Unix socket, `None` for a descriptor.
    pub port: Option<i32>,
    pub family: Family,
    /// A descriptor of the primary's.
    pub fd: Option<i32>,
    /// The bits of libuv's `uv_tcp_flags` or `uv_udp_flags`.
    pub flags: u32,
    pub backlog: i32,
    pub readable_all: bool,
    pub writable_all: bool,
    /// Which of the worker's servers of this address it is, counted from 0: port 0 means a new port for each.
    pub index: u32,
    /// JSON that all servers of one listener share (keys of TLS session tickets).
    pub data: Option<String>,
}

/// The `addressType` of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Family {
    Tcp4,
    Tcp6,
    Unix,
    Udp4,
    Udp6,
    /// A descriptor says itself what it is.
    #[default]
    Unknown,
}

/// How a query ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Nobody listens there: the system's error number.
    Refused { errno: i32 },
    /// The server belongs to this listener now.
    Granted {
        listener: u32,
        /// Where the listener is bound, if it is bound to an IP address.
        address: Option<BoundAddress>,
        /// The data of the first query.
        data: Option<String>,
        /// Whether the worker accepts, or receives, by itself: the socket comes along, if the worker has room for it.
        shared: bool,
        /// Whether it does so only after [`FromPrimary::Resume`].
        held: bool,
    },
}

/// The address of a bound socket, as `server.address()` gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundAddress {
    pub address: String,
    pub ipv6: bool,
    pub port: u16,
}

/// The address in the event `listening`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    pub family: Family,
    pub address: Option<String>,
    pub port: Option<i32>,
    pub fd: Option<i32>,
}

/// The JSON of a control message.
pub fn encode(message: &impl Serialize) -> Vec<u8> {
    // Structs of numbers and strings: nothing in them that JSON can't carry.
    serde_json::to_vec(message).unwrap_or_default()
}

/// The control message in `bytes`, or `None` if they are none.
pub fn decode<'a, Message: Deserialize<'a>>(bytes: &'a [u8]) -> Option<Message> {
    serde_json::from_slice(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn queries_survive(address: Option<String>, port: Option<i32>, flags: u32, data: Option<String>) {
            let query = Query { address, port, flags, data, ..Query::default() };
            let message = FromWorker::Query { question: 7, query };
            prop_assert_eq!(decode(&encode(&message)), Some(message));
        }

        #[test]
        fn draining_survives(moves: bool, kept: Vec<u32>) {
            let message = FromPrimary::Drain { moves, kept };
            prop_assert_eq!(decode(&encode(&message)), Some(message));
        }

        #[test]
        fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(decode::<FromWorker>(&bytes), None);
        }
    }
}
