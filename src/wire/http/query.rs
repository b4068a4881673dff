//! Queries, read where they stand.

use crate::base::hex::digit_value;

/// The pairs of a query in their order, as they were sent. A key without `=` has an empty value.
pub fn pairs(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let parts = query
        .split(|byte| *byte == b'&')
        .filter(|part| !part.is_empty());
    parts.map(|part| match part.iter().position(|byte| *byte == b'=') {
        Some(equals) => (&part[..equals], &part[equals + 1..]),
        None => (part, &b""[..]),
    })
}

/// Undoes the escapes of a value that fits `out`; `None` for a broken escape, or where it does not
/// fit. Gives what was filled.
pub(super) fn unescape_into<'a>(value: &[u8], out: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut rest = value;
    let mut len_bytes = 0;
    while let Some((&first, after)) = rest.split_first() {
        let byte = if first == b'%' {
            let (&[high, low], after) = after.split_first_chunk()?;
            rest = after;
            digit_value(high)? << 4 | digit_value(low)?
        } else {
            rest = after;
            first
        };
        *out.get_mut(len_bytes)? = byte;
        len_bytes += 1;
    }
    Some(&out[..len_bytes])
}

/// A value of exactly as many bytes.
pub(super) fn unescape_exactly<const N: usize>(value: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let len_bytes = unescape_into(value, &mut bytes)?.len();
    (len_bytes == N).then_some(bytes)
}

/// Decimal digits only.
pub(super) fn decimal(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}
