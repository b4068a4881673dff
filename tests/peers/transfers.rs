//! Each of the others gets from mt what it seeds, and mt gets from them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::content::{LINKED, Scratch, files_in};
use crate::programs::mt_finds_whole;
use crate::tracked::{Client, Ground, Way};
use crate::transmission::{Transmission, free_port};

/// As often as mt asks at all. Transmission is never told of peers on loopback: it is called by mt,
/// which has to hear of it first.
const SOON: &str = "--interval 5s --min-interval 5s";

#[derive(Clone, Copy, Debug)]
enum Program {
    Libtorrent,
    Aria2,
    Transmission,
    Rqbit,
}

/// A program that seeds or gets, until it is dropped.
enum Running {
    Process(Client),
    Daemon(Transmission, TempDir),
}

impl Running {
    /// Waits until it has everything.
    fn complete(self) -> Result<()> {
        match self {
            Self::Process(client) => client.finish(),
            Self::Daemon(daemon, home) => {
                daemon.wait_for("whole torrent", || {
                    let told = daemon.remote(&["-t", "1", "-i"])?;
                    Ok(told.contains("Percent Done: 100%"))
                })?;
                daemon.exit()?;
                Ok(home.close()?)
            }
        }
    }
}

impl Program {
    fn seed(self, ground: &Ground) -> Result<Running> {
        let data = ground.scratch.data();
        Ok(match self {
            Self::Libtorrent => Running::Process(ground.libtorrent(&data, 600)?),
            Self::Aria2 => Running::Process(ground.aria2(&data, &["--seed-ratio=0.0"])?),
            Self::Transmission => transmission(ground, &data)?,
            Self::Rqbit => Running::Process(rqbit(ground, &data, &["--overwrite"])?),
        })
    }

    fn get(self, ground: &Ground, folder: &Path) -> Result<Running> {
        Ok(match self {
            Self::Libtorrent => Running::Process(ground.libtorrent(folder, 0)?),
            Self::Aria2 => Running::Process(ground.aria2(folder, &["--seed-time=0"])?),
            Self::Transmission => transmission(ground, folder)?,
            Self::Rqbit => Running::Process(rqbit(ground, folder, &["--exit-on-finish"])?),
        })
    }
}

fn transmission(ground: &Ground, folder: &Path) -> Result<Running> {
    let home = tempfile::tempdir()?;
    let daemon = Transmission::start(home.path())?;
    let folder = folder.to_str().context("no UTF-8")?;
    let torrent = ground.torrent.to_str().context("no UTF-8")?;
    daemon.remote(&["-w", folder, "-a", torrent])?;
    Ok(Running::Daemon(daemon, home))
}

fn rqbit(ground: &Ground, folder: &Path, words: &[&str]) -> Result<Client> {
    let mut command = Command::new("rqbit");
    command.args([
        "--disable-dht",
        "--disable-dht-persistence",
        "--disable-lsd",
    ]);
    command.args(["--listen-ip", "127.0.0.1", "--listen-port"]);
    command.arg(free_port()?.to_string());
    command.args(["download", "--disable-http-api", "--output-folder"]);
    command.arg(folder).args(words).arg(&ground.torrent);
    let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
    Ok(Client(silent.spawn()?))
}

fn mt(ground: &Ground, command: &str, words: &[&str], path: &Path) -> Result<Client> {
    let mut mt = Command::new(env!("CARGO_BIN_EXE_mt"));
    mt.args(["client", command, "--listen", "127.0.0.1:0"]);
    mt.args(words).arg(&ground.torrent);
    if command == "seed" {
        mt.arg("--data");
    }
    Ok(Client(mt.arg(path).stderr(Stdio::null()).spawn()?))
}

fn mt_seeds(ground: &Ground, words: &[&str]) -> Result<Client> {
    let seeder = mt(ground, "seed", words, &ground.scratch.data())?;
    ground.await_facts(1, 0..=0)?;
    Ok(seeder)
}

fn mt_gets(ground: &Ground, folder: &Path) -> Result<Client> {
    mt(ground, "get", &["--exit", "--give-up", "60s"], folder)
}

/// What is moved.
const CONTENTS: [fn(&Scratch) -> Result<PathBuf>; 2] =
    [Scratch::make_file, Scratch::make_plain_directory];

/// Transmission makes none.
fn add_empty_files(ground: &Ground, folder: &Path) -> Result<()> {
    for (path, len_bytes) in files_in(&ground.scratch.data())? {
        if len_bytes == 0 {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().context("below the folder")?)?;
            fs::write(path, "")?;
        }
    }
    Ok(())
}

fn gets_from_mt(program: Program) -> Result<()> {
    for make in CONTENTS {
        let ground = Ground::with(Way::Http, SOON, make)?;
        let seeder = mt_seeds(&ground, &[])?;
        let folder = ground.folder("copy")?;
        program.get(&ground, &folder)?.complete()?;
        if let Program::Transmission = program {
            add_empty_files(&ground, &folder)?;
        }
        ensure!(mt_finds_whole(&ground.torrent, &folder)?, "not whole");
        drop(seeder);
    }
    Ok(())
}

fn gives_to_mt(program: Program) -> Result<()> {
    for make in CONTENTS {
        let ground = Ground::with(Way::Http, SOON, make)?;
        let seeder = program.seed(&ground)?;
        ground.await_facts(1, 0..=1)?;
        let folder = ground.folder("copy")?;
        mt_gets(&ground, &folder)?.finish()?;
        ensure!(mt_finds_whole(&ground.torrent, &folder)?, "not whole");
        drop(seeder);
    }
    Ok(())
}

fn both_ways(program: Program) -> Result<()> {
    gets_from_mt(program)?;
    gives_to_mt(program)
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn libtorrent_and_mt_give_to_each_other() -> Result<()> {
    both_ways(Program::Libtorrent)
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn aria2_and_mt_give_to_each_other() -> Result<()> {
    both_ways(Program::Aria2)
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn transmission_and_mt_give_to_each_other() -> Result<()> {
    both_ways(Program::Transmission)
}

/// First a part, then the rest.
#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn mt_gets_files_one_by_one_from_libtorrent() -> Result<()> {
    let ground = Ground::with(Way::Http, SOON, Scratch::make_plain_directory)?;
    let data = ground.scratch.data();
    let seeder = ground.libtorrent(&data, 600)?;
    ground.await_facts(1, 0..=1)?;
    let folder = ground.folder("copy")?;
    let words = ["--exit", "--give-up", "60s", "--only", LINKED];
    mt(&ground, "get", &words, &folder)?.finish()?;
    let copied = files_in(&folder)?;
    let whole: Vec<_> = copied
        .iter()
        .filter(|(path, _)| !path.ends_with(".mtpart"))
        .collect();
    let path = format!("a directory/{LINKED}");
    ensure!(whole == [&(path.clone(), 1 << 16)], "{copied:?}");
    ensure!(fs::read(folder.join(&path))? == fs::read(data.join(&path))?);
    mt_gets(&ground, &folder)?.finish()?;
    ensure!(mt_finds_whole(&ground.torrent, &folder)?, "not whole");
    drop(seeder);
    Ok(())
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn mt_gets_from_libtorrent_without_any_ipv4() -> Result<()> {
    let ground = Ground::with(Way::Http, SOON, Scratch::make_file)?;
    let address = format!("[::1]:{}", free_port()?);
    let seeder = ground.libtorrent_at(&address, &ground.scratch.data(), 600)?;
    let folder = ground.folder("copy")?;
    let mut get = Command::new(env!("CARGO_BIN_EXE_mt"));
    get.args(["client", "get", "--exit", "--give-up", "60s"]);
    get.args(["--listen", "[::1]:0", "--peer", &address]);
    get.arg(&ground.torrent).arg(&folder).stderr(Stdio::null());
    Client(get.spawn()?).finish()?;
    ensure!(mt_finds_whole(&ground.torrent, &folder)?, "not whole");
    drop(seeder);
    Ok(())
}

#[test]
#[ignore = "needs rqbit"]
fn rqbit_and_mt_give_to_each_other() -> Result<()> {
    both_ways(Program::Rqbit)
}

/// One seeder that gives slowly, and getters of three kinds.
#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn a_swarm_of_all_kinds() -> Result<()> {
    let ground = Ground::with(Way::Http, SOON, Scratch::make_long_file)?;
    let seeder = mt_seeds(&ground, &["--limit-up", "2MB/s"])?;
    let folders = ["libtorrent", "aria2", "mt"].map(|name| ground.folder(name));
    let [libtorrent, aria2, mt] = folders;
    let (libtorrent, aria2, mt) = (libtorrent?, aria2?, mt?);
    let getters = [
        ground.libtorrent(&libtorrent, 1)?,
        ground.aria2(&aria2, &["--seed-time=0"])?,
        mt_gets(&ground, &mt)?,
    ];
    for getter in getters {
        getter.finish()?;
    }
    for folder in [libtorrent, aria2, mt] {
        let is_whole = mt_finds_whole(&ground.torrent, &folder)?;
        ensure!(is_whole, "`{}` is not whole", folder.display());
    }
    drop(seeder);
    Ok(())
}
