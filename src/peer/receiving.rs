//! Reading what a peer says: what comes next, where it goes, and what it means.

use super::connection::Connection;
use super::event::{Event, Extensions, Fault};
use super::pipeline::Landing;
use crate::base::limits::{
    LOOK_AHEAD_BLOCKS_MAX, PEER_REQUESTS_MAX, PEER_WORDS_LEN_BYTES, WORDS_FOR_ALL_AGAIN,
};
use crate::base::{
    BLOCK_LEN_BYTES, Bitfield, Block, Instant, PieceIndex, PlaceId, PlaceRange, RecvPlan, RecvSpan,
};
use crate::wire::peer::{
    EXTENSION_HANDSHAKE_ID, ExtensionHandshake, Frame, LongKind, LongMessage, Message,
    PIECE_HEAD_LEN_BYTES, RawBlock, frame,
};

/// What the next bytes of the stream are.
#[derive(Debug, Default)]
pub(super) struct Receiving {
    state: State,
    /// The front of a message that is not there whole.
    front: Vec<u8>,
    /// How long that front has to be before it says more.
    front_min_bytes: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Words,
    /// The head of a block is there, and nobody has said yet where its bytes go.
    Undecided { block: Block },
    /// The rest of a block, and where it goes.
    Block { block: Block, rest: PlaceRange },
    /// Bytes of a block, or of a message, that nobody waits for.
    Away { left_bytes: usize, is_block: bool },
}

impl Receiving {
    /// The block that is coming to its place.
    pub(super) fn block(&self) -> Option<Block> {
        match self.state {
            State::Undecided { block } | State::Block { block, .. } => Some(block),
            _ => None,
        }
    }

    /// Whether the rest of something comes that nobody waits for.
    pub(super) fn is_throwing_away(&self) -> bool {
        matches!(self.state, State::Away { .. })
    }

    /// How many bytes may be asked for so that none of a block are among them.
    fn words_len_bytes(&self, may_bring_block: bool) -> usize {
        if may_bring_block || !self.front.is_empty() {
            let min_bytes = self.front_min_bytes.max(PIECE_HEAD_LEN_BYTES);
            min_bytes - self.front.len()
        } else {
            PEER_WORDS_LEN_BYTES
        }
    }
}

impl Connection {
    /// Where the next bytes go: to where the block that is coming lands, and then, as a guess, to
    /// where those land that were asked for behind it.
    ///
    /// Nothing goes to a place that `is_fresh` denies: the plan ends before it. It ends, too, where
    /// it fills the room that a limit leaves.
    pub fn recv_plan(
        &self,
        plan: &mut RecvPlan,
        room_bytes: usize,
        is_fresh: impl Fn(PlaceId) -> bool,
    ) {
        match self.next_span() {
            RecvSpan::Block(range) if !is_fresh(range.place) => return,
            RecvSpan::Scratch { len_bytes } => plan.scratch(len_bytes),
            RecvSpan::Discard { len_bytes } => plan.discard(len_bytes),
            RecvSpan::Block(range) => {
                plan.block(range);
            }
        }
        let mut needs_head = matches!(plan.spans(), [RecvSpan::Block(_)]);
        if !needs_head && !self.receiving.front.is_empty() {
            return;
        }
        if let [RecvSpan::Discard { .. }] = plan.spans() {
            return;
        }
        for asked in self.pipeline.iter().take(self.look_ahead) {
            let Landing::Leased(range) = asked.landing else {
                return;
            };
            let is_full = plan.room() < 2 || plan.len_bytes() >= room_bytes;
            if is_full || !is_fresh(range.place) {
                return;
            }
            if needs_head {
                plan.scratch(PIECE_HEAD_LEN_BYTES);
            }
            plan.block(range);
            needs_head = true;
        }
    }

    /// The first span of a plan that was made now.
    pub fn next_span(&self) -> RecvSpan {
        match self.receiving.state {
            State::Words => RecvSpan::Scratch {
                len_bytes: self.receiving.words_len_bytes(!self.pipeline.is_empty()),
            },
            // Decided before anybody asks; if not, a byte at a time does no harm.
            State::Undecided { .. } => RecvSpan::Scratch { len_bytes: 0 },
            State::Block { rest, .. } => RecvSpan::Block(rest),
            State::Away { left_bytes, .. } => RecvSpan::Discard {
                len_bytes: left_bytes,
            },
        }
    }

    /// Says where the block goes that [`Event::BlockBegins`] announced.
    pub fn land(&mut self, range: PlaceRange) {
        if let State::Undecided { block } = self.receiving.state {
            assert_eq!(range.len_bytes, block.len_bytes(), "the whole block");
            self.receiving.state = State::Block { block, rest: range };
        }
    }

    /// Says that nobody waits for the rest of the block that is coming.
    pub fn throw_away(&mut self) {
        let left_bytes = match self.receiving.state {
            State::Undecided { block } => block.len_bytes(),
            State::Block { rest, .. } => rest.len_bytes,
            _ => return,
        };
        self.receiving.state = State::Away {
            left_bytes: left_bytes as usize,
            is_block: true,
        };
    }

    /// Bytes of the block that is coming are in their place.
    pub fn landed(&mut self, now: Instant, len_bytes: usize) -> Option<Event> {
        self.last_received = now;
        self.last_block = now;
        let State::Block { block, rest } = self.receiving.state else {
            return None;
        };
        let landed_bytes = u32::try_from(len_bytes).unwrap_or(u32::MAX);
        self.downloaded_bytes += u64::from(landed_bytes);
        let rest = rest.after(landed_bytes);
        if rest.len_bytes > 0 {
            self.receiving.state = State::Block { block, rest };
            return None;
        }
        self.receiving.state = State::Words;
        self.look_ahead = (self.look_ahead + 1).min(LOOK_AHEAD_BLOCKS_MAX);
        self.pipeline.came(now, block.len_bytes());
        self.patience.bears_one_answer_more();
        Some(Event::BlockLanded(block))
    }

    /// Bytes that nobody waits for are gone.
    pub fn discarded(&mut self, now: Instant, len_bytes: usize) -> Option<Event> {
        self.last_received = now;
        let State::Away {
            left_bytes,
            is_block,
        } = &mut self.receiving.state
        else {
            return None;
        };
        let is_block = *is_block;
        *left_bytes = left_bytes.saturating_sub(len_bytes);
        if *left_bytes == 0 {
            self.receiving.state = State::Words;
        }
        if !is_block || len_bytes == 0 {
            return None;
        }
        self.downloaded_bytes += len_bytes as u64;
        let len_bytes = u32::try_from(len_bytes).unwrap_or(u32::MAX);
        Some(Event::ThrownAway(len_bytes))
    }

    /// Takes the next message off the front of what was received; `None` when there is no whole
    /// one left.
    pub fn next_event(&mut self, now: Instant, bytes: &mut &[u8]) -> Result<Option<Event>, Fault> {
        self.last_received = now;
        loop {
            match self.receiving.state {
                State::Words => {}
                State::Away { left_bytes, .. } => {
                    let len_bytes = left_bytes.min(bytes.len());
                    *bytes = &bytes[len_bytes..];
                    if let Some(event) = self.discarded(now, len_bytes) {
                        return Ok(Some(event));
                    }
                }
                // Nothing was asked for when room was made for so many words.
                _ if !bytes.is_empty() => return Err(Fault::AnswersUnasked),
                _ => return Ok(None),
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            if let Some(event) = self.take_frame(now, bytes)? {
                return Ok(Some(event));
            }
        }
    }

    /// Reads one message, or takes what there is of it.
    fn take_frame(&mut self, now: Instant, bytes: &mut &[u8]) -> Result<Option<Event>, Fault> {
        let mut front = std::mem::take(&mut self.receiving.front);
        let is_in_place = front.is_empty();
        if !is_in_place {
            let missing = self.receiving.front_min_bytes.saturating_sub(front.len());
            let (more, rest) = bytes.split_at(missing.min(bytes.len()));
            front.extend_from_slice(more);
            *bytes = rest;
        }
        let message = if is_in_place { *bytes } else { &front };
        let (taken_bytes, event) = match self.read(now, message)? {
            Read::Needs(min_bytes) => {
                if is_in_place {
                    front.extend_from_slice(bytes);
                    *bytes = &[];
                }
                self.receiving.front_min_bytes = min_bytes;
                self.receiving.front = front;
                return Ok(None);
            }
            Read::Took(taken_bytes, event) => (taken_bytes, event),
        };
        if is_in_place {
            *bytes = &bytes[taken_bytes..];
        } else {
            assert_eq!(taken_bytes, front.len(), "no more than the message is kept");
            front.clear();
            self.receiving.front = front;
        }
        self.receiving.front_min_bytes = 0;
        Ok(event)
    }

    fn read(&mut self, now: Instant, received: &[u8]) -> Result<Read, Fault> {
        let piece_count = self.geometry.piece_count();
        Ok(match frame(received, Some(piece_count))? {
            Frame::NeedMore { min_bytes } => Read::Needs(min_bytes),
            Frame::Message { len_bytes, message } => {
                self.guess_failed();
                self.patience.heard(now, 1)?;
                Read::Took(len_bytes, self.hear(now, message)?)
            }
            Frame::PieceHead(block) => {
                Read::Took(PIECE_HEAD_LEN_BYTES, self.begin_block(now, block)?)
            }
            Frame::Long(message) => self.read_long(now, &message, received)?,
        })
    }

    fn read_long(
        &mut self,
        now: Instant,
        message: &LongMessage,
        received: &[u8],
    ) -> Result<Read, Fault> {
        let is_heard = match message.kind {
            LongKind::Bitfield => true,
            LongKind::Extended { extended_id } => extended_id == EXTENSION_HANDSHAKE_ID,
            _ => false,
        };
        // A long message counts for as many as it is worth blocks.
        let words = 1 + message.body_len_bytes / BLOCK_LEN_BYTES as usize;
        let words = u32::try_from(words).unwrap_or(u32::MAX);
        if !is_heard {
            self.patience.heard(now, words)?;
            self.receiving.state = State::Away {
                left_bytes: message.body_len_bytes,
                is_block: false,
            };
            return Ok(Read::Took(message.head_len_bytes, None));
        }
        let Some(body) = message.body_of(received) else {
            return Ok(Read::Needs(message.len_bytes()));
        };
        self.patience.heard(now, words)?;
        let event = match message.kind {
            LongKind::Bitfield => {
                self.tells_all(now)?;
                let has = Bitfield::from_wire(body, self.geometry.piece_count())?;
                Some(Event::HasSome(has))
            }
            // What cannot be read of it does not matter: it is an offer.
            _ => self.hear_extensions(body),
        };
        Ok(Read::Took(message.len_bytes(), event))
    }

    fn hear_extensions(&mut self, body: &[u8]) -> Option<Event> {
        let said = ExtensionHandshake::parse(body).ok()?;
        if let Some(requests_max) = said.requests_max {
            self.set_request_limit(requests_max);
        }
        Some(Event::Extends(Extensions {
            listen_port: said.listen_port,
            is_upload_only: said.is_upload_only.unwrap_or(false),
        }))
    }

    /// Something else came than a block. Where that happens often, guesses cost more than they
    /// save, so they get shorter, and longer again with every block that lands.
    fn guess_failed(&mut self) {
        if !self.pipeline.is_empty() {
            self.look_ahead = (self.look_ahead / 2).max(1);
        }
    }

    fn begin_block(&mut self, now: Instant, raw: RawBlock) -> Result<Option<Event>, Fault> {
        let asked = raw
            .within(&self.geometry)
            .and_then(|block| self.pipeline.take(block));
        let Some(asked) = asked else {
            self.patience.answered_nothing()?;
            self.receiving.state = State::Away {
                left_bytes: raw.len_bytes as usize,
                is_block: true,
            };
            return Ok(None);
        };
        self.pipeline.answered(now, asked.at);
        self.last_block = now;
        self.block_began = now;
        let block = asked.block;
        self.receiving.state = State::Undecided { block };
        Ok(Some(Event::BlockBegins {
            block,
            landing: asked.landing,
        }))
    }

    fn hear(&mut self, now: Instant, message: Message) -> Result<Option<Event>, Fault> {
        Ok(Some(match message {
            Message::Choke => {
                self.is_choking_us = true;
                let given_back = if self.speaks_fast() {
                    Vec::new()
                } else {
                    self.pipeline.take_all().collect()
                };
                Event::Choked(given_back)
            }
            Message::Unchoke => {
                self.is_choking_us = false;
                self.last_block = now;
                Event::Unchoked
            }
            Message::Interested => {
                self.is_interested = true;
                Event::Interested
            }
            Message::NotInterested => {
                self.is_interested = false;
                Event::NotInterested
            }
            Message::Have { piece_index } => {
                self.has_told_pieces = true;
                Event::Has(self.piece(piece_index)?)
            }
            Message::Request(block) => return self.hear_request(block),
            Message::Cancel(block) => return Ok(block.within(&self.geometry).map(Event::Cancels)),
            Message::HaveAll => {
                self.needs_fast()?;
                self.tells_all(now)?;
                Event::HasAll
            }
            Message::HaveNone => {
                self.needs_fast()?;
                self.tells_all(now)?;
                Event::HasSome(Bitfield::none(self.geometry.piece_count()))
            }
            Message::RejectRequest(block) => return self.hear_refusal(block),
            Message::AllowedFast { piece_index } => {
                self.needs_fast()?;
                // A peer may know the torrent before it knows how many pieces it has.
                return Ok(self.geometry.piece(piece_index).map(Event::AllowsFast));
            }
            Message::KeepAlive | Message::Port(_) | Message::SuggestPiece { .. } => {
                return Ok(None);
            }
        }))
    }

    fn hear_request(&mut self, raw: RawBlock) -> Result<Option<Event>, Fault> {
        let Some(block) = raw.within(&self.geometry) else {
            self.piece(raw.piece_index)?;
            return Err(if raw.len_bytes > self.geometry.piece_len_bytes() {
                Fault::RequestTooLong(raw.len_bytes)
            } else {
                Fault::NoSuchBytes(raw.piece_index)
            });
        };
        if self.uploads.len() < PEER_REQUESTS_MAX as usize && !self.uploads.contains(block) {
            return Ok(Some(Event::Requests(block)));
        }
        self.refuse(block);
        Ok(None)
    }

    fn hear_refusal(&mut self, raw: RawBlock) -> Result<Option<Event>, Fault> {
        self.needs_fast()?;
        let block = raw.within(&self.geometry);
        let asked = block.and_then(|block| self.pipeline.take(block));
        if asked.is_none() {
            self.patience.answered_nothing()?;
        }
        Ok(asked.map(Event::Refuses))
    }

    /// It says all that it has. Some programs say so again instead of telling of many pieces one by
    /// one; it costs as much as there are pieces, so it counts for many messages.
    fn tells_all(&mut self, now: Instant) -> Result<(), Fault> {
        if std::mem::replace(&mut self.has_told_pieces, true) {
            self.patience.heard(now, WORDS_FOR_ALL_AGAIN)?;
        }
        Ok(())
    }

    fn piece(&self, index: u32) -> Result<PieceIndex, Fault> {
        self.geometry.piece(index).ok_or(Fault::NoSuchPiece(index))
    }

    fn needs_fast(&self) -> Result<(), Fault> {
        if self.speaks_fast() {
            Ok(())
        } else {
            Err(Fault::FastUnasked)
        }
    }
}

/// What came of the front of a message.
enum Read {
    /// Nothing, before this many bytes are there.
    Needs(usize),
    /// So many bytes were read, and this is what they say.
    Took(usize, Option<Event>),
}
