//! The `mt` binary: everything it does is in [`mt::cli`].

fn main() -> std::process::ExitCode {
    mt::cli::main()
}
