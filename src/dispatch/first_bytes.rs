//! What a client is recognised by: its address, or something in the first bytes of its request.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use percent_encoding::percent_decode;

use super::Key;

/// How many bytes of a request are looked at. What is not in them, is not looked for.
pub(super) const LOOKED_AT: usize = 8192;
/// How many headers a request usually has at most, and how many fit into the bytes that are looked at.
const USUAL_HEADERS: usize = 64;
const MOST_HEADERS: usize = LOOKED_AT / 4;

/// By what a client is recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StickyBy {
    /// The address that the connection comes from.
    #[default]
    Address,
    /// The value of a header of its first HTTP request.
    Header(String),
    /// The value of a cookie in its first HTTP request.
    Cookie(String),
    /// The value of a parameter in the URL of its first HTTP request.
    Query(String),
}

impl StickyBy {
    /// From `ip`, `header:NAME`, `cookie:NAME` or `query:NAME`.
    pub fn parse(text: &str) -> Option<StickyBy> {
        if text == "ip" {
            return Some(StickyBy::Address);
        }
        let (kind, name) = text.split_once(':')?;
        let name = Some(name.to_owned()).filter(|name| !name.is_empty())?;
        match kind {
            "header" => Some(StickyBy::Header(name)),
            "cookie" => Some(StickyBy::Cookie(name)),
            "query" => Some(StickyBy::Query(name)),
            _ => None,
        }
    }

    /// Whether it is something that a server itself gives to its clients.
    pub(super) fn is_given_out(&self) -> bool {
        matches!(self, StickyBy::Cookie(_) | StickyBy::Query(_))
    }

    /// Looks into the first bytes of a connection.
    pub(super) fn look(&self, bytes: &[u8]) -> Seen {
        let mut usual = [httparse::EMPTY_HEADER; USUAL_HEADERS];
        match self.look_with(bytes, &mut usual) {
            Err(httparse::Error::TooManyHeaders) => {
                let mut most = vec![httparse::EMPTY_HEADER; MOST_HEADERS];
                self.look_with(bytes, &mut most)
            }
            look => look,
        }
        .unwrap_or(Seen::Absent)
    }

    /// Of a value as it was before somebody put it into a URL.
    fn key_of(&self, value: &[u8]) -> Key {
        match self {
            StickyBy::Query(_) => Key::of(&percent_decode(value).collect::<Vec<u8>>()),
            _ => Key::of(value),
        }
    }

    fn look_with<'b>(
        &self,
        bytes: &'b [u8],
        headers: &mut [httparse::Header<'b>],
    ) -> Result<Seen, httparse::Error> {
        let mut request = httparse::Request::new(headers);
        let is_complete = request.parse(bytes)?.is_complete();
        let found = match self {
            StickyBy::Address => None,
            StickyBy::Header(name) => header(&request, name).next(),
            StickyBy::Cookie(name) => {
                header(&request, "cookie").find_map(|cookies| pair(cookies, b';', name))
            }
            StickyBy::Query(name) => request
                .path
                .and_then(|path| path.split_once('?'))
                .and_then(|(_, query)| pair(query.as_bytes(), b'&', name)),
        };
        Ok(match found {
            Some(value) if !value.is_empty() => Seen::Found(self.key_of(value)),
            _ if is_complete || bytes.len() >= LOOKED_AT => Seen::Absent,
            _ => Seen::Incomplete,
        })
    }
}

/// What a look has shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Found(Key),
    /// It is not there, or this is not HTTP.
    Absent,
    /// It may be in the bytes that follow.
    Incomplete,
}

impl Key {
    /// The same in each process that has this binary.
    pub fn of(value: &[u8]) -> Key {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        Key(hasher.finish())
    }

    /// Of a client that is known by where it comes from only.
    pub(super) fn of_address(address: IpAddr) -> Key {
        match address.to_canonical() {
            IpAddr::V4(address) => Key::of(&address.octets()),
            IpAddr::V6(address) => Key::of(&address.octets()),
        }
    }
}

fn header<'b>(request: &httparse::Request<'_, 'b>, name: &str) -> impl Iterator<Item = &'b [u8]> {
    // Headers that have not been read yet are empty at the end.
    request
        .headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value)
}

/// The value of `name` in a list of `name=value`.
fn pair<'b>(list: &'b [u8], separator: u8, name: &str) -> Option<&'b [u8]> {
    list.split(|byte| *byte == separator).find_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = pair.split_at(at);
        (key.trim_ascii() == name.as_bytes()).then(|| value[1..].trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REQUEST: &[u8] = b"GET /socket.io/?EIO=4&transport=polling&sid=abc HTTP/1.1\r\n\
        Host: here\r\nX-User: 17\r\nCookie: a=1; session=xyz\r\n\r\n";

    fn by(text: &str) -> StickyBy {
        StickyBy::parse(text).unwrap()
    }

    #[test]
    fn names_are_read() {
        assert_eq!(by("ip"), StickyBy::Address);
        assert_eq!(by("cookie:a:b"), StickyBy::Cookie("a:b".into()));
        for wrong in ["", "cookie", "cookie:", "IP", "body:x"] {
            assert_eq!(StickyBy::parse(wrong), None);
        }
    }

    #[test]
    fn each_source_is_found() {
        for (name, value) in [
            ("query:sid", "abc"),
            ("query:EIO", "4"),
            ("header:x-user", "17"),
            ("cookie:session", "xyz"),
            ("cookie:a", "1"),
        ] {
            let found = Seen::Found(Key::of(value.as_bytes()));
            assert_eq!(by(name).look(REQUEST), found, "{name}");
        }
        for name in ["query:id", "header:user", "cookie:sessio", "query:session"] {
            assert_eq!(by(name).look(REQUEST), Seen::Absent, "{name}");
        }
    }

    #[test]
    fn what_a_url_has_escaped_is_the_same() {
        let of = |sid: &str| {
            by("query:sid").look(format!("GET /?sid={sid} HTTP/1.1\r\n\r\n").as_bytes())
        };
        assert_eq!(of("a%2Bb%2fc%3D%3D"), Seen::Found(Key::of(b"a+b/c==")));
        assert_eq!(of("a+b/c=="), Seen::Found(Key::of(b"a+b/c==")));
        assert_eq!(of("100%"), Seen::Found(Key::of(b"100%")));
    }

    #[test]
    fn it_is_found_among_many_headers() {
        let request = format!(
            "GET / HTTP/1.1\r\n{}Cookie: a=1\r\n\r\n",
            "A: b\r\n".repeat(1000)
        );
        assert_eq!(
            by("cookie:a").look(request.as_bytes()),
            Seen::Found(Key::of(b"1"))
        );
    }

    #[test]
    fn what_is_no_http_has_nothing() {
        assert_eq!(by("query:sid").look(b"\x16\x03\x01\x02"), Seen::Absent);
        assert_eq!(by("query:sid").look(&[b'G'; LOOKED_AT]), Seen::Absent);
        assert_eq!(by("query:sid").look(b""), Seen::Incomplete);
    }

    #[test]
    fn an_address_is_the_same_by_either_family() {
        let key = |text: &str| Key::of_address(text.parse().unwrap());
        assert_eq!(key("10.0.0.1"), key("::ffff:10.0.0.1"));
        assert_ne!(key("10.0.0.1"), key("10.0.0.2"));
    }

    proptest! {
        #[test]
        fn a_request_in_pieces_is_waited_for(end in 0..REQUEST.len()) {
            for name in ["query:sid", "header:x-user", "cookie:session"] {
                let whole = by(name).look(REQUEST);
                let look = by(name).look(&REQUEST[..end]);
                prop_assert!(look == Seen::Incomplete || look == whole, "{name} {look:?}");
            }
        }

        #[test]
        fn any_bytes_are_looked_at(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            by("query:a").look(&bytes);
            by("cookie:a").look(&bytes);
        }
    }
}
