use proptest::prelude::*;

use super::*;

/// Bytes that meet the rules often: random bytes, and words made of what the rules look for.
fn hostile_name() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
        4 => prop::sample::select(vec![
            ".", "..", " ", "/", "\\", "\0", "CON", "com1", "LPT²", "nul", "conin$", "_", ":",
            "\u{202e}", "\u{200d}", "\u{7f}", "é", "日本", "\u{e0041}", "a", "tar", ".gz", " (2)",
        ])
        .prop_map(|word| word.as_bytes().to_vec()),
        2 => prop::collection::vec(any::<u8>(), 0..4),
        1 => (prop::sample::select(vec!["x", " ", ".", "é", "\u{10348}"]), 1..300_usize)
            .prop_map(|(unit, times)| unit.repeat(times).into_bytes()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[test]
fn leaves_ordinary_names_alone() {
    for name in [
        "a",
        "Big Buck Bunny (2008) [1080p].mkv",
        ".hidden",
        " leading",
        "...and justice",
        "a  b",
        "Müller – café, 日本語.txt",
        "console.txt",
        "COM10",
        "com",
        "LPT",
        "nulled",
        "snowman ☃\u{fe0f}.png",
        "~$%&'()+,-;=@[]^`{}!#",
    ] {
        assert_eq!(clean_component(name.as_bytes()), name);
    }
}

#[test]
fn replaces_what_walks_the_tree() {
    for (raw, clean) in [
        (&b""[..], "_"),
        (b".", "_"),
        (b"..", "_"),
        (b"...", "___"),
        (b". .", "___"),
        (b"../../etc/passwd", ".._.._etc_passwd"),
        (b"..\\x", ".._x"),
        (b"/", "_"),
        (b"C:", "C_"),
        (b"a:stream", "a_stream"),
        (b"a\0.txt", "a_.txt"),
        (b"a<>:\"|?*b", "a_______b"),
        (b"tab\there\x7f\x1b[2J", "tab_here__[2J"),
    ] {
        assert_eq!(clean_component(raw), clean, "{}", raw.escape_ascii());
    }
}

#[test]
fn replaces_broken_utf8_without_decoding_it() {
    for (raw, clean) in [
        (&b"\xc0\xaf"[..], "__"),
        (b"\xc0\xae\xc0\xae", "____"),
        (b"\xe0\x80\xafx", "___x"),
        (b"\xed\xa0\x80", "___"),
        (b"a\xffb", "a_b"),
        (b"caf\xe9.txt", "caf_.txt"),
        (b"\xf0\x9f\x98", "_"),
    ] {
        assert_eq!(clean_component(raw), clean, "{}", raw.escape_ascii());
    }
}

#[test]
fn replaces_what_deceives_the_reader() {
    let listed = [
        0x80, 0x85, 0x9f, 0xad, 0x61c, 0x180e, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028,
        0x2029, 0x202a, 0x202e, 0x2060, 0x2064, 0x2066, 0x2069, 0xfeff, 0xfff9, 0xfffb, 0xe0001,
        0xe007f,
    ];
    for code_point in listed {
        let c = char::from_u32(code_point).unwrap();
        let raw = format!("a{c}b");
        assert_eq!(clean_component(raw.as_bytes()), "a_b", "{code_point:x}");
    }
}

#[test]
fn replaces_dots_and_spaces_at_the_end() {
    for (raw, clean) in [
        ("a.", "a_"),
        ("a ", "a_"),
        ("a. .", "a___"),
        (" ", "_"),
        ("é.", "é_"),
    ] {
        assert_eq!(clean_component(raw.as_bytes()), clean);
    }
}

#[test]
fn keeps_devices_away() {
    for device in [
        "CON",
        "prn",
        "Aux.txt",
        "nul.tar.gz",
        "COM1",
        "com9.log",
        "LPT0",
        "com¹",
        "LPT³.x",
        "CONIN$",
        "conout$",
        "clock$",
        "con .txt",
    ] {
        assert_eq!(clean_component(device.as_bytes()), format!("_{device}"));
    }
    assert_eq!(clean_component(b"NUL "), "NUL_");
    assert_eq!(clean_component(b"CON:"), "CON_");
}

#[test]
fn shortens_the_stem_and_keeps_the_extension() {
    let long = "x".repeat(300);
    assert_eq!(clean_component(long.as_bytes()), "x".repeat(255));
    let with_extension = format!("{long}.mkv");
    assert_eq!(
        clean_component(with_extension.as_bytes()),
        format!("{}.mkv", "x".repeat(251))
    );
    let no_extension = format!("a.{long}");
    assert_eq!(
        clean_component(no_extension.as_bytes()),
        format!("a.{}", "x".repeat(253))
    );
    let wide = "é".repeat(200);
    assert_eq!(clean_component(wide.as_bytes()), "é".repeat(127));
}

#[test]
fn the_longest_extension_survives_however_many_bytes_it_took() {
    let raw = format!("{}.{}", "x".repeat(2000), "\u{e0041}".repeat(16));
    let extension = format!(".{}", "_".repeat(16));
    assert_eq!(
        clean_component(raw.as_bytes()),
        "x".repeat(238) + &extension
    );
}

#[test]
fn what_the_cut_uncovers_is_cleaned_too() {
    let space_at_the_cut = format!("{} {}", "x".repeat(254), "y".repeat(20));
    assert_eq!(
        clean_component(space_at_the_cut.as_bytes()),
        format!("{}_", "x".repeat(254))
    );
    let device_behind_the_cut = format!("CON{}X.txt", " ".repeat(300));
    let clean = clean_component(device_behind_the_cut.as_bytes());
    assert!(
        clean.starts_with("_CON ") && clean.ends_with(" .txt"),
        "{clean}"
    );
    assert_eq!(clean.len(), 255);
    let full_device = format!("CON.{} y", "x".repeat(249));
    assert_eq!(
        clean_component(full_device.as_bytes()),
        format!("_CON.{}_", "x".repeat(249))
    );
}

#[test]
fn a_torrent_that_shows_no_name_is_a_single_placeholder() {
    for raw in [
        "",
        "..",
        "\0\0\0",
        "\u{200b}\u{202e}",
        " . ",
        "\u{3000}\u{3000}",
        "____",
    ] {
        assert_eq!(clean_name(raw.as_bytes()), "_", "{raw:?}");
    }
    assert_eq!(clean_name(b"a/b"), "a_b");
    assert_eq!(clean_name("\u{202e}x".as_bytes()), "_x");
}

#[test]
fn every_character_alone_is_fit_or_replaced() {
    for c in '\0'..=char::MAX {
        let clean = clean_component(c.to_string().as_bytes());
        assert!(
            clean == "_" || clean == c.to_string(),
            "{c:?} gave `{clean}`"
        );
    }
}

proptest! {
    #[test]
    fn is_safe_and_its_own_safe_form(raw in hostile_name()) {
        let clean = clean_component(&raw);
        prop_assert!((1..=255).contains(&clean.len()));
        prop_assert!(clean != "." && clean != "..");
        prop_assert!(!clean.chars().any(is_unfit));
        prop_assert!(!clean.ends_with(['.', ' ']));
        prop_assert!(!is_device(&clean));
        prop_assert_eq!(clean_component(clean.as_bytes()), clean.clone());
        let name = clean_name(&raw);
        prop_assert_eq!(clean_name(name.as_bytes()), name);
    }

    #[test]
    fn the_middle_of_a_long_name_is_never_missed(
        head in hostile_name(),
        filling in prop::sample::select(vec!["x", "é", "\u{10348}", "\u{e0041}"]),
        tail in hostile_name(),
    ) {
        let raw = [&head[..], filling.repeat(1500).as_bytes(), &tail[..]].concat();
        let mut whole = String::new();
        append_fit_characters(&mut whole, &raw);
        settle(&mut whole, 0);
        prop_assert_eq!(clean_component(&raw), whole);
    }

    #[test]
    fn the_short_way_for_ascii_agrees_with_the_long_one(raw in hostile_name()) {
        if let Some(name) = as_clean_ascii(&raw) {
            let mut long_way = String::new();
            append_fit_characters(&mut long_way, &raw);
            settle(&mut long_way, 0);
            prop_assert_eq!(name, long_way);
        }
    }
}
