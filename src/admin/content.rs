//! What an answer has to say: a text, or one event after another for as long as somebody reads them.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often there is an event.
const EVERY: Duration = Duration::from_secs(1);

/// The body of an answer.
pub enum Content {
    Text(Option<Bytes>),
    Events(Events),
}

/// Server-sent events. They are made when there is room for them, so that none pile up for whoever does not read.
pub struct Events {
    ticks: Interval,
    next: Rc<dyn Fn() -> Option<Bytes>>,
}

impl Content {
    /// The data of an event is what `next` gives; they end when that gives nothing.
    pub fn events(next: Rc<dyn Fn() -> Option<Bytes>>) -> Content {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Content::Events(Events { ticks, next })
    }

    /// Whether it has no end of its own.
    pub fn is_endless(&self) -> bool {
        matches!(self, Content::Events(_))
    }
}

impl<T: Into<Bytes>> From<T> for Content {
    fn from(text: T) -> Content {
        Content::Text(Some(text.into()))
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Content::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Content::Events(events) => events.ticks.poll_tick(context).map(|_| {
                let data = (events.next)()?;
                Some(Ok(Frame::data(data)))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Content::Text(None))
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Content::Text(Some(text)) => hyper::body::SizeHint::with_exact(text.len() as u64),
            Content::Text(None) => hyper::body::SizeHint::with_exact(0),
            Content::Events(_) => hyper::body::SizeHint::default(),
        }
    }
}
