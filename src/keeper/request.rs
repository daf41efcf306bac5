//! What processes ask the keeper, as JSON: `[number, {"name": [arguments]}]`. Values stay the text that they came as.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How much a store may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bounds {
    pub max_entries: Option<usize>,
    /// Of keys, values and [`super::store::OVERHEAD`], in bytes.
    pub max_bytes: usize,
    /// How long an entry lives if nothing else is said, in milliseconds; 0 for ever.
    pub ttl: u64,
    /// Whether what has not been used for longest makes room; otherwise what is new is refused.
    pub evicts: bool,
}

/// How long an entry lives, in milliseconds: 0 for ever, `None` as its store says.
pub type TimeToLive = Option<u64>;

/// What is asked. Stores have numbers: those in which the process that asks has opened them, from 0.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Request<'a> {
    /// A store by its name; bounds that are given are its bounds from now on.
    Open(#[serde(borrow)] Cow<'a, str>, Option<Bounds>),
    /// Other bounds for a store that is open.
    Bound(usize, Bounds),
    Get(usize, #[serde(borrow)] Cow<'a, str>),
    GetMany(usize, #[serde(borrow)] Vec<Cow<'a, str>>),
    Has(usize, #[serde(borrow)] Cow<'a, str>),
    /// For how many milliseconds an entry still lives.
    Ttl(usize, #[serde(borrow)] Cow<'a, str>),
    Set(
        usize,
        #[serde(borrow)] Cow<'a, str>,
        #[serde(borrow)] &'a RawValue,
        TimeToLive,
    ),
    /// Only if there is none.
    Add(
        usize,
        #[serde(borrow)] Cow<'a, str>,
        #[serde(borrow)] &'a RawValue,
        TimeToLive,
    ),
    /// Adds to a whole number; the time counts where there was none.
    Incr(usize, #[serde(borrow)] Cow<'a, str>, i64, TimeToLive),
    /// Only if the value is the first of the two; `[]` stands for none, `[value]` for a value.
    CompareAndSet(
        usize,
        #[serde(borrow)] Cow<'a, str>,
        #[serde(borrow)] Vec<&'a RawValue>,
        #[serde(borrow)] Vec<&'a RawValue>,
        TimeToLive,
    ),
    /// Lets an entry live for longer, or shorter.
    Touch(usize, #[serde(borrow)] Cow<'a, str>, TimeToLive),
    Delete(usize, #[serde(borrow)] Cow<'a, str>),
    Size(usize),
    Clear(usize),
    Keys(usize, #[serde(borrow)] Cow<'a, str>),
    /// What becomes of the entries whose keys begin so, from now on; answered with the number of the watch.
    Watch(usize, #[serde(borrow)] Cow<'a, str>),
    Unwatch(u64),
    /// Name, for how many milliseconds it may be held (0: until it is given back), and for how many to wait for it (none: for
    /// as long as it takes). Answered with its fence, or `null`.
    Lock(#[serde(borrow)] Cow<'a, str>, u64, Option<u64>),
    Unlock(#[serde(borrow)] Cow<'a, str>, u64),
    /// Does not wait any more for the lock that was asked for with this number.
    Forget(u64),
    /// Answered with how many processes it goes to.
    Publish(#[serde(borrow)] Cow<'a, str>, #[serde(borrow)] &'a RawValue),
    Subscribe(#[serde(borrow)] Cow<'a, str>),
    Unsubscribe(#[serde(borrow)] Cow<'a, str>),
}

/// What is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonsense;

/// How far the requests of a frame have been read: one at a time, since those that are not done yet may have to wait.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place(usize);

impl Place {
    /// The next request in this payload and its number; `None` after the last.
    pub fn next<'a>(&mut self, payload: &'a [u8]) -> Result<Option<(u64, Request<'a>)>, Nonsense> {
        let mark = payload.get(self.0).ok_or(Nonsense)?;
        match (mark, self.0) {
            (b'[', 0) | (b',', 1..) => {}
            (b']', 1..) if self.0 + 1 == payload.len() => return Ok(None),
            _ => return Err(Nonsense),
        }
        let rest = payload.get(self.0 + 1..).ok_or(Nonsense)?;
        let mut requests = serde_json::Deserializer::from_slice(rest).into_iter();
        let Some(Ok(request)) = requests.next() else {
            return Err(Nonsense);
        };
        self.0 += 1 + requests.byte_offset();
        Ok(Some(request))
    }

    /// The requests of this payload that have not been read, as a payload of their own; `None` if there are none.
    pub fn rest(&self, payload: &[u8]) -> Option<Vec<u8>> {
        match payload.get(self.0..)? {
            [b',', rest @ ..] if self.0 > 0 => Some([b"[", rest].concat()),
            [b'[', ..] if self.0 == 0 => Some(payload.to_vec()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(payload: &[u8]) -> Option<Vec<(u64, Request<'_>)>> {
        let mut place = Place::default();
        std::iter::from_fn(|| place.next(payload).transpose())
            .collect::<Result<_, _>>()
            .ok()
    }

    #[test]
    fn requests_are_read_and_values_stay_text() {
        let payload = br#"[[1,{"open":["a",{"maxBytes":9,"ttl":0,"evicts":true}]}],[2,{"set":[0,"k\n",{"b" : 1},null]}]]"#;
        let requests = parse(payload).unwrap();
        let Request::Open(name, Some(bounds)) = &requests[0].1 else {
            panic!("{requests:?}");
        };
        assert_eq!(
            (&**name, bounds.max_entries, bounds.max_bytes),
            ("a", None, 9)
        );
        let Request::Set(0, key, value, None) = &requests[1].1 else {
            panic!("{requests:?}");
        };
        assert_eq!((&**key, value.get()), ("k\n", r#"{"b" : 1}"#));
    }

    #[test]
    fn what_is_no_request_is_none() {
        for text in [
            "",
            "{}",
            "[1]",
            "[[1,{\"eat\":[]}]]",
            "[[1,{\"get\":[-1,\"\"]}]]",
            "[[1,{\"size\":0}]",
            "[[1,{\"size\":0}]]]",
            "[[1,{\"size\":0}][2,{\"size\":0}]]",
            "[[1,{\"size\":0}],]",
            ",[1,{\"size\":0}]]",
        ] {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
