use super::*;
use crate::base::limits::BANS_MAX;

fn at_s(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn roster() -> Roster {
    Roster::new(Rng::new(1))
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn numbered(number: usize) -> SocketAddr {
    let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
    SocketAddr::from(([10, 0, high, low], 6881))
}

#[test]
fn an_address_is_dialled_once_however_often_it_is_told() {
    let mut roster = roster();
    let now = at_s(5);
    assert!(roster.add(now, address("10.0.0.1:80"), Source::Tracker));
    assert!(!roster.add(now, address("[::ffff:10.0.0.1]:80"), Source::Incoming));
    for nowhere in [
        "0.0.0.0:80",
        "10.0.0.1:0",
        "224.0.0.1:80",
        "[::]:80",
        "[ff02::1]:80",
    ] {
        assert!(
            !roster.add(now, address(nowhere), Source::Tracker),
            "{nowhere}"
        );
    }
    assert_eq!(roster.deadline(), Some(now));
    assert_eq!(roster.next_to_dial(at_s(4)), None);
    assert_eq!(roster.next_to_dial(now), Some(address("10.0.0.1:80")));
    assert_eq!(roster.next_to_dial(now), None);
    assert!(!roster.add(now, address("10.0.0.1:80"), Source::Tracker));
    assert_eq!((roster.next_to_dial(now), roster.deadline()), (None, None));
    roster.connected(address("10.0.0.1:80"));
    assert_eq!((roster.next_to_dial(now), roster.len()), (None, 1));
}

#[test]
fn whom_a_person_gave_is_dialled_first() {
    let mut roster = roster();
    for (number, source) in [Source::Incoming, Source::Tracker, Source::Given]
        .into_iter()
        .enumerate()
    {
        roster.add(at_s(1), numbered(number), source);
    }
    let order: Vec<_> = std::iter::from_fn(|| roster.next_to_dial(at_s(1))).collect();
    assert_eq!(order, [numbered(2), numbered(1), numbered(0)]);
}

#[test]
fn failures_double_the_wait_up_to_an_hour_and_less_where_a_person_waits() {
    let mut roster = roster();
    let (told, given) = (numbered(1), numbered(2));
    roster.add(at_s(0), told, Source::Tracker);
    roster.add(at_s(0), given, Source::Given);
    for (who, first_s, longest_s) in [(told, 60, 3600), (given, 5, 40)] {
        let mut now = Instant::ZERO;
        roster.connected(told);
        roster.connected(given);
        for failures in 0..12 {
            roster.dial_failed(now, who);
            let due = roster.deadline().unwrap();
            let expected = Duration::from_secs((first_s << failures).min(longest_s));
            assert!((expected..=expected.mul_f64(1.25)).contains(&(due - now)));
            assert_eq!(roster.next_to_dial(now), None);
            assert_eq!(roster.next_to_dial(due), Some(who));
            now = due;
        }
        roster.disconnected(now, who, Parting::Useful);
        let wait = roster.deadline().unwrap() - now;
        assert!(wait <= Duration::from_secs(first_s).mul_f64(1.25));
    }
}

#[test]
fn those_who_failed_together_come_back_apart() {
    let mut roster = roster();
    for number in 0..50 {
        roster.add(at_s(0), numbered(number), Source::Tracker);
        roster.dial_failed(at_s(0), numbered(number));
    }
    let mut dues = BTreeSet::new();
    while let Some(due) = roster.deadline() {
        dues.insert(due);
        roster.next_to_dial(due);
    }
    assert!(dues.len() > 40, "{}", dues.len());
}

#[test]
fn a_full_roster_lets_go_of_what_failed_most() {
    let mut roster = roster();
    for number in 0..ROSTER_LEN_MAX {
        assert!(roster.add(at_s(0), numbered(number), Source::Tracker));
    }
    let newcomer = numbered(ROSTER_LEN_MAX);
    assert!(!roster.add(at_s(0), newcomer, Source::Tracker));
    roster.dial_failed(at_s(0), numbered(3));
    roster.dial_failed(at_s(0), numbered(4));
    roster.dial_failed(at_s(0), numbered(4));
    assert!(roster.add(at_s(0), newcomer, Source::Tracker));
    assert!(
        roster.add(at_s(0), numbered(4), Source::Tracker),
        "was let go"
    );
    assert!(!roster.peers.contains_key(&numbered(3)), "was next");
    assert!(!roster.add(at_s(0), numbered(3), Source::Tracker));
    // What a person gives is always taken, and what is in use stays.
    let in_use = roster.next_to_dial(at_s(0)).unwrap();
    for number in 0..ROSTER_LEN_MAX - 1 {
        let given = SocketAddr::from(([11, 0, 0, 1], u16::try_from(number + 1).unwrap()));
        assert!(roster.add(at_s(0), given, Source::Given));
    }
    assert_eq!(roster.len(), ROSTER_LEN_MAX);
    assert!(roster.peers.contains_key(&in_use));
    assert!(!roster.add(at_s(0), numbered(9999), Source::Given));
    assert_eq!(roster.queue.len(), ROSTER_LEN_MAX - 1);
}

#[test]
fn one_offence_bars_one_port_for_a_time() {
    let mut roster = roster();
    let offender = address("10.0.0.1:80");
    roster.add(at_s(0), offender, Source::Tracker);
    roster.bar(at_s(0), offender, Offence::WrongBlock);
    assert!(roster.is_barred(at_s(3599), address("[::ffff:10.0.0.1]:80")));
    assert!(!roster.is_barred(at_s(0), address("10.0.0.1:81")));
    assert_eq!(roster.next_to_dial(at_s(3599)), None);
    assert!(!roster.is_barred(at_s(3600), offender));
    assert_eq!(roster.next_to_dial(at_s(3600)), Some(offender));
}

#[test]
fn several_offences_bar_an_address_unless_it_is_loopback() {
    for (ip, is_barred_whole) in [("10.0.0.1", true), ("127.0.0.1", false), ("[::1]", false)] {
        let mut roster = roster();
        let other = address(&format!("{ip}:999"));
        for _ in 0..20 {
            roster.bar(at_s(0), address(&format!("{ip}:80")), Offence::Flood);
        }
        for port in 81..83 {
            roster.bar(at_s(1), address(&format!("{ip}:{port}")), Offence::Flood);
        }
        assert!(!roster.is_barred(at_s(1), other), "three are not enough");
        roster.bar(at_s(2), address(&format!("{ip}:80")), Offence::Protocol);
        assert_eq!(roster.is_barred(at_s(3), other), is_barred_whole);
        assert!(!roster.is_barred(at_s(3602), other));
    }
}

#[test]
fn nobody_at_a_barred_address_is_dialled() {
    let mut roster = roster();
    let neighbour = address("10.0.0.1:999");
    roster.add(at_s(0), neighbour, Source::Tracker);
    for port in 1..=4 {
        roster.bar(
            at_s(10),
            SocketAddr::from(([10, 0, 0, 1], port)),
            Offence::Flood,
        );
    }
    roster.add(at_s(10), numbered(7), Source::Incoming);
    assert_eq!(roster.next_to_dial(at_s(10)), Some(numbered(7)));
    assert_eq!(roster.next_to_dial(at_s(10)), None);
    assert_eq!(roster.deadline(), Some(at_s(3610)));
    assert_eq!(roster.next_to_dial(at_s(3610)), Some(neighbour));
}

#[test]
fn whom_a_person_gives_after_a_tracker_told_is_kept() {
    let mut roster = roster();
    for number in 0..ROSTER_LEN_MAX {
        roster.add(at_s(0), numbered(number), Source::Tracker);
    }
    roster.dial_failed(at_s(0), numbered(5));
    assert!(!roster.add(at_s(0), numbered(5), Source::Given));
    assert!(!roster.add(at_s(0), numbered(5), Source::Tracker));
    let newcomer = SocketAddr::from(([11, 0, 0, 1], 80));
    assert!(!roster.add(at_s(0), newcomer, Source::Tracker));
    roster.dial_failed(at_s(0), numbered(6));
    assert!(roster.add(at_s(0), newcomer, Source::Tracker));
    assert!(roster.peers.contains_key(&numbered(5)));
    assert_eq!(roster.queue.len(), ROSTER_LEN_MAX);
    assert_eq!(roster.expendable.len(), ROSTER_LEN_MAX - 1);
}

#[test]
fn bans_are_bounded() {
    let mut roster = roster();
    for number in 0..BANS_MAX + 10 {
        roster.bar(at_s(number as u64), numbered(number), Offence::Flood);
    }
    let now = at_s(BANS_MAX as u64 + 10);
    assert!(!roster.is_barred(now, numbered(9)));
    assert!(roster.is_barred(now, numbered(10)));
    for port in 1..1000 {
        let loopback = SocketAddr::from(([127, 0, 0, 1], port));
        roster.bar(now, loopback, Offence::Flood);
        assert!(roster.is_barred(now, loopback));
    }
    assert!(!roster.is_barred(now, SocketAddr::from(([127, 0, 0, 1], 1))));
}

#[test]
fn a_process_does_not_dial_itself() {
    let mut roster = roster();
    let own = address("10.0.0.1:80");
    roster.add(at_s(0), own, Source::Tracker);
    assert_eq!(roster.next_to_dial(at_s(0)), Some(own));
    roster.learn_own(own);
    assert!(!roster.add(at_s(1), own, Source::Tracker));
    roster.dial_failed(at_s(1), own);
    assert_eq!((roster.deadline(), roster.len()), (None, 0));
}
