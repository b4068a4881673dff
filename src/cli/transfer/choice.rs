//! Which files of a torrent are got, and which of them first: patterns of the command line held
//! against the paths that `show` prints.

use anyhow::{Result, bail};
use clap::Args;
use globset::{GlobBuilder, GlobMatcher};

use crate::base::printable;
use crate::cli::size::Counted;
use crate::engine::{Wish, Wishes};
use crate::metainfo::{File, Info};
use crate::storage::Selection;
use crate::swarm::Priority;

/// How many paths are named to somebody who named none.
const PATHS_SHOWN_MAX: usize = 4;

const LAST: Priority = match Priority::new(1) {
    Some(priority) => priority,
    None => unreachable!(),
};

#[derive(Args, Debug)]
pub(super) struct ChoiceArgs {
    /// Get only files or directories that match, such as 'data/*.bin'; may be given several times
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,

    /// Leave out files or directories that match; may be given several times
    #[arg(long, value_name = "GLOB")]
    skip: Vec<String>,

    /// Get what matches before the rest; may be given several times
    #[arg(long, value_name = "GLOB")]
    first: Vec<String>,

    /// Get what matches after the rest; may be given several times
    #[arg(long, value_name = "GLOB")]
    last: Vec<String>,
}

/// How much each file is wanted, padding included, which nobody chooses.
#[derive(Debug)]
pub(super) struct Choice {
    priorities: Vec<Priority>,
}

impl Choice {
    pub(super) fn of(info: &Info, args: &ChoiceArgs) -> Result<Self> {
        let mut priorities = vec![Priority::NORMAL; info.files().len()];
        if !args.only.is_empty() {
            priorities.fill(Priority::UNWANTED);
            mark(info, "--only", &args.only, |file| {
                priorities[file] = Priority::NORMAL;
                true
            })?;
        }
        mark(info, "--skip", &args.skip, |file| {
            priorities[file] = Priority::UNWANTED;
            true
        })?;
        let is_chosen = |(index, file): (usize, File<'_>)| {
            priorities[index] != Priority::UNWANTED && !file.attributes.padding
        };
        if !info.files().iter().enumerate().any(is_chosen) {
            bail!("`--only` and `--skip` leave no file of the torrent to get");
        }
        let orders = [
            ("--last", &args.last, LAST),
            ("--first", &args.first, Priority::HIGHEST),
        ];
        for (option, patterns, priority) in orders {
            mark(info, option, patterns, |file| {
                let is_wanted = priorities[file] != Priority::UNWANTED;
                if is_wanted {
                    priorities[file] = priority;
                }
                is_wanted
            })?;
        }
        Ok(Self { priorities })
    }

    /// For storage, which makes no others.
    pub(super) fn selection(&self) -> Selection {
        let priorities = self.priorities.iter();
        Selection::new(
            priorities
                .map(|priority| *priority != Priority::UNWANTED)
                .collect(),
        )
    }

    /// For the engine, which asks for no others.
    pub(super) fn wishes(&self, info: &Info) -> Wishes {
        if self
            .priorities
            .iter()
            .all(|priority| *priority == Priority::NORMAL)
        {
            return Wishes::Everything;
        }
        let files = info.files().iter().zip(&self.priorities);
        let files = files.filter(|(file, _)| !file.attributes.padding && file.len_bytes > 0);
        let wishes = files.map(|(file, priority)| Wish {
            from_bytes: file.offset_bytes,
            to_bytes: file.offset_bytes + file.len_bytes,
            priority: *priority,
        });
        Wishes::Parts(wishes.collect())
    }
}

/// Does something with every file that a pattern matches, which says whether it counts; a pattern
/// has to match one that does.
fn mark(
    info: &Info,
    option: &str,
    patterns: &[String],
    mut act: impl FnMut(usize) -> bool,
) -> Result<()> {
    for text in patterns {
        let pattern = Pattern::new(text);
        let (mut is_matched, mut is_effective) = (false, false);
        for (index, file) in info.files().iter().enumerate() {
            if !file.attributes.padding && pattern.matches(&info.full_path(&file), file.path) {
                is_matched = true;
                is_effective |= act(index);
            }
        }
        let text = printable(text);
        match (is_matched, is_effective, pattern.fault) {
            (_, true, _) => {}
            (true, false, _) => bail!("`{option} {text}` matches only files that are left out"),
            (false, false, Some(fault)) => bail!("`{option} {text}`: {fault}"),
            (false, false, None) => {
                bail!(
                    "`{option} {text}` matches no file of the torrent; {}",
                    examples(info)
                )
            }
        }
    }
    Ok(())
}

/// Some of the paths that there are.
fn examples(info: &Info) -> String {
    let files = info.files().iter();
    let mut files = files.filter(|file| !file.attributes.padding);
    let shown = files.by_ref().take(PATHS_SHOWN_MAX);
    let shown: Vec<String> = shown
        .map(|file| format!("`{}`", printable(&info.full_path(&file))))
        .collect();
    let rest = files.count() as u64;
    let mut text = format!("it has {}", shown.join(", "));
    if rest > 0 {
        text += &format!(
            " and {}, which `mt client show` lists",
            Counted(rest, "other")
        );
    }
    text
}

/// What is held against paths, and names, of files and of the directories that they lie in. What is
/// a path as it stands is that path, whatever its characters mean in patterns.
struct Pattern<'a> {
    text: &'a str,
    glob: Option<GlobMatcher>,
    fault: Option<String>,
}

impl<'a> Pattern<'a> {
    fn new(text: &'a str) -> Self {
        let text = text.strip_prefix("./").unwrap_or(text).trim_matches('/');
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let (glob, fault) = match glob {
            Ok(glob) => (Some(glob.compile_matcher()), None),
            Err(error) => (None, Some(error.kind().to_string())),
        };
        Self { text, glob, fault }
    }

    /// The full path of a file begins with the name of its torrent, where that is a directory.
    fn matches(&self, full_path: &str, path: &str) -> bool {
        if self.text.contains('/') {
            with_parents(full_path)
                .chain(with_parents(path))
                .any(|path| self.is(path))
        } else {
            full_path.split('/').any(|name| self.is(name))
        }
    }

    fn is(&self, candidate: &str) -> bool {
        let is_match = |glob: &GlobMatcher| glob.is_match(candidate);
        self.text == candidate || self.glob.as_ref().is_some_and(is_match)
    }
}

/// A path and those of the directories that it lies in.
fn with_parents(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| Some(path.rsplit_once('/')?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_files_and_what_they_lie_in() {
        let path = "sub/deep/file [1].bin";
        let full_path = format!("name/{path}");
        let matches = |text| Pattern::new(text).matches(&full_path, path);
        let right = [
            "name",
            "name/",
            "sub",
            "./sub/",
            "sub/deep",
            "name/sub/deep",
            "deep",
            "file [1].bin",
            "sub/deep/file [1].bin",
            "name/sub/deep/file [1].bin",
            "*.bin",
            "sub/*",
            "sub/**",
            "**/file*",
            "name/**/*.bin",
            "s?b",
            "*",
        ];
        for text in right {
            assert!(matches(text), "{text}");
        }
        let wrong = [
            "*.txt",
            "file",
            "sub/*.bin",
            "deep/file*",
            "other/**",
            "su",
            "",
            "name/deep",
        ];
        for text in wrong {
            assert!(!matches(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern_may_be_a_name() {
        let pattern = Pattern::new("a[b");
        assert!(pattern.fault.is_some() && pattern.matches("a[b", "a[b"));
        assert!(!pattern.matches("ab", "ab"));
    }
}
