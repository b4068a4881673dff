//! A peer is heard the same however its bytes are cut, nothing is asked for that is already there, and
//! what was understood is written as it was read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mt::base::Rng;
use mt::wire::peer::{
    EXTENSION_HANDSHAKE_ID, ExtensionHandshake, Frame, FrameError, Handshake, HandshakeHead,
    LongKind, PIECE_HEAD_LEN_BYTES, frame, write_extended,
};

const CHUNK_LEN_BYTES_MAX: u32 = 40;

fuzz_target!(|data: &[u8]| {
    let Some((&[count, seed], stream)) = data.split_first_chunk() else {
        return;
    };
    let piece_count = (count > 0).then_some(u32::from(count));
    let messages = behind_handshake(stream);
    let (at_once, end) = hear_at_once(messages, piece_count);
    let mut listener = Listener::new(piece_count);
    let cut_end = chunks(messages, seed).try_for_each(|chunk| listener.hear(chunk));
    assert_eq!(listener.heard, at_once);
    assert_eq!(cut_end, end);
});

/// The stream itself where it begins with no handshake.
fn behind_handshake(stream: &[u8]) -> &[u8] {
    let Ok(Some(handshake)) = Handshake::parse(stream) else {
        let head = HandshakeHead::parse(stream);
        assert!(head.is_err() || stream.len() < Handshake::LEN_BYTES);
        return stream;
    };
    let name = handshake.peer_id.client_name();
    assert!(!name.contains(char::is_control));
    let (front, messages) = stream.split_at(Handshake::LEN_BYTES);
    assert_eq!(handshake.to_bytes(), front);
    for len in 0..front.len() {
        assert_eq!(Handshake::parse(&front[..len]), Ok(None));
    }
    messages
}

/// A frame and as much of its body as came.
type Heard = (Frame, Vec<u8>);

/// Everything in one piece: each message is read from the front of all that is left.
fn hear_at_once(mut rest: &[u8], piece_count: Option<u32>) -> (Vec<Heard>, Result<(), FrameError>) {
    let mut heard = Vec::new();
    loop {
        let frame = match frame(rest, piece_count) {
            Ok(Frame::NeedMore { min_bytes }) => {
                assert!(min_bytes > rest.len());
                return (heard, Ok(()));
            }
            Ok(frame) => frame,
            Err(error) => return (heard, Err(error)),
        };
        let (head_len_bytes, body_len_bytes) = lens_bytes(&frame);
        let (head, behind) = rest.split_at(head_len_bytes);
        let (body, behind) = behind.split_at(body_len_bytes.min(behind.len()));
        if body.len() == body_len_bytes {
            check_written(&frame, head, body);
        }
        heard.push((frame, body.to_vec()));
        rest = behind;
    }
}

fn lens_bytes(frame: &Frame) -> (usize, usize) {
    match frame {
        Frame::NeedMore { .. } => (0, 0),
        Frame::Message { len_bytes, .. } => (*len_bytes, 0),
        Frame::PieceHead(block) => (PIECE_HEAD_LEN_BYTES, block.len_bytes as usize),
        Frame::Long(long) => (long.head_len_bytes, long.body_len_bytes),
    }
}

fn check_written(frame: &Frame, head: &[u8], body: &[u8]) {
    let mut written = Vec::new();
    match frame {
        Frame::Message { message, .. } => {
            message.write(&mut written);
            assert_eq!(written, head);
        }
        Frame::Long(long) => {
            let whole = [head, body].concat();
            assert_eq!(long.body_of(&whole), Some(body));
            if let LongKind::Extended { extended_id } = long.kind {
                write_extended(extended_id, body, &mut written);
                assert_eq!(written, whole);
                check_extension_handshake(body);
            }
        }
        Frame::NeedMore { .. } | Frame::PieceHead(_) => {}
    }
}

fn check_extension_handshake(body: &[u8]) {
    let Ok(handshake) = ExtensionHandshake::parse(body) else {
        return;
    };
    let mut written = Vec::new();
    handshake.write(&mut written);
    assert_eq!(written[5], EXTENSION_HANDSHAKE_ID);
    let mut again = ExtensionHandshake::parse(&written[6..]).expect("our own handshake");
    let mut sorted = handshake.clone();
    sorted.ids.sort_unstable();
    again.ids.sort_unstable();
    assert_eq!(again, sorted);
    let name = handshake.client_name().unwrap_or_default();
    assert!(!name.contains(char::is_control));
}

fn chunks(mut rest: &[u8], seed: u8) -> impl Iterator<Item = &[u8]> {
    let mut rng = Rng::new(seed.into());
    std::iter::from_fn(move || {
        let len = 1 + rng.below(CHUNK_LEN_BYTES_MAX) as usize;
        let (chunk, behind) = rest.split_at(len.min(rest.len()));
        rest = behind;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// A connection that takes heads as soon as they are told, and bodies as they come.
struct Listener {
    piece_count: Option<u32>,
    front: Vec<u8>,
    min_bytes: usize,
    body_left_bytes: usize,
    heard: Vec<Heard>,
}

impl Listener {
    fn new(piece_count: Option<u32>) -> Self {
        Self {
            piece_count,
            front: Vec::new(),
            min_bytes: 0,
            body_left_bytes: 0,
            heard: Vec::new(),
        }
    }

    fn hear(&mut self, chunk: &[u8]) -> Result<(), FrameError> {
        self.front.extend_from_slice(chunk);
        loop {
            self.take_body();
            let frame = match frame(&self.front, self.piece_count)? {
                Frame::NeedMore { min_bytes } => {
                    assert!(min_bytes > self.front.len() && min_bytes >= self.min_bytes);
                    self.min_bytes = min_bytes;
                    return Ok(());
                }
                frame => frame,
            };
            assert!(self.front.len() >= self.min_bytes, "it asked for too much");
            self.min_bytes = 0;
            let (head_len_bytes, body_len_bytes) = lens_bytes(&frame);
            self.front.drain(..head_len_bytes);
            self.body_left_bytes = body_len_bytes;
            self.heard.push((frame, Vec::new()));
        }
    }

    fn take_body(&mut self) {
        let taken = self.front.len().min(self.body_left_bytes);
        self.body_left_bytes -= taken;
        if let Some((_, body)) = self.heard.last_mut() {
            body.extend(self.front.drain(..taken));
        }
    }
}
