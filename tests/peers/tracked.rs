//! Clients that know nothing but mt's tracker find each other through it, and move a file.
//!
//! Transmission takes no addresses of loopback from a tracker, nor dials them: there it can only be
//! found by others.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::clients::counts;
use crate::content::Scratch;
use crate::process::{HTTP, Tracker, UDP};
use crate::programs::{mt_create, mt_finds_whole, mt_show};
use crate::transmission::{Transmission, free_port};

const LIBTORRENT_PEER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/peers/libtorrent_peer.py"
);

const TIMEOUT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// How a client speaks with the tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Http,
    Udp,
}

const WAYS: [Way; 2] = [Way::Http, Way::Udp];

/// A tracker, a torrent of a file that names it, and room for copies.
pub(crate) struct Ground {
    tracker: Tracker,
    pub(crate) scratch: Scratch,
    pub(crate) torrent: PathBuf,
    hash: String,
    way: Way,
}

/// A client that is ended where a test ends early.
pub(crate) struct Client(pub(crate) Child);

impl Client {
    /// Waits for it to end by itself, content.
    pub(crate) fn finish(mut self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < 2 * TIMEOUT {
            if let Some(status) = self.0.try_wait()? {
                ensure!(status.success(), "{status}");
                return Ok(());
            }
            thread::sleep(POLL);
        }
        anyhow::bail!("it does not end")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Where it has ended already there is nothing left to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Ground {
    fn new(way: Way) -> Result<Self> {
        Self::with(way, "", Scratch::make_file)
    }

    /// With the tracker's policy, and what the torrent is made of.
    pub(crate) fn with(
        way: Way,
        policy: &str,
        make: impl FnOnce(&Scratch) -> Result<PathBuf>,
    ) -> Result<Self> {
        let scratch = Scratch::new()?;
        let content = make(&scratch)?;
        let tracker = Tracker::start(&scratch.data(), &[HTTP, UDP, policy]);
        let url = match way {
            Way::Http => format!("http://{}/announce", tracker.http.context("HTTP")?),
            Way::Udp => format!("udp://{}/announce", tracker.udp.context("UDP")?),
        };
        let torrent = scratch.beside("made.torrent");
        let options = ["--piece-length", "64KiB", "--tracker", &url];
        mt_create(&content, &torrent, &options)?;
        let hash = mt_show(&torrent)?["info_hash_v1"]
            .as_str()
            .map(str::to_owned);
        Ok(Self {
            tracker,
            scratch,
            torrent,
            hash: hash.context("a v1 torrent")?,
            way,
        })
    }

    /// An empty folder to download to.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.scratch.beside(name);
        fs::create_dir(&folder)?;
        Ok(folder)
    }

    pub(crate) fn libtorrent(&self, folder: &Path, seconds_to_seed: u32) -> Result<Client> {
        self.libtorrent_at("127.0.0.1:0", folder, seconds_to_seed)
    }

    pub(crate) fn libtorrent_at(
        &self,
        listen: &str,
        folder: &Path,
        seconds_to_seed: u32,
    ) -> Result<Client> {
        let mut command = Command::new("python3");
        command.arg(LIBTORRENT_PEER).arg(&self.torrent).arg(folder);
        command.arg(seconds_to_seed.to_string()).arg(listen);
        Ok(Client(command.stdout(Stdio::null()).spawn()?))
    }

    pub(crate) fn aria2(&self, folder: &Path, words: &[&str]) -> Result<Client> {
        let mut command = Command::new("aria2c");
        command.args(["--no-conf", "--enable-dht6=false", "--bt-enable-lpd=false"]);
        command.args(["--interface=127.0.0.1", "--check-integrity=true"]);
        command.arg(format!("--listen-port={}", free_port()?));
        // It speaks UDP with trackers through the socket of its DHT.
        command.arg(format!("--enable-dht={}", self.way == Way::Udp));
        command.arg(format!("--dht-listen-port={}", free_port()?));
        let table = self.scratch.beside("aria2.dht");
        command.arg("--dht-file-path").arg(table);
        command
            .args(words)
            .arg("--dir")
            .arg(folder)
            .arg(&self.torrent);
        Ok(Client(command.stdout(Stdio::null()).spawn()?))
    }

    /// Waits until a scrape says this, as it does when everybody has announced what is so.
    pub(crate) fn await_facts(&self, seeders: u32, downloads: RangeInclusive<u32>) -> Result<()> {
        let hash = self.hash.as_bytes().chunks(2);
        let escaped: String = hash
            .map(|pair| format!("%{}", String::from_utf8_lossy(pair)))
            .collect();
        let start = Instant::now();
        loop {
            let scrape = format!("/scrape?info_hash={escaped}");
            let told = counts(&self.tracker.client().get(&scrape));
            let are_facts = (told.seeders, told.leechers) == (seeders, 0);
            if are_facts && downloads.contains(&told.downloads) {
                return Ok(());
            }
            let in_time = start.elapsed() < TIMEOUT;
            ensure!(in_time, "{told:?}, and not {seeders} and {downloads:?}");
            thread::sleep(POLL);
        }
    }

    /// A seeder is there: two others come, download and leave.
    fn others_download(&self) -> Result<()> {
        self.await_facts(1, 0..=0)?;
        self.libtorrent_downloads()?;
        self.aria2_downloads(1..=2)
    }

    fn libtorrent_downloads(&self) -> Result<()> {
        let folder = self.folder("libtorrent")?;
        self.libtorrent(&folder, 0)?.finish()?;
        assert!(mt_finds_whole(&self.torrent, &folder)?);
        self.await_facts(1, 1..=1)
    }

    /// It may leave without a word that it had completed.
    fn aria2_downloads(&self, downloads: RangeInclusive<u32>) -> Result<()> {
        let folder = self.folder("aria2")?;
        self.aria2(&folder, &["--seed-time=0"])?.finish()?;
        assert!(mt_finds_whole(&self.torrent, &folder)?);
        self.await_facts(1, downloads)
    }
}

fn others_download_from_libtorrent(way: Way) -> Result<()> {
    let ground = Ground::new(way)?;
    let seeder = ground.libtorrent(&ground.scratch.data(), 600)?;
    ground.others_download()?;
    drop(seeder);
    Ok(())
}

fn others_download_from_aria2(way: Way) -> Result<()> {
    let ground = Ground::new(way)?;
    let seeder = ground.aria2(&ground.scratch.data(), &["--seed-ratio=0.0"])?;
    ground.others_download()?;
    drop(seeder);
    Ok(())
}

fn one_downloads_from_transmission(way: Way) -> Result<()> {
    let ground = Ground::new(way)?;
    let home = tempfile::tempdir()?;
    let daemon = Transmission::start(home.path())?;
    let folder = ground.scratch.data();
    let folder = folder.to_str().context("no UTF-8")?;
    let torrent = ground.torrent.to_str().context("no UTF-8")?;
    daemon.remote(&["-w", folder, "-a", torrent])?;
    ground.await_facts(1, 0..=0)?;
    // It holds the first peer of an address for all of them, so there can be one at a time.
    match way {
        Way::Http => ground.libtorrent_downloads()?,
        Way::Udp => ground.aria2_downloads(0..=1)?,
    }
    // It says goodbye.
    daemon.remote(&["-t", "1", "-S"])?;
    ground.await_facts(0, 0..=1)
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn libtorrent_is_found() -> Result<()> {
    WAYS.into_iter()
        .try_for_each(others_download_from_libtorrent)
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn aria2_is_found() -> Result<()> {
    WAYS.into_iter().try_for_each(others_download_from_aria2)
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn transmission_is_found() -> Result<()> {
    WAYS.into_iter()
        .try_for_each(one_downloads_from_transmission)
}
