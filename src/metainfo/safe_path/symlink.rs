//! Where a symbolic link of a torrent (BEP 47) may point: into the torrent's directory.
//!
//! A target is a list of names counted from the torrent's root. The link that is written climbs
//! from its own directory to the root, one `..` for each directory of its path, and descends from
//! there by cleaned names, none of which climbs again.
//!
//! So no link leaves the root, and no chain of links does, as long as every link stands among the
//! torrent's files when their paths are made distinct: then no link is a directory of another path,
//! each link's directory is a real one, its climb ends at the root exactly, and whatever other link
//! it descends through begins its own way inside.

use crate::base::limits::LINK_TARGET_LEN_BYTES_MAX as TARGET_LEN_BYTES_MAX;
use crate::metainfo::safe_path::component::append_clean;
use crate::metainfo::safe_path::fold;

/// Why a link is not made.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SymlinkError {
    #[error("the link `{link}` has no target")]
    NoTarget { link: String },
    #[error("the target of the link `{link}` has a name `{name}`, which is no file or directory")]
    NotAName { link: String, name: &'static str },
    #[error("the link `{link}` points to itself")]
    ToItself { link: String },
    #[error("the target of the link `{link}` is longer than {TARGET_LEN_BYTES_MAX} bytes")]
    TooLong { link: String },
}

/// The text of the link at `link_path`, a safe path below the root, to the file or directory that
/// `target_components` name from the root.
pub fn resolve_target<'a>(
    link_path: &str,
    target_components: impl IntoIterator<Item = &'a [u8]>,
) -> Result<String, SymlinkError> {
    let link = || link_path.to_owned();
    let mut target = "../".repeat(link_path.matches('/').count());
    let climb_len_bytes = target.len();
    for raw in target_components {
        if let Some(name) = name_that_leads_elsewhere(raw) {
            return Err(SymlinkError::NotAName { link: link(), name });
        }
        if target.len() > climb_len_bytes {
            target.push('/');
        }
        append_clean(&mut target, raw);
        if target.len() > TARGET_LEN_BYTES_MAX {
            return Err(SymlinkError::TooLong { link: link() });
        }
    }
    let from_root = &target[climb_len_bytes..];
    if from_root.is_empty() {
        return Err(SymlinkError::NoTarget { link: link() });
    }
    if fold::compare(from_root, link_path).is_eq() {
        return Err(SymlinkError::ToItself { link: link() });
    }
    Ok(target)
}

/// Cleaning would make `_` of these, and the link would point at a file that nobody meant.
fn name_that_leads_elsewhere(raw: &[u8]) -> Option<&'static str> {
    match raw {
        b"" => Some(""),
        b"." => Some("."),
        b".." => Some(".."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn resolve(link: &str, target: &[&str]) -> Result<String, SymlinkError> {
        resolve_target(link, target.iter().map(|name| name.as_bytes()))
    }

    #[test]
    fn climbs_to_the_root_and_descends() {
        assert_eq!(resolve("a/b/link", &["x", "y"]).as_deref(), Ok("../../x/y"));
        assert_eq!(resolve("link", &["x"]).as_deref(), Ok("x"));
        assert_eq!(resolve("a/link", &["a", "b"]).as_deref(), Ok("../a/b"));
    }

    #[test]
    fn cleans_as_paths_are_cleaned() {
        assert_eq!(
            resolve("link", &["../../etc", "NUL", "a."]).as_deref(),
            Ok(".._.._etc/_NUL/a_")
        );
        assert_eq!(
            resolve("link", &["/etc/passwd"]).as_deref(),
            Ok("_etc_passwd")
        );
    }

    #[test]
    fn refuses_what_leads_nowhere_or_out() {
        let link = || "d/link".to_owned();
        assert_eq!(
            resolve("d/link", &[]),
            Err(SymlinkError::NoTarget { link: link() })
        );
        for name in ["", ".", ".."] {
            let refused = Err(SymlinkError::NotAName { link: link(), name });
            assert_eq!(resolve("d/link", &[name]), refused);
            assert_eq!(resolve("d/link", &["a", name, "b"]), refused);
        }
        let to_itself = Err(SymlinkError::ToItself { link: link() });
        assert_eq!(resolve("d/link", &["d", "link"]), to_itself);
        assert_eq!(resolve("d/link", &["D", "Link"]), to_itself);
    }

    #[test]
    fn refuses_a_target_too_long_to_store() {
        let name = "x".repeat(255);
        let longest = vec![name.as_str(); 16];
        assert_eq!(
            resolve("link", &longest).map(|target| target.len()),
            Ok(4095)
        );
        let too_long = Err(SymlinkError::TooLong {
            link: "a/link".to_owned(),
        });
        assert_eq!(resolve("a/link", &longest), too_long);
    }

    proptest! {
        #[test]
        fn never_climbs_above_the_root(
            depth in 0..5_usize,
            target in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 0..6),
        ) {
            let link_path = "d/".repeat(depth) + "link";
            let components = target.iter().map(Vec::as_slice);
            if let Ok(target) = resolve_target(&link_path, components) {
                let descent = target.strip_prefix(&"../".repeat(depth)).unwrap();
                let is_name = |name: &str| !matches!(name, "" | "." | "..");
                prop_assert!(descent.split('/').all(is_name), "{}", target);
            }
        }
    }
}
