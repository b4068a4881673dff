//! The options after an announce: path and query of the tracker's URL (BEP 41).

use crate::base::limits::UDP_URL_DATA_LEN_BYTES_MAX;

const END: u8 = 0;
const NOP: u8 = 1;
const URL_DATA: u8 = 2;

/// Path and query of the URL, in as many chunks as the client cut it into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UrlData<'a> {
    options: &'a [u8],
}

impl<'a> UrlData<'a> {
    pub(super) fn new(options: &'a [u8]) -> Self {
        Self { options }
    }

    /// Ends with the packet, at the end option, or at an option that is longer than the packet.
    pub fn chunks(self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.options;
        std::iter::from_fn(move || {
            loop {
                let (&kind, after) = rest.split_first()?;
                if kind == END {
                    return None;
                }
                if kind == NOP {
                    rest = after;
                    continue;
                }
                let (&len_bytes, after) = after.split_first()?;
                let (data, after) = after.split_at_checked(usize::from(len_bytes))?;
                rest = after;
                if kind == URL_DATA {
                    return Some(data);
                }
            }
        })
    }

    /// The chunks joined in `buffer`; `None` where they do not fit, or where there is none.
    pub fn joined(self, buffer: &mut [u8; UDP_URL_DATA_LEN_BYTES_MAX]) -> Option<&[u8]> {
        let mut len_bytes = 0;
        for chunk in self.chunks() {
            buffer
                .get_mut(len_bytes..len_bytes + chunk.len())?
                .copy_from_slice(chunk);
            len_bytes += chunk.len();
        }
        (len_bytes > 0).then(|| &buffer[..len_bytes])
    }
}

/// Appends a URL's path and query to an announce request.
pub fn write_url_data(out: &mut Vec<u8>, path_and_query: &[u8]) {
    for chunk in path_and_query.chunks(usize::from(u8::MAX)) {
        out.push(URL_DATA);
        out.push(u8::try_from(chunk.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(chunk);
    }
}
