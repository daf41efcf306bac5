//! HTTP on the admin port.

use std::cell::Cell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::{JoinHandle, spawn_local, yield_now};
use tokio::time::sleep;

use super::content::Content;
use super::health::Health;
use crate::sys::socket::{self, Kind};

/// How many connections are served at the same time. The oldest makes room for one more: whoever asks at once is answered
/// at once, and only those that are silent get old.
const MOST_CONNECTIONS: usize = 128;
/// How long the head of a request may take, and all of a connection.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
const CONNECTION_WITHIN: Duration = Duration::from_secs(20);
/// How long the head of a request may be, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;
/// How long to leave alone what failed for want of descriptors or memory.
const PAUSE: Duration = Duration::from_millis(50);

/// The page for people.
const PAGE: &str = include_str!("page.html");
/// What it may do: nothing but show itself, and ask where it came from.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
    img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What a path leads to.
pub struct Answer {
    pub status: StatusCode,
    pub content_type: &'static str,
    pub content: Content,
}

impl Answer {
    /// To a probe.
    pub fn health(health: &Health) -> Answer {
        let status = if health.is_good {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        Answer::text(status, format!("{}\n", health.text))
    }

    /// To Prometheus.
    pub fn metrics(text: String) -> Answer {
        Answer {
            status: StatusCode::OK,
            content_type: "text/plain; version=0.0.4; charset=utf-8",
            content: text.into(),
        }
    }

    /// To a browser.
    pub fn page() -> Answer {
        Answer {
            status: StatusCode::OK,
            content_type: "text/html; charset=utf-8",
            content: PAGE.into(),
        }
    }

    /// To the page: one event after another, as text, for as long as `next` gives one.
    pub fn events(next: Rc<dyn Fn() -> Option<Bytes>>) -> Answer {
        Answer {
            status: StatusCode::OK,
            content_type: "text/event-stream",
            content: Content::events(next),
        }
    }

    /// To whoever asks for something else.
    pub fn not_found() -> Answer {
        let text = "there are /, /metrics, /live and /ready\n";
        Answer::text(StatusCode::NOT_FOUND, text.to_owned())
    }

    fn text(status: StatusCode, text: String) -> Answer {
        Answer {
            status,
            content_type: "text/plain; charset=utf-8",
            content: text.into(),
        }
    }
}

/// Serves what `answer` gives for a path, for as long as the socket can be accepted from. It must be called in a `LocalSet`.
pub async fn serve(socket: AsyncFd<OwnedFd>, answer: impl AsyncFn(&str) -> Answer + 'static) {
    let answer = Rc::new(answer);
    let mut open = Connections::default();
    loop {
        let Ok(mut ready) = socket.readable().await else {
            return;
        };
        match socket::accept(socket.get_ref().as_fd()) {
            Ok(connection) => {
                let serving = serve_connection(connection, answer.clone());
                open.add(spawn_local(serving));
                yield_now().await;
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => ready.clear_ready(),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// The tasks that serve connections, the oldest first. They end with it.
#[derive(Default)]
struct Connections(VecDeque<JoinHandle<()>>);

impl Connections {
    fn add(&mut self, serving: JoinHandle<()>) {
        if self.0.len() >= MOST_CONNECTIONS {
            self.0.retain(|other| !other.is_finished());
        }
        if self.0.len() >= MOST_CONNECTIONS
            && let Some(oldest) = self.0.pop_front()
        {
            oldest.abort();
        }
        self.0.push_back(serving);
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        for serving in &self.0 {
            serving.abort();
        }
    }
}

/// Serves a connection. Whoever is too slow is not waited for, except where an answer has no end.
async fn serve_connection(connection: OwnedFd, answer: Rc<impl AsyncFn(&str) -> Answer>) {
    match socket::kind(connection.as_fd()) {
        Kind::Unix => {
            if let Ok(stream) = UnixStream::from_std(connection.into()) {
                serve_stream(stream, answer).await;
            }
        }
        _ => {
            if let Ok(stream) = TcpStream::from_std(connection.into()) {
                serve_stream(stream, answer).await;
            }
        }
    }
}

async fn serve_stream(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: Rc<impl AsyncFn(&str) -> Answer>,
) {
    let is_endless = Cell::new(false);
    let service = service_fn(async |request: Request<Incoming>| {
        let response = respond(request.method(), request.uri().path(), &*answer).await;
        is_endless.set(response.body().is_endless());
        Ok::<_, Infallible>(response)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let late = async {
        sleep(CONNECTION_WITHIN).await;
        while is_endless.get() {
            sleep(CONNECTION_WITHIN).await;
        }
    };
    tokio::select! {
        // What goes wrong is the client's doing, and its own loss.
        _ = serving => {}
        () = late => {}
    }
}

async fn respond(
    method: &Method,
    path: &str,
    answer: &impl AsyncFn(&str) -> Answer,
) -> Response<Content> {
    let Answer {
        status,
        content_type,
        content,
    } = match *method {
        Method::GET | Method::HEAD => answer(path).await,
        _ => Answer::text(
            StatusCode::METHOD_NOT_ALLOWED,
            "only GET: nothing can be changed here\n".to_owned(),
        ),
    };
    let mut response = Response::new(content);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
