//! Messages, whole or fed part by part, to digests.

use std::marker::PhantomData;

use super::constants::{SHA1_INITIAL, SHA256_INITIAL};
use super::engine::{Cascade, Hasher};
use super::kernel::State;
use super::schedule::{self, Batch};
use super::span::{Cursor, Span};
use super::walker::{End, Progress, Walker};
use crate::base::{Sha1Digest, Sha256Digest};

mod sealed {
    use super::{Cascade, Hasher, State};

    pub(in crate::hash) trait Sealed {
        fn initial() -> &'static State;
        fn cascade(hasher: &Hasher) -> &Cascade;
    }
}
pub(super) use sealed::Sealed;

/// [`Sha1`] or [`Sha256`].
#[expect(private_bounds, reason = "nobody else can make an algorithm")]
pub trait Algorithm: Sealed {
    type Digest: Copy;

    #[doc(hidden)]
    fn digest(state: &[u32; 8]) -> Self::Digest;
}

#[derive(Clone, Copy, Debug)]
pub enum Sha1 {}

#[derive(Clone, Copy, Debug)]
pub enum Sha256 {}

impl Sealed for Sha1 {
    fn initial() -> &'static State {
        &SHA1_INITIAL
    }

    fn cascade(hasher: &Hasher) -> &Cascade {
        &hasher.sha1
    }
}

impl Algorithm for Sha1 {
    type Digest = Sha1Digest;

    fn digest(state: &State) -> Sha1Digest {
        Sha1Digest(big_endian(state))
    }
}

impl Sealed for Sha256 {
    fn initial() -> &'static State {
        &SHA256_INITIAL
    }

    fn cascade(hasher: &Hasher) -> &Cascade {
        &hasher.sha256
    }
}

impl Algorithm for Sha256 {
    type Digest = Sha256Digest;

    fn digest(state: &State) -> Sha256Digest {
        Sha256Digest(big_endian(state))
    }
}

/// As many of the state's bytes as the digest has.
fn big_endian<const LEN: usize>(state: &State) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    for (bytes, word) in bytes.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

/// A message whose bytes do not all come at once.
#[derive(Clone, Debug)]
pub struct Stream<A> {
    progress: Progress,
    algorithm: PhantomData<A>,
}

impl<A: Algorithm> Stream<A> {
    pub fn new() -> Self {
        Self {
            progress: Progress::new(A::initial()),
            algorithm: PhantomData,
        }
    }

    /// How much has been fed.
    pub fn len_bytes(&self) -> u64 {
        self.progress.len_bytes
    }
}

impl<A: Algorithm> Default for Stream<A> {
    fn default() -> Self {
        Self::new()
    }
}

/// What comes next in a stream.
#[derive(Debug)]
pub struct Feed<'a, A> {
    pub stream: &'a mut Stream<A>,
    pub spans: &'a [Span<'a>],
}

impl Hasher {
    /// Hashes each input, a list of spans in order, to the digest in the same place.
    ///
    /// # Panics
    ///
    /// Where there are not as many digests as inputs.
    pub fn digest_many<'a, A: Algorithm>(
        &self,
        inputs: &'a [impl AsRef<[Span<'a>]>],
        digests: &mut [A::Digest],
    ) {
        assert_eq!(inputs.len(), digests.len(), "a digest for each input");
        let cursors = inputs.iter().map(|input| Cursor::new(input.as_ref()));
        self.digest_cursors::<A>(cursors, digests);
    }

    /// As many cursors as digests.
    pub(super) fn digest_cursors<'a, A: Algorithm>(
        &self,
        cursors: impl Iterator<Item = Cursor<'a>>,
        digests: &mut [A::Digest],
    ) {
        let start = Progress::new(A::initial());
        let walkers = cursors
            .enumerate()
            .map(|(ticket, cursor)| Walker::new(ticket, &start, cursor, End::Pad));
        let finish = |walker: Walker<'_>| digests[walker.ticket] = A::digest(&walker.state);
        schedule::run(A::cascade(self), &mut WholeMessages { walkers, finish });
    }

    /// Feeds each stream its spans, side by side.
    pub fn update_many<A: Algorithm>(&self, feeds: &mut [Feed<'_, A>]) {
        schedule::run(A::cascade(self), &mut Feeding { feeds, next: 0 });
    }

    /// The digest of all that the stream has been fed; it can be fed on afterwards.
    pub fn finish<A: Algorithm>(&self, stream: &Stream<A>) -> A::Digest {
        let walkers = std::iter::once(Walker::new(0, &stream.progress, Cursor::new(&[]), End::Pad));
        let mut state = *A::initial();
        let finish = |walker: Walker<'_>| state = walker.state;
        schedule::run(A::cascade(self), &mut WholeMessages { walkers, finish });
        A::digest(&state)
    }
}

/// Messages that end here: each becomes a digest.
struct WholeMessages<Walkers, Finish> {
    walkers: Walkers,
    finish: Finish,
}

impl<'a, Walkers, Finish> Batch<'a> for WholeMessages<Walkers, Finish>
where
    Walkers: Iterator<Item = Walker<'a>>,
    Finish: FnMut(Walker<'a>),
{
    fn next(&mut self) -> Option<Walker<'a>> {
        self.walkers.next()
    }

    fn retire(&mut self, walker: Walker<'a>) {
        (self.finish)(walker);
    }
}

/// Messages that go on: each leaves its progress behind.
struct Feeding<'f, 'a, A> {
    feeds: &'f mut [Feed<'a, A>],
    next: usize,
}

impl<'a, A: Algorithm> Batch<'a> for Feeding<'_, 'a, A> {
    fn next(&mut self) -> Option<Walker<'a>> {
        let feed = self.feeds.get(self.next)?;
        let cursor = Cursor::new(feed.spans);
        let walker = Walker::new(self.next, &feed.stream.progress, cursor, End::MoreToCome);
        self.next += 1;
        Some(walker)
    }

    fn retire(&mut self, walker: Walker<'a>) {
        self.feeds[walker.ticket].stream.progress = walker.progress();
    }
}
