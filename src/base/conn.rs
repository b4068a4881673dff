//! Names of connections, and a table of what a core knows about each.

/// Names a connection from its [`Opened`](super::Input::Opened) to its
/// [`Closed`](super::Input::Closed). Its slot is used again later, but under another generation, so
/// an id that outlives its connection names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    slot: u32,
    generation: u32,
}

impl ConnId {
    /// For hosts: a slot is low and used again, a generation is not used again soon.
    pub const fn new(slot: u32, generation: u32) -> Self {
        Self { slot, generation }
    }

    pub const fn slot(self) -> usize {
        self.slot as usize
    }
}

/// What a core keeps for each of its connections, found by index and without a hash.
///
/// The slots are the host's, which may host other cores too, so there may be holes.
#[derive(Debug)]
pub struct ConnMap<T> {
    slots: Vec<Option<(ConnId, T)>>,
    len: usize,
}

impl<T> ConnMap<T> {
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            len: 0,
        }
    }

    /// Keeps a value for a connection that was just opened.
    pub fn insert(&mut self, conn: ConnId, value: T) {
        if self.slots.len() <= conn.slot() {
            self.slots.resize_with(conn.slot() + 1, || None);
        }
        let slot = &mut self.slots[conn.slot()];
        assert!(slot.is_none(), "a slot is used again only after `Closed`");
        *slot = Some((conn, value));
        self.len += 1;
    }

    pub fn get(&self, conn: ConnId) -> Option<&T> {
        match self.slots.get(conn.slot()) {
            Some(Some((id, value))) if *id == conn => Some(value),
            _ => None,
        }
    }

    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut T> {
        match self.slots.get_mut(conn.slot()) {
            Some(Some((id, value))) if *id == conn => Some(value),
            _ => None,
        }
    }

    pub fn remove(&mut self, conn: ConnId) -> Option<T> {
        self.get(conn)?;
        let (_, value) = self.slots[conn.slot()].take()?;
        self.len -= 1;
        Some(value)
    }

    /// In the order of the slots, which is the same in every run.
    pub fn iter(&self) -> impl Iterator<Item = (ConnId, &T)> {
        self.slots.iter().flatten().map(|(id, value)| (*id, value))
    }

    /// In the order of the slots, which is the same in every run.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (ConnId, &mut T)> {
        let slots = self.slots.iter_mut().flatten();
        slots.map(|(id, value)| (*id, value))
    }

    pub const fn len(&self) -> usize {
        self.len
    }

    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<T> Default for ConnMap<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_outlived_its_connection_names_nothing() {
        let mut map = ConnMap::new();
        let old = ConnId::new(3, 1);
        map.insert(old, "old");
        assert_eq!(map.get(old), Some(&"old"));
        assert_eq!(map.remove(old), Some("old"));
        assert_eq!(map.remove(old), None);

        let new = ConnId::new(3, 2);
        map.insert(new, "new");
        assert_eq!(map.get(old), None);
        assert_eq!(map.remove(old), None);
        assert_eq!(map.get_mut(new), Some(&mut "new"));
        assert_eq!(map.len(), 1);
        assert_eq!(map.iter().collect::<Vec<_>>(), [(new, &"new")]);
    }

    #[test]
    #[should_panic(expected = "only after `Closed`")]
    fn two_connections_share_no_slot() {
        let mut map = ConnMap::new();
        map.insert(ConnId::new(0, 1), ());
        map.insert(ConnId::new(0, 2), ());
    }
}
