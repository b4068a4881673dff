//! The query of an announce by HTTP (BEP 3, 7, 23).

use std::fmt::Write as _;

use super::context::Context;
use crate::base::percent::Escaped;
use crate::wire::Event;

pub(super) fn announce_query(
    context: &Context<'_>,
    event: Event,
    tracker_id: Option<&[u8]>,
) -> String {
    let (identity, facts) = (context.identity, context.facts);
    let mut query = format!(
        "info_hash={}&peer_id={}&port={}&uploaded={}&downloaded={}&left={}&numwant={}&key={:08X}\
         &compact=1&no_peer_id=1",
        Escaped(identity.info_hash.as_bytes()),
        Escaped(&identity.peer_id),
        identity.port,
        facts.uploaded_bytes,
        facts.downloaded_bytes,
        facts.left_bytes,
        context.peers_wanted(event),
        identity.key,
    );
    // Writing to a string does not fail.
    let _ = match event {
        Event::None => Ok(()),
        Event::Started => query.write_str("&event=started"),
        Event::Completed => query.write_str("&event=completed"),
        Event::Stopped => query.write_str("&event=stopped"),
    };
    if let Some(id) = tracker_id {
        let _ = write!(query, "&trackerid={}", Escaped(id));
    }
    query
}
