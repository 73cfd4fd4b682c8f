//! What the gateway and a worker say to each other.
//!
//! A frame is its length (4 bytes, little endian), the number of the request (8 bytes), and the
//! message in postcard. Each request has one reply of the same number, in any order; `Cancel`,
//! `Close` and `Fault` have none.

use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use workroom_engine::sandbox::{Answer, ClockRead, Code, Kept, SandboxError, Setup, Turn};
use workroom_types::Limits;

/// The longest frame: a snapshot of the most memory that a user may set, and some more.
pub(crate) const FRAME_MAX: usize = (1 << 30) + (1 << 20);

/// Length and number.
pub(crate) const HEAD_LEN: usize = 12;

/// What the gateway asks. The first number is the guest's.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Makes a guest of a snapshot.
    Open(u32, Limits, Vec<u8>),
    /// Starts a run, in a fresh guest of these limits if there are any.
    Start(u32, Option<Limits>, Code, WireSetup),
    Resume(u32, Vec<Answer>, Vec<ClockRead>),
    Rejoin(u32, WireSetup),
    Abandon(u32),
    Keep(u32, Vec<String>, bool),
    /// Ends the turn that the request of this number began.
    Cancel(u32, u64),
    Close(u32),
    /// Makes a call to the kernel that the third wall refuses. For tests of that wall.
    Fault,
}

/// What a worker answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// The first frame, with number 0: `workroom_jail::Walls` as JSON.
    Hello(String),
    Opened(Result<(), SandboxError>),
    /// A turn, and whether the guest can have another one.
    Turn(Turn, bool),
    Kept(Result<Kept, SandboxError>),
    /// Done, and whether the guest is alive.
    Done(bool),
}

/// A [`Setup`] whose deadline is a time from now: the two processes have different clocks.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WireSetup {
    limits: Limits,
    left: Duration,
    seed: [u8; 32],
    clock: Vec<ClockRead>,
}

impl From<Setup> for WireSetup {
    fn from(setup: Setup) -> Self {
        let left = setup.deadline.saturating_duration_since(Instant::now());
        Self { limits: setup.limits, left, seed: setup.seed, clock: setup.clock }
    }
}

impl From<WireSetup> for Setup {
    fn from(wire: WireSetup) -> Self {
        // A day is above every limit; more might not be a time at all.
        let left = wire.left.min(Duration::from_secs(86_400));
        let deadline = Instant::now() + left;
        Self { limits: wire.limits, deadline, seed: wire.seed, clock: wire.clock }
    }
}

/// A frame, ready to be written.
pub(crate) fn frame(number: u64, message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; HEAD_LEN];
    bytes[4..].copy_from_slice(&number.to_le_bytes());
    let mut bytes = postcard::to_extend(message, bytes).map_err(io::Error::other)?;
    let len = bytes.len() - HEAD_LEN;
    if len > FRAME_MAX {
        return Err(io::Error::other(format!("a message of {len} bytes is too long")));
    }
    let len = u32::try_from(len).map_err(io::Error::other)?;
    bytes[..4].copy_from_slice(&len.to_le_bytes());
    Ok(bytes)
}

/// The length of a frame's message, and its number.
pub(crate) fn head(bytes: [u8; HEAD_LEN]) -> io::Result<(usize, u64)> {
    let [a, b, c, d, number @ ..] = bytes;
    let len = u32::from_le_bytes([a, b, c, d]) as usize;
    if len > FRAME_MAX {
        return Err(io::Error::other(format!("a message of {len} bytes is too long")));
    }
    Ok((len, u64::from_le_bytes(number)))
}

/// The message of a frame.
pub(crate) fn message<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    postcard::from_bytes(bytes).map_err(io::Error::other)
}

/// Reads one frame's number and message. `None` at the end of the stream.
pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<(u64, Vec<u8>)>> {
    let mut bytes = [0; HEAD_LEN];
    match from.read_exact(&mut bytes) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let (len, number) = head(bytes)?;
    let mut message = Vec::new();
    // Grows with what really comes: a length alone reserves nothing.
    if from.take(len as u64).read_to_end(&mut message)? != len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some((number, message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_and_a_broken_one_is_an_error() {
        let sound = frame(7, &Request::Keep(1, vec!["a".to_owned()], true)).unwrap();
        let (number, bytes) = read(&mut sound.as_slice()).unwrap().unwrap();
        assert_eq!(number, 7);
        assert!(
            matches!(message(&bytes).unwrap(), Request::Keep(1, names, true) if names == ["a"])
        );
        assert!(read(&mut [].as_slice()).unwrap().is_none());
        assert!(read(&mut &sound[..sound.len() - 1]).is_err());
        assert!(message::<Request>(&[200]).is_err());
        let too_long = u32::try_from(FRAME_MAX + 1).unwrap().to_le_bytes();
        let mut head = [0; HEAD_LEN];
        head[..4].copy_from_slice(&too_long);
        assert!(read(&mut head.as_slice()).is_err());
    }
}
