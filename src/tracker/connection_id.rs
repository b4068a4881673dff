//! Connection ids of the UDP protocol that need no memory: a keyed hash of the client's address and of
//! the time, which only who receives packets at that address can know.

use std::net::IpAddr;

use super::Secret;
use super::keyed::sip_hash;
use super::table::Time;

/// An id is good in the window in which it was given out and in the next: for one and a half to three
/// minutes. Clients keep it for one.
const WINDOW_S: u32 = 90;

#[derive(Clone, Copy, Debug)]
pub struct ConnectionIds {
    key: SipKey,
}

#[derive(Clone, Copy)]
struct SipKey([u64; 2]);

impl std::fmt::Debug for SipKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SipKey(..)")
    }
}

impl ConnectionIds {
    pub fn new(secret: Secret) -> Self {
        let [.., first, second] = secret.0;
        Self {
            key: SipKey([first, second]),
        }
    }

    pub fn issue(&self, now: Time, address: IpAddr) -> u64 {
        self.of_window(now.0 / WINDOW_S, address)
    }

    pub fn is_valid(&self, now: Time, address: IpAddr, connection_id: u64) -> bool {
        let window = now.0 / WINDOW_S;
        connection_id == self.of_window(window, address)
            || window > 0 && connection_id == self.of_window(window - 1, address)
    }

    fn of_window(&self, window: u32, address: IpAddr) -> u64 {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let mut message = [0; 8];
                message[..4].copy_from_slice(&window.to_le_bytes());
                message[4..].copy_from_slice(&address.octets());
                sip_hash(self.key.0, &message)
            }
            IpAddr::V6(address) => {
                let mut message = [0; 20];
                message[..4].copy_from_slice(&window.to_le_bytes());
                message[4..].copy_from_slice(&address.octets());
                sip_hash(self.key.0, &message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_good_for_its_address_and_time() {
        let ids = ConnectionIds::new(Secret([1, 2, 3, 4]));
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        for issued_s in [0, 1, 89, 90, 1000] {
            let id = ids.issue(Time(issued_s), address);
            for after_s in 0..400 {
                let is_valid = ids.is_valid(Time(issued_s + after_s), address, id);
                assert!(is_valid || after_s > WINDOW_S, "{after_s}");
                assert!(!is_valid || after_s < 2 * WINDOW_S, "{after_s}");
            }
            let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
            assert!(ids.is_valid(Time(issued_s), mapped, id));
            for other in ["192.0.2.2", "2001:db8::1"] {
                assert!(!ids.is_valid(Time(issued_s), other.parse().unwrap(), id));
            }
            let others = ConnectionIds::new(Secret([1, 2, 3, 5]));
            assert!(!others.is_valid(Time(issued_s), address, id));
        }
    }
}
