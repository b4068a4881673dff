//! What stands around the info dictionary never costs the torrent.

use mt::base::Sha1Digest;
use mt::metainfo::{Metainfo, Outer};

use crate::build::{Node, dict, list, path};
use crate::samples::v1_single;

fn with(key: &str, value: Node) -> Metainfo {
    v1_single().with(&[key], value).read()
}

fn tiers(metainfo: &Metainfo) -> Vec<Vec<&str>> {
    let tiers = metainfo.outer().trackers.iter();
    tiers
        .map(|tier| tier.iter().map(|url| url.as_str()).collect())
        .collect()
}

fn web_seeds(metainfo: &Metainfo) -> Vec<&str> {
    let web_seeds = metainfo.outer().web_seeds.iter();
    web_seeds.map(|url| url.as_str()).collect()
}

fn oddities(metainfo: &Metainfo) -> Vec<&str> {
    let described = metainfo.oddities.described().iter();
    described.map(String::as_str).collect()
}

#[test]
fn a_torrent_needs_no_outside() {
    let metainfo = v1_single().without(&["announce"]).read();
    assert_eq!(metainfo.outer(), &Outer::default());
    assert!(oddities(&metainfo).is_empty());
}

#[test]
fn the_list_of_trackers_is_instead_of_the_one() {
    let list_of_tiers = list([
        path(["http://a.example/", "udp://b.example:1"]),
        path([]),
        path(["wss://c.example/", "http://a.example/"]),
    ]);
    let metainfo = with("announce-list", list_of_tiers);
    assert_eq!(
        tiers(&metainfo),
        [
            vec!["http://a.example/", "udp://b.example:1"],
            vec!["wss://c.example/"]
        ]
    );
    assert!(oddities(&metainfo).is_empty());
}

#[test]
fn a_list_without_a_usable_tracker_leaves_the_one() {
    let one = [vec!["http://t.example/announce"]];
    let broken: [(Node, &[&str]); 5] = [
        (list([]), &[]),
        (list([path([])]), &[]),
        (path([""]), &[]),
        (
            "http://a.example/".into(),
            &["`announce-list`: is a string, not a list; ignored"],
        ),
        (
            list([1.into(), list([list([])])]),
            &[
                "`announce-list`: is an integer, not a URL; left out",
                "`announce-list`: is a list, not a URL; left out",
            ],
        ),
    ];
    for (value, said) in broken {
        let metainfo = with("announce-list", value);
        assert_eq!(tiers(&metainfo), one);
        assert_eq!(oddities(&metainfo), said);
    }
}

#[test]
fn a_flat_list_of_trackers_is_a_tier_each() {
    let metainfo = with(
        "announce-list",
        path(["http://a.example/", "http://b.example/"]),
    );
    assert_eq!(
        tiers(&metainfo),
        [vec!["http://a.example/"], vec!["http://b.example/"]]
    );
}

#[test]
fn a_tracker_that_cannot_be_used_is_left_out_with_the_reason() {
    let cases: [(Node, &[&str]); 5] = [
        ("".into(), &[]),
        (
            5.into(),
            &["`announce`: is an integer, not a URL; left out"],
        ),
        (
            "t.example".into(),
            &[
                "`announce`: `t.example` is left out: `t.example` is no URL: it does not begin with a \
               scheme and `://`",
            ],
        ),
        (
            "ftp://t.example/".into(),
            &["`announce`: `ftp://t.example/` is left out: cannot be used here"],
        ),
        (
            (&b"http://\xff/"[..]).into(),
            &["`announce`: `http://\u{fffd}/` is left out: it is not UTF-8"],
        ),
    ];
    for (value, said) in cases {
        let metainfo = with("announce", value);
        assert!(metainfo.outer().trackers.is_empty());
        assert_eq!(oddities(&metainfo), said);
    }
}

#[test]
fn web_seeds_are_a_string_or_a_list() {
    let one = with("url-list", "http://w.example/x y".into());
    assert_eq!(web_seeds(&one), ["http://w.example/x%20y"]);
    let many = with(
        "url-list",
        path([
            "http://w.example/",
            "ftp://f.example/",
            "http://w.example/",
            "",
        ]),
    );
    assert_eq!(web_seeds(&many), ["http://w.example/", "ftp://f.example/"]);
    assert!(oddities(&many).is_empty());
    for (value, said) in [
        (
            Node::from(5),
            "`url-list`: is an integer, not a URL; left out",
        ),
        (dict([]), "`url-list`: is a dictionary, not a URL; left out"),
        (
            list([1.into()]),
            "`url-list`: is an integer, not a URL; left out",
        ),
        (
            "udp://w.example:1".into(),
            "`url-list`: `udp://w.example:1` is left out: cannot be used here",
        ),
    ] {
        let metainfo = with("url-list", value);
        assert!(metainfo.outer().web_seeds.is_empty());
        assert_eq!(oddities(&metainfo), [said]);
    }
}

#[test]
fn http_seeds_are_kept_apart() {
    let metainfo = with("httpseeds", path(["http://w.example/seed.php"]));
    assert!(metainfo.outer().web_seeds.is_empty());
    assert_eq!(
        metainfo.outer().http_seeds[0].as_str(),
        "http://w.example/seed.php"
    );
}

#[test]
fn nodes_are_pairs_of_host_and_port() {
    let pair = |host: &str, port: i64| list([host.into(), port.into()]);
    let metainfo = with(
        "nodes",
        list([
            pair("dht.example", 6881),
            pair("10.0.0.1", 1),
            pair("::1", 2),
            pair("[::2]", 3),
        ]),
    );
    let nodes: Vec<String> = metainfo
        .outer()
        .nodes
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        nodes,
        ["dht.example:6881", "10.0.0.1:1", "[::1]:2", "[::2]:3"]
    );
    let wrong = [
        pair("a", 0),
        pair("a", 65_536),
        pair("a", -1),
        pair("", 1),
        pair("10.0.0.256", 1),
        list(["a".into()]),
        list(["a".into(), "1".into()]),
        path([]),
        7.into(),
    ];
    for node in wrong {
        let metainfo = with("nodes", list([node.clone()]));
        assert!(metainfo.outer().nodes.is_empty(), "{node:?}");
        assert_eq!(
            oddities(&metainfo),
            ["`nodes`: an entry is no pair of host and port; left out"]
        );
    }
    assert_eq!(
        oddities(&with("nodes", 7.into())),
        ["`nodes`: is an integer, not a list; ignored"]
    );
}

#[test]
fn a_comment_is_text() {
    let comment = |value: Node| {
        let metainfo = with("comment", value);
        (
            metainfo.outer().comment.clone(),
            oddities(&metainfo).concat(),
        )
    };
    assert_eq!(comment("é".into()), (Some("é".into()), String::new()));
    assert_eq!(
        comment((&b"caf\xe9"[..]).into()),
        (
            Some("caf\u{fffd}".into()),
            "`comment`: is not UTF-8; the bytes that are not are shown as U+FFFD".into()
        )
    );
    assert_eq!(
        comment(5.into()),
        (None, "`comment`: is an integer, not text; ignored".into())
    );
    let twin = v1_single()
        .with(&["comment"], &b"caf\xe9"[..])
        .with(&["comment.utf-8"], "café")
        .read();
    assert_eq!(twin.outer().comment.as_deref(), Some("café"));
    assert_eq!(
        oddities(&with("comment.utf-8", (&b"caf\xe9"[..]).into())),
        ["`comment.utf-8`: is no text in UTF-8 of at most 1048576 bytes; ignored"]
    );
}

#[test]
fn what_made_it_and_when() {
    let metainfo = with("created by", "maker 1".into());
    assert_eq!(metainfo.outer().created_by.as_deref(), Some("maker 1"));
    assert_eq!(
        oddities(&with("created by", list([]))),
        ["`created by`: is a list, not text; ignored"]
    );
    let dated = with("creation date", 1_700_000_000.into());
    assert_eq!(dated.outer().creation_date, Some(1_700_000_000));
    for wrong in [Node::from("2023"), Node::from(-1), list([])] {
        let metainfo = with("creation date", wrong);
        assert_eq!(metainfo.outer().creation_date, None);
        assert_eq!(
            oddities(&metainfo),
            ["`creation date`: is no number of seconds since 1970; ignored"]
        );
    }
}

#[test]
fn hints_stand_inside_and_outside() {
    let hash = |byte| Node::from(vec![byte; 20]);
    let metainfo = v1_single()
        .with(&["similar"], list([hash(1), vec![9; 19].into(), 3.into()]))
        .with(&["info", "similar"], list([hash(2)]))
        .with(&["collections"], path(["out\u{1b}"]))
        .with(&["info", "collections"], path(["in"]))
        .read();
    let hints = &metainfo.outer().hints;
    assert_eq!(hints.similar, [Sha1Digest([1; 20]), Sha1Digest([2; 20])]);
    let collections: Vec<&[u8]> = hints.collections.iter().map(|name| &**name).collect();
    assert_eq!(collections, [&b"out\x1b"[..], b"in"]);
    for key in ["similar", "collections"] {
        let metainfo = with(key, 5.into());
        assert_eq!(metainfo.outer().hints, mt::metainfo::Hints::default());
    }
}

#[test]
fn of_long_lists_so_much_is_kept_and_the_rest_is_told() {
    let many = |of: fn(i64) -> Node| Node::List((0..10_001).map(of).collect());
    let url = |number| Node::from(&*format!("http://t{number}.example/"));
    let trackers = with("announce-list", many(url));
    assert_eq!(trackers.outer().all_trackers().count(), 10_000);
    assert_eq!(
        oddities(&trackers),
        ["`announce-list`: only 10000 URLs are kept"]
    );
    let seeds = with("url-list", many(url));
    assert_eq!(seeds.outer().web_seeds.len(), 10_000);
    assert_eq!(oddities(&seeds), ["`url-list`: only 10000 URLs are kept"]);
    let nodes = with("nodes", many(|port| list(["a".into(), (1 + port).into()])));
    assert_eq!(nodes.outer().nodes.len(), 10_000);
    let said = "`nodes`: only the first 10000 entries are looked at";
    assert_eq!(oddities(&nodes), [said]);
    let hashes = with("similar", many(|_| vec![7; 20].into()));
    assert_eq!(oddities(&hashes), ["`similar`: only 10000 hashes are kept"]);
    let names = v1_single().with(&["info", "collections"], many(|_| "c".into()));
    let said = "`info.collections`: only 10000 names, and 1048576 bytes of them, are kept";
    assert_eq!(oddities(&names.read()), [said]);
    let long = vec![vec![7; 1 << 20].into(), "c".into()];
    let names = with("collections", Node::List(long));
    assert_eq!(names.outer().hints.collections.len(), 1);
    assert_eq!(names.oddities.described().len(), 1);
    let exactly = Node::List((0..10_000).map(url).collect());
    assert!(oddities(&with("announce-list", exactly)).is_empty());
}

/// Escapes make a URL three times longer, so what is kept is measured after.
#[test]
fn of_long_urls_so_many_bytes_are_kept() {
    let url = |number| Node::from(&*format!("http://t.example/{number}/{}", "é".repeat(1300)));
    let metainfo = with("url-list", Node::List((0..2_000).map(url).collect()));
    let kept = metainfo.outer().web_seeds.iter();
    let kept_bytes: usize = kept.map(|url| url.as_str().len()).sum();
    assert!((8 << 20) - kept_bytes < 8 << 10, "{kept_bytes}");
    assert_eq!(
        oddities(&metainfo),
        ["`url-list`: only 8388608 bytes of URLs are kept"]
    );
}

#[test]
fn of_lists_of_nothing_usable_so_much_is_looked_at() {
    let count = 100_000;
    let shapes = [
        vec!["".into(); count],
        vec![list([]); count],
        vec![list(["".into()]); count],
    ];
    for empty in shapes {
        let mut items = empty;
        items.push(path(["http://late.example/"]));
        let metainfo = with("announce-list", Node::List(items));
        let said = "`announce-list`: only the first 100000 entries are looked at";
        assert_eq!(oddities(&metainfo), [said]);
        assert_eq!(tiers(&metainfo), [["http://t.example/announce"]]);
    }
}

#[test]
fn of_many_oddities_the_first_are_described() {
    let wrong: Vec<Node> = (0..50).map(Node::from).collect();
    let metainfo = with("nodes", Node::List(wrong));
    assert_eq!(metainfo.oddities.described().len(), 20);
    assert_eq!(metainfo.oddities.undescribed(), 30);
}

#[test]
fn keys_that_nobody_knows_stay_in_the_file() {
    let document = v1_single().with(&["x-unknown"], dict([("a", 1.into())]));
    let metainfo = document.read();
    assert!(oddities(&metainfo).is_empty());
    assert_eq!(metainfo.to_torrent(), document.encode());
}
