//! What is known of a connection, and what is queued to be said on it.

use std::time::Duration;

use super::event::Fault;
use super::grants::Grants;
use super::patience::Patience;
use super::pipeline::{Asked, Landing, Pipeline};
use super::receiving::Receiving;
use super::uploads::Uploads;
use crate::base::limits::{LOOK_AHEAD_BLOCKS_MAX, OUTBOX_LEN_BYTES_MAX, PEER_REQUESTS_DEFAULT};
use crate::base::{Bitfield, Block, Geometry, Instant, PieceIndex, PlaceId, PlaceRange, SendPlan};
use crate::wire::peer::{
    Capabilities, ExtensionHandshake, Message, cancel_bytes, reject_bytes, request_bytes,
    write_bitfield,
};

/// Something is said at least this often.
const KEEP_ALIVE: Duration = Duration::from_secs(100);

/// A peer that says nothing at all for this long is gone: they keep alive every two minutes.
const SILENCE_MAX: Duration = Duration::from_secs(180);

/// A peer that reads nothing of what waits for it for this long is of no use.
const UNREAD_MAX: Duration = Duration::from_secs(120);

/// A connection to a peer, from behind the handshakes on.
#[derive(Debug)]
pub struct Connection {
    pub(super) geometry: Geometry,
    pub(super) capabilities: Capabilities,
    pub(super) receiving: Receiving,
    pub(super) pipeline: Pipeline,
    pub(super) uploads: Uploads,
    pub(super) patience: Patience,
    grants: Grants,
    /// How many blocks a receive plan guesses ahead.
    pub(super) look_ahead: usize,
    /// How many requests the peer takes.
    pub(super) peer_limit: u32,
    outbox: Vec<u8>,
    outbox_sent_bytes: usize,
    pub(super) is_choked_by_us: bool,
    pub(super) is_choking_us: bool,
    pub(super) is_interested: bool,
    is_interesting: bool,
    pub(super) last_received: Instant,
    last_sent: Instant,
    /// When the last bytes of a block came, or the first request was made behind them.
    pub(super) last_block: Instant,
    /// When the block began that is coming.
    pub(super) block_began: Instant,
    /// It said what it has, or that it has one more.
    pub(super) has_told_pieces: bool,
    pub(super) downloaded_bytes: u64,
    uploaded_bytes: u64,
}

impl Connection {
    /// A connection on which both handshakes were exchanged; `capabilities` are those of both
    /// sides, and `unsent` is what of our own handshake has not gone yet.
    pub fn new(
        now: Instant,
        geometry: Geometry,
        capabilities: Capabilities,
        unsent: &[u8],
    ) -> Self {
        Self {
            geometry,
            capabilities,
            receiving: Receiving::default(),
            pipeline: Pipeline::new(),
            uploads: Uploads::default(),
            patience: Patience::new(),
            grants: Grants::default(),
            look_ahead: LOOK_AHEAD_BLOCKS_MAX,
            peer_limit: PEER_REQUESTS_DEFAULT,
            outbox: unsent.to_vec(),
            outbox_sent_bytes: 0,
            is_choked_by_us: true,
            is_choking_us: true,
            is_interested: false,
            is_interesting: false,
            last_received: now,
            last_sent: now,
            last_block: now,
            block_began: now,
            has_told_pieces: false,
            downloaded_bytes: 0,
            uploaded_bytes: 0,
        }
    }

    pub fn is_choked_by_us(&self) -> bool {
        self.is_choked_by_us
    }

    pub fn is_choking_us(&self) -> bool {
        self.is_choking_us
    }

    /// Whether it wants something of us.
    pub fn is_interested(&self) -> bool {
        self.is_interested
    }

    /// Whether we want something of it.
    pub fn is_interesting(&self) -> bool {
        self.is_interesting
    }

    pub fn speaks_fast(&self) -> bool {
        self.capabilities.has(Capabilities::FAST)
    }

    pub fn speaks_extensions(&self) -> bool {
        self.capabilities.has(Capabilities::EXTENSIONS)
    }

    /// Bytes of blocks that came, those that were thrown away included.
    pub fn downloaded_bytes(&self) -> u64 {
        self.downloaded_bytes
    }

    /// Bytes of blocks that went.
    pub fn uploaded_bytes(&self) -> u64 {
        self.uploaded_bytes
    }

    /// How many more blocks may be asked of it now.
    pub fn request_room(&self) -> u32 {
        self.pipeline.room(self.peer_limit)
    }

    /// How many requests should stand with it.
    pub fn pipeline_depth(&self) -> u32 {
        self.pipeline.depth().min(self.peer_limit)
    }

    /// What was asked of it and did not begin to come yet.
    pub fn asked(&self) -> impl Iterator<Item = &Asked> {
        self.pipeline.iter()
    }

    /// Requests that it has not answered, the one that is coming included.
    pub fn standing_requests(&self) -> usize {
        self.pipeline.len() + usize::from(self.receiving.block().is_some())
    }

    /// The block that is coming.
    pub fn landing_block(&self) -> Option<Block> {
        self.receiving.block()
    }

    /// For how long it owes blocks and sends none.
    pub fn stalled_for(&self, now: Instant) -> Duration {
        if self.standing_requests() == 0 {
            return Duration::ZERO;
        }
        now - self.last_block
    }

    /// For how long the block is coming that is coming.
    pub fn landing_for(&self, now: Instant) -> Duration {
        match self.receiving.block() {
            Some(_) => now - self.block_began,
            None => Duration::ZERO,
        }
    }

    /// Whether nothing is asked of it, and nothing of a block is coming that nobody waits for.
    pub fn is_clear(&self) -> bool {
        self.standing_requests() == 0 && !self.receiving.is_throwing_away()
    }

    /// How many blocks it waits for.
    pub fn waiting_uploads(&self) -> usize {
        self.uploads.len()
    }

    /// Which of the next `count` blocks that it waits for have no place yet.
    pub fn uploads_without_place(&self, count: usize) -> impl Iterator<Item = Block> {
        self.uploads.without_place(count)
    }

    /// Where the blocks lie that it waits for and that are in memory; a place may be told of often.
    pub fn upload_places(&self) -> impl Iterator<Item = PlaceId> {
        self.uploads.places()
    }

    /// Where a block lies that it waits for; false where it does not wait for it.
    pub fn put_upload(&mut self, block: Block, range: PlaceRange) -> bool {
        self.uploads.put(block, range)
    }

    /// Takes a place away from the blocks that were to be sent from it, but for one that was begun;
    /// says from how many.
    pub fn take_upload_place(&mut self, place: PlaceId) -> usize {
        self.uploads.take_place(place)
    }

    /// Takes their places away from all blocks that it waits for but the first.
    pub fn keep_first_upload_place(&mut self) -> Vec<PlaceRange> {
        self.uploads.keep_first_place()
    }

    pub fn set_request_limit(&mut self, requests: u32) {
        self.peer_limit = requests.max(1);
    }

    /// Tells what we have, as the first message.
    pub fn tell_pieces(&mut self, have: &Bitfield) {
        if self.speaks_fast() && have.is_full() {
            self.say(Message::HaveAll);
        } else if self.speaks_fast() && have.is_empty() {
            self.say(Message::HaveNone);
        } else if !have.is_empty() {
            write_bitfield(have, &mut self.outbox);
        }
    }

    pub fn tell_have(&mut self, piece: PieceIndex) {
        self.say(Message::Have {
            piece_index: piece.get(),
        });
    }

    /// A handshake of the extension protocol.
    pub fn tell_extensions(&mut self, handshake: &ExtensionHandshake<'_>) {
        if self.speaks_extensions() {
            handshake.write(&mut self.outbox);
        }
    }

    pub fn set_interesting(&mut self, is_interesting: bool) {
        if self.is_interesting != is_interesting {
            self.is_interesting = is_interesting;
            self.say(if is_interesting {
                Message::Interested
            } else {
                Message::NotInterested
            });
        }
    }

    pub fn unchoke(&mut self) {
        if std::mem::take(&mut self.is_choked_by_us) {
            self.say(Message::Unchoke);
        }
    }

    /// The last thing it said was of use: not everything is known here that decides that.
    pub fn was_of_use(&mut self) {
        self.patience.was_of_use();
    }

    /// Tells it what it may ask for even while it is choked, once.
    pub fn allow_fast(&mut self, pieces: Vec<PieceIndex>) {
        if !self.speaks_fast() || self.grants.is_any() {
            return;
        }
        for piece in &pieces {
            let piece_index = piece.get();
            self.say(Message::AllowedFast { piece_index });
        }
        self.grants = Grants::of(pieces, &self.geometry);
    }

    /// Whether it may have a block though it is choked; it may so often.
    pub fn takes_fast(&mut self, block: Block) -> bool {
        self.grants.take(block)
    }

    /// Chokes it, and gives back what it waits for, has not begun to get and may not ask for while it
    /// is choked.
    pub fn choke(&mut self) -> Vec<PlaceRange> {
        if self.is_choked_by_us {
            return Vec::new();
        }
        self.is_choked_by_us = true;
        self.say(Message::Choke);
        let grants = &self.grants;
        let dropped = self.uploads.cancel_all_but(|block| grants.holds(block));
        for (block, _) in &dropped {
            self.refuse(*block);
        }
        dropped.into_iter().filter_map(|(_, place)| place).collect()
    }

    /// Asks for a block; there must be room for it.
    pub fn request(&mut self, now: Instant, block: Block, landing: Landing) {
        if self.standing_requests() == 0 {
            self.last_block = now;
        }
        self.pipeline.push(Asked {
            block,
            landing,
            at: now,
        });
        self.outbox.extend(request_bytes(block));
    }

    /// A block was asked of others as well: it has no place before its head arrives.
    pub fn contest(&mut self, block: Block) {
        self.pipeline.contest(|asked| asked == block);
    }

    /// Everything that was asked of it may be asked of others from now on.
    pub fn contest_all(&mut self) {
        self.pipeline.contest(|_| true);
    }

    /// Asks no more for a block whose bytes have not begun to come.
    pub fn cancel(&mut self, block: Block) -> Option<Asked> {
        let asked = self.pipeline.take(block)?;
        self.patience.bears_one_answer_more();
        self.outbox.extend(cancel_bytes(block));
        Some(asked)
    }

    /// Will not answer a request.
    pub fn refuse(&mut self, block: Block) {
        if self.speaks_fast() {
            self.outbox.extend(reject_bytes(block.into()));
        }
    }

    /// Will answer a request.
    pub fn grant(&mut self, block: Block) {
        self.uploads.push(block);
    }

    /// Takes back an answer that was not begun: its place, if it had one.
    pub fn take_back_upload(&mut self, block: Block) -> Option<Option<PlaceRange>> {
        self.uploads.cancel(block)
    }

    /// The connection is gone: the places that it would have been sent from.
    pub fn abandon_uploads(&mut self) -> Vec<PlaceRange> {
        let all = self.uploads.abandon();
        all.filter_map(|(_, place)| place).collect()
    }

    fn say(&mut self, message: Message) {
        message.write(&mut self.outbox);
    }

    /// To be called now and then: says something where nothing was said for long.
    pub fn keep_alive(&mut self, now: Instant) -> Result<(), Fault> {
        if now - self.last_received >= SILENCE_MAX {
            return Err(Fault::Silent);
        }
        self.check_outbox()?;
        let unsent_bytes = self.outbox.len() - self.outbox_sent_bytes;
        let has_unread = unsent_bytes > 0 || self.uploads.is_mid_block();
        if has_unread && now - self.last_sent >= UNREAD_MAX {
            return Err(Fault::NeverReads);
        }
        if now - self.last_sent >= KEEP_ALIVE && unsent_bytes == 0 {
            self.say(Message::KeepAlive);
        }
        Ok(())
    }

    /// Whether it reads enough of what is said to it. To be asked after each reading: what is answered
    /// to one is as long as the reading at most.
    pub fn check_outbox(&self) -> Result<(), Fault> {
        if self.outbox.len() - self.outbox_sent_bytes > OUTBOX_LEN_BYTES_MAX {
            return Err(Fault::NeverReads);
        }
        Ok(())
    }

    /// Whether something waits to be said that is not a block.
    pub fn has_words(&self) -> bool {
        self.outbox.len() > self.outbox_sent_bytes
    }

    /// What is to be sent next: words go between blocks, never into one. Where a limit leaves only
    /// so much room, no block is begun beyond it.
    pub fn send_plan<'a>(&'a self, plan: &mut SendPlan<'a>, room_bytes: usize) {
        self.uploads.plan_rest_of_first(plan);
        plan.bytes(&self.outbox[self.outbox_sent_bytes..]);
        self.uploads.plan_further(plan, room_bytes);
    }

    /// Counts what was sent of the plan; gives back the places of the blocks that went whole.
    pub fn sent(&mut self, now: Instant, len_bytes: usize) -> Vec<PlaceRange> {
        self.last_sent = now;
        let mut done = Vec::new();
        let mut left_bytes = self.uploads.sent_rest_of_first(len_bytes, &mut done);
        let words_bytes = left_bytes.min(self.outbox.len() - self.outbox_sent_bytes);
        self.outbox_sent_bytes += words_bytes;
        left_bytes -= words_bytes;
        if self.outbox_sent_bytes == self.outbox.len() {
            self.outbox.clear();
            self.outbox_sent_bytes = 0;
        }
        self.uploads.sent_further(left_bytes, &mut done);
        let block_bytes = done.iter().map(|(block, _)| u64::from(block.len_bytes()));
        self.uploaded_bytes += block_bytes.sum::<u64>();
        done.into_iter().map(|(_, place)| place).collect()
    }
}
