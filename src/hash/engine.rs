//! Which inner loops this machine has, and from how many live lanes on each is worth its cost.
#![allow(unsafe_code)]

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Instant;

use super::kernel::{BLOCK_LEN_BYTES, Columns, Kernel, LANES_MAX};
use super::portable;

/// By which the user names an engine.
const NAME_VARIABLE: &str = "MT_HASH_ENGINE";

/// A way to hash. Each falls back on those after it for what is left when its lanes run dry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// Sixteen messages side by side.
    Avx512,
    /// Eight messages side by side.
    Avx2,
    /// The processor's own SHA instructions, two messages interleaved.
    ShaInstructions,
    /// The `sha1` and `sha2` crates.
    Portable,
}

impl Engine {
    pub const ALL: [Self; 4] = [
        Self::Avx512,
        Self::Avx2,
        Self::ShaInstructions,
        Self::Portable,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::ShaInstructions => "shani",
            Self::Portable => "portable",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown hash engine `{0}`: expected avx512, avx2, shani or portable")]
pub struct UnknownEngine(String);

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        let found = Self::ALL.into_iter().find(|engine| engine.name() == name);
        found.ok_or_else(|| UnknownEngine(name.to_owned()))
    }
}

/// A kernel and the number of live lanes from which it beats the stages after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub(super) kernel: Kernel,
    pub(super) worth_from: usize,
}

/// The kernels for one algorithm, wider ones first. The last is worth it from one lane on.
#[derive(Clone, Debug)]
pub(super) struct Cascade {
    stages: Vec<Stage>,
}

impl Cascade {
    pub(super) fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Measures the kernels and keeps those that beat all narrower ones at some number of lanes.
    /// Those of the engine that leads are kept however slow they are.
    fn measured(kernels: &[Kernel], leader: Option<Engine>) -> Self {
        let mut stages: Vec<Stage> = Vec::new();
        let mut narrower: Option<Cost> = None;
        for kernel in kernels.iter().rev() {
            let cost = Cost::measure(kernel);
            let mut worth_from = narrower.map_or(1, |narrower| cost.lanes_to_beat(narrower));
            if leader == Some(kernel.engine()) {
                worth_from = worth_from.min(kernel.lanes());
            }
            if worth_from > kernel.lanes() {
                continue;
            }
            if worth_from == 1 {
                // Nothing is ever left for the others.
                stages.clear();
            }
            stages.push(Stage {
                kernel: *kernel,
                worth_from,
            });
            narrower = Some(cost);
        }
        stages.reverse();
        Self { stages }
    }

    /// One kernel for any number of lanes, so that a test sees it partly idle.
    #[cfg(test)]
    pub(super) fn only(kernel: Kernel) -> Self {
        Self {
            stages: vec![Stage {
                kernel,
                worth_from: 1,
            }],
        }
    }
}

/// What a kernel's step of some blocks takes, whether its lanes are live or idle.
#[derive(Clone, Copy, Debug)]
struct Cost {
    step_ns: u64,
    lanes: u64,
}

impl Cost {
    fn measure(kernel: &Kernel) -> Self {
        const BLOCKS: usize = 16;
        // The first runs also wake up vector units that were asleep.
        const RUNS: usize = 8;
        let memory = [0_u8; BLOCKS * BLOCK_LEN_BYTES];
        let heads = [memory.as_ptr(); LANES_MAX];
        let mut columns = Columns::ZERO;
        let mut step_ns = u64::MAX;
        for _ in 0..RUNS {
            let start = Instant::now();
            // SAFETY: every head is the start of `BLOCKS` blocks.
            unsafe { kernel.compress(&mut columns, &heads, BLOCKS) };
            let run_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            step_ns = step_ns.min(run_ns);
        }
        std::hint::black_box(&columns);
        Self {
            step_ns: step_ns.clamp(1, u64::from(u32::MAX)),
            lanes: kernel.lanes() as u64,
        }
    }

    /// The smallest number of lanes for which one step costs less than the other's full steps.
    fn lanes_to_beat(self, other: Self) -> usize {
        let lanes = self.step_ns * other.lanes / other.step_ns + 1;
        usize::try_from(lanes).unwrap_or(usize::MAX)
    }
}

/// How to hash on this machine.
#[derive(Clone, Debug)]
pub struct Hasher {
    pub(super) sha1: Cascade,
    pub(super) sha256: Cascade,
}

impl Hasher {
    /// The best of this machine, or what the user named; measured at the first call, which takes
    /// well under a millisecond.
    pub fn chosen() -> &'static Self {
        static CHOSEN: OnceLock<Hasher> = OnceLock::new();
        CHOSEN.get_or_init(|| {
            let name = std::env::var_os(NAME_VARIABLE);
            let named = name.and_then(|name| Self::by_name(&name.to_string_lossy()));
            let hasher = named.unwrap_or_else(Self::measured);
            log::debug!("SHA-1 by {}; SHA-256 by {}", hasher.sha1, hasher.sha256);
            hasher
        })
    }

    /// Led by this engine; `None` where the processor lacks it.
    pub fn with_engine(engine: Engine) -> Option<Self> {
        let led_by_engine = |kernels: Vec<Kernel>| -> Option<Cascade> {
            let at = kernels
                .iter()
                .position(|kernel| kernel.engine() == engine)?;
            Some(Cascade::measured(&kernels[at..], Some(engine)))
        };
        let (sha1, sha256) = available_kernels();
        Some(Self {
            sha1: led_by_engine(sha1)?,
            sha256: led_by_engine(sha256)?,
        })
    }

    fn measured() -> Self {
        let (sha1, sha256) = available_kernels();
        Self {
            sha1: Cascade::measured(&sha1, None),
            sha256: Cascade::measured(&sha256, None),
        }
    }

    /// `None`, and a warning, where nothing on this machine has that name.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        let engine = match name.parse::<Engine>() {
            Ok(engine) => engine,
            Err(unknown) => {
                log::warn!("{NAME_VARIABLE} is ignored: {unknown}");
                return None;
            }
        };
        let hasher = Self::with_engine(engine);
        if hasher.is_none() {
            log::warn!("{NAME_VARIABLE} is ignored: this processor has no `{engine}`");
        }
        hasher
    }
}

impl fmt::Display for Cascade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Stage { kernel, worth_from }) in self.stages.iter().enumerate() {
            let separator = if i == 0 { "" } else { ", " };
            let engine = kernel.engine();
            write!(
                f,
                "{separator}{engine} x{} from {worth_from} lanes",
                kernel.lanes()
            )?;
        }
        Ok(())
    }
}

/// For SHA-1 and for SHA-256, wider kernels first.
pub(super) fn available_kernels() -> (Vec<Kernel>, Vec<Kernel>) {
    #[cfg(target_arch = "x86_64")]
    let (mut sha1, mut sha256) = super::x86::kernels();
    #[cfg(target_arch = "aarch64")]
    let (mut sha1, mut sha256) = super::arm::kernels();
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let (mut sha1, mut sha256) = (Vec::new(), Vec::new());
    sha1.push(portable::SHA1);
    sha256.push(portable::SHA256);
    (sha1, sha256)
}
