//! Running transmission.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::json;

use crate::programs::run;

const TIMEOUT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

/// A daemon of its own, which talks to nobody but us.
pub(crate) struct Transmission {
    daemon: Child,
    address: String,
}

impl Transmission {
    pub(crate) fn start(home: &Path) -> Result<Self> {
        let port = free_port()?;
        let settings = json!({
            "rpc-bind-address": "127.0.0.1",
            "rpc-port": port,
            "bind-address-ipv4": "127.0.0.1",
            "peer-port": free_port()?,
            "dht-enabled": false,
            "lpd-enabled": false,
            "port-forwarding-enabled": false,
        });
        fs::write(home.join("settings.json"), settings.to_string())?;
        let daemon = Command::new("transmission-daemon")
            .args(["-f".as_ref(), "-g".as_ref(), home.as_os_str()])
            .stderr(Stdio::null())
            .spawn()?;
        let address = format!("127.0.0.1:{port}");
        let started = Self { daemon, address };
        started.wait_for("an answer", || Ok(started.remote(&["-si"]).is_ok()))?;
        Ok(started)
    }

    pub(crate) fn remote(&self, words: &[&str]) -> Result<String> {
        run(
            "transmission-remote",
            [self.address.as_str()].iter().chain(words),
        )
    }

    /// Lets it end by itself: what it has received it may not have written yet.
    pub(crate) fn exit(mut self) -> Result<()> {
        self.remote(&["--exit"])?;
        let start = Instant::now();
        while self.daemon.try_wait()?.is_none() {
            ensure!(
                start.elapsed() < TIMEOUT,
                "transmission-daemon does not end"
            );
            thread::sleep(POLL);
        }
        Ok(())
    }

    pub(crate) fn wait_for(&self, what: &str, is_there: impl Fn() -> Result<bool>) -> Result<()> {
        let start = Instant::now();
        while !is_there()? {
            if start.elapsed() > TIMEOUT {
                bail!("transmission-daemon at {}: no {what} in time", self.address);
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Transmission {
    fn drop(&mut self) {
        // Where it has ended already there is nothing left to do.
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// A port that nobody takes in the moment between.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
