//! Refuses a connection that has waited too long, so that its client can try elsewhere: with an answer, if what it has said
//! so far is HTTP.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::{MsgFlags, Shutdown, recv, send, shutdown};
use tokio::time::timeout;

use crate::sys::{socket, watch};

const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Retry-After: 1\r\n\
    Connection: close\r\n\
    Content-Length: 0\r\n\r\n";

/// How long a client may take to read the answer and to close. Closed at once, what it has sent and nobody has read would
/// make the kernel reset the connection, and take the answer from it.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a client's first bytes are looked at for.
const LOOKED_AT: usize = 32;

/// Refuses a connection, and closes it.
pub(super) async fn refuse(connection: OwnedFd) {
    let mut bytes = [0; LOOKED_AT];
    let speaks = socket::peek(connection.as_fd(), &mut bytes)
        .is_ok_and(|length| speaks_http(&bytes[..length]));
    if !speaks {
        return;
    }
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
    let sent = send(connection.as_raw_fd(), ANSWER, flags);
    if sent != Ok(ANSWER.len()) || shutdown(connection.as_raw_fd(), Shutdown::Write).is_err() {
        return;
    }
    let Ok(connection) = watch::readable(connection) else {
        return;
    };
    // Whether it closes in time makes no difference.
    let _ = timeout(PATIENCE, async {
        let mut bytes = [0; 4096];
        while let Ok(mut ready) = connection.readable().await {
            match recv(
                connection.get_ref().as_raw_fd(),
                &mut bytes,
                MsgFlags::MSG_DONTWAIT,
            ) {
                Ok(1..) => {}
                Err(nix::errno::Errno::EAGAIN) => ready.clear_ready(),
                Ok(0) | Err(_) => return,
            }
        }
    })
    .await;
}

/// Whether this is the beginning of an HTTP/1 request.
fn speaks_http(bytes: &[u8]) -> bool {
    let method = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase())
        .count();
    let is_http2 = bytes.starts_with(b"PRI * HTTP/2");
    method > 0 && bytes.get(method).is_none_or(|&next| next == b' ') && !is_http2
}

#[cfg(test)]
mod tests {
    use super::speaks_http;

    #[test]
    fn http_is_told_from_other_protocols() {
        for request in [&b"GET / HTTP/1.1\r\n"[..], b"POST", b"PROPFIND /x", b"G"] {
            assert!(speaks_http(request), "{request:?}");
        }
        for other in [
            &b""[..],
            b"\x16\x03\x01",
            b"PRI * HTTP/2.0\r\n",
            b"hello",
            b"HELO\r\n",
            b" GET",
        ] {
            assert!(!speaks_http(other), "{other:?}");
        }
    }
}
