//! `.mtorrent` files line by line.

use mt::base::limits::TOTAL_SIZE_BYTES_MAX;
use mt::metainfo::{Error, Fault, Format, Metainfo, Version, mtorrent, read};

use crate::build::{content, error};
use crate::samples::{self, v1_pieces};

const HALF_MIB: usize = 512 << 10;

/// The five lines, without a break behind the last.
fn lines() -> [String; 5] {
    let text = samples::mtorrent();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.try_into().unwrap()
}

fn with_line(index: usize, line: &str) -> String {
    let mut lines = lines();
    lines[index] = line.to_owned();
    lines.join("\n")
}

fn refusal(text: impl AsRef<[u8]>) -> Error {
    mtorrent::read(text.as_ref()).unwrap_err()
}

/// Checks the place and the words after it.
#[track_caller]
fn assert_refused(text: impl AsRef<[u8]>, place: &str, reason: &str) {
    assert_eq!(refusal(text).to_string(), format!("`{place}`: {reason}"));
}

fn trackers(metainfo: &Metainfo) -> Vec<&str> {
    let trackers = metainfo.outer().all_trackers();
    trackers.map(|url| url.as_str()).collect()
}

/// The older form of the sample.
fn raw_form(hashes: &[u8]) -> Vec<u8> {
    let head = lines()[..4].join("\n");
    [head.as_bytes(), b"\n", hashes].concat()
}

#[test]
fn five_lines_say_all() {
    let metainfo = mtorrent::read(samples::mtorrent().as_bytes()).unwrap();
    let info = &metainfo.info;
    assert_eq!((info.version(), info.name()), (Version::V1, "m.bin"));
    assert_eq!((info.piece_length(), info.piece_count()), (524_288, 2));
    assert_eq!(info.files().content_bytes(), 700_000);
    assert_eq!(trackers(&metainfo), ["http://10.0.0.1:4444/announce"]);
    let hashes = v1_pieces(&content(700_000, 3), HALF_MIB);
    assert_eq!(info.v1_hashes(), Some(&hashes[..]));
}

#[test]
fn line_ends_and_the_case_of_digits_do_not_matter() {
    let unix = mtorrent::read(samples::mtorrent().as_bytes()).unwrap();
    let windows = samples::mtorrent().replace('\n', "\r\n");
    let shouted = samples::mtorrent()
        .lines()
        .enumerate()
        .map(|(at, line)| {
            if at == 4 {
                line.to_uppercase()
            } else {
                line.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("\n");
    for text in [windows, shouted, samples::mtorrent() + "\n\r\n"] {
        let metainfo = mtorrent::read(text.as_bytes()).unwrap();
        assert_eq!(metainfo.info.hashes(), unix.info.hashes(), "{text:?}");
        assert_eq!(metainfo.outer(), unix.outer());
    }
}

#[test]
fn the_older_form_has_raw_hashes_to_the_end() {
    let hashes = v1_pieces(&content(700_000, 3), HALF_MIB);
    let metainfo = mtorrent::read(&raw_form(&hashes)).unwrap();
    let modern = mtorrent::read(samples::mtorrent().as_bytes()).unwrap();
    assert_eq!(metainfo.info.hashes(), modern.info.hashes());
    // Raw hashes may look like ends of lines.
    let breaks = mtorrent::read(&raw_form(&[b'\n'; 40])).unwrap();
    assert_eq!(breaks.info.v1_hashes(), Some(&[b'\n'; 40][..]));
    // It is not written again.
    assert_eq!(
        metainfo.write_as(Format::Mtorrent).unwrap(),
        samples::mtorrent().into_bytes()
    );
    for wrong in [39, 41, 0] {
        let refusal = refusal(raw_form(&vec![0xe9; wrong]));
        assert_eq!(refusal.place, "hash string", "{wrong}: {refusal}");
    }
    assert_refused(
        raw_form(&[0xe9; 41]),
        "hash string",
        "is 41 bytes of no hexadecimal digits; raw hashes of 700000 bytes in pieces of 512 \
         KiB would have 40",
    );
}

#[test]
fn missing_lines_are_named() {
    let all = lines();
    let names = ["tracker 2", "file name", "file size", "hash string"];
    for (count, name) in (1..).zip(names) {
        assert_eq!(
            refusal(all[..count].join("\n")),
            error(name, Fault::Missing)
        );
    }
    // Nothing at all is an empty first line, and nothing after it.
    assert_eq!(refusal(""), error("tracker 2", Fault::Missing));
}

#[test]
fn whatever_is_cut_off_is_missed() {
    let text = samples::mtorrent();
    let whole = text.trim_end().len();
    for len_bytes in 0..whole {
        let cut = &text.as_bytes()[..len_bytes];
        let refusal = refusal(cut);
        let places = [
            "tracker 1",
            "tracker 2",
            "file name",
            "file size",
            "hash string",
        ];
        assert!(places.contains(&refusal.place.as_str()), "{refusal}");
    }
    assert!(mtorrent::read(&text.as_bytes()[..whole]).is_ok());
}

#[test]
fn a_tracker_is_an_address_a_url_or_nothing() {
    let first = |line: &str| {
        let metainfo = mtorrent::read(with_line(0, line).as_bytes()).unwrap();
        metainfo
            .outer()
            .trackers
            .iter()
            .flatten()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    for (line, url) in [
        ("10.42.0.39:4444", "http://10.42.0.39:4444/announce"),
        ("[::1]:80", "http://[::1]:80/announce"),
        (" t.example:80 ", "http://t.example:80/announce"),
        ("udp://t.example:80", "udp://t.example:80"),
        ("https://t.example/x?y", "https://t.example/x?y"),
    ] {
        assert_eq!(first(line), [url]);
    }
    assert!(first("").is_empty());
    assert!(first("  ").is_empty());
}

#[test]
fn a_wrong_tracker_is_refused_with_the_reason() {
    let tail = "; a tracker is `ip:port`, a URL, or nothing";
    let cases = [
        (
            "10.42.0.394:4444",
            format!("`10.42.0.394` is no IPv4 address: 394 is over 255{tail}"),
        ),
        (
            "10.42.0.39",
            format!("`10.42.0.39` names no port: expected `host:port`{tail}"),
        ),
        (
            "10.42.0.39:0",
            format!("`0` is no port: expected 1 to 65535{tail}"),
        ),
        (
            "10.42.0.39:65536",
            format!("`65536` is no port: expected 1 to 65535{tail}"),
        ),
        (
            "::1:80",
            format!("`::1` holds several colons: an IPv6 address takes brackets{tail}"),
        ),
        (
            "udp://t.example",
            "`udp://t.example` names no port: UDP trackers have no default one".to_owned(),
        ),
        (
            "ftp://t.example/",
            "`ftp://t.example/` is not the URL of a tracker".to_owned(),
        ),
        (
            "gopher://t/",
            "`gopher` is no scheme that is spoken: expected http, https, udp, ws, wss or ftp"
                .to_owned(),
        ),
    ];
    for (line, reason) in cases {
        assert_refused(with_line(0, line), "tracker 1", &reason);
        assert_refused(with_line(1, line), "tracker 2", &reason);
    }
    let not_utf8 = [b"caf\xe9:80\n", samples::mtorrent().as_bytes()].concat();
    assert_refused(not_utf8, "tracker 1", "`caf\u{fffd}:80` is not UTF-8");
}

#[test]
fn the_same_tracker_counts_once_and_two_are_two_tiers() {
    let read = |first: &str, second: &str| {
        let mut lines = lines();
        lines[0] = first.to_owned();
        lines[1] = second.to_owned();
        mtorrent::read(lines.join("\n").as_bytes())
            .unwrap()
            .outer()
            .trackers
            .clone()
    };
    let same = read("10.0.0.1:80", "http://10.0.0.1:80/announce");
    assert_eq!(same.iter().map(Vec::len).collect::<Vec<_>>(), [1]);
    let two = read("10.0.0.1:80", "10.0.0.2:80");
    assert_eq!(two.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    let second_only = read("", "10.0.0.2:80");
    assert_eq!(second_only.len(), 1);
}

#[test]
fn the_name_says_something_and_is_made_safe() {
    assert_eq!(refusal(with_line(2, "")), error("file name", Fault::Empty));
    assert_eq!(
        refusal(with_line(2, "\r")),
        error("file name", Fault::Empty)
    );
    for (line, safe) in [("../x", ".._x"), (" a b ", " a b_"), ("é", "é")] {
        let metainfo = mtorrent::read(with_line(2, line).as_bytes()).unwrap();
        assert_eq!(metainfo.info.name(), safe);
    }
    let [tracker, _, _, size, hashes] = lines();
    let text = format!("{tracker}\n\n#\n{size}\n{hashes}").into_bytes();
    let at = text.iter().position(|byte| *byte == b'#').unwrap();
    let binary = [&text[..at], b"caf\xe9", &text[at + 1..]].concat();
    let metainfo = mtorrent::read(&binary).unwrap();
    assert_eq!(metainfo.info.name(), "caf_");
    let written = metainfo.write_as(Format::Mtorrent).unwrap();
    assert_eq!(written, [&binary[..], b"\n"].concat());
}

#[test]
fn a_size_is_digits_and_nothing_else() {
    let only_digits = "is no number of bytes: only digits may stand here";
    for line in [
        "+700000", "-700000", "-1", "700000x", "7e5", "700 000", " 700000", "0x10", "７",
    ] {
        assert_refused(
            with_line(3, line),
            "file size",
            &format!("`{line}` {only_digits}"),
        );
    }
    for line in ["0700000", "00"] {
        assert_refused(
            with_line(3, line),
            "file size",
            &format!("`{line}` has a leading zero"),
        );
    }
    assert_eq!(refusal(with_line(3, "")), error("file size", Fault::Empty));
    let more = (TOTAL_SIZE_BYTES_MAX + 1).to_string();
    for line in [more.as_str(), "18446744073709551616", &"9".repeat(70)] {
        assert_refused(
            with_line(3, line),
            "file size",
            &format!("`{line}` is more bytes than one torrent may have"),
        );
    }
    // As large as can be, so that it is the hashes that are missed.
    let most = with_line(3, &TOTAL_SIZE_BYTES_MAX.to_string());
    assert_eq!(refusal(most).place, "hash string");
}

#[test]
fn an_empty_file_has_no_hashes() {
    for text in ["\n\nx\n0", "\n\nx\n0\n", "\n\nx\n0\n\n"] {
        let metainfo = mtorrent::read(text.as_bytes()).unwrap();
        assert_eq!(metainfo.info.piece_count(), 0);
        assert_eq!(
            metainfo.write_as(Format::Mtorrent).unwrap(),
            b"\n\nx\n0\n\n"
        );
    }
    assert_refused(
        "\n\nx\n0\nab",
        "hash string",
        "has 2 digits; 0 bytes in pieces of 512 KiB would have 0",
    );
}

#[test]
fn a_hash_string_fits_the_size() {
    let digits = lines()[4].clone();
    for (len, has) in [
        (0, "0 digits"),
        (1, "1 digit"),
        (41, "41 digits"),
        (79, "79 digits"),
    ] {
        assert_refused(
            with_line(4, &digits[..len]),
            "hash string",
            &format!("has {has}; 700000 bytes in pieces of 512 KiB would have 80"),
        );
    }
    assert_refused(
        with_line(4, &(digits.clone() + "0")),
        "hash string",
        "has 81 digits; 700000 bytes in pieces of 512 KiB would have 80",
    );
    assert_refused(
        with_line(4, &digits.replacen(&digits[6..7], "g", 1)),
        "hash string",
        &format!(
            "digit {} is `g`, which is not hexadecimal",
            digits.find(&digits[6..7]).unwrap() + 1
        ),
    );
    assert_refused(
        with_line(4, &(digits + "\nmore")),
        "hash string",
        "ends after 80 digits, with 5 bytes behind it, which the format does not have",
    );
}

#[test]
fn the_truncated_form_is_refused_by_that_name() {
    let digits = &lines()[4];
    let truncated = format!("{}{}", &digits[..20], &digits[40..60]);
    assert_refused(
        with_line(4, &truncated),
        "hash string",
        "is of the truncated form that old programs wrote, 20 digits for each piece where a \
         SHA-1 has 40; share the file again to make a whole one",
    );
}

#[test]
fn the_extension_counts_where_the_first_words_look_like_another_format() {
    let hint = Some(Format::Mtorrent);
    for (first, name) in [
        ("d1.example:80", "m.bin"),
        ("d1:80", "m.bin"),
        ("mtST.example:80", "m.bin"),
        ("", "magnet:?xt=urn:btih:"),
    ] {
        let [_, second, _, size, hashes] = lines();
        let text = [first, &second, name, &size, &hashes].join("\n");
        let document = read(text.clone().into_bytes(), hint).unwrap();
        let mt::metainfo::Document::Metainfo(Format::Mtorrent, _) = document else {
            panic!("{text}");
        };
    }
    // A torrent by a wrong extension is a torrent still.
    for sample in [samples::v1_single(), samples::v2_single()] {
        let document = read(sample.encode(), hint).unwrap();
        let mt::metainfo::Document::Metainfo(Format::Torrent, _) = document else {
            panic!("a torrent");
        };
    }
}

#[test]
fn without_an_extension_its_lines_say_what_it_is() {
    let is_mtorrent = |text: &str| {
        let document = read(text.as_bytes().to_vec(), None);
        matches!(
            document,
            Ok(mt::metainfo::Document::Metainfo(Format::Mtorrent, _))
        )
    };
    assert!(is_mtorrent(&samples::mtorrent()));
    assert!(is_mtorrent("\n\nempty\n0"));
    // A file of that shape is refused as what it tries to be, any other as nothing.
    let torn = read(b"\n\nname\n5\n".to_vec(), None).unwrap_err();
    assert!(torn.to_string().starts_with("`hash string`: "), "{torn}");
    for other in [
        "\n\nname\n",
        "\n\nname\n5x\n",
        "a\nb\nc",
        "1",
        "\n\n\n\n0\n",
    ] {
        let refused = read(other.as_bytes().to_vec(), None).unwrap_err();
        assert!(
            refused.to_string().contains("none of the formats"),
            "{refused}"
        );
    }
}
