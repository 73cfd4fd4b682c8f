//! Server-sent events in a body, none of them longer than its bound.

use std::{fmt, future};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream::BoxStream};
use rmcp::transport::streamable_http_client::SseError;
use sse_stream::{Sse, SseStream};

/// Why a stream of events ended.
#[derive(Debug)]
enum Broken {
    Connection(reqwest::Error),
    TooLarge(usize),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(_) => f.write_str("the connection broke"),
            Self::TooLarge(most) => write!(f, "an event has more than {most} bytes"),
        }
    }
}

impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connection(error) => Some(error),
            Self::TooLarge(_) => None,
        }
    }
}

/// The events in `pieces`, none of them longer than `most`; one that is ends the stream, and is
/// noted by `too_large`.
pub(crate) fn events(
    pieces: impl Stream<Item = Result<Bytes, reqwest::Error>> + Send + 'static,
    most: usize,
    too_large: impl Fn() + Send + 'static,
) -> BoxStream<'static, Result<Sse, SseError>> {
    let mut event = EventSize::default();
    let checked = pieces.map(move |piece| match piece {
        Ok(piece) if event.add(&piece) > most => {
            too_large();
            Err(Broken::TooLarge(most))
        }
        piece => piece.map_err(Broken::Connection),
    });
    // What follows a failure is not read.
    let ended = checked.scan(false, |has_failed, piece: Result<Bytes, Broken>| {
        let goes_on = !std::mem::replace(has_failed, piece.is_err());
        future::ready(goes_on.then_some(piece))
    });
    SseStream::from_bytes_stream(ended).boxed()
}

/// The bytes since the last empty line.
#[derive(Debug, Default)]
struct EventSize {
    bytes: usize,
    line: usize,
    after_return: bool,
}

impl EventSize {
    /// Adds `piece`, and gives how long the longest event in it is by then.
    fn add(&mut self, piece: &[u8]) -> usize {
        let mut longest = 0;
        for byte in piece {
            let ends_pair = std::mem::replace(&mut self.after_return, *byte == b'\r');
            match byte {
                b'\n' if ends_pair => continue,
                b'\n' | b'\r' if self.line == 0 => self.bytes = 0,
                b'\n' | b'\r' => self.line = 0,
                _ => {
                    self.line += 1;
                    self.bytes += 1;
                }
            }
            longest = longest.max(self.bytes);
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pieces: &[&str], expected: usize) {
        let mut size = EventSize::default();
        let longest = pieces.iter().map(|piece| size.add(piece.as_bytes())).max();
        assert_eq!(longest, Some(expected), "{pieces:?}");
    }

    #[test]
    fn an_event_is_as_long_as_its_lines_up_to_an_empty_one() {
        check(&["data: 1\n\n", "data: 22\n\n"], 8);
        check(&["data: 1\ndata: 2\n\n"], 14);
        check(&["data: 1\r\ndata: 2\r\n\r\n"], 14);
        check(&["data: 1\r\rdata: 22"], 8);
        check(&["data: 1\r", "\ndata: 2\r", "\n\r", "\n:\n\n"], 14);
        check(&["\n\n\n"], 0);
    }

    #[tokio::test]
    async fn an_event_one_byte_too_long_ends_the_stream() {
        let told = |most| async move {
            let pieces = ["data: 12\n", "\ndata: 1\n\n"].map(|piece| Ok(Bytes::from(piece)));
            let (sender, told_of) = std::sync::mpsc::channel();
            let too_large = move || sender.send(()).unwrap();
            let read = events(futures::stream::iter(pieces), most, too_large);
            let told = read.map(|event| event.ok().and_then(|it| it.data)).collect::<Vec<_>>();
            (told.await, told_of.try_recv().is_ok())
        };
        assert_eq!(told(8).await, (vec![Some("12".to_owned()), Some("1".to_owned())], false));
        assert_eq!(told(7).await, (vec![None], true));
    }
}
