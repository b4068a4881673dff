//! The kernels of x86-64.

mod avx2;
mod avx512;
mod lanes;
mod shani;

use super::kernel::Kernel;

/// What this processor can run for SHA-1 and for SHA-256, wider kernels first.
pub(super) fn kernels() -> (Vec<Kernel>, Vec<Kernel>) {
    let (mut sha1, mut sha256): (Vec<_>, Vec<_>) = [avx512::kernels(), avx2::kernels()]
        .into_iter()
        .flatten()
        .unzip();
    if let Some((sha1_narrow, sha256_narrow)) = shani::kernels() {
        sha1.extend(sha1_narrow);
        sha256.extend(sha256_narrow);
    }
    (sha1, sha256)
}
