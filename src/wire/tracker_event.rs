//! What an announce tells beside "I am still here", the same by HTTP and by UDP.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Event {
    /// One of the regular announces. What a tracker does not know counts as one, too.
    #[default]
    None,
    Completed,
    Started,
    Stopped,
}
