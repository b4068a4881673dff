//! The ground rules of the repository, held by reading it.

#[path = "house/finding.rs"]
mod finding;
#[path = "house/floors.rs"]
mod floors;
#[path = "house/forbidden.rs"]
mod forbidden;
#[path = "house/sizes.rs"]
mod sizes;
#[path = "house/tokens.rs"]
mod tokens;

use std::fs;
use std::io;
use std::path::Path;

use finding::Finding;

/// A text file of the repository; its path is relative to the root and has `/` between its parts.
struct TextFile {
    path: String,
    text: String,
}

#[test]
fn rooms_import_only_from_floors_below() {
    let sources = rust_files(&["src"]).unwrap();
    assert_no_findings(&sources, |file| {
        let path_in_src = file.path.strip_prefix("src/").unwrap_or(&file.path);
        floors::wrong_imports(path_in_src, &file.text)
    });
}

#[test]
fn files_are_short() {
    assert_no_findings(&all_rust_files().unwrap(), |file| {
        sizes::long_file(&file.text).into_iter().collect()
    });
}

#[test]
fn functions_are_short() {
    assert_no_findings(&all_rust_files().unwrap(), |file| {
        sizes::long_functions(&file.text)
    });
}

#[test]
fn unsafe_stays_in_its_rooms() {
    assert_no_findings(&all_rust_files().unwrap(), |file| {
        forbidden::misplaced_unsafe(&file.path, &file.text)
    });
}

#[test]
fn no_async_runtime_is_locked() {
    let locks = ["Cargo.lock", "fuzz/Cargo.lock"].map(|path| read(Path::new(path)).unwrap());
    assert_no_findings(&locks, |lock| forbidden::async_runtimes(&lock.text));
}

/// Fails with every finding, one a line, each beginning with its place.
fn assert_no_findings(files: &[TextFile], rule: impl Fn(&TextFile) -> Vec<Finding>) {
    assert!(!files.is_empty(), "the repository holds no file to check");
    let findings: Vec<String> = files
        .iter()
        .flat_map(|file| {
            rule(file)
                .into_iter()
                .map(|found| format!("{}:{found}", file.path))
        })
        .collect();
    assert!(
        findings.is_empty(),
        "the house rules are broken:\n{}",
        findings.join("\n")
    );
}

fn all_rust_files() -> io::Result<Vec<TextFile>> {
    rust_files(&["src", "tests", "benches", "fuzz"])
}

/// Every `.rs` file under the folders that exist, in order of path.
fn rust_files(folders: &[&str]) -> io::Result<Vec<TextFile>> {
    let mut files = Vec::new();
    for folder in folders {
        if root().join(folder).is_dir() {
            collect_rust_files(Path::new(folder), &mut files)?;
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect_rust_files(folder: &Path, files: &mut Vec<TextFile>) -> io::Result<()> {
    for entry in fs::read_dir(root().join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            let is_build_output = path == Path::new("fuzz/target");
            if !is_build_output {
                collect_rust_files(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(read(&path)?);
        }
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<TextFile> {
    let text = fs::read_to_string(root().join(path))?;
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    Ok(TextFile {
        path: parts.join("/"),
        text,
    })
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
